"""What the LED and the ring show in the example plans, from end to end in simulated time.

Flashes are counted by the definition of WCAG 2.2 on the outputs' own record; a breath is smooth.
Most plans take too long for every run of the tests: those are marked `long`.
"""

from pathlib import Path

import msgspec
import pytest

import andante.wiring
from andante.engine import RunOptions, run_session
from andante.plan import load_plan
from andante.safety import MAX_FLASHES_PER_S
from andante.simulated.outputs import SimulatedOutput
from andante.timebase import Clock
from andante.timeline.flashes import (
    Shown,
    general_transitions_ns,
    most_flashes_per_s,
    red_transitions_ns,
)
from support.breaths import STEP, Frames, largest_step
from support.outputs import FULL_RING

PLANS = sorted((Path(__file__).parents[1] / "docs" / "plans").glob("*.toml"))
QUICK = ("tap-echo", "tap-mirror")
NEEDS_A_RECORDING = "listen-recording"
GLOWING = ("breathe", "listen-breathing")
DARK = ("baseline", "tap-unpaced")
PARAMS = [
    pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.long)
    for path in PLANS
    if path.stem != NEEDS_A_RECORDING
]


@pytest.mark.parametrize("path", PARAMS)
def test_no_plan_flashes_more_than_three_times_a_second(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = lights_of(path, tmp_path, monkeypatch)
    for name, primaries in (("led", (1.0, 1.0, 1.0)), ("ring", FULL_RING)):
        record = [Shown(t, *(drive * part for part in primaries)) for t, drive in frames[name]]
        transitions_ns = general_transitions_ns(record)
        most = most_flashes_per_s(transitions_ns)
        print(f"{path.stem}, {name}, simulated: at most {most} flashes in a second")
        assert most <= MAX_FLASHES_PER_S
        assert red_transitions_ns(record) == []
        assert (len(transitions_ns) == 0) is (path.stem in DARK)
        if path.stem.startswith(GLOWING):
            assert largest_step(frames[name]) <= STEP


def lights_of(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Frames]:
    """Run the plan with LED and ring on, whatever it says, and keep what they showed."""
    frames: dict[str, list[tuple[int, float]]] = {}

    def recorded(name: str, clock: Clock, seed: int, glow_only: bool) -> SimulatedOutput:
        frames[name] = [(0, 0.0)]
        return SimulatedOutput(name, clock, seed, glow_only=glow_only, shown=frames[name])

    monkeypatch.setattr(andante.wiring, "SimulatedOutput", recorded)
    plan = load_plan(path)
    outputs = msgspec.structs.replace(plan.outputs, led=True, ring=True)
    run_session(
        msgspec.structs.replace(plan, outputs=outputs),
        RunOptions(simulated_patient=True, at_full_speed=True, out_dir=tmp_path),
    )
    return dict(frames)
