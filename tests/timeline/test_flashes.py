"""The flash counter against worked examples of its own definition."""

import pytest

from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.flashes import (
    Shown,
    general_transitions_ns,
    most_flashes_per_s,
    red_transitions_ns,
)


def grey(time_ms: float, drive: float) -> Shown:
    return Shown(round(time_ms * NS_PER_MS), drive, drive, drive)


def square_wave(rate_hz: float, low: float, high: float, count: int = 12) -> list[Shown]:
    period_ms = 1_000 / rate_hz
    record = [grey(-1, low)]
    for n in range(count):
        record += [grey(n * period_ms, high), grey((n + 0.5) * period_ms, low)]
    return record


@pytest.mark.parametrize(("rate_hz", "most"), [(1.0, 1), (2.0, 2), (3.0, 3), (4.0, 4), (10.0, 10)])
def test_a_square_wave_flashes_as_often_as_it_says(rate_hz: float, most: int) -> None:
    assert most_flashes_per_s(general_transitions_ns(square_wave(rate_hz, 0.0, 1.0))) == most


@pytest.mark.parametrize(
    ("low", "high", "counts"),
    [
        (0.0, 0.11, True),
        (0.0, 0.09, False),  # less than 10 % of full luminance
        (0.82, 1.0, False),  # the darker state is not below 0.80
        (0.79, 1.0, True),
        (0.3, 0.35, False),
    ],
)
def test_only_large_changes_from_a_dark_enough_state_count(
    low: float, high: float, counts: bool
) -> None:
    found = most_flashes_per_s(general_transitions_ns(square_wave(5.0, low, high)))
    assert found == (5 if counts else 0)


def test_a_slow_rise_counts_once_however_many_frames_it_takes() -> None:
    up = [grey(10 * n, n / 100) for n in range(101)]
    down = [grey(1_010 + 10 * n, 1 - n / 100) for n in range(101)]
    times_ns = general_transitions_ns(up + down)
    # On the way down the darker state counts from below 0.80 on.
    assert times_ns == [100 * NS_PER_MS, 1_220 * NS_PER_MS]
    assert most_flashes_per_s(times_ns) == 0  # a second apart and more


def test_small_ripple_on_a_rise_is_no_flash() -> None:
    record = [grey(10 * n, n / 100 + (0.04 if n % 2 else 0.0)) for n in range(97)]
    assert len(general_transitions_ns(record)) == 1


def test_the_window_is_half_open() -> None:
    times_ns = [0, 100, NS_PER_S, NS_PER_S + 100]
    assert most_flashes_per_s(times_ns) == 1
    assert most_flashes_per_s([0, 100, NS_PER_S - 1, NS_PER_S]) == 1
    assert most_flashes_per_s([0, 100, NS_PER_S - 2, NS_PER_S - 1]) == 2
    assert most_flashes_per_s([]) == 0


def test_relative_luminance_weighs_the_primaries() -> None:
    assert Shown(0, 1, 0, 0).luminance == pytest.approx(0.2126)
    assert Shown(0, 1, 1, 1).luminance == pytest.approx(1.0)


def test_saturated_red_counts_by_itself() -> None:
    red, pale, black = (1.0, 0.0, 0.0), (0.5, 0.4, 0.4), (0.0, 0.0, 0.0)
    for other in (pale, black):
        record = []
        for n in range(8):
            record += [Shown(n * 250 * NS_PER_MS, *red)]
            record += [Shown((n * 250 + 125) * NS_PER_MS, *other)]
        assert most_flashes_per_s(red_transitions_ns(record)) == 4
    still = [Shown(n * 100 * NS_PER_MS, 0.9 + n / 100, 0.0, 0.0) for n in range(5)]
    assert red_transitions_ns(still) == []
    blue = [Shown(n * 100 * NS_PER_MS, 0.0, 0.1, float(n % 2)) for n in range(9)]
    assert red_transitions_ns(blue) == []


def test_red_has_the_place_in_the_diagram_that_cie_gives_it() -> None:
    # sRGB red lies at u' 0.4507, v' 0.5229, white (D65) at u' 0.1978, v' 0.4683.
    apart = Shown(0, 1, 0, 0).apart_in_ucs(Shown(0, 1, 1, 1))
    assert apart == pytest.approx(
        ((0.4507 - 0.1978) ** 2 + (0.5229 - 0.4683) ** 2) ** 0.5, abs=2e-4
    )
