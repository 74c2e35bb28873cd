"""The live figures against the same formulas done at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.session.live import LiveSynchrony
from andante.timebase import NS_PER_MS

INTERVAL_NS = 600 * NS_PER_MS


@given(st.lists(st.floats(min_value=-200, max_value=200), min_size=3, max_size=60))
def test_vector_length_and_last_asynchrony(asynchronies_ms: list[float]) -> None:
    live = LiveSynchrony()
    cues = [(n + 1) * INTERVAL_NS for n in range(len(asynchronies_ms) + 1)]
    responses = sorted(
        round(cue + a * NS_PER_MS) for cue, a in zip(cues, asynchronies_ms, strict=False)
    )
    events = sorted(
        [(t - 250 * NS_PER_MS, "cue", t) for t in cues] + [(t, "r", t) for t in responses]
    )
    for _, kind, time_ns in events:
        if kind == "cue":
            live.add_cue(time_ns, INTERVAL_NS)
        else:
            live.add_response(time_ns)
    live.finish()
    exact = np.abs(np.mean(np.exp(2j * np.pi * np.array(asynchronies_ms) / 600)))
    assert live.vector_length == pytest.approx(float(exact), abs=1e-6)
    assert live.last_asynchrony_ms == pytest.approx(asynchronies_ms[-1], abs=1e-5)


def test_before_the_first_cue_and_the_third_response_there_is_no_figure() -> None:
    live = LiveSynchrony()
    live.add_response(5)
    live.finish()
    assert live.vector_length is None
    assert live.last_asynchrony_ms is None
