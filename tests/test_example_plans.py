"""Every example plan from end to end in simulated time, and its cues against its policy."""

from pathlib import Path

import numpy as np
import pytest

from andante.engine import RunOptions, run_session
from andante.plan import Exercise, load_plan
from andante.ports import BREATH_KINDS, CueKind
from andante.session.file import SessionData, load_session
from andante.session.runner import FINISHED
from andante_host.analysis import analyse

PLANS = sorted((Path(__file__).parents[1] / "docs" / "plans").glob("*.toml"))
WITHOUT_RECORDING = [path for path in PLANS if path.stem != "listen-recording"]


def run(path: Path, tmp_path: Path, patient: str = "healthy") -> SessionData:
    options = RunOptions(
        simulated_patient=True, patient=patient, at_full_speed=True, out_dir=tmp_path
    )
    result = run_session(load_plan(path), options)
    assert result.end_reason == FINISHED
    return load_session(result.path)


@pytest.mark.parametrize("path", WITHOUT_RECORDING, ids=lambda path: path.stem)
def test_an_example_plan_runs_and_is_measured(path: Path, tmp_path: Path) -> None:
    data = run(path, tmp_path)
    assert data.complete
    assert data.tempo_changes or path.stem in ("baseline", "tap-unpaced", "tap-free")
    assert all(change.reason for change in data.tempo_changes)
    blocks = analyse(data.path)
    kinds = set(data.cues.kind)
    if kinds & {CueKind.BEAT, CueKind.EXPECTED}:
        assert blocks["synchrony"]["matched_count"] > 20
    if kinds & set(map(str, BREATH_KINDS)):
        assert blocks["breathing"]["breath_count"] > 10
    for name, output in data.outputs.items():
        given_ns = output.actual_ns[output.given]
        planned_ns = data.cues.planned_ns[np.searchsorted(data.cues.index, output.cue_index)]
        assert given_ns.size, name
        assert np.abs(given_ns - planned_ns[output.given]).max() < 1_000_000


@pytest.mark.parametrize("patient", ["parkinson", "stroke", "brain-injury", "does-not-follow"])
@pytest.mark.parametrize("stem", ["walk-adaptive", "breathe-guided-down", "tap-screen"])
def test_every_patient_goes_through_each_kind_of_exercise(
    stem: str, patient: str, tmp_path: Path
) -> None:
    (path,) = (path for path in PLANS if path.stem == stem)
    data = run(path, tmp_path, patient)
    assert data.header.exercise in set(Exercise)
    assert data.cues.index.size > 50
