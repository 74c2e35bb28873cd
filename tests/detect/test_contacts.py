import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.detect.contacts import FootEvents, detect_contacts
from support.walkers import MadeWalk, assert_same_times, make_walk

Floats = npt.NDArray[np.float64]


def detect(walk: MadeWalk) -> tuple[FootEvents, FootEvents]:
    return detect_contacts(walk.time_s, walk.left, walk.right)


@settings(max_examples=20, deadline=None)
@given(
    stride_s=st.floats(0.7, 1.8),
    rate_hz=st.sampled_from([100.0, 300.0, 1000.0]),
    gain=st.floats(1e-3, 1e4),
    offset=st.floats(-1e3, 1e3),
    dip_share=st.floats(0.0, 0.7),
)
def test_every_step_is_found_at_any_rate_and_scale(
    stride_s: float, rate_hz: float, gain: float, offset: float, dip_share: float
) -> None:
    walk = make_walk(16, stride_s, rate_hz=rate_hz, dip_share=dip_share)
    left, right = detect_contacts(
        walk.time_s, offset + gain * walk.left, offset + gain * walk.right
    )
    within_s = 0.006 + 1 / rate_hz
    assert_same_times(left.contacts_s, walk.left_contacts_s, 0.5, within_s)
    assert_same_times(right.contacts_s, walk.right_contacts_s, 0.5, within_s)
    assert_same_times(left.offs_s, walk.left_offs_s, 0.5, 0.01 + within_s)


def test_the_two_feet_are_treated_alike() -> None:
    walk = make_walk()
    left, right = detect(walk)
    mirrored_left, mirrored_right = detect_contacts(walk.time_s, walk.right, walk.left)
    np.testing.assert_array_equal(mirrored_left.contacts_s, right.contacts_s)
    np.testing.assert_array_equal(mirrored_right.offs_s, left.offs_s)


def test_drift_fading_and_saturation_are_followed() -> None:
    walk = make_walk(60)
    force = walk.left * np.linspace(1.0, 0.4, walk.time_s.size)
    force = np.clip(force, 0.0, 0.8) + 0.2 * np.sin(2 * np.pi * walk.time_s / 60)
    left, _ = detect_contacts(walk.time_s, force, walk.right)
    assert_same_times(left.contacts_s, walk.left_contacts_s, 0.5, 0.008)


def test_in_a_gap_nothing_is_found_and_a_missing_cell_is_bridged() -> None:
    walk = make_walk(30)
    holed = walk.left.copy()
    holed[(walk.time_s >= 10) & (walk.time_s < 15)] = np.nan
    holed[60::101] = np.nan
    left, right = detect_contacts(walk.time_s, holed, walk.right)
    assert not np.any((left.contacts_s > 9.95) & (left.contacts_s < 15))
    outside = (walk.left_contacts_s < 9.9) | (walk.left_contacts_s > 15.1)
    assert_same_times(left.contacts_s, walk.left_contacts_s[outside], 0.5, 0.012)
    assert_same_times(right.contacts_s, walk.right_contacts_s, 0.5, 0.008)


@pytest.mark.parametrize("kind", ["constant", "noise", "weak", "gap"])
def test_a_sensor_that_is_not_worn_has_no_events(kind: str) -> None:
    walk = make_walk(20)
    noise = np.random.default_rng(4).normal(0, 1, walk.time_s.size)
    right = {
        "constant": np.full(walk.time_s.size, 3.0),
        "noise": noise,
        "weak": 0.01 * walk.right + 0.0005 * noise,
        "gap": np.full(walk.time_s.size, np.nan),
    }[kind]
    left_events, right_events = detect_contacts(walk.time_s, walk.left, right)
    assert right_events.contacts_s.size == right_events.offs_s.size == 0
    assert_same_times(left_events.contacts_s, walk.left_contacts_s, 0.5, 0.008)


def hesitating(walk: MadeWalk, level: float, lasts_s: float) -> Floats:
    """The left foot's force, each landing beginning `lasts_s` earlier with a step up to `level`."""
    force = walk.left.copy()
    for contact_s in walk.left_contacts_s:
        since_s = walk.time_s - (contact_s - lasts_s)
        early = (since_s >= 0) & (walk.time_s < contact_s + 0.06)
        touch = level * np.clip(since_s[early] / 0.015, 0.0, 1.0)
        force[early] = np.maximum(force[early], touch)
    return force


def test_a_foot_that_hesitates_while_it_takes_load_stands_already() -> None:
    walk = make_walk(rate_hz=1000.0)
    left, _ = detect_contacts(walk.time_s, hesitating(walk, 0.3, 0.1), walk.right)
    assert_same_times(left.contacts_s, walk.left_contacts_s - 0.1, 0.5, 0.008)


def test_a_short_scuff_before_the_landing_is_no_contact() -> None:
    walk = make_walk(rate_hz=1000.0)
    left, _ = detect_contacts(walk.time_s, hesitating(walk, 0.3, 0.02), walk.right)
    # The force stands still at 0.3 until the landing has come that far, 20 ms into its rise.
    assert_same_times(left.contacts_s, walk.left_contacts_s + 0.022, 0.5, 0.008)


def test_standing_between_two_walks_gives_no_steps() -> None:
    first, second = make_walk(20), make_walk(20)
    sway = 0.7 + 0.1 * np.sin(2 * np.pi * 0.7 * np.arange(3000) / 300)
    left, right = (
        np.concatenate([a, sway, b])
        for a, b in ((first.left, second.left), (first.right, second.right))
    )
    events, _ = detect_contacts(np.arange(left.size) / 300, left, right)
    standing = (events.contacts_s > 20.1) & (events.contacts_s < 30)
    assert np.count_nonzero(standing) == 0
    again_s = second.left_contacts_s + 30
    assert_same_times(events.contacts_s[events.contacts_s > 30], again_s, 30, 0.008)


@settings(max_examples=60, deadline=None)
@given(
    corners=st.lists(
        st.tuples(st.integers(1, 200), st.floats(-1e3, 1e3) | st.just(np.nan)),
        min_size=2,
        max_size=40,
    )
)
def test_any_signal_gives_alternating_events(corners: list[tuple[int, float]]) -> None:
    at = np.cumsum([samples for samples, _ in corners])
    force = np.interp(np.arange(at[-1] + 1), at, [value for _, value in corners])
    time_s = np.arange(force.size) / 200
    for foot in detect_contacts(time_s, force, force[::-1]):
        for contact_s, next_s in zip(foot.contacts_s[:-1], foot.contacts_s[1:], strict=True):
            between = (foot.offs_s > contact_s) & (foot.offs_s < next_s)
            # One off, or none where the signal had a gap.
            if np.isfinite(force).all():
                assert np.count_nonzero(between) == 1
            assert next_s > contact_s
