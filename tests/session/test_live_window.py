"""What a screen is shown of a running session: thinned, bounded, on the exercise's own time."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.coach.evidence import Evidence
from andante.control import LiveProgress
from andante.ports import Channel, Cue, CueKind, Edge, Response, SampleBlock
from andante.session.live_window import SHOWN_CUES, LiveWindow
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

START_NS = 5_000 * NS_PER_S
RATE_HZ = 250.0
FEET = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT)
quick = settings(deadline=None, max_examples=60)


def block(counts: list[int], first_sample: int, channel: Channel = FEET[0]) -> SampleBlock:
    first_ns = START_NS + round(first_sample * NS_PER_S / RATE_HZ)
    return SampleBlock(channel, 1, 0, RATE_HZ, counts, first_ns)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    jitter_us=st.lists(st.integers(-300, 300), min_size=40, max_size=40),
)
@quick
def test_a_trace_is_every_twelfth_sample_however_the_signal_is_cut(
    lengths: list[int], jitter_us: list[int]
) -> None:
    window = LiveWindow(START_NS, FEET)
    sent = 0
    for length, shift_us in zip(lengths, jitter_us, strict=False):
        piece = block(list(range(sent, sent + length)), sent)
        assert piece.first_ns is not None
        window.add_samples(replace(piece, first_ns=piece.first_ns + shift_us * NS_PER_US))
        sent += length
    (trace,) = window.traces()
    every = round(trace.step_s * RATE_HZ)
    assert every == 12
    expected = list(range(0, sent, every))[-len(trace.counts) :]
    assert list(trace.counts) == expected
    assert len(trace.counts) <= 2.0 / trace.step_s + 1
    assert trace.first_s == pytest.approx(expected[0] / RATE_HZ, abs=0.002)


def test_a_gap_in_the_signal_begins_the_trace_anew() -> None:
    window = LiveWindow(START_NS, FEET)
    window.add_samples(block([1] * 100, 0))
    window.add_samples(block([2] * 100, 1_000))
    (trace,) = window.traces()
    assert set(trace.counts) == {2}
    assert trace.first_s == 4.0


def test_channels_that_nobody_listens_to_are_left_out() -> None:
    window = LiveWindow(START_NS, (Channel.BELT,))
    window.add_samples(block([1] * 100, 0))
    assert window.traces() == ()


def felt(time_ns: int) -> Response:
    return Response(FEET[0], Edge.ON, 1, 0, 0, time_ns, 50.0)


def test_cues_come_as_columns_and_only_what_is_over_can_be_missed() -> None:
    evidence = Evidence(FEET)
    for beat in range(6):
        evidence.add_cue(beat, START_NS + beat * NS_PER_S, NS_PER_S)
    evidence.add_response(felt(START_NS + 30 * NS_PER_MS))
    evidence.add_response(felt(START_NS + 2 * NS_PER_S - 45 * NS_PER_MS))
    window = LiveWindow(START_NS, FEET)
    cues = window.cues(evidence.recent_cues(4), START_NS + 3 * NS_PER_S)
    assert cues.at_s == (2.0, 3.0, 4.0, 5.0)
    assert cues.interval_ms == (1000.0,) * 4
    assert cues.asynchrony_ms == (-45.0, None, None, None)
    assert cues.open_count == 3
    later = window.cues(evidence.recent_cues(4), START_NS + 4 * NS_PER_S)
    assert later.open_count == 2, "the beat at 3 s was missed"


def test_breaths_are_kept_until_they_are_out_of_sight() -> None:
    window = LiveWindow(START_NS, (Channel.BELT,))
    for number in range(20):
        kind = CueKind.INHALE if number % 2 == 0 else CueKind.EXHALE
        at_ns = START_NS + number * 2 * NS_PER_S
        window.add_cue(Cue(number, at_ns, kind, duration_ns=2 * NS_PER_S))
    window.add_cue(Cue(99, START_NS, CueKind.NOTE))
    breaths = window.breaths(START_NS + 30 * NS_PER_S)
    assert breaths.at_s[0] == 8.0
    assert breaths.at_s[-1] == 38.0
    assert set(breaths.kind) == {"inhale", "exhale"}
    assert set(breaths.duration_s) == {2.0}


def test_the_fullest_progress_stays_below_four_kilobytes() -> None:
    """A walk at the fastest, an hour in, four channels of large counts, and every part amiss."""
    late_ns = START_NS + 3_600 * NS_PER_S
    channels = (Channel.TAP_1, Channel.TAP_2, Channel.TAP_3, Channel.TAP_4)
    window, evidence = LiveWindow(START_NS, channels), Evidence(channels)
    for channel in channels:
        counts = [1_023] * 600
        window.add_samples(SampleBlock(channel, 1, 0, RATE_HZ, counts, late_ns))
    rng = np.random.default_rng(1)
    for beat in range(SHOWN_CUES + 5):
        at_ns = late_ns + beat * 346_820_809
        evidence.add_cue(beat, at_ns, 346_820_809.2)
        shift_ns = int(rng.integers(-170, 170)) * NS_PER_MS
        evidence.add_response(Response(channels[0], Edge.ON, 1, 0, 0, at_ns + shift_ns, 50.0))
    progress = LiveProgress(
        stage="carry-over",
        left_s=3_599.123456789,
        tempo_per_minute=172.99999999,
        last_asynchrony_ms=-123.456789,
        vector_length=0.123456789012345,
        response_count=20_000,
        own_per_minute=171.123456789,
        paused=False,
        recent_asynchronies_ms=(-123.456789,) * 32,
        at_s=3_599.123,
        tempo_low_per_minute=123.123456789,
        tempo_high_per_minute=172.123456789,
        cues=window.cues(evidence.recent_cues(SHOWN_CUES), late_ns),
        traces=window.traces(),
        troubles=dict.fromkeys(("board", "sound", "led", "ring", "haptic"), "x" * 120),
        fault_count=1_000,
    )
    assert len(msgspec.json.encode(progress)) <= 4_096
