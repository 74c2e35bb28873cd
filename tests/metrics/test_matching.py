"""The matching rule, by hand-made cases and by its own definition."""

import time
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.timebase import NS_PER_MS
from andante_host.metrics.matching import (
    UNMATCHED,
    Matches,
    local_intervals_ns,
    match,
    nearest_positions,
)

Int64s = npt.NDArray[np.int64]


def _ns(times_ms: npt.ArrayLike) -> Int64s:
    return np.rint(np.asarray(times_ms, dtype=np.float64) * NS_PER_MS).astype(np.int64)


def _match(
    cue_ms: list[float], response_ms: list[float], channel: list[str] | None = None
) -> Matches:
    names = np.array(channel if channel is not None else ["tap1"] * len(response_ms), dtype=str)
    return match(_ns(cue_ms), _ns(response_ms), names)


BEATS_MS = [0.0, 500.0, 1000.0, 1500.0, 2000.0]


def test_each_response_goes_to_its_nearest_cue() -> None:
    found = _match(BEATS_MS, [-30, 510, 960, 1490, 2040])
    assert found.response_of_cue.tolist() == [0, 1, 2, 3, 4]


def test_a_cue_without_a_response_stays_unmatched() -> None:
    found = _match(BEATS_MS, [-30, 510, 1490, 2040])
    assert found.response_of_cue.tolist() == [0, 1, UNMATCHED, 2, 3]


def test_of_two_responses_to_one_cue_the_nearer_is_kept() -> None:
    found = _match(BEATS_MS, [0, 300, 520, 1000, 1500, 2000])
    assert found.response_of_cue.tolist() == [0, 2, 3, 4, 5]
    assert not found.double_trigger.any()


def test_half_an_interval_away_is_no_pair() -> None:
    assert _match(BEATS_MS, [-250]).response_of_cue[0] == UNMATCHED
    assert _match(BEATS_MS, [-249]).response_of_cue[0] == 0


def test_a_bounce_is_marked_and_not_matched_though_it_is_nearer() -> None:
    found = _match(BEATS_MS, [-40, 10, 500, 1000, 1500, 2000])
    assert found.double_trigger.tolist() == [False, True, False, False, False, False]
    assert found.response_of_cue[0] == 0


def test_a_bounce_does_not_silence_what_follows_it() -> None:
    # 150 ms apart with 200 ms refractory: every second one is kept.
    found = _match(BEATS_MS, [0, 150, 300, 450])
    assert found.double_trigger.tolist() == [False, True, False, True]


def test_fast_beats_keep_the_refractory_time_at_80_ms() -> None:
    found = _match([0, 150, 300, 450], [0, 79, 150, 229])
    assert found.double_trigger.tolist() == [False, True, False, True]


def test_two_feet_close_together_are_no_bounce() -> None:
    assert not _match(BEATS_MS, [0, 60], ["left", "right"]).double_trigger.any()
    assert _match(BEATS_MS, [0, 60], ["left", "left"]).double_trigger.tolist() == [False, True]


def test_a_shifted_cue_does_not_change_the_interval_of_isochronous_cues() -> None:
    cue_ms = np.arange(30) * 500.0
    cue_ms[15:] -= 20.0
    np.testing.assert_allclose(local_intervals_ns(_ns(cue_ms)), 500.0 * NS_PER_MS)


def test_two_tempi_have_two_intervals() -> None:
    cue_ms = np.concatenate((np.arange(20) * 600.0, 12_000.0 + np.arange(20) * 400.0))
    interval_ns = local_intervals_ns(_ns(cue_ms))
    assert interval_ns[0] == interval_ns[15] == 600 * NS_PER_MS
    assert interval_ns[25] == interval_ns[-1] == 400 * NS_PER_MS


def test_one_cue_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two cues"):
        _match([0], [10])


def test_no_response_matches_nothing() -> None:
    found = _match(BEATS_MS, [])
    assert found.response_of_cue.tolist() == [UNMATCHED] * 5
    assert found.nearest_cue.size == found.double_trigger.size == 0


@given(
    beat_ms=st.integers(300, 1500),
    count=st.integers(2, 30),
    response_ms=st.lists(st.integers(-2_000, 47_000), max_size=60, unique=True),
)
def test_every_kept_pair_is_mutual_and_no_other_could_be(
    beat_ms: int, count: int, response_ms: list[int]
) -> None:
    """The definition itself, tried pair by pair."""
    cue_ns = _ns([float(n * beat_ms) for n in range(count)])
    response_ns = np.sort(_ns([float(t) for t in response_ms]))
    found = match(cue_ns, response_ns, np.full(response_ns.size, "tap1"))
    distance_ns = np.abs(response_ns[np.newaxis, :] - cue_ns[:, np.newaxis])
    usable = ~found.double_trigger
    for cue in range(count):
        expected = UNMATCHED
        for response in np.flatnonzero(usable):
            if (
                distance_ns[cue, response] < beat_ms * NS_PER_MS / 2
                and distance_ns[:, response].argmin() == cue
                and distance_ns[cue][usable].min() == distance_ns[cue, response]
            ):
                expected = int(response)
                break
        assert found.response_of_cue[cue] == expected
    refractory_ns = max(0.4 * beat_ms, 80) * NS_PER_MS
    assert all(b - a >= refractory_ns for a, b in pairwise(response_ns[usable].tolist()))


@given(
    times=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40),
    asked=st.lists(st.integers(-(10**12), 10**12), max_size=40),
)
def test_nearest_is_the_least_distance(times: list[int], asked: list[int]) -> None:
    sorted_ns = np.sort(np.array(times, dtype=np.int64))
    asked_ns = np.array(asked, dtype=np.int64)
    nearest = nearest_positions(sorted_ns, asked_ns)
    for position, time_ns in zip(nearest, asked_ns, strict=True):
        assert abs(sorted_ns[position] - time_ns) == np.abs(sorted_ns - time_ns).min()


def test_an_hour_of_cues_takes_milliseconds() -> None:
    rng = np.random.default_rng(3)
    cue_ms = np.arange(3_600) * 500.0
    response_ms = np.sort(cue_ms + rng.normal(-30.0, 25.0, cue_ms.size))
    cue_ns, response_ns = _ns(cue_ms), _ns(response_ms)
    channel = np.where(np.arange(cue_ms.size) % 2 == 0, "left", "right")
    began_s = time.perf_counter()
    found = match(cue_ns, response_ns, channel)
    took_s = time.perf_counter() - began_s
    assert (found.response_of_cue != UNMATCHED).all()
    assert took_s < 0.05  # 2 ms on an idle machine
