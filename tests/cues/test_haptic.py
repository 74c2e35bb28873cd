"""The vibration motor: what is felt for each kind of cue."""

import sys
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from andante.cues.haptic import HAPTIC_SHAPE
from andante.cues.pin import PWM_HZ
from andante.errors import OutputError
from andante.pins import HAPTIC_GPIO, open_on_pins
from andante.ports import Cue, CueKind
from andante.simulated.outputs import SimulatedOutput, mock_haptic_output, mock_pin_factory
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock, SimulatedClock
from support.breaths import breath_cues
from support.outputs import PinRecord, onsets_ns

pytestmark = pytest.mark.alone


def felt(cues: list[Cue]) -> list[tuple[int, float]]:
    """The motor's drive over simulated time."""
    clock, frames = SimulatedClock(0), [(0, 0.0)]
    output = SimulatedOutput("haptic", clock, placement_sd_us=0.0, shown=frames)
    for cue in cues:
        output.schedule(cue)
    clock.sleep_until_ns(cues[-1].end_ns + NS_PER_S)
    output.take_reports()
    return frames


def test_a_beat_is_one_pulse_that_starts_at_full_drive() -> None:
    frames = felt([Cue(0, NS_PER_S), Cue(1, 2 * NS_PER_S, CueKind.NOTE)])
    assert onsets_ns(frames) == [NS_PER_S, 2 * NS_PER_S]
    assert frames[1] == (NS_PER_S, 1.0)
    lengths_ns = [
        max(t for t, _ in frames if t < start_ns + NS_PER_S) - start_ns
        for start_ns in onsets_ns(frames)
    ]
    assert lengths_ns[1] < lengths_ns[0] < 150 * NS_PER_MS
    assert frames[-1][1] == 0.0


def test_breathing_in_is_one_pulse_and_out_two_and_holding_none() -> None:
    cues = breath_cues(NS_PER_S, 6.0, 0.4, 2, hold_share=0.1)
    starts_ns = onsets_ns(felt(cues))
    by_kind = {
        kind: [sum(c.planned_ns <= t < c.end_ns for t in starts_ns) for c in cues if c.kind is kind]
        for kind in (CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT)
    }
    assert by_kind == {
        CueKind.INHALE: [1, 1],
        CueKind.HOLD_IN: [0, 0],
        CueKind.EXHALE: [2, 2],
        CueKind.HOLD_OUT: [0, 0],
    }
    assert all(cue.planned_ns in starts_ns for cue in cues if cue.kind in HAPTIC_SHAPE.pulses)


def test_the_motor_knows_no_flash_limit() -> None:
    cues = [Cue(n, NS_PER_S + n * NS_PER_S // 4, light=n % 2 == 0) for n in range(12)]
    assert len(onsets_ns(felt(cues))) == 12


def test_a_pin_is_dimmed_without_going_dark_on_the_way() -> None:
    clock, factory = MonotonicClock(), mock_pin_factory()
    output = mock_haptic_output(clock, factory=factory)
    output.start()
    record = PinRecord(clock, factory, HAPTIC_GPIO)
    for drive in (0.5, 1.0, 0.29, 0.0, 1.0, 0.0):
        output._send(drive)
        if drive == 0.5:
            assert factory.pin(f"GPIO{HAPTIC_GPIO}").frequency == PWM_HZ
    drives = [drive for _, drive in record.frames()]
    assert drives == pytest.approx([0.0, 0.5, 1.0, 0.29, 0.0, 1.0, 0.0], abs=1e-5)
    # gpiozero keeps whole percent, rounded down: each share has to arrive as meant.
    assert int(drives[3] * 100) == 29
    output.stop()


class NoSuchLine(Exception):  # noqa: N818
    """As lgpio's own error, which is neither gpiozero's nor the system's."""


def test_an_error_of_the_pin_library_itself_is_one_plain_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def busy(_gpiozero: object) -> None:
        raise NoSuchLine("GPIO busy")

    monkeypatch.setitem(sys.modules, "lgpio", cast(ModuleType, SimpleNamespace(error=NoSuchLine)))
    with pytest.raises(OutputError, match=r"LED on GPIO 17 cannot be used \(GPIO busy\); see"):
        open_on_pins("LED on GPIO 17", busy, OutputError)
