"""Light that follows a breath: smooth, in phase, dark in the end; in simulated and in real time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cues.pin import PWM_STEPS
from andante.cues.player import FADE_NS, GLOW_ONLY, NOT_DURING_BREATH, NOTHING_TO_GIVE
from andante.cues.shapes import LONGEST_FRAME_NS, brightness, glow_at, glow_frame_ns
from andante.pins import CUE_LED_GPIO
from andante.ports import Cue, CueKind, CueReport
from andante.simulated.outputs import (
    RecordedFrames,
    SimulatedOutput,
    mock_led_output,
    mock_pin_factory,
    simulated_ring_output,
)
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock, SimulatedClock
from support.breaths import (
    PHASE_NS,
    STEP,
    Frames,
    breath_cues,
    frames_off_course,
    largest_step,
    longest_gap_ns,
    phase_error_ns,
)
from support.outputs import PinRecord, ring_frames

pytestmark = pytest.mark.alone

RING_STEPS = 76
STEPS = {"led": PWM_STEPS, "ring": RING_STEPS}
START_NS = 5 * NS_PER_S


class Shown:
    """An output in simulated time with a record of its frames."""

    def __init__(self, name: str, glow_only: bool = False) -> None:
        self.clock = SimulatedClock(0)
        self.frames: list[tuple[int, float]] = [(0, 0.0)]
        self.output = SimulatedOutput(name, self.clock, glow_only=glow_only, shown=self.frames)

    def run(self, cues: list[Cue], until_ns: int) -> dict[int, CueReport]:
        for cue in cues:
            self.output.schedule(cue)
        self.clock.sleep_until_ns(until_ns)
        return {report.cue_index: report for report in self.output.take_reports()}


rates_brpm = st.floats(4.5, 20)
inhale_shares = st.floats(0.3, 0.7)


@settings(deadline=None, max_examples=10)
@given(
    name=st.sampled_from(["led", "ring"]),
    rate_brpm=rates_brpm,
    inhale_share=inhale_shares,
    hold_share=st.sampled_from([0.0, 0.1]),
)
def test_brightness_follows_any_breath_smoothly_and_in_phase(
    name: str, rate_brpm: float, inhale_share: float, hold_share: float
) -> None:
    shown = Shown(name)
    cues = breath_cues(START_NS, rate_brpm, inhale_share, 2, hold_share)
    reports = shown.run(cues, cues[-1].end_ns + NS_PER_S)
    assert sorted(reports) == [cue.index for cue in cues]
    assert all(r.actual_ns is not None for r in reports.values())
    frames = [f for f in shown.frames if f[0] < cues[-1].end_ns]
    assert largest_step(shown.frames) <= STEP
    assert longest_gap_ns(frames[1:]) <= LONGEST_FRAME_NS + NS_PER_MS
    assert abs(phase_error_ns(frames, cues)) <= PHASE_NS
    assert frames_off_course(frames[1::3], cues, STEPS[name]) == []
    assert max(drive for _, drive in frames) == 1.0
    assert shown.frames[-1][1] == 0.0


@pytest.mark.parametrize("name", ["led", "ring"])
def test_the_fastest_breath_has_the_most_frames(name: str) -> None:
    """At 20 a minute with an inhale share of 0.3 the level rises from 0 to 1 in 0.9 s."""
    shown = Shown(name)
    cues = breath_cues(START_NS, 20.0, 0.3, 3)
    shown.run(cues, cues[-1].end_ns + NS_PER_S)
    frames = [f for f in shown.frames if cues[0].planned_ns <= f[0] < cues[-1].end_ns]
    rate_hz = (len(frames) - 1) * NS_PER_S / (frames[-1][0] - frames[0][0])
    print(
        f"{name}, simulated: {rate_hz:.0f} frames/s, step {largest_step(frames):.4f} "
        f"(1/64 is {STEP:.4f}), phase {phase_error_ns(frames, cues) / NS_PER_MS:.0f} ms"
    )
    assert rate_hz >= 100.0
    assert largest_step(frames) <= STEP
    assert abs(phase_error_ns(frames, cues)) <= PHASE_NS


def test_frames_are_at_most_10_ms_apart_and_closer_where_the_breath_is_quick() -> None:
    slow = Cue(0, START_NS, CueKind.INHALE, duration_ns=5 * NS_PER_S)
    quick = Cue(0, START_NS, CueKind.INHALE, duration_ns=900 * NS_PER_MS)
    assert glow_frame_ns(slow, PWM_STEPS) == LONGEST_FRAME_NS
    frame_ns = glow_frame_ns(quick, PWM_STEPS)
    assert frame_ns < LONGEST_FRAME_NS / 2
    times_ns = range(START_NS, quick.end_ns, frame_ns)
    steepest = max(abs(glow_at(quick, b) - glow_at(quick, a)) for a, b in pairwise(times_ns))
    assert 0.7 / PWM_STEPS < steepest <= 0.8 / PWM_STEPS


def test_brightness_is_cie_lightness() -> None:
    # L* of 50 is a luminance of 18.42 %, that of 8 the end of the straight part (CIE 15:2004).
    assert brightness(0.5) == pytest.approx(0.18419, abs=1e-5)
    assert brightness(0.08) == pytest.approx(0.008856, abs=1e-6)
    assert (brightness(0.0), brightness(1.0)) == (0.0, 1.0)
    assert brightness(0.0800001) == pytest.approx(brightness(0.08), abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(
    name=st.sampled_from(["led", "ring"]),
    kind=st.sampled_from([CueKind.INHALE, CueKind.EXHALE]),
    share=st.floats(0.05, 0.95),
    other_s=st.floats(0.9, 9.0),
)
def test_a_cue_that_takes_over_in_mid_breath_is_seamless(
    name: str, kind: CueKind, share: float, other_s: float
) -> None:
    before = CueKind.EXHALE if kind is CueKind.INHALE else CueKind.INHALE
    first = Cue(0, START_NS, before, duration_ns=4 * NS_PER_S)
    old = Cue(1, first.end_ns, kind, duration_ns=4 * NS_PER_S)
    at_ns = old.planned_ns + round(share * old.duration_ns)
    left_ns = round((1.0 - old.share_at(at_ns)) * other_s * NS_PER_S)
    new = Cue(2, at_ns, kind, duration_ns=left_ns, begin_share=old.share_at(at_ns))
    lead_in = Cue(9, START_NS - 4 * NS_PER_S, kind, duration_ns=4 * NS_PER_S)
    cues = [lead_in, first, old, new]
    shown = Shown(name)
    shown.run(cues, new.end_ns)
    frames = [f for f in shown.frames if START_NS <= f[0] < new.end_ns]
    assert largest_step(frames) <= STEP
    near = [f for f in frames if abs(f[0] - at_ns) < 300 * NS_PER_MS]
    assert near
    assert frames_off_course(near, cues, STEPS[name]) == []


def test_a_breath_handed_over_late_is_joined_smoothly() -> None:
    shown = Shown("led")
    shown.clock.sleep_until_ns(START_NS)
    cue = Cue(0, START_NS - 2 * NS_PER_S, CueKind.INHALE, duration_ns=4 * NS_PER_S)
    after = Cue(1, cue.end_ns, CueKind.EXHALE, duration_ns=4 * NS_PER_S)
    reports = shown.run([cue, after], after.end_ns)
    assert [r.actual_ns is not None for r in reports.values()] == [True, True]
    assert largest_step(shown.frames) <= STEP
    assert (
        frames_off_course([f for f in shown.frames if f[0] > cue.end_ns], [cue, after], 100) == []
    )


def test_a_breath_that_nothing_follows_goes_dark_smoothly() -> None:
    shown = Shown("ring")
    cue = Cue(0, START_NS, CueKind.INHALE, duration_ns=2 * NS_PER_S)
    shown.run([cue], cue.end_ns + NS_PER_S)
    assert largest_step(shown.frames) <= STEP
    assert max(drive for _, drive in shown.frames) == 1.0
    assert shown.frames[-1][1] == 0.0
    assert shown.frames[-1][0] < cue.end_ns + NS_PER_S


@given(at_share=st.floats(0.05, 0.99))
@settings(deadline=None, max_examples=20)
def test_cancel_fades_to_dark_within_100_ms(at_share: float) -> None:
    shown = Shown("led")
    cues = breath_cues(START_NS, 12.0, 0.4, 1)
    cancelled_ns = START_NS + round(at_share * 5 * NS_PER_S)
    shown.run(cues, cancelled_ns)
    shown.output.cancel()
    shown.run([], cancelled_ns + NS_PER_S)
    after = [f for f in shown.frames if f[0] > cancelled_ns]
    if shown.frames[len(shown.frames) - len(after) - 1][1] > 0:
        assert after[-1][0] <= cancelled_ns + FADE_NS
        assert len(after) == 8
        assert all(later[1] < earlier[1] for earlier, later in pairwise(after))
    assert shown.frames[-1][1] == 0.0


def test_what_light_does_not_give_is_said() -> None:
    cues = breath_cues(START_NS, 6.0, 0.4, 1)
    beat = Cue(7, START_NS + NS_PER_S, CueKind.BEAT)
    alone = Cue(8, cues[-1].end_ns + NS_PER_S, CueKind.NOTE)
    reports = Shown("led").run([*cues, beat, alone], alone.planned_ns + NS_PER_S)
    assert (reports[7].actual_ns, reports[7].fault) == (None, NOT_DURING_BREATH)
    assert reports[8].actual_ns is not None
    shown = Shown("ring", glow_only=True)
    reports = shown.run([*cues, alone], alone.planned_ns + NS_PER_S)
    assert (reports[8].actual_ns, reports[8].fault) == (None, GLOW_ONLY)
    assert reports[0].actual_ns is not None
    assert max(drive for _, drive in shown.frames) == 1.0
    assert largest_step(shown.frames) <= STEP
    holds = breath_cues(START_NS, 6.0, 0.4, 1, hold_share=0.1)
    reports = Shown("haptic").run(holds, holds[-1].end_ns)
    assert [reports[c.index].fault for c in holds] == [None, NOTHING_TO_GIVE, None, NOTHING_TO_GIVE]


def test_a_cue_at_once_is_given_and_never_late() -> None:
    shown = Shown("led")
    shown.clock.sleep_until_ns(START_NS)
    decided_ns = START_NS - 300 * NS_PER_MS
    reports = shown.run([Cue(0, decided_ns, CueKind.ANSWER)], START_NS + NS_PER_S)
    assert reports[0].actual_ns is not None
    assert reports[0].fault is None
    assert shown.output.take_faults() == []


# --- in real time, on the twins of the devices -------------------------------------------------


def test_the_twin_devices_breathe_in_real_time() -> None:
    """One of the fastest breaths on the LED's mock pin and the ring's twin strip together."""
    clock, factory, recorded = MonotonicClock(), mock_pin_factory(), RecordedFrames()
    led = mock_led_output(clock, factory=factory)
    ring = simulated_ring_output(clock, recorded=recorded)
    for output in (led, ring):
        output.start()
    pin = PinRecord(clock, factory, CUE_LED_GPIO)
    cues = breath_cues(clock.now_ns() + 50 * NS_PER_MS, 20.0, 0.3, 1, first_index=3)
    for cue in cues:
        led.schedule(cue)
        ring.schedule(cue)
    clock.sleep_until_ns(cues[-1].end_ns + 50 * NS_PER_MS)
    for output in (led, ring):
        output.stop()
        reports = output.take_reports()
        assert [r.cue_index for r in reports if r.actual_ns is not None] == [3, 4]
    own_full = RING_STEPS / 255
    glow = [(t, drive / own_full) for t, drive in ring_frames(recorded)]
    assert_breathes("led", pin.frames(), cues)
    assert_breathes("ring", glow, cues)
    sent = [f for f in glow if cues[0].planned_ns <= f[0] < cues[-1].end_ns]
    # A busy computer skips frames; it never makes them larger.
    assert len(sent) * NS_PER_S / (cues[-1].end_ns - cues[0].planned_ns) >= 50.0


def assert_breathes(name: str, frames: Frames, cues: list[Cue]) -> None:
    error_ns = phase_error_ns(frames, cues)
    changes = [f for f in frames if cues[0].planned_ns <= f[0] < cues[-1].end_ns]
    rate_hz = len(changes) * NS_PER_S / (cues[-1].end_ns - cues[0].planned_ns)
    print(
        f"{name}, real time on its twin: {rate_hz:.0f} changes/s, "
        f"step {largest_step(frames):.4f}, phase {error_ns / NS_PER_MS:.0f} ms"
    )
    assert largest_step(frames) <= STEP + 1e-6
    assert abs(error_ns) <= PHASE_NS
    assert frames[-1][1] == 0.0
    assert max(drive for _, drive in changes) == pytest.approx(1.0)
