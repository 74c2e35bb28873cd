from dataclasses import fields
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.ports import Edge
from andante.simulated.detector import (
    DEFAULT_SETTINGS,
    ContactDetector,
    DetectedEdge,
    DetectorSettings,
    run_feet,
)
from support.walkers import MadeWalk, assert_same_times, make_walk

PERIOD_TICKS = DEFAULT_SETTINGS.sample_period_ticks
TICK_HZ = 1000 * PERIOD_TICKS


def to_counts(force: npt.NDArray[np.float64], low: float = 100, high: float = 800) -> list[int]:
    counts: list[int] = np.clip(low + force * (high - low), 0, 1023).astype(int).tolist()
    return counts


def detect(walk: MadeWalk, **scale: float) -> tuple[list[DetectedEdge], list[DetectedEdge]]:
    left, right = ContactDetector(), ContactDetector()
    counts = to_counts(walk.left, **scale), to_counts(walk.right, **scale)
    return run_feet(left, right, *counts, 0, PERIOD_TICKS)


def times_s(edges: list[DetectedEdge], edge: Edge) -> npt.NDArray[np.float64]:
    return np.array([e.ticks for e in edges if e.edge is edge]) / TICK_HZ


@settings(max_examples=15, deadline=None)
@given(
    stride_s=st.floats(0.7, 1.8),
    gain=st.floats(0.3, 1.0),
    dip_share=st.floats(0.0, 0.7),
    stance_share=st.floats(0.55, 0.7),
)
def test_every_step_is_found_where_it_was_made(
    stride_s: float, gain: float, dip_share: float, stance_share: float
) -> None:
    walk = make_walk(14, stride_s, stance_share, rate_hz=1000, dip_share=dip_share)
    left, right = detect(walk, low=60, high=60 + 900 * gain)
    for edges, contacts_s, offs_s in (
        (left, walk.left_contacts_s, walk.left_offs_s),
        (right, walk.right_contacts_s, walk.right_offs_s),
    ):
        # The levels are learnt during the first second or two.
        assert_same_times(times_s(edges, Edge.ON), contacts_s, 2 + stride_s, 0.008)
        assert_same_times(times_s(edges, Edge.OFF), offs_s, 2 + stride_s, 0.016)


@settings(max_examples=40, deadline=None)
@given(
    corners=st.lists(st.tuples(st.integers(1, 400), st.integers(0, 1023)), min_size=5, max_size=60),
    other=st.booleans(),
)
def test_any_signal_gives_alternating_edges(corners: list[tuple[int, int]], other: bool) -> None:
    at = np.cumsum([samples for samples, _ in corners])
    counts = np.interp(np.arange(at[-1]), at, [value for _, value in corners]).astype(int).tolist()
    detector = ContactDetector()
    edges = [
        edge
        for i, now in enumerate(counts)
        if (edge := detector.step(now, i * PERIOD_TICKS, other)) is not None
    ]
    kinds = [edge.edge for edge in edges]
    assert kinds == [Edge.ON, Edge.OFF] * (len(kinds) // 2) + [Edge.ON] * (len(kinds) % 2)
    stamps = [edge.ticks for edge in edges]
    assert stamps == sorted(set(stamps))
    for before, edge in pairwise(edges):
        assert edge.found_ticks > before.found_ticks
        if edge.edge is Edge.OFF:
            assert edge.duration_ticks == edge.ticks - before.ticks
            assert edge.peak_counts is not None
            assert 0 < edge.peak_counts <= 1023
    for edge in edges:
        assert edge.ticks <= edge.found_ticks
        assert edge.ticks % PERIOD_TICKS == 0
        assert all(value is None or isinstance(value, int) for value in edge[1:])


def test_a_batch_is_the_same_as_single_steps() -> None:
    counts = to_counts(make_walk(12, rate_hz=1000).left)
    batch = ContactDetector().run(counts, 5000)
    single = ContactDetector()
    stepped = [single.step(now, 5000 + i * PERIOD_TICKS) for i, now in enumerate(counts)]
    assert batch == [edge for edge in stepped if edge is not None]
    assert len(batch) > 10


def test_starting_the_ticks_elsewhere_moves_the_stamps_and_nothing_else() -> None:
    counts = to_counts(make_walk(12, rate_hz=1000).left)
    early, late = ContactDetector().run(counts, 0), ContactDetector().run(counts, 2**40)
    assert [e.ticks + 2**40 for e in early] == [e.ticks for e in late]
    assert [e.duration_ticks for e in early] == [e.duration_ticks for e in late]


@pytest.mark.parametrize("level_counts", [0, 300, 1023])
def test_an_unplugged_or_stuck_sensor_has_no_contacts(level_counts: int) -> None:
    rng = np.random.default_rng(7)
    counts = np.clip(level_counts + rng.normal(0, 4, 20_000), 0, 1023).astype(int).tolist()
    assert ContactDetector().run(counts, 0) == []


def test_standing_still_after_walking_gives_no_contacts_and_the_next_step_counts() -> None:
    walk = make_walk(12, rate_hz=1000)
    last_s = walk.left_contacts_s[-2]
    walked = walk.left[: int((last_s + 0.3) * 1000)]
    sway_s = np.arange(10_000) / 1000
    standing = walked[-1] + 0.1 * np.sin(2 * np.pi * 0.7 * sway_s)
    again = walk.left[int((last_s + 0.3) * 1000) :]
    edges = ContactDetector().run(to_counts(np.concatenate([walked, standing, again])), 0)
    found_s = times_s(edges, Edge.ON)
    assert found_s[found_s > last_s - 0.05] == pytest.approx(
        [last_s, walk.left_contacts_s[-1] + 10], abs=0.008
    )


def test_drift_and_a_fading_sensor_are_followed() -> None:
    walk = make_walk(60, rate_hz=1000)
    fading = walk.left * np.linspace(1.0, 0.4, walk.time_s.size)
    drifting = fading + 0.1 * np.sin(2 * np.pi * walk.time_s / 60)
    edges = ContactDetector().run(to_counts(drifting, low=150, high=900), 0)
    assert_same_times(times_s(edges, Edge.ON), walk.left_contacts_s, 3, 0.008)


def test_noise_moves_contacts_but_neither_hides_nor_invents_them() -> None:
    walk = make_walk(40, rate_hz=1000)
    noisy = walk.left + np.random.default_rng(3).normal(0, 0.02, walk.left.size)
    found_s = times_s(ContactDetector().run(to_counts(noisy), 0), Edge.ON)
    assert_same_times(found_s, walk.left_contacts_s, 3, 0.03)


def test_a_spike_in_the_air_is_no_contact_and_a_dropout_on_the_ground_no_step() -> None:
    walk = make_walk(12, rate_hz=1000)
    spoilt = walk.left.copy()
    in_air, on_ground = walk.left_offs_s[4] + 0.2, walk.left_contacts_s[6] + 0.3
    spoilt[int(in_air * 1000) : int(in_air * 1000) + 3] = 1.0
    spoilt[int(on_ground * 1000) : int(on_ground * 1000) + 40] = 0.0
    clean = ContactDetector().run(to_counts(walk.left), 0)
    assert [e[:2] for e in ContactDetector().run(to_counts(spoilt), 0)] == [e[:2] for e in clean]


def shuffle(other_foot: float) -> list[float]:
    """Contacts of a foot that once only half leaves the ground, the other foot as given."""
    walk = make_walk(14, rate_hz=1000, dip_share=0.0)
    left, right = walk.left.copy(), walk.right.copy()
    start, stop = (int(1000 * t) for t in (walk.left_contacts_s[7], walk.left_contacts_s[8]))
    left[start - 700 : start + 300] = np.maximum(left[start - 700 : start + 300], 0.25)
    right[start - 700 : stop - 400] = other_foot
    lefts, _ = run_feet(
        ContactDetector(), ContactDetector(), to_counts(left), to_counts(right), 0, PERIOD_TICKS
    )
    found_s = times_s(lefts, Edge.ON)
    inside = np.abs(found_s - walk.left_contacts_s[7]) < 0.1
    found: list[float] = found_s[inside].tolist()
    return found


def test_a_shuffling_step_counts_only_while_the_other_foot_bears_weight() -> None:
    assert len(shuffle(other_foot=1.0)) == 1
    assert shuffle(other_foot=0.0) == []


def test_reset_forgets_everything() -> None:
    counts = to_counts(make_walk(12, rate_hz=1000).left)
    used = ContactDetector()
    used.run(counts[:7000], 0)
    used.reset()
    assert used.run(counts, 0) == ContactDetector().run(counts, 0)


def test_the_chip_can_do_it_in_sixteen_bits() -> None:
    largest_counts = 1023
    for field in fields(DetectorSettings):
        value = getattr(DEFAULT_SETTINGS, field.name)
        assert isinstance(value, int)
        if field.name.endswith(("_percent", "_permille")):
            assert largest_counts * value < 2**16
    assert DEFAULT_SETTINGS.ring_values <= 256
