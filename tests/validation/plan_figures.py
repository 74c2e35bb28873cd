"""The figures of every example plan, with simulated patients in simulated time.

    .venv/bin/python tests/validation/plan_figures.py

writes the tables of `docs/plans/README.md`, between its markers, and the pictures beside it anew.
That takes some minutes. The recording that `listen-recording.toml` asks for is made here.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from andante.engine import RunOptions, run_session
from andante.plan import Exercise, Plan, load_plan
from andante.ports import BREATH_KINDS, TAP_CHANNELS, CueKind
from andante.session.file import SessionData
from andante.timebase import NS_PER_MS, NS_PER_S, S_PER_MINUTE
from andante_host.analysis import analyse, analyse_in_full
from support.recordings import knocks, why_no_preparing

PLANS = Path(__file__).resolve().parents[2] / "docs" / "plans"
PAGE = PLANS / "README.md"
RECORDING_PLAN = "listen-recording"
RECORDING_S = 600.0
BLOCK = "<!-- {name}: {side} -->"
LAST_S = 120.0
NO_FIGURE = "–"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One plan with one simulated patient: the session, its measures, and where it is."""

    plan_file: Path
    plan: Plan
    patient: str
    data: SessionData
    blocks: dict[str, Any]
    prepared_dir: Path

    @property
    def name(self) -> str:
        return self.plan_file.stem


def run_plan(plan_file: Path, patient: str, out_dir: Path) -> Run:
    """Run a plan to its end in simulated time, seed 1, and measure it."""
    plan = load_plan(plan_file)
    options = RunOptions(
        simulated_patient=True,
        patient=patient,
        at_full_speed=True,
        out_dir=out_dir,
        music_dir=out_dir / "prepared",
    )
    analysis = analyse_in_full(run_session(plan, options).path)
    return Run(plan_file, plan, patient, analysis.data, analysis.blocks, options.music_dir)


def words_of(plan_file: Path) -> str:
    """The first sentence of the comment that a plan begins with."""
    lines = []
    for line in plan_file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines).split(". ")[0].rstrip(".")


# --- figures --------------------------------------------------------------------------------


def number(value: float | None, digits: int = 1) -> str:
    """A figure, or a dash where there is none."""
    return NO_FIGURE if value is None else f"{value:.{digits}f}".replace("-", "−")


def arrows(values: Iterable[float | None], digits: int = 1) -> str:
    return " → ".join(number(value, digits) for value in values)


def beat_tempo(data: SessionData) -> tuple[Floats, Floats]:
    """Times in s from the start, and the tempo per minute from each beat to the next, (n,) both."""
    beats = np.isin(data.cues.kind, [CueKind.BEAT, CueKind.SILENT, CueKind.NOTE])
    beats &= data.cues.sound != "track:listen"
    time_s = (data.cues.planned_ns[beats] - data.header.started_ns) / NS_PER_S
    interval_s = np.diff(time_s)
    same_part = data.cues.phase[beats][1:] == data.cues.phase[beats][:-1]
    usual = interval_s < 2 * np.median(interval_s) if interval_s.size else same_part
    kept = same_part & usual
    return time_s[:-1][kept], S_PER_MINUTE / interval_s[kept]


def pacer_rate(data: SessionData) -> tuple[Floats, Floats]:
    """Times in s from the start and breaths a minute of every paced breath, shape (n,) both."""
    given = np.isin(data.cues.kind, list(BREATH_KINDS))
    starts = np.flatnonzero(given & (data.cues.kind == CueKind.INHALE))
    time_s = (data.cues.planned_ns[starts] - data.header.started_ns) / NS_PER_S
    ends_ns = data.cues.planned_ns + data.cues.duration_ns
    last_parts = [*(starts[1:] - 1), np.flatnonzero(given)[-1]]
    end_s = (ends_ns[last_parts] - data.header.started_ns) / NS_PER_S
    return time_s, S_PER_MINUTE / (end_s - time_s)


def ends(values: Floats, count: int = 10) -> str:
    """The median of the first and of the last values."""
    if not values.size:
        return NO_FIGURE
    return arrows((float(np.median(values[:count])), float(np.median(values[-count:]))))


def phase(block: dict[str, Any], name: str, key: str) -> float | None:
    """A figure of the first phase of that name; None where there is none."""
    value: float | None = block["phases"].get(name, {}).get(key)
    return value


def last_breaths(run: Run, end_s: float) -> dict[str, Any]:
    """The breathing block of the last two minutes before `end_s`."""
    block: dict[str, Any] = analyse(run.data.path, window_s=(end_s - LAST_S, end_s))["breathing"]
    return block


# --- rows -----------------------------------------------------------------------------------


def walk_row(run: Run) -> list[str]:
    gait, met = run.blocks["gait"], run.blocks["synchrony"]
    parts = ("baseline", "cued", "carry-over")
    _, tempo_spm = beat_tempo(run.data)
    mean = met and f"{number(met['mean_asynchrony_ms'], 0)} ± {number(met['sd_asynchrony_ms'], 0)}"
    cv = "left_stride_time_cv_percent"
    return [
        run.name,
        words_of(run.plan_file),
        run.patient,
        ends(tempo_spm),
        arrows(phase(gait, part, "cadence_spm") for part in parts),
        mean or NO_FIGURE,
        number(met and met["vector_length"], 2),
        number(met and met["missed_percent"]),
        arrows(phase(gait, part, cv) for part in parts[:2]),
        number(phase(gait, "cued", "dfa_alpha"), 2),
    ]


WALK_HEAD = (
    "plan",
    "what",
    "patient",
    "beat, steps/min, first → last",
    "cadence, steps/min, baseline → cued → carry-over",
    "asynchrony, ms, mean ± SD",
    "vector length",
    "missed, %",
    "stride CV, %, baseline → cued",
    "DFA alpha, cued",
)


def breath_row(run: Run) -> list[str]:
    block = run.blocks["breathing"]
    time_s, rate_brpm = pacer_rate(run.data)
    last = last_breaths(run, float(time_s[-1] + S_PER_MINUTE / rate_brpm[-1]))
    own = (phase(block, "baseline", "breath_rate_brpm"), last["breath_rate_brpm"])
    return [
        run.name,
        words_of(run.plan_file),
        run.patient,
        ends(rate_brpm, 3),
        arrows(own),
        number(last["inhale_exhale_ratio"], 2),
        number(last["phase_locking_value"], 3),
        number(last["phase_lag_s"], 2),
        number(last["in_tolerance_percent"], 0),
        number(block["longest_unlocked_s"], 0),
    ]


BREATH_HEAD = (
    "plan",
    "what",
    "patient",
    "pacer, breaths/min, first → last",
    "patient, breaths/min, baseline → end",
    "inhale:exhale, end",
    "phase locking, end",
    "lag, s, end",
    "in tolerance, %, end",
    "longest away in all, s",
)


def tap_row(run: Run) -> list[str]:
    return [run.name, words_of(run.plan_file), run.patient, "; ".join(tap_words(run))]


TAP_HEAD = ("plan", "what", "patient", "figures")


def tap_words(run: Run) -> list[str]:
    """What a tapping task is about, in figures: meeting, own tempo, togetherness, answering."""
    words = []
    met, group = run.blocks["synchrony"], run.blocks["group"]
    if group is not None:
        for part in ("cued", "mute"):
            order = phase(group, part, "order_mean")
            words.append(f"Kuramoto order, first {part}: {number(order, 3)}")
    elif met is not None:
        words.append(
            f"{met['matched_count']} of {met['cue_count']} met, asynchrony "
            f"{number(met['mean_asynchrony_ms'], 0)} ± {number(met['sd_asynchrony_ms'], 0)} ms, "
            f"vector length {number(met['vector_length'], 2)}"
        )
    for part, own in (run.blocks["tapping"] or {}).items():
        if part != "formulas":
            words.append(
                f"{part}: interval {number(own['interval_mean_ms'], 0)} ms, "
                f"CV {number(own['interval_cv_percent'])} %"
            )
    return words + answers(run)


def answers(run: Run) -> list[str]:
    """What the device played in answer, and how far from the patient's own taps."""
    task = run.plan.tap and run.plan.tap.task
    cues, data = run.data.cues, run.data
    taps_ns = np.sort(np.concatenate([data.responses.times_ns(pad) for pad in TAP_CHANNELS]))
    if task == "free":
        given = int((cues.kind == CueKind.ANSWER).sum())
        return [f"{given} notes for {taps_ns.size} taps"]
    if task == "mirror":
        played = int(np.char.startswith(cues.sound.astype(str), "pad-").sum())
        return [f"{played} notes played back, a bar after each of {taps_ns.size} taps"]
    if task == "follow":
        notes_ns = cues.planned_ns[cues.kind == CueKind.NOTE]
        away_ms = np.abs(notes_ns[:, None] - taps_ns[None, :]).min(axis=1) / NS_PER_MS
        middle, most = np.percentile(away_ms, [50, 95])
        return [
            f"{notes_ns.size} beats for {taps_ns.size} taps, {middle:.0f} ms (median) and "
            f"{most:.0f} ms (95th percentile) from the nearest"
        ]
    return []


def listen_row(run: Run) -> list[str]:
    listen = run.plan.listen
    assert listen is not None
    breathing = run.blocks["breathing"] if listen.to == "breathing" else None
    _, per_minute = pacer_rate(run.data) if breathing else beat_tempo(run.data)
    words = [run.data.tempo_changes[0].reason]
    if breathing:
        end_s = (run.data.last_ns - run.data.header.started_ns) / NS_PER_S
        own_brpm = last_breaths(run, end_s)["breath_rate_brpm"]
        words.append(f"the patient at the end: {number(own_brpm)} breaths/min")
    for kept in run.prepared_dir.glob("*.json"):
        told = json.loads(kept.read_text(encoding="utf-8"))
        words.append(
            f"{number(told['loudness_lufs'])} LUFS, true peak {number(told['true_peak_dbtp'])} "
            f"dBTP, beats within {number(told['most_beat_error_ms'])} ms"
        )
    change_percent = 100 * np.abs(np.diff(per_minute)) / per_minute[:-1]
    return [
        run.name,
        words_of(run.plan_file),
        run.patient,
        ends(per_minute, 3),
        number(float(change_percent.max()), 2),
        "; ".join(words),
    ]


LISTEN_HEAD = (
    "plan",
    "what",
    "patient",
    "music, a minute, first → last",
    "largest change from one to the next, %",
    "how it went",
)


TABLES: dict[Exercise, tuple[Sequence[str], Callable[[Run], list[str]]]] = {
    Exercise.WALK: (WALK_HEAD, walk_row),
    Exercise.BREATHE: (BREATH_HEAD, breath_row),
    Exercise.TAP: (TAP_HEAD, tap_row),
    Exercise.LISTEN: (LISTEN_HEAD, listen_row),
}


def patients_of(plan_file: Path) -> tuple[str, ...]:
    """Whom a plan is run with."""
    if plan_file.stem == "breathe-guided-down":
        return ("healthy", "does-not-follow")
    walk = load_plan(plan_file).exercise is Exercise.WALK
    return ("healthy", "parkinson") if walk else ("healthy",)


# --- page and pictures ----------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose plans are linked; what a plan is stands beside its first patient alone."""
    lines: list[Sequence[str]] = [head, ["---"] * len(head)]
    told = ""
    for name, words, *figures in rows:
        lines.append([f"[{name}]({name}.toml)", "" if name == told else words, *figures])
        told = name
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put_in(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of `name`. Raises ValueError without them."""
    begin, end = (BLOCK.format(name=name, side=side) for side in ("begin", "end"))
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE} has no markers {begin} and {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def draw(runs: Sequence[Run], path: Path, what: str, columns: int) -> None:
    """A small panel for each plan: the tempo from cue to cue over minutes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = -(-len(runs) // columns)
    with rc_context({"font.size": 8, "svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        figure = Figure(figsize=(2.4 * columns, 1.9 * rows), layout="constrained")
        axes_of = figure.subplots(rows, columns, squeeze=False).flat
        for run, axes in zip(runs, axes_of, strict=False):
            walks = run.plan.exercise is Exercise.WALK
            time_s, per_minute = beat_tempo(run.data) if walks else pacer_rate(run.data)
            join = "default" if walks else "steps-post"  # a rate holds until the next breath
            axes.plot(
                time_s / S_PER_MINUTE, per_minute, drawstyle=join, color="#0072B2", linewidth=0.9
            )
            axes.set_title(run.name.split("-", 1)[-1] if "-" in run.name else "fixed")
            axes.spines[["top", "right"]].set_visible(False)
            axes.margins(y=0.15)
            low, high = axes.get_ylim()
            if high - low < 4 and walks:  # an even beat is to look even
                axes.set_ylim((low + high) / 2 - 2, (low + high) / 2 + 2)
        for axes in list(axes_of):
            axes.set_visible(False)
        figure.supxlabel("minutes")
        figure.supylabel(what)
        figure.savefig(path, format="svg", metadata={"Date": None})


def runs_of(out_dir: Path) -> list[Run]:
    """Every plan with each of its patients; the recording's only where it can be prepared."""
    runs = []
    for plan_file in sorted(PLANS.glob("*.toml")):
        place = plan_file
        if plan_file.stem == RECORDING_PLAN:
            if reason := why_no_preparing():
                raise SystemExit(f"The figures of {RECORDING_PLAN} cannot be made: {reason}.")
            place = with_recording(plan_file, out_dir)
        for patient in patients_of(plan_file):
            runs.append(run_plan(place, patient, out_dir / plan_file.stem))
            print(f"{plan_file.stem}, {patient}", file=sys.stderr)
    return runs


def with_recording(plan_file: Path, out_dir: Path) -> Path:
    """A copy of the plan with a made recording beside it: wood blocks over a held chord."""
    soundfile = import_module("soundfile")
    listen = load_plan(plan_file).listen
    assert listen is not None
    recording = listen.recording
    assert recording is not None
    assert recording.bpm is not None
    beats_s = np.arange(recording.first_beat_s, RECORDING_S - 1, S_PER_MINUTE / recording.bpm)
    samples = knocks(beats_s, RECORDING_S, 48_000, chord=True)
    soundfile.write(out_dir / Path(recording.file).name, samples.astype(np.float32), 48_000)
    return Path(shutil.copy(plan_file, out_dir / plan_file.name))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs = runs_of(Path(folder))
        page = PAGE.read_text(encoding="utf-8")
        for exercise, (head, row) in TABLES.items():
            rows = [row(run) for run in runs if run.plan.exercise is exercise]
            page = put_in(page, exercise, table(head, rows))
        PAGE.write_text(page, encoding="utf-8")
        healthy = [run for run in runs if run.patient == "healthy"]
        walks = [r for r in healthy if r.plan.exercise is Exercise.WALK and r.data.cues.index.size]
        draw(walks, PLANS / "walk-tempo.svg", "beat, steps/min", 3)
        breaths = [run for run in healthy if run.plan.exercise is Exercise.BREATHE]
        draw(breaths, PLANS / "breathe-rate.svg", "pacer, breaths/min", 3)


if __name__ == "__main__":
    main()
