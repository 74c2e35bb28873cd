"""What the trainer is held to, line by line, and whether one run of the benchmarks met it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from benchmarks.common import US_PER_MS, Result

MIB_PER_MB = 1e6 / 2**20
_LAST_S = 10.0


class Verdict(StrEnum):
    """What became of a line."""

    MET = "met"
    MISSED = "missed"
    REPORTED = "reported"  # there is no limit
    ABSENT = "not measured"


@dataclass(frozen=True)
class Line:
    """One line: what is asked, what was found, and the verdict."""

    part: str
    asked: str
    found: str
    verdict: Verdict


class Run:
    """The results of one run, found by name and conditions."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = results

    def get(self, benchmark: str, **conditions: object) -> Result | None:
        """The result of `benchmark` under these conditions; None where there is none."""
        for result in self.results:
            given = result["conditions"]
            if result["benchmark"] == benchmark and all(
                given.get(key) == value for key, value in conditions.items()
            ):
                return result
        return None

    def figures(self, benchmark: str, **conditions: object) -> Result | None:
        """Its figures alone."""
        result = self.get(benchmark, **conditions)
        return None if result is None else result["figures"]


def scene_name(load: bool, real_time: bool = True) -> str:
    """Of one set of conditions, in words."""
    rights = "" if real_time else ", without real-time rights"
    return ("under load" if load else "idle") + rights


def judged(run: Run) -> list[Line]:
    """Every line, in order."""
    lines: list[Line] = []
    for load in (False, True):
        lines += _sound(run, load)
    for load in (False, True):
        lines.append(_sound_without_rights(run, load))
    lines.append(_steadier_than_sleep_loop(run))
    for load, most_us in ((False, 300.0), (True, 1_000.0)):
        lines.append(_light(run, load, most_us))
        lines.append(_computer(run, load))
    for load in (False, True):
        lines.append(_better_than_blink(run, load))
    for load in (False, True):
        lines.append(_light_and_sound(run, load))
    lines += _sync(run)
    lines += _engine(run)
    lines.append(_pi(run))
    lines += [_tap(run, load) for load in (False, True)]
    return lines


def _line(
    part: str, asked: str, figures: Result | None, judge: Callable[[Result], tuple[str, bool]]
) -> Line:
    if figures is None:
        return Line(part, asked, "", Verdict.ABSENT)
    found, met = judge(figures)
    return Line(part, asked, found, Verdict.MET if met else Verdict.MISSED)


def _walk(run: Run, load: bool, real_time: bool = True) -> Result | None:
    return run.figures("cue_walk", load=load, real_time=real_time)


def _sound(run: Run, load: bool) -> list[Line]:
    part = f"sound, {scene_name(load)}"

    def on_time(figures: Result) -> tuple[str, bool]:
        error_us = figures["sound"]["error_of_all_us"]
        return _p99(error_us), error_us["p99"] <= 200.0

    def complete(figures: Result) -> tuple[str, bool]:
        sound = figures["sound"]
        text = (
            f"{sound['heard_count']} of {figures['cue_count']} heard, "
            f"{sound['underrun_count']} underruns"
        )
        all_heard = sound["heard_count"] == figures["cue_count"] == sound["onset_count"]
        return text, all_heard and sound["underrun_count"] == 0

    walk = _walk(run, load)
    return [
        _line(part, "onset less plan: p99 at most 200 µs", walk, on_time),
        _line(part, "every cue heard, no underrun after start-up", walk, complete),
    ]


def _sound_without_rights(run: Run, load: bool) -> Line:
    walk = _walk(run, load, real_time=False)
    part = f"sound, {scene_name(load, real_time=False)}"
    if walk is None:
        return Line(part, "reported", "", Verdict.ABSENT)
    sound = walk["sound"]
    text = (
        f"all: {_p99(sound['error_of_all_us'])}; those it vouches for: "
        f"{_p99(sound['error_of_sure_us'])}; {sound['in_doubt_count']} of "
        f"{walk['cue_count']} in doubt, {sound['underrun_count']} underruns"
    )
    return Line(part, "reported", text, Verdict.REPORTED)


def _steadier_than_sleep_loop(run: Run) -> Line:
    walk, sleep = _walk(run, load=True), run.figures("sound_sleep", load=True, real_time=True)

    def judge(ours: Result) -> tuple[str, bool]:
        assert sleep is not None
        ratios = [sleep[key] / ours["sound"][key] for key in ("off_line_sd_us", "interval_sd_us")]
        text = (
            f"SD {ours['sound']['off_line_sd_us']:.0f} µs against "
            f"{sleep['off_line_sd_us']:.0f} µs, its drift left out: {ratios[0]:.0f} times; of the "
            f"intervals {ratios[1]:.0f} times"
        )
        return text, min(ratios) >= 20.0

    asked = "at least 20 times steadier (SD) than the sleep loop"
    return _line("sound, under load", asked, walk and sleep and walk, judge)


def _light(run: Run, load: bool, most_us: float) -> Line:
    def judge(walk: Result) -> tuple[str, bool]:
        error_us = walk["light"]["error_us"]
        given = walk["light"]["given_count"] == walk["cue_count"]
        return _p99(error_us), error_us["p99"] <= most_us and given

    asked = f"pin less plan: p99 at most {most_us:.0f} µs, every cue given"
    return _line(f"LED, {scene_name(load)}", asked, _walk(run, load), judge)


def _computer(run: Run, load: bool) -> Line:
    """What the light's lateness is to be read against."""
    bare, light = run.figures("bare_sleep", load=load, real_time=True), _walk(run, load)
    part = f"the computer itself, {scene_name(load)}"
    if bare is None or light is None:
        return Line(part, "reported", "", Verdict.ABSENT)
    ratio = light["light"]["error_us"]["p99"] / bare["late_us"]["p99"]
    text = f"a bare sleep is late by {_p99(bare['late_us'])}; the LED's p99 is {ratio:.1f} times it"
    return Line(part, "reported", text, Verdict.REPORTED)


def _better_than_blink(run: Run, load: bool) -> Line:
    blink = run.figures("light_blink", load=load, real_time=True)
    walk = run.get("cue_walk", load=load, real_time=True)

    def judge(blinked: Result) -> tuple[str, bool]:
        assert walk is not None
        ours_ms = _worst_of_last_ms(walk)
        theirs_ms = abs(blinked["behind_at_end_ms"])
        minutes = walk["conditions"]["minutes"]
        text = (
            f"after {minutes:g} min {ours_ms:.2f} ms (the worst of the last {_LAST_S:.0f} s) "
            f"against {theirs_ms:.1f} ms: {theirs_ms / ours_ms:.0f} times"
        )
        return text, theirs_ms >= 10.0 * ours_ms

    asked = "error added up: at most a tenth of gpiozero's blink"
    return _line(f"LED, {scene_name(load)}", asked, walk and blink, judge)


def _worst_of_last_ms(walk: Result) -> float:
    at_s = np.array(walk["series"]["at_s"], dtype=np.float64)
    error_us = np.array(walk["series"]["light_error_us"], dtype=np.float64)
    last_us = error_us[at_s >= at_s[-1] - _LAST_S]
    return float(np.nanmax(np.abs(last_us))) / US_PER_MS


def _light_and_sound(run: Run, load: bool) -> Line:
    def judge(walk: Result) -> tuple[str, bool]:
        apart_us = walk["light_less_sound_us"]
        return _p99(apart_us), apart_us["p99"] <= 1_000.0

    asked = "the same cue: p99 at most 1000 µs apart"
    return _line(f"LED and sound, {scene_name(load)}", asked, _walk(run, load), judge)


def _sync(run: Run) -> list[Line]:
    figures = run.figures("clock_sync")

    def ours(found: Result) -> tuple[str, bool]:
        worst_us = [found[name]["max"] for name in ("ours_in_the_file", "ours_live")]
        return f"{worst_us[0]:.0f} µs in the file, {worst_us[1]:.0f} µs live", max(worst_us) <= 100

    def theirs(found: Result) -> tuple[str, bool]:
        lsl_us, klipper_us = found["lsl"]["max"], found["klipper"]["max"]
        text = f"LSL's way {lsl_us:.0f} µs, Klipper's way {klipper_us:.0f} µs"
        return text, lsl_us >= 250 and klipper_us >= 600

    part = "clock sync, simulated link"
    return [
        _line(part, "largest error at most 100 µs", figures, ours),
        _line(part, "in the same run LSL's at least 250, Klipper's 600 µs", figures, theirs),
    ]


def _engine(run: Run) -> list[Line]:
    """Of several starts the worst counts."""
    alone, part = run.figures("engine_alone"), "engine, nothing beside it"

    def cpu(found: Result) -> tuple[str, bool]:
        percent = max(found["cpu_percent_of_a_core"])
        return f"{percent:.1f} %", percent <= 8.0

    def memory(found: Result) -> tuple[str, bool]:
        most_mb = max(found["resident_max_mib"]) / MIB_PER_MB
        return f"{most_mb:.0f} MB", most_mb <= 80.0

    def ready(found: Result) -> tuple[str, bool]:
        slowest_s = max(found["ready_s"])
        return f"{slowest_s:.2f} s, the slowest of {found['start_count']}", slowest_s <= 2.0

    def flat(found: Result) -> tuple[str, bool]:
        growth_mib = found["growth_after_the_second_mib"]
        return f"{growth_mib:+.1f} MiB after the second of {found['simulated_hours']} hours", (
            growth_mib <= 1.0 and found["simulated_hours"] >= 8
        )

    return [
        _line(part, "at most 8 % of one core", alone, cpu),
        _line(part, "at most 80 MB resident", alone, memory),
        _line(part, "ready to cue at most 2 s after start", alone, ready),
        _line(
            "engine, simulated hours",
            "memory flat over 8 hours (at most 1 MiB)",
            run.figures("engine_hours"),
            flat,
        ),
    ]


def _pi(run: Run) -> Line:
    def judge(found: Result) -> tuple[str, bool]:
        seen, cues = found["flashes_seen_count"], found["cue_count"]
        text = (
            f"{seen} of {cues} flashes seen, in order; {found['record_contradicted_count']} "
            f"contradict the record; edge less record {_p99(found['edge_from_record_us'])}; "
            f"{found['step_edges_made_and_found_count']} edges of steps made and found"
        )
        return text, seen == cues >= 200 and found["record_contradicted_count"] == 0

    asked = "200 cues: every GPIO edge there and in the record, every step in the file"
    return _line("emulated Pi", asked, run.figures("pi_light"), judge)


def _tap(run: Run, load: bool) -> Line:
    found = run.figures("tap_to_sound", load=load, real_time=True)
    part = f"tap to sound, {scene_name(load)}"
    if found is None:
        return Line(part, "reported", "", Verdict.ABSENT)
    latency_ms = found["by_record_ms"]
    text = (
        f"{found['answered_count']} of {found['tap_count']} answered; p50 {latency_ms['p50']:.0f}, "
        f"p99 {latency_ms['p99']:.0f} ms by the driver's word"
    )
    return Line(part, "reported", text, Verdict.REPORTED)


def _p99(spread_us: Result) -> str:
    return f"p99 {spread_us['p99']:.0f} µs, max {spread_us['max']:.0f} µs"
