"""Breaths against NeuroKit2: on recorded belts, and where it is known to lose some.

`pytest tests/validation/test_breaths_against_neurokit.py -s` prints the figures.
"""

import numpy as np
import numpy.typing as npt
import pytest

from andante.signal_file import read_belt
from andante_host.detect.breaths import belt_runs, detect_breaths
from andante_host.metrics.breathing import BeltRun, breathing_measures
from support.breathing import belt_level
from support.neurokit import neurokit_breaths
from support.walkers import belt_file

Floats = npt.NDArray[np.float64]

SAME_BREATH_S = 0.5


@pytest.mark.recorded
@pytest.mark.parametrize("name", ["physio-belt", "neurokit-resting-5min"])
def test_breaths_of_recorded_belts_agree(name: str) -> None:
    belt = read_belt(belt_file(name))
    ours = detect_breaths(belt.time_s, belt.belt)
    inhales_s, exhales_s, _ = neurokit_breaths(belt.belt, round(belt.rate_hz))
    for kind, found_s, theirs_s in (
        ("inhales", ours.inhales_s, inhales_s),
        ("exhales", ours.exhales_s, exhales_s),
    ):
        apart_s = np.abs(found_s[:, np.newaxis] - theirs_s).min(axis=0)
        same = apart_s <= SAME_BREATH_S
        median_ms = 1e3 * float(np.median(apart_s[same]))
        print(
            f"\n{name} {kind}: {100 * same.mean():.1f} % of {theirs_s.size} found, {found_s.size} "
            f"in all, median |difference| {median_ms:.0f} ms",
            end="",
        )
        assert same.mean() >= 0.97
        assert median_ms <= 50


def slow_breathing(rate_brpm: float, breaths: int) -> tuple[Floats, Floats, Floats]:
    """Belt at 50 Hz that begins and ends in mid-exhalation, and its true troughs and peaks."""
    cycle_s = 60 / rate_brpm
    before_s = 0.3 * cycle_s
    time_s = np.arange(round((breaths * cycle_s) * 50)) / 50
    troughs_s: Floats = before_s + np.arange(breaths, dtype=np.float64) * cycle_s
    peaks_s: Floats = troughs_s + 0.4 * cycle_s
    counts = 500 + 100 * belt_level(time_s - before_s, 0.4 * cycle_s, 0.6 * cycle_s)
    end_s = float(time_s[-1])
    return counts, troughs_s[troughs_s < end_s], peaks_s[peaks_s < end_s]


def hits(found_s: Floats, true_s: Floats) -> int:
    return int((np.abs(found_s[:, np.newaxis] - true_s).min(axis=0) < SAME_BREATH_S).sum())


@pytest.mark.parametrize("breaths", [6, 10, 30])
def test_no_breath_at_the_edge_of_slow_breathing_is_lost(breaths: int) -> None:
    counts, troughs_s, peaks_s = slow_breathing(6.0, breaths)
    ours = detect_breaths(np.arange(counts.size) / 50, counts)
    assert ours.inhales_s == pytest.approx(troughs_s, abs=0.05)
    assert ours.exhales_s == pytest.approx(peaks_s, abs=0.05)
    theirs = neurokit_breaths(counts, 50)
    found = hits(theirs[0], troughs_s) + hits(theirs[1], peaks_s)
    print(f"\n{breaths} breaths at 6/min: NeuroKit2 {found} of {troughs_s.size + peaks_s.size}")
    assert found < troughs_s.size + peaks_s.size


def test_the_depth_of_slow_breaths_is_not_lost() -> None:
    counts, troughs_s, peaks_s = slow_breathing(4.5, 20)
    time_s = np.arange(counts.size) / 50
    ours = detect_breaths(time_s, counts)
    period_s, runs = belt_runs(time_s, counts)
    belt = [BeltRun(start_s, period_s, even) for start_s, even in runs]
    amplitude = breathing_measures(ours.inhales_s, ours.exhales_s, belt)["amplitude_mean_counts"]
    assert amplitude == pytest.approx(200, rel=0.01)
    *_, clean = neurokit_breaths(counts, 50)
    at = [np.rint(times_s[3:-3] * 50).astype(int) for times_s in (peaks_s, troughs_s)]
    theirs = float(clean[at[0]].mean() - clean[at[1]].mean())
    print(f"\namplitude of 200 at 4.5/min: ours {amplitude:.1f}, NeuroKit2 {theirs:.1f}")
    assert abs(amplitude - 200) < abs(theirs - 200)
