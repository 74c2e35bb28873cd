"""Whole sessions in simulated time, on the real link, recorder and session file."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from andante import engine
from andante.commands import (
    Dizzy,
    Item,
    Moment,
    Note,
    NudgeTempo,
    Pause,
    Resume,
    SelfReport,
    Stop,
    Unlock,
)
from andante.engine import RunOptions, SessionResult, run_session
from andante.errors import AndanteError, BoardError, SessionFileError
from andante.plan import parse_plan
from andante.ports import CueKind
from andante.session.file import SessionData, load_session
from andante.session.runner import DIZZY, FINISHED, STOPPED, Progress
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_S
from andante_host.analysis import analyse
from support.pauses import outside_pauses, pauses_ns
from support.script import Script

WALK = """
exercise = "walk"
[walk]
baseline_s = 30
tempo_percent_of_baseline = 105
cued_minutes = 1
fade_s = 20
carry_over_s = 20
"""


SHORT_PAUSES_AT_S = (40.0, 43.12, 46.24, 49.36, 52.48, 55.6)
"""Each at another place between two beats."""


@dataclass
class Run:
    """A session with what was said on the way."""

    result: SessionResult
    data: SessionData
    notices: list[str]
    progress: list[Progress]

    def phase(self, name: str) -> tuple[int, int]:
        span = next(p for p in self.data.phases if p.name == name)
        assert span.end_ns is not None
        return span.start_ns, span.end_ns


def run(text: str, tmp_path: Path, **options: Any) -> Run:
    notices: list[str] = []
    progress: list[Progress] = []
    commands = options.pop("commands", ())
    result = run_session(
        parse_plan(text),
        RunOptions(
            **{"simulated_patient": True, "at_full_speed": True, **options}, out_dir=tmp_path
        ),
        on_progress=progress.append,
        on_notice=notices.append,
        commands=commands,
    )
    return Run(result, load_session(result.path), notices, progress)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(WALK, tmp_path_factory.mktemp("walk"))


def test_the_parts_of_the_session_follow_the_plan(walk: Run) -> None:
    assert walk.result.end_reason == FINISHED
    assert walk.data.complete
    names = [p.name for p in walk.data.phases]
    assert names == ["baseline", "cued", "fade", "carry-over"]
    started_ns = walk.data.header.started_ns
    edges_s = [(p.start_ns - started_ns) / NS_PER_S for p in walk.data.phases]
    assert edges_s == [0, 30, 90, 110]


def test_cues_fall_on_the_timeline_of_the_tempo_that_the_file_names(walk: Run) -> None:
    change = walk.data.tempo_changes[0]
    assert change.tempo_per_minute is not None
    assert "105 % of the baseline cadence" in change.reason
    start_ns, _ = walk.phase("cued")
    _, end_ns = walk.phase("fade")
    exact_ns = start_ns + np.arange(walk.data.cues.index.size) * 60e9 / change.tempo_per_minute
    assert np.abs(walk.data.cues.planned_ns - exact_ns).max() <= 1
    assert walk.data.cues.planned_ns[-1] < end_ns
    assert end_ns - walk.data.cues.planned_ns[-1] <= 60e9 / change.tempo_per_minute
    assert walk.data.tempo_changes[-1].tempo_per_minute is None


def test_the_tempo_is_the_share_of_the_cadence_really_walked(walk: Run) -> None:
    assert walk.result.truth is not None
    times_s = np.array([r["time_s"] for r in walk.result.truth["responses"]])
    before = times_s[times_s < 29.5]
    cadence_spm = 60 / np.median(np.diff(before))
    tempo = walk.data.tempo_changes[0].tempo_per_minute
    assert tempo == pytest.approx(1.05 * cadence_spm, rel=0.01)


def test_every_sounded_cue_has_one_report_of_each_output(walk: Run) -> None:
    sounded = walk.data.cues.index[walk.data.cues.kind == "beat"]
    assert sounded.size < walk.data.cues.index.size  # the fade muted some
    assert set(walk.data.outputs) == {"sound", "led"}
    for table in walk.data.outputs.values():
        assert table.cue_index.tolist() == sounded.tolist()
        assert table.given.all()


def test_every_step_is_in_the_file_at_its_time(walk: Run) -> None:
    assert walk.result.truth is not None
    true_s = [r["time_s"] for r in walk.result.truth["responses"]]
    data = walk.data
    on = (data.responses.edge == "on") & np.isin(data.responses.channel, ["left", "right"])
    measured_s = (data.responses.time_ns[on] - data.header.started_ns) / NS_PER_S
    assert measured_s.size == len(true_s)
    assert np.abs(measured_s - true_s).max() <= 100e-6
    assert data.responses.channel[on].tolist() == [
        r["channel"] for r in walk.result.truth["responses"]
    ]


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_figures_agree_with_the_patients_own_truth(tmp_path: Path, seed: int) -> None:
    result = run(WALK, tmp_path, seed=seed).result
    figures, truth = analyse(result.path), result.truth
    assert truth is not None
    synchrony = figures["synchrony"]
    assert figures["gait"]["step_count"] == truth["response_count"]
    assert synchrony["matched_count"] == truth["matched_count"]
    assert synchrony["mean_asynchrony_ms"] == pytest.approx(truth["mean_asynchrony_ms"], abs=0.2)
    assert synchrony["sd_asynchrony_ms"] == pytest.approx(truth["sd_asynchrony_ms"], abs=0.2)


def test_what_is_simulated_is_called_so(walk: Run) -> None:
    assert set(walk.data.header.simulated_parts) == {"board", "patient", "sound", "led"}
    assert walk.data.header.certificate is not None
    assert walk.data.header.certificate["outputs"]["sound"]["simulated"] is True


def test_the_truth_stands_beside_the_session(walk: Run) -> None:
    assert walk.result.truth_path is not None
    assert json.loads(walk.result.truth_path.read_text()) == walk.result.truth


def test_progress_tells_time_tempo_and_synchrony(walk: Run) -> None:
    last = walk.progress[-1]
    assert last.left_s == 0
    assert last.vector_length is not None
    assert 0.9 < last.vector_length <= 1
    left = [p.left_s for p in walk.progress]
    assert left == sorted(left, reverse=True)
    gaps_s = -np.diff(left)
    assert gaps_s.max() <= 0.3
    assert next(p.tempo_per_minute for p in walk.progress if p.stage == "baseline") is None


def test_light_stays_off_for_a_patient_with_epilepsy(tmp_path: Path) -> None:
    text = WALK.replace("[walk]", "[outputs]\nring = true\n[patient]\nepilepsy = true\n[walk]")
    data = run(text, tmp_path).data
    assert data.outputs["sound"].given.any()
    assert not data.outputs["led"].given.any()
    assert not data.outputs["ring"].given.any()
    assert any("epilepsy" in fault.text for fault in data.faults)


def test_stopping_ends_the_session_cleanly(tmp_path: Path) -> None:
    stopped = run(WALK, tmp_path, commands=[Script((40.0, Stop()))])
    assert stopped.result.end_reason == STOPPED
    data = stopped.data
    assert data.complete
    assert data.header.end_reason == STOPPED
    ended_s = (data.last_ns - data.header.started_ns) / NS_PER_S
    assert 40 <= ended_s <= 41
    given_ns = data.outputs["sound"].actual_ns
    assert given_ns.max() <= data.header.started_ns + 40.1 * NS_PER_S  # those not begun withdrawn


def test_a_baseline_without_steps_gives_no_tempo_and_no_guess(tmp_path: Path) -> None:
    flat = tmp_path / "flat.csv"
    rows = "\n".join(f"{n / 100:.2f},100,100" for n in range(6000))
    flat.write_text(f"time_s,left,right\n{rows}\n")
    session = run(WALK, tmp_path, simulated_patient=False, replay=flat)
    assert "check the foot sensors" in session.result.end_reason
    assert session.data.cues.index.size == 0
    assert session.data.complete


def test_an_absent_port_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="ttyNOWHERE"):
        run(
            WALK,
            tmp_path,
            simulated_patient=False,
            at_full_speed=False,
            port="/dev/ttyNOWHERE",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SessionFileError, match="cannot be made"):
        run(WALK, tmp_path / "file")


def test_two_sessions_in_one_second_get_two_files(tmp_path: Path) -> None:
    text = 'exercise = "tap"\n[tap]\ntempo_bpm = 120\ncued_minutes = 0.1\n'
    paths = {run(text, tmp_path).result.path for _ in range(3)}
    assert len(paths) == 3


def test_tapping_works_as_well(tmp_path: Path) -> None:
    session = run('exercise = "tap"\n[tap]\ntempo_bpm = 120\ncued_minutes = 2\n', tmp_path)
    assert set(session.data.responses.channel) == {"tap1"}
    synchrony = analyse(session.result.path)["synchrony"]
    truth = session.result.truth
    assert truth is not None
    assert synchrony["matched_count"] == truth["matched_count"]
    assert synchrony["mean_asynchrony_ms"] == pytest.approx(truth["mean_asynchrony_ms"], abs=0.2)


def test_an_error_in_the_middle_keeps_what_was_recorded(tmp_path: Path) -> None:
    def break_it() -> None:
        raise RuntimeError("something broke")

    with pytest.raises(RuntimeError):
        run(WALK, tmp_path, commands=[Script(at_s=[(40.0, break_it)])])
    (path,) = tmp_path.glob("*.andante")
    data = load_session(path)
    assert data.responses.index.size > 60
    assert data.header.end_reason is not None
    assert "something broke" in data.header.end_reason


def test_a_full_disk_ends_the_session_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself refuses to grow the file, as on a full disk."""

    class SmallDisk(SessionWriter):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._db.execute("PRAGMA max_page_count = 30")

    monkeypatch.setattr(engine, "SessionWriter", SmallDisk)
    with pytest.raises(AndanteError, match="what was recorded before is kept"):
        run(WALK, tmp_path)
    (path,) = tmp_path.glob("*.andante")
    assert not load_session(path).complete


def test_live_times_are_kept_beside_the_corrected_ones(walk: Run) -> None:
    db = sqlite3.connect(f"file:{walk.result.path}?mode=ro", uri=True)
    rows = db.execute("SELECT live_time_ns, time_ns FROM responses").fetchall()
    db.close()
    difference_us = np.array([time - live for live, time in rows]) / 1e3
    assert 0 < np.abs(difference_us).max() < 500


def test_a_pause_is_silent_and_everything_after_it_falls_so_much_later(tmp_path: Path) -> None:
    plain = run(WALK, tmp_path / "plain").data
    script = Script((40.0, Pause(source="page")), (52.0, Resume(source="page")))
    paused = run(WALK, tmp_path / "paused", commands=[script]).data
    names = [phase.name for phase in paused.phases]
    assert names[:5] == ["baseline", "cued", "pause", "cued", "fade"]
    begun_ns, ended_ns = next((p.start_ns, p.end_ns) for p in paused.phases if p.name == "pause")
    assert ended_ns is not None
    shift_ns = ended_ns - begun_ns
    assert shift_ns == pytest.approx(12 * NS_PER_S, abs=NS_PER_S // 10)
    given_ns = paused.outputs["sound"].actual_ns[paused.outputs["sound"].given]
    assert not ((given_ns > begun_ns + NS_PER_S // 10) & (given_ns < ended_ns)).any()
    before = plain.cues.planned_ns - plain.header.started_ns
    after = paused.cues.planned_ns - paused.header.started_ns
    late = after > begun_ns - paused.header.started_ns + NS_PER_S
    # The baseline is the same, so the beats are, but for the pause between.
    assert (after - before[: after.size])[late] == pytest.approx(shift_ns, abs=2)
    reasons = [change.reason for change in paused.tempo_changes]
    assert "paused by the page" in reasons
    assert "resumed by the page" in reasons


@pytest.mark.parametrize("pause_s", [0.04, 0.14, 0.24, 0.34])
def test_a_short_pause_costs_what_was_handed_out_and_nothing_else(
    tmp_path: Path, pause_s: float
) -> None:
    script = Script(
        *((at_s, Pause()) for at_s in SHORT_PAUSES_AT_S),
        *((at_s + pause_s, Resume()) for at_s in SHORT_PAUSES_AT_S),
    )
    data = run(WALK, tmp_path, commands=[script]).data
    assert len(pauses_ns(data)) == len(SHORT_PAUSES_AT_S)
    planned_ns = data.cues.planned_ns
    steady = outside_pauses(data, planned_ns[:-1], planned_ns[1:])
    due = (data.cues.kind == CueKind.BEAT) & outside_pauses(data, planned_ns, planned_ns)
    assert np.ptp(np.diff(planned_ns)[steady]) <= 2
    for name in ("sound", "led"):
        table = data.outputs[name]
        assert set(data.cues.index[due].tolist()) <= set(table.cue_index[table.given].tolist())


def test_what_people_say_is_in_the_file_and_dizziness_ends_the_session(tmp_path: Path) -> None:
    script = Script(
        (1.0, SelfReport(moment=Moment.BEFORE, item=Item.EFFORT, score=3)),
        (2.0, Note(role="therapist", text="walks with a stick")),
        (3.0, Unlock(role="therapist", reason="walks steadily")),
        (30.0, NudgeTempo(percent=2.0)),
        (45.0, Dizzy(source="button")),
    )
    session = run(WALK, tmp_path, commands=[script])
    assert session.result.end_reason == DIZZY
    data = session.data
    assert [(r.item, r.score) for r in data.self_reports] == [("effort", 3)]
    texts = [note.text for note in data.notes]
    assert texts[0] == "walks with a stick"
    assert "+2 %" in texts[1]
    assert "dizzy" in texts[2]
    assert any("therapist has unlocked" in c.reason for c in data.tempo_changes)
    assert any("by hand" in c.reason for c in data.tempo_changes)
    assert (data.last_ns - data.header.started_ns) / NS_PER_S < 46


def test_stop_withdraws_every_cue_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    text = (
        'exercise = "breathe"\n[breathe]\nrate_brpm = 6\ncued_minutes = 2\n'
        "[outputs]\nring = true\nhaptic = true\n"
    )
    session = run(text, tmp_path, commands=[Script((31.0, Stop(source="button")))])
    data = session.data
    stopped_ns = data.header.started_ns + 31 * NS_PER_S
    for name in ("sound", "led", "ring", "haptic"):
        assert data.outputs[name].actual_ns.max() <= stopped_ns + NS_PER_S // 10
