"""The live figures against the same formulas done at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.coach.evidence import Evidence
from andante.ports import FOOT_CHANNELS, Channel, Edge, Response, SampleBlock
from andante.timebase import NS_PER_MS, NS_PER_S

INTERVAL_NS = 600 * NS_PER_MS


def contact(time_ns: int, channel: Channel = Channel.LEFT_FOOT) -> Response:
    return Response(channel, Edge.ON, 0, 0, 0, time_ns, 10.0)


@given(st.lists(st.floats(min_value=-200, max_value=200), min_size=3, max_size=60))
def test_vector_length_and_last_asynchrony(asynchronies_ms: list[float]) -> None:
    live = Evidence(FOOT_CHANNELS)
    cues = [(n + 1) * INTERVAL_NS for n in range(len(asynchronies_ms) + 1)]
    responses = sorted(
        round(cue + a * NS_PER_MS) for cue, a in zip(cues, asynchronies_ms, strict=False)
    )
    events = sorted(
        [(t - 250 * NS_PER_MS, "cue", t) for t in cues] + [(t, "r", t) for t in responses]
    )
    for _, kind, time_ns in events:
        if kind == "cue":
            live.add_cue(time_ns // INTERVAL_NS, time_ns, INTERVAL_NS)
        else:
            live.add_response(contact(time_ns))
    exact = np.abs(np.mean(np.exp(2j * np.pi * np.array(asynchronies_ms) / 600)))
    assert live.vector_length == pytest.approx(float(exact), abs=1e-6)
    assert live.last_asynchrony_ms == pytest.approx(asynchronies_ms[-1], abs=1e-5)


def test_before_the_first_cue_and_the_third_response_there_is_no_figure() -> None:
    live = Evidence(FOOT_CHANNELS)
    live.add_response(contact(5))
    assert live.vector_length is None
    assert live.last_asynchrony_ms is None


def paced(count: int, asynchrony_ms: float, missed: int = 0) -> Evidence:
    evidence = Evidence(FOOT_CHANNELS)
    for n in range(1, count + 1):
        evidence.add_cue(n, n * INTERVAL_NS, INTERVAL_NS)
        if n > missed:
            evidence.add_response(contact(n * INTERVAL_NS + round(asynchrony_ms * NS_PER_MS)))
    return evidence


def test_an_asynchrony_is_known_as_soon_as_the_response_is() -> None:
    evidence = paced(3, -25.0)
    assert evidence.asynchrony_of(3) == -25 * NS_PER_MS
    assert evidence.asynchrony_of(4) is None
    # A second response to the same cue, and one on another's channel, change nothing.
    evidence.add_response(contact(3 * INTERVAL_NS + 10 * NS_PER_MS))
    assert not evidence.add_response(contact(3 * INTERVAL_NS, Channel.TAP_1))
    assert evidence.asynchrony_of(3) == -25 * NS_PER_MS


def test_a_response_beyond_half_an_interval_waits_for_its_own_cue() -> None:
    evidence = paced(1, 0.0)
    evidence.add_response(contact(INTERVAL_NS + 500 * NS_PER_MS))
    assert evidence.asynchrony_of(1) == 0
    evidence.add_cue(2, 2 * INTERVAL_NS, INTERVAL_NS)
    assert evidence.asynchrony_of(2) == -100 * NS_PER_MS


def test_synchrony_of_a_stretch_counts_the_missed() -> None:
    evidence = paced(20, 30.0, missed=5)
    now_ns = 21 * INTERVAL_NS
    length, missed_percent = evidence.synchrony_since(0, now_ns)
    assert length == pytest.approx(1.0)
    assert missed_percent == pytest.approx(25.0)
    assert evidence.synchrony_since(0, 0) == (None, None)
    assert evidence.synchrony_since(0, 5 * INTERVAL_NS) == (None, 100.0)


def test_old_future_missing_and_unchanging_evidence_is_stale() -> None:
    evidence = Evidence(FOOT_CHANNELS)
    assert evidence.stale_reason(0) == "nothing has been felt yet"
    evidence.add_response(contact(10 * NS_PER_S))
    assert evidence.stale_reason(11 * NS_PER_S) is None
    assert "2 s" in (evidence.stale_reason(12 * NS_PER_S + 1) or "")
    assert "future" in (evidence.stale_reason(9 * NS_PER_S) or "")
    for at_s, counts in ((4, [1, 2, 3]), (5, [3] * 600)):
        block = SampleBlock(Channel.LEFT_FOOT, 0, 0, 100.0, counts, first_ns=at_s * NS_PER_S)
        evidence.add_samples(block)
    assert "not changed" in (evidence.stale_reason(11 * NS_PER_S) or "")
