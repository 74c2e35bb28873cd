"""What a session tells as it happens: its file, commands and their refusals, tempo, faults."""

import itertools
from pathlib import Path
from typing import Any

from andante.commands import AnyCommand, NudgeTempo, Pause, Resume, Stop, Unlock
from andante.engine import RunOptions, run_session
from andante.plan import parse_plan
from andante.ports import Fault, FaultKind
from andante.session.file import TempoChange, load_session
from andante.session.live import RecentBreaths, RecentCues
from andante.session.runner import Progress
from andante.session.told import CommandTaken, SessionBegun, Told
from support.script import Script
from support.walkers import make_walk

WALK = """
exercise = "walk"
[walk]
baseline_s = 20
tempo_percent_of_baseline = 105
cued_minutes = 1
[outputs]
sound = false
led = false
"""


def run(
    text: str, tmp_path: Path, script: Script, watched: bool = True, **options: Any
) -> tuple[list[Told], list[Progress], Path]:
    told: list[Told] = []
    progress: list[Progress] = []
    chosen = {"simulated_patient": True, "at_full_speed": True, **options}
    settings = RunOptions(**chosen, out_dir=tmp_path)
    result = run_session(
        parse_plan(text),
        settings,
        on_progress=progress.append,
        commands=[script],
        on_told=told.append,
        is_watched=lambda: watched,
    )
    return told, progress, result.path


def test_every_command_is_answered_and_every_decision_told_as_the_file_has_it(
    tmp_path: Path,
) -> None:
    lines: list[tuple[float, AnyCommand]] = [
        (5.0, NudgeTempo(percent=2)),  # in the baseline: nothing to nudge
        (6.0, Resume()),
        (25.0, NudgeTempo(percent=2)),
        (30.0, Pause(source="button")),
        (31.0, Pause()),
        (33.0, Resume()),
        (40.0, NudgeTempo(percent=10)),
        (45.0, Unlock(role="therapist", reason="walks steadily")),
        (50.0, NudgeTempo(percent=20)),
        (60.0, Stop()),
    ]
    told, progress, path = run(WALK, tmp_path, Script(*lines))
    assert isinstance(told[0], SessionBegun)
    assert told[0].facts.path == str(path)
    assert "patient" in told[0].facts.simulated_parts
    taken = [item for item in told if isinstance(item, CommandTaken)]
    assert [item.command for item in taken] == [command for _, command in lines]
    refused = [item.refusal for item in taken if item.refusal is not None]
    assert refused == [
        "There is no tempo to change by hand at the moment.",
        "The session is not paused.",
        "The session is paused already.",
    ]
    data = load_session(path)
    assert [item for item in told if isinstance(item, TempoChange)] == list(data.tempo_changes)
    reasons = [item.reason for item in told if isinstance(item, TempoChange)]
    assert any("+2 % by hand" in reason for reason in reasons)
    assert any("110 % of the baseline" in reason for reason in reasons)
    assert any("unlocked" in reason for reason in reasons)
    ranges = {p.tempo_range for p in progress}
    assert None in ranges, "no tempo in the baseline"
    locked, unlocked = sorted((r for r in ranges if r is not None), reverse=True)
    assert unlocked[0] / locked[0] < 0.9
    assert unlocked[1] / locked[1] > 1.08


def test_what_is_shown_stands_still_in_a_pause_and_goes_on_behind_it(tmp_path: Path) -> None:
    script = Script((25.0, Pause()), (35.0, Resume()), (45.0, Stop()))
    _, progress, path = run(WALK, tmp_path, script)
    paused = [p for p in progress if p.paused]
    assert len({p.at_s for p in paused}) == 1
    assert len({p.cues for p in paused}) == 1
    times_s = [p.at_s for p in progress]
    assert times_s == sorted(times_s)
    assert max(times_s) < 36, "exercise time leaves the pause out"
    shown = dict(zip(progress[-1].cues.at_s, progress[-1].cues.asynchrony_ms, strict=True))
    data = load_session(path)
    started_ns, paused_ns = data.header.started_ns, 10_000_000_000
    behind = data.cues.planned_ns > started_ns + 36_000_000_000
    planned_s = (data.cues.planned_ns[behind] - started_ns - paused_ns) / 1e9
    assert {round(float(at_s), 3) for at_s in planned_s} <= set(shown)
    assert any(asynchrony is not None for asynchrony in shown.values())


def test_progress_comes_at_least_five_times_a_second_with_the_feets_traces(tmp_path: Path) -> None:
    _, progress, _ = run(WALK, tmp_path, Script((30.0, Stop())))
    times_s = [p.at_s for p in progress]
    gaps_s = [after - before for before, after in itertools.pairwise(times_s)]
    assert max(gaps_s) <= 0.2
    assert [trace.channel for trace in progress[-1].traces] == ["left", "right"]
    merged = {
        round(trace.first_s + place * trace.step_s, 2)
        for p in progress
        for trace in p.traces[:1]
        for place in range(len(trace.counts))
    }
    assert len(merged) > 15 * 29, "some twenty samples a second, without holes"


def test_nobodys_picture_is_not_drawn(tmp_path: Path) -> None:
    _, progress, _ = run(WALK, tmp_path, Script((30.0, Stop())), watched=False)
    assert progress[-1].response_count > 0
    for step in progress:
        assert (step.cues, step.breaths, step.traces) == (RecentCues(), RecentBreaths(), ())


def test_faults_are_told_as_the_file_has_them(tmp_path: Path) -> None:
    walk = make_walk(duration_s=12.0)
    rows = zip(walk.time_s, walk.left, walk.right, strict=True)
    recording = tmp_path / "force.csv"
    lines = [f"{time_s:.4f},{left:.4f},{right:.4f}" for time_s, left, right in rows]
    recording.write_text("\n".join(["time_s,left,right", *lines, ""]))
    told, _, path = run(WALK, tmp_path, Script(), simulated_patient=False, replay=recording)
    faults = [item for item in told if isinstance(item, Fault)]
    assert FaultKind.RECORDING_ENDED in {fault.kind for fault in faults}
    assert faults == list(load_session(path).faults)
