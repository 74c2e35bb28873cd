"""The figures of docs/timing.md, written from the benchmarks' JSON between two markers."""

import re
from collections.abc import Sequence
from pathlib import Path

from andante.errors import AndanteError
from benchmarks.common import US_PER_MS, Result
from benchmarks.lines import Run, judged, scene_name
from benchmarks.plots import draw

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_SCENES = ((False, True), (True, True), (False, False), (True, False))
_SOUND_RIVALS = {"sound_block": "click at buffer start", "sound_sleep": "sleep loop"}
_ENGINE_HEADS = {
    "cpu_percent_of_a_core": "processor, % of a core",
    "resident_max_mib": "memory, MiB",
    "ready_s": "ready, s",
}
_CAPTIONS = {
    "sound": "How far the onsets of sounds lie from their time. Logarithmic.",
    "drift": "What adds up over the minutes.",
    "light": "How late the LED's pin is switched. Logarithmic.",
    "sync": "Clock sync on the simulated link. Logarithmic.",
}


def write_report(whole: Result, docs: Path) -> list[Path]:
    """Draw the pictures into `docs/images`, put the figures into `docs/timing.md`; the files.

    `whole` is what `python -m benchmarks run` keeps. Raises AndanteError without the markers.
    """
    pictures = draw(whole["results"], docs / "images")
    page = docs / "timing.md"
    page.write_text(spliced(page.read_text(), figures_text(whole, pictures)))
    return [page, *pictures]


def spliced(page: str, text: str) -> str:
    """`page` with `text` in place of what stood between the markers. Raises AndanteError."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise AndanteError(
            f"docs/timing.md has no place for the figures; put {BEGIN} and {END} into it."
        )
    return pattern.sub(lambda _: f"{BEGIN}\n\n{text}\n{END}", page)


def figures_text(whole: Result, pictures: Sequence[Path] = ()) -> str:
    """Everything that is generated, as Markdown."""
    run = Run(whole["results"])
    parts = [_when_and_where(whole, run), "## Verdicts", _verdicts(run)]
    parts += ["## Sound", _picture("sound", pictures), _sound(run)]
    parts += ["## Light", _picture("light", pictures), _light(run), _picture("drift", pictures)]
    parts += ["## Clock sync", _picture("sync", pictures), _sync(run)]
    parts += ["## Tap to sound", _taps(run), "## Engine", _engine(run)]
    parts += ["## Emulated Pi", _pi(run)]
    parts += [f"Not measured: {failure}" for failure in whole["not_measured"]]
    return "\n\n".join(part for part in parts if part) + "\n"


def _when_and_where(whole: Result, run: Run) -> str:
    machine = run.results[0]["machine"] if run.results else {}
    quick = "**A quick run: too short to judge by.** " if whole["quick"] else ""
    rows = [
        ("computer", f"{machine.get('name')}, {machine.get('processor')}"),
        ("cores", f"{machine.get('core_count')}{' (virtual)' if machine.get('virtual') else ''}"),
        ("memory", f"{machine.get('memory_mib')} MiB"),
        ("system", f"{machine.get('distribution')}, {machine.get('kernel')}"),
        ("kernel's preemption", machine.get("preemption")),
        ("real-time share", f"{machine.get('real_time_share_us')} µs of each second"),
        ("clock source", machine.get("clock_source")),
        ("frequency governor", machine.get("frequency_governor") or "none seen"),
        ("Python", machine.get("python")),
    ]
    runs = [
        (
            found["began_utc"],
            f"{found['took_minutes']:.0f}",
            f"{found['load_average_before']:.2f}",
            ", ".join(found["parts"]),
        )
        for found in whole["runs"]
    ]
    began = _table(("run of", "minutes", "load average before", "parts"), runs)
    return f"{quick}\n\n{began}\n\n{_table(('', 'measured on'), rows)}".lstrip()


def _verdicts(run: Run) -> str:
    rows = [
        (line.part, line.asked, line.found, f"**{line.verdict}**")
        for line in judged(run)
        if line.verdict
    ]
    return _table(("part", "asked", "found", "verdict"), rows)


def _sound(run: Run) -> str:
    rows = []
    for load, real_time in _SCENES:
        conditions = {"load": load, "real_time": real_time}
        walk = run.get("cue_walk", **conditions)
        if walk is not None:
            found = {**walk["figures"]["sound"], "played_count": walk["figures"]["cue_count"]}
            rows.append(_sound_row("trainer", load, real_time, walk, found))
        for name, label in _SOUND_RIVALS.items():
            rival = run.get(name, **conditions)
            if rival is not None:
                rows.append(_sound_row(label, load, real_time, rival, rival["figures"]))
    heads = (
        *("who", "conditions", "min", "heard", "SD, µs", "SD of intervals, µs"),
        *("interval off at most, ms", "behind at the end, ms"),
    )
    return _table(heads, rows)


def _sound_row(
    who: str, load: bool, real_time: bool, result: Result, found: Result
) -> tuple[str, ...]:
    return (
        who,
        scene_name(load, real_time),
        f"{result['conditions']['minutes']:g}",
        f"{found['onset_count']} of {found['played_count']}",
        f"{found['off_line_sd_us']:.0f}",
        f"{found['interval_sd_us']:.0f}",
        f"{found['interval_max_off_us'] / US_PER_MS:.2f}",
        f"{found['behind_at_end_ms']:.2f}",
    )


def _light(run: Run) -> str:
    rows = []
    for load, real_time in _SCENES:
        walk = run.figures("cue_walk", load=load, real_time=real_time)
        blink = run.figures("light_blink", load=load, real_time=real_time)
        if walk is not None:
            light, apart_us = walk["light"], walk["light_less_sound_us"]
            rows.append(
                (
                    scene_name(load, real_time),
                    *(f"{light['error_us'][key]:.0f}" for key in ("p50", "p99", "max")),
                    f"{light['record_less_pin_us']['p99']:.0f}",
                    *(f"{apart_us[key]:.0f}" for key in ("p50", "p99", "max")),
                    "" if blink is None else f"{blink['behind_at_end_ms']:.1f}",
                )
            )
    heads = (
        *("conditions", "pin less plan p50, µs", "p99", "max", "record less pin p99, µs"),
        *("LED and sound apart p50, µs", "p99", "max", "blink behind at the end, ms"),
    )
    return _table(heads, rows)


def _sync(run: Run) -> str:
    found = run.figures("clock_sync")
    if found is None:
        return ""
    names = {
        "ours_in_the_file": "trainer, the file's times",
        "ours_live": "trainer, during the session",
        "lsl": "LSL's way",
        "klipper": "Klipper's way",
    }
    rows = [
        (label, *(f"{found[name][key]:.0f}" for key in ("mean", "sd", "p99", "max")))
        for name, label in names.items()
    ]
    return _table(("method", "bias, µs", "SD", "p99", "max"), rows)


def _taps(run: Run) -> str:
    rows = []
    for load in (False, True):
        found = run.figures("tap_to_sound", load=load, real_time=True)
        if found is not None:
            latency_ms = found["by_record_ms"]
            rows.append(
                (
                    scene_name(load),
                    f"{found['answered_count']} of {found['tap_count']}",
                    *(f"{latency_ms[key]:.0f}" for key in ("min", "p50", "p99", "max")),
                    f"{found['heard_spread_us']['p99']:.0f}",
                )
            )
    heads = (
        "conditions",
        "answered",
        "least, ms",
        "p50",
        "p99",
        "max",
        "heard less record p99, µs",
    )
    return _table(heads, rows)


def _engine(run: Run) -> str:
    rows = []
    alone = run.figures("engine_alone")
    if alone is not None:
        figures = {key: max(alone[key]) for key in _ENGINE_HEADS}
        rows.append(_engine_row(f"nothing beside it, worst of {alone['start_count']}", figures))
    for load, real_time in _SCENES:
        walk = run.figures("cue_walk", load=load, real_time=real_time)
        if walk is not None:
            name = f"{scene_name(load, real_time)}, beside the rivals"
            rows.append(_engine_row(name, walk["engine"]))
    text = _table(("conditions", *_ENGINE_HEADS.values()), rows)
    hours = run.figures("engine_hours")
    if hours is not None:
        each = ", ".join(f"{mib:.1f}" for mib in hours["resident_after_each_mib"])
        text += f"\n\nMemory after each simulated hour, MiB: {each}."
    return text


def _engine_row(name: str, figures: Result) -> tuple[str, ...]:
    return (name, *(f"{figures[key]:.2f}" for key in _ENGINE_HEADS))


def _pi(run: Run) -> str:
    found = run.figures("pi_light")
    if found is None:
        return "Not part of this run."
    rows = [
        ("flashes seen at the pin", f"{found['flashes_seen_count']} of {found['cue_count']}"),
        ("edge less plan", _spread(found["edge_after_planned_us"])),
        ("edge less the session's record", _spread(found["edge_from_record_us"])),
        ("edges are known within", f"{found['edges_known_within_us']:.0f} µs"),
        ("edges of steps made and found", f"{found['step_edges_made_and_found_count']}"),
        ("power-on to the first flash", f"{found['first_flash_s']:.1f} s"),
    ]
    return _table(("", "found"), rows)


def _spread(found_us: Result) -> str:
    return f"p50 {found_us['p50']:.0f}, p99 {found_us['p99']:.0f}, max {found_us['max']:.0f} µs"


def _picture(name: str, pictures: Sequence[Path]) -> str:
    path = next((path for path in pictures if path.stem == f"timing-{name}"), None)
    return "" if path is None else f"![{_CAPTIONS[name]}](images/{path.name})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
