"""Every example plan from end to end in simulated time: what it records, and what its lights show.

Flashes are counted by the definition of WCAG 2.2 on the outputs' own record; a breath is smooth.
Each plan is run once, with LED and ring on, whatever it says. Most take too long for every run of
the tests: those are marked `long`.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

import andante.wiring
from andante.engine import RunOptions, run_session
from andante.plan import load_plan
from andante.ports import BREATH_KINDS, CueKind
from andante.safety import MAX_FLASHES_PER_S
from andante.session.file import SessionData, load_session
from andante.session.runner import FINISHED
from andante.simulated.outputs import SimulatedOutput
from andante.timebase import Clock
from andante.timeline.flashes import (
    Shown,
    general_transitions_ns,
    most_flashes_per_s,
    red_transitions_ns,
)
from andante_host.analysis import analyse
from support.breaths import STEP, Frames, largest_step
from support.example_plans import PLANS, WITH_RECORDING
from support.outputs import FULL_RING

QUICK = ("breathe-long-exhale", "tap-continuation", "tap-echo", "tap-mirror", "walk-adaptive")
"""One of each kind of conductor; the others take minutes together."""
SLOW = sorted(PLANS.keys() - {*QUICK, WITH_RECORDING})
WITHOUT_TEMPO = ("baseline", "tap-unpaced", "tap-free")
GLOWING = ("breathe", "listen-breathing")
DARK = ("baseline", "tap-unpaced")


@dataclass(frozen=True)
class Played:
    """A plan's session, and what LED and ring showed in it."""

    stem: str
    data: SessionData
    frames: dict[str, Frames]


@pytest.fixture(
    scope="module",
    params=[*QUICK, *(pytest.param(stem, marks=pytest.mark.long) for stem in SLOW)],
)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A plan of `docs/plans`, played to its end on a healthy simulated patient."""
    stem: str = request.param
    frames: dict[str, list[tuple[int, float]]] = {}

    def recorded(name: str, clock: Clock, seed: int, glow_only: bool) -> SimulatedOutput:
        frames[name] = [(0, 0.0)]
        return SimulatedOutput(name, clock, seed, glow_only=glow_only, shown=frames[name])

    plan = load_plan(PLANS[stem])
    outputs = msgspec.structs.replace(plan.outputs, led=True, ring=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(andante.wiring, "SimulatedOutput", recorded)
        result = run_session(
            msgspec.structs.replace(plan, outputs=outputs),
            RunOptions(
                simulated_patient=True,
                at_full_speed=True,
                out_dir=tmp_path_factory.mktemp(stem),
            ),
        )
    assert result.end_reason == FINISHED
    return Played(stem, load_session(result.path), dict(frames))


def test_an_example_plan_runs_and_is_measured(played: Played) -> None:
    stem, data = played.stem, played.data
    assert data.complete
    assert data.tempo_changes or stem in WITHOUT_TEMPO
    assert all(change.reason for change in data.tempo_changes)
    blocks = analyse(data.path)
    kinds = set(data.cues.kind)
    if stem == "tap-circle":
        assert blocks["synchrony"] is None
        assert blocks["group"] is not None
    elif kinds & {CueKind.BEAT, CueKind.EXPECTED}:
        assert blocks["synchrony"]["matched_count"] > 20
    if kinds & set(map(str, BREATH_KINDS)):
        assert blocks["breathing"]["breath_count"] > 10
    for name, output in data.outputs.items():
        cue = np.searchsorted(data.cues.index, output.cue_index)
        sure = output.given & (data.cues.kind[cue] != CueKind.ANSWER)
        late_ns = output.actual_ns[sure] - data.cues.planned_ns[cue][sure]
        assert np.abs(late_ns).max(initial=0) < 1_000_000, name


def test_no_plan_flashes_more_than_three_times_a_second(played: Played) -> None:
    for name, primaries in (("led", (1.0, 1.0, 1.0)), ("ring", FULL_RING)):
        frames = played.frames[name]
        record = [Shown(t, *(drive * part for part in primaries)) for t, drive in frames]
        transitions_ns = general_transitions_ns(record)
        most = most_flashes_per_s(transitions_ns)
        print(f"{played.stem}, {name}, simulated: at most {most} flashes in a second")
        assert most <= MAX_FLASHES_PER_S
        assert red_transitions_ns(record) == []
        assert (len(transitions_ns) == 0) is (played.stem in DARK)
        if played.stem.startswith(GLOWING):
            assert largest_step(frames) <= STEP
