"""The LED and the ring beneath their contract: pulses, colours, failures, darkness at stop."""

import sys
from itertools import pairwise
from typing import Any

import pytest

from andante.cues.haptic import HapticOutput
from andante.cues.led import AWAKE_NS, NOTE_MS, PULSE_MS, LedOutput
from andante.cues.player import TOO_LATE_NS
from andante.cues.ring import BEAT_FRAME_MS, RingOutput
from andante.cues.scheduled import LATE_NS
from andante.errors import OutputError
from andante.pins import CUE_LED_GPIO
from andante.ports import Cue, CueKind, FaultKind
from andante.simulated.outputs import (
    RecordedFrames,
    mock_haptic_output,
    mock_led_output,
    mock_pin_factory,
    simulated_ring_output,
    twin_strip,
)
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from andante.timeline.flash_gate import SHORTEST_GAP_NS
from support.outputs import PinRecord, ring_frames

pytestmark = pytest.mark.alone

PIXELS = 16


class StallingClock(MonotonicClock):
    """Wakes its sleepers late, as a busy computer would."""

    def __init__(self, stall_ns: int) -> None:
        self._stall_ns = stall_ns

    def sleep_until_ns(self, deadline_ns: int) -> None:
        super().sleep_until_ns(deadline_ns + self._stall_ns)


class NotingClock(MonotonicClock):
    """Remembers until when somebody wanted to sleep."""

    def __init__(self) -> None:
        self.deadlines_ns: list[int] = []

    def sleep_until_ns(self, deadline_ns: int) -> None:
        self.deadlines_ns.append(deadline_ns)
        super().sleep_until_ns(deadline_ns)


def started_led(clock: MonotonicClock) -> tuple[LedOutput, PinRecord]:
    """An LED that is on its mock pin, and what the pin does from now on."""
    factory = mock_pin_factory()
    output = mock_led_output(clock, factory=factory)
    output.start()
    return output, PinRecord(clock, factory, CUE_LED_GPIO)


def wait_ns(duration_ns: int) -> None:
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + duration_ns)


def test_the_led_goes_off_after_its_pulse() -> None:
    clock = MonotonicClock()
    output, record = started_led(clock)
    start_ns = clock.now_ns() + 20 * NS_PER_MS
    output.schedule(Cue(0, start_ns))
    output.schedule(Cue(1, start_ns + 400 * NS_PER_MS, CueKind.NOTE))
    wait_ns(550 * NS_PER_MS)
    output.stop()
    frames = record.frames()
    assert [drive for _, drive in frames] == [0.0, 1.0, 0.0, 1.0, 0.0]
    for on, off, pulse_ms in ((1, 2, PULSE_MS), (3, 4, NOTE_MS)):
        took_ns = frames[off][0] - frames[on][0]
        assert abs(took_ns - pulse_ms * NS_PER_MS) < TOO_LATE_NS


def test_the_led_is_awake_before_its_moment_and_on_no_sooner_than_that() -> None:
    clock = NotingClock()
    output, record = started_led(clock)
    planned_ns = clock.now_ns() + 20 * NS_PER_MS
    output.schedule(Cue(0, planned_ns))
    wait_ns(150 * NS_PER_MS)
    output.stop()
    off_ns = planned_ns + PULSE_MS * NS_PER_MS
    assert clock.deadlines_ns == [planned_ns - AWAKE_NS, off_ns]
    assert record.frames()[1][0] >= planned_ns


def test_the_ring_decays_to_dark_and_is_never_red() -> None:
    clock, recorded = MonotonicClock(), RecordedFrames()
    output = simulated_ring_output(clock, PIXELS, recorded)
    output.start()
    output.schedule(Cue(0, clock.now_ns() + 20 * NS_PER_MS))
    wait_ns(300 * NS_PER_MS)
    shown = [pixels for _, pixels in recorded.frames[1:]]  # the first is dark, at the start
    output.stop()
    brightness = [sum(pixels) for pixels in shown]
    assert len(shown) > 3
    assert all(later < earlier for earlier, later in pairwise(brightness))
    assert brightness[-1] == 0
    for pixels in shown:
        assert len(pixels) == 3 * PIXELS
        red, green, blue = pixels[0], pixels[1], pixels[2]
        assert red <= green <= blue
        assert pixels == bytes((red, green, blue)) * PIXELS
    gaps_ms = [(b[0] - a[0]) / NS_PER_MS for a, b in pairwise(recorded.frames[1:7])]
    assert all(abs(gap_ms - BEAT_FRAME_MS) < TOO_LATE_NS / NS_PER_MS for gap_ms in gaps_ms)


@pytest.mark.parametrize("brightness_percent", [10.0, 100.0])
def test_the_ring_keeps_to_its_brightness(brightness_percent: float) -> None:
    clock, recorded = MonotonicClock(), RecordedFrames()
    output = RingOutput(
        clock, PIXELS, brightness_percent, twin_strip(clock, PIXELS, recorded), simulated=True
    )
    output.start()
    output.schedule(Cue(0, clock.now_ns() + 10 * NS_PER_MS))
    wait_ns(60 * NS_PER_MS)
    output.stop()
    brightest = max(max(pixels) for _, pixels in recorded.frames)
    assert brightest == pytest.approx(255 * brightness_percent / 100, abs=0.5)


def test_a_brightness_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="brightness"):
        RingOutput(MonotonicClock(), brightness_percent=101.0)


@pytest.mark.parametrize(
    ("stall_ns", "kind", "given"),
    [
        (LATE_NS + 2 * NS_PER_MS, FaultKind.CUE_LATE, True),
        (TOO_LATE_NS + 2 * NS_PER_MS, FaultKind.CUE_MISSED, False),
    ],
)
def test_a_computer_too_busy_shows_as_a_fault(stall_ns: int, kind: FaultKind, given: bool) -> None:
    recorded = RecordedFrames()
    output = simulated_ring_output(StallingClock(stall_ns), recorded=recorded)
    output.start()
    output.schedule(Cue(4, MonotonicClock().now_ns() + 20 * NS_PER_MS))
    wait_ns(150 * NS_PER_MS)
    output.stop()
    [report] = output.take_reports()
    assert (report.actual_ns is not None) is given
    assert any(drive for _, drive in ring_frames(recorded)) is given
    assert report.fault is not None
    [fault] = output.take_faults()
    assert (fault.kind, fault.part) == (kind, "ring")
    assert "4" in fault.text


def test_cancel_reaches_a_cue_in_its_last_sleep() -> None:
    clock, recorded = StallingClock(10 * NS_PER_MS), RecordedFrames()
    output = simulated_ring_output(clock, recorded=recorded)
    output.start()
    planned_ns = MonotonicClock().now_ns() + 20 * NS_PER_MS
    output.schedule(Cue(0, planned_ns))
    MonotonicClock().sleep_until_ns(planned_ns + NS_PER_MS)
    output.cancel()
    wait_ns(120 * NS_PER_MS)
    output.stop()
    assert output.take_reports() == []
    assert not any(drive for _, drive in ring_frames(recorded))


def test_an_answer_at_once_is_given_at_once_and_is_never_late() -> None:
    clock = MonotonicClock()
    output = mock_led_output(clock)
    output.start()
    wait_ns(10 * NS_PER_MS)
    asked_ns = clock.now_ns()
    output.schedule(Cue(5, asked_ns - 50 * NS_PER_MS, CueKind.ANSWER))
    wait_ns(60 * NS_PER_MS)
    output.stop()
    [report] = output.take_reports()
    assert report.actual_ns is not None
    assert 0 < report.actual_ns - asked_ns < TOO_LATE_NS
    assert report.fault is None
    assert output.take_faults() == []


class BreakingStrip:
    """A strip whose wire comes off after the first frame."""

    def __init__(self) -> None:
        self.show_count = 0

    def fill(self, _colour: tuple[int, int, int], /) -> None:
        pass

    def show(self) -> None:
        self.show_count += 1
        if self.show_count > 1:
            raise OSError("no such device")

    def deinit(self) -> None:
        pass


def test_a_ring_that_fails_says_so_and_reports_every_cue() -> None:
    clock = MonotonicClock()
    output = RingOutput(clock, strip=BreakingStrip(), simulated=True)
    output.start()
    for index in range(3):
        output.schedule(Cue(index, clock.now_ns() + 20 * NS_PER_MS + index * SHORTEST_GAP_NS))
    wait_ns(50 * NS_PER_MS + 2 * SHORTEST_GAP_NS)
    reports = output.take_reports()
    assert [r.cue_index for r in reports] == [0, 1, 2]
    assert all(r.actual_ns is None and r.fault == "the ring has failed" for r in reports)
    kinds = [f.kind for f in output.take_faults()]
    assert kinds.count(FaultKind.OUTPUT_FAILED) == 1
    assert kinds.count(FaultKind.CUE_MISSED) == 3
    output.stop()  # cannot darken what it cannot reach, and says that too
    assert [f.kind for f in output.take_faults()] == [FaultKind.OUTPUT_FAILED]


def test_twins_say_that_they_are_simulated() -> None:
    clock = MonotonicClock()
    for twin in (mock_led_output, mock_haptic_output, simulated_ring_output):
        assert twin(clock).simulated
    for real in (LedOutput, HapticOutput, RingOutput):
        assert not real(clock).simulated


def test_no_pins_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "there_is_none")
    with pytest.raises(OutputError, match="GPIO 17 cannot be used"):
        LedOutput(MonotonicClock()).start()


@pytest.mark.parametrize(
    ("module", "make"),
    [("gpiozero", LedOutput), ("gpiozero", HapticOutput), ("neopixel", RingOutput)],
    ids=["led", "haptic", "ring"],
)
def test_a_missing_library_is_one_plain_sentence(
    monkeypatch: pytest.MonkeyPatch, module: str, make: Any
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "board", object())
    with pytest.raises(OutputError, match="is not installed; install it with"):
        make(MonotonicClock()).start()


def test_a_stopped_output_can_be_stopped_before_it_was_started() -> None:
    output = mock_led_output(MonotonicClock())
    output.stop()
    assert output.take_reports() == []


def test_a_pin_is_soon_after_its_time() -> None:
    """Ordinary scheduling puts a pin within a few ms; the bound of the contract is 20 ms.

    The motor's pin goes the same way as the LED's and knows no flash limit.
    """
    clock = MonotonicClock()
    output = mock_haptic_output(clock)
    output.start()
    start_ns = clock.now_ns() + 50 * NS_PER_MS
    planned = {index: start_ns + index * NS_PER_S // 50 for index in range(20)}
    for index, planned_ns in planned.items():
        output.schedule(Cue(index, planned_ns))
    wait_ns(NS_PER_S // 2)
    output.stop()
    late_ms = sorted(
        (r.actual_ns - planned[r.cue_index]) / NS_PER_MS
        for r in output.take_reports()
        if r.actual_ns is not None
    )
    print(f"mock pin: p50 {late_ms[10]:.2f} ms, max {late_ms[-1]:.2f} ms late")
    assert late_ms[0] >= 0.0
    assert late_ms[10] < 5.0
