"""No plan and no command makes light flash more than three times in any second.

Counted by the definition of WCAG 2.2 on what the LED and the ring showed: over any sequence of
tempos in simulated time, and on the twins of the devices in real time.
"""

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cues.scheduled import ScheduledOutput
from andante.pins import CUE_LED_GPIO
from andante.ports import Cue, CueKind
from andante.safety import MAX_FLASHES_PER_S
from andante.simulated.outputs import (
    RecordedFrames,
    SimulatedOutput,
    mock_led_output,
    mock_pin_factory,
    simulated_ring_output,
)
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock, SimulatedClock
from andante.timeline.flashes import (
    Shown,
    general_transitions_ns,
    most_flashes_per_s,
    red_transitions_ns,
)
from support.breaths import Frames, breath_cues
from support.outputs import FULL_RING, PinRecord, ring_frames

pytestmark = pytest.mark.alone

START_NS = NS_PER_S


def shown_by(name: str, frames: Frames) -> list[Shown]:
    """As relative to the output's own full brightness, which is stricter than its full white."""
    primaries = FULL_RING if name == "ring" else (1.0, 1.0, 1.0)
    return [Shown(time_ns, *(drive * part for part in primaries)) for time_ns, drive in frames]


def assert_within_limit(record: list[Shown]) -> int:
    assert red_transitions_ns(record) == []
    most = most_flashes_per_s(general_transitions_ns(record))
    assert most <= MAX_FLASHES_PER_S
    return most


def play(
    name: str, cues: list[Cue], events: list[tuple[int, str]], glow_only: bool = False
) -> list[Shown]:
    """`events`: (time_ns, `cancel` or `stop`), in order of time. Cues are handed out 250 ms ahead,
    those at once when they fall due."""
    clock = SimulatedClock(0)
    frames: list[tuple[int, float]] = [(0, 0.0)]
    output = SimulatedOutput(name, clock, glow_only=glow_only, shown=frames)
    moments = [(handed_ns(c), 1, c) for c in cues]
    for time_ns, _, what in sorted(
        [*moments, *((t, 0, event) for t, event in events)], key=lambda m: (m[0], m[1])
    ):
        clock.sleep_until_ns(time_ns)
        if isinstance(what, Cue):
            output.schedule(what)
        else:
            output.cancel()
    clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_S)
    output.stop()
    return shown_by(name, frames)


tempos = st.lists(st.tuples(st.floats(20, 240), st.integers(1, 10)), min_size=1, max_size=12)
names = st.sampled_from(["led", "ring"])
kinds = st.sampled_from([CueKind.BEAT, CueKind.NOTE])


def handed_ns(cue: Cue) -> int:
    """A lead ahead; an answer, and what is left of a breath after a pause, at its own moment."""
    now = cue.at_once or cue.begin_share > 0
    return cue.planned_ns if now else cue.planned_ns - 250 * NS_PER_MS


def beats(changes: list[tuple[float, int]], kind: CueKind) -> list[Cue]:
    intervals_ns = [round(60 * NS_PER_S / bpm) for bpm, count in changes for _ in range(count)]
    times_ns = accumulate(intervals_ns, initial=START_NS)
    return [Cue(n, t, kind) for n, t in enumerate(times_ns)]


@settings(deadline=None, max_examples=40)
@given(names, tempos, kinds)
def test_no_sequence_of_tempos_flashes_too_often(
    name: str, changes: list[tuple[float, int]], kind: CueKind
) -> None:
    record = play(name, beats(changes, kind), [])
    assert assert_within_limit(record) >= 0
    assert len(general_transitions_ns(record)) >= 2


@settings(deadline=None, max_examples=40)
@given(names, tempos, st.lists(st.integers(0, 30 * NS_PER_S), max_size=60))
def test_notes_and_answers_among_the_beats_do_not_either(
    name: str, changes: list[tuple[float, int]], answers_ns: list[int]
) -> None:
    answers = [Cue(10_000 + n, START_NS + t, CueKind.ANSWER) for n, t in enumerate(answers_ns)]
    assert_within_limit(play(name, [*beats(changes, CueKind.BEAT), *answers], []))


@settings(deadline=None, max_examples=15)
@given(
    names,
    st.floats(4.5, 20),
    st.floats(0.3, 0.7),
    st.lists(st.integers(0, 12 * NS_PER_S), max_size=40),
    st.booleans(),
)
def test_breaths_cancelled_and_begun_again_at_any_moment_do_not_either(
    name: str, rate_brpm: float, inhale_share: float, cancels_ns: list[int], glow_only: bool
) -> None:
    cues, events = with_pauses(
        breath_cues(START_NS, rate_brpm, inhale_share, 2), [START_NS + t for t in cancels_ns]
    )
    assert_within_limit(play(name, cues, events, glow_only))


@pytest.mark.parametrize("every_ms", [70, 90, 130, 200, 290, 400])
@pytest.mark.parametrize("name", ["led", "ring"])
def test_pausing_and_going_on_again_and_again_while_the_light_is_full_does_not_either(
    name: str, every_ms: int
) -> None:
    breath = breath_cues(START_NS, 6.0, 0.4, 1, hold_share=0.2)
    held = next(cue for cue in breath if cue.kind is CueKind.HOLD_IN)
    pauses_ns = list(range(held.planned_ns, held.end_ns, every_ms * NS_PER_MS))
    record = play(name, *with_pauses(breath, pauses_ns))
    assert len(general_transitions_ns(record)) >= (2 if every_ms < 200 else 4)
    assert_within_limit(record)


def with_pauses(whole: list[Cue], pauses_ns: list[int]) -> tuple[list[Cue], list[tuple[int, str]]]:
    """Each pause withdraws everything; 20 ms later what is left of the breath is handed out."""
    cues, events = list(whole), []
    for at_ns in sorted(pauses_ns):
        events.append((at_ns, "cancel"))
        resumed_ns = at_ns + 20 * NS_PER_MS
        for cue in whole:
            if cue.end_ns > resumed_ns:
                begin_ns = max(cue.planned_ns, resumed_ns)
                rest = replace(
                    cue,
                    index=len(cues) + 100,
                    planned_ns=begin_ns,
                    duration_ns=cue.end_ns - begin_ns,
                    begin_share=cue.share_at(begin_ns),
                )
                cues.append(rest)
    return cues, events


def test_the_twin_devices_keep_to_the_limit_in_real_time() -> None:
    """At 240 a minute and where it is hardest, at 180 itself."""
    clock, factory, recorded = MonotonicClock(), mock_pin_factory(), RecordedFrames()
    led = mock_led_output(clock, factory=factory)
    ring = simulated_ring_output(clock, recorded=recorded)
    outputs: tuple[ScheduledOutput, ...] = (led, ring)
    for output in outputs:
        output.start()
    pin = PinRecord(clock, factory, CUE_LED_GPIO)
    offset_ns = clock.now_ns() + 20 * NS_PER_MS - START_NS
    cues = beats([(240.0, 2), (180.0, 4)], CueKind.BEAT)
    for cue in cues:
        for output in outputs:
            output.schedule(Cue(cue.index, cue.planned_ns + offset_ns))
    clock.sleep_until_ns(cues[-1].planned_ns + offset_ns + 250 * NS_PER_MS)
    for output in outputs:
        output.stop()
    own_full = 76 / 255  # of the 30 % of full white that the ring uses
    records = [
        shown_by("led", pin.frames()),
        shown_by("ring", [(t, drive / own_full) for t, drive in ring_frames(recorded)]),
    ]
    for output, record in zip(outputs, records, strict=True):
        given_count = sum(r.actual_ns is not None for r in output.take_reports())
        assert given_count >= 4
        assert len(general_transitions_ns(record)) == 2 * given_count
        assert assert_within_limit(record) == MAX_FLASHES_PER_S
