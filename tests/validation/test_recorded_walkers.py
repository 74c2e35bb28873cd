"""The recorded walkers against what the publishers of their recordings found.

`pytest tests/validation/test_recorded_walkers.py -s` prints the table.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from andante.ports import Channel, Edge
from andante.signal_file import ForceRecording, read_belt, read_force
from andante.simulated.replay import ReplaySource
from andante.simulated.source import Press, TickClock
from andante.timebase import NS_PER_S
from andante_host.detect.breaths import detect_breaths
from andante_host.detect.contacts import detect_contacts
from andante_host.metrics.gait import GaitMeasures, dfa_alpha, gait_measures, near_median
from support.walkers import (
    WALKERS,
    Published,
    agreement,
    belt_file,
    force_file,
    published,
    within,
)

pytestmark = pytest.mark.recorded

Floats = npt.NDArray[np.float64]
DETECTORS = ("board", "host")


@dataclass(frozen=True)
class Found:
    """Contacts and offs of both feet on the recording's clock, in seconds."""

    left_on: Floats
    right_on: Floats
    left_off: Floats
    right_off: Floats

    def measures(self, reference: Published, bias_s: float) -> GaitMeasures:
        """The measures of the part of the walk that the publishers analysed."""
        times_s = (self.left_on, self.right_on, self.left_off, self.right_off)
        return gait_measures(*(within(t, reference, bias_s) for t in times_s))


@cache
def found(walker: str, detector: str) -> Found:
    recording = read_force(force_file(walker))
    if detector == "host":
        left, right = detect_contacts(recording.time_s, recording.left, recording.right)
        return Found(left.contacts_s, right.contacts_s, left.offs_s, right.offs_s)
    return replayed(recording)


def replayed(recording: ForceRecording) -> Found:
    clock = TickClock(zero_ns=7 * NS_PER_S, rate_error_ppm=60.0)
    start_ns = 9 * NS_PER_S + 777_777
    source = ReplaySource(recording, clock, start_ns)
    edges: dict[tuple[Channel, Edge], list[float]] = {}
    until_ticks = 0
    while not source.ended:
        until_ticks += clock.tick_hz
        for item in source.advance(until_ticks):
            if isinstance(item, Press):
                time_s = (clock.ns_at(item.ticks) - start_ns) / NS_PER_S
                edges.setdefault((item.channel, item.edge), []).append(time_s)
    left, right = Channel.LEFT_FOOT, Channel.RIGHT_FOOT
    keys = ((left, Edge.ON), (right, Edge.ON), (left, Edge.OFF), (right, Edge.OFF))
    return Found(*(np.array(edges[key]) for key in keys))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("walker", WALKERS)
def test_contacts_and_group_figures_agree_with_the_publishers(walker: str, detector: str) -> None:
    here = found(walker, detector)
    reference = published(walker)
    match = agreement(here.left_on, reference)
    measures = here.measures(reference, match.bias_ms / 1e3)
    kept = near_median(reference.left_strides_s)
    strides_s = reference.left_strides_s[kept]
    alpha = dfa_alpha(strides_s)
    assert alpha is not None
    theirs = {
        "left_stride_time_mean_s": float(strides_s.mean()),
        "left_stride_time_sd_s": float(strides_s.std(ddof=1)),
        "left_stride_time_cv_percent": 100 * float(strides_s.std(ddof=1) / strides_s.mean()),
        "left_swing_percent": float(reference.left_swing_percent[kept].mean()),
        "left_stance_time_mean_s": float(reference.left_stances_s[kept].mean()),
        "double_support_percent": float(reference.double_support_percent[kept].mean()),
        "dfa_alpha": alpha,
    }
    off_percent = {
        name: 100 * (getattr(measures, name) / value - 1) for name, value in theirs.items()
    }
    print(
        f"\n{walker:9s}{detector:6s} recall {match.recall_percent:5.1f} %  invented "
        f"{match.invented_count}  bias {match.bias_ms:+.1f} ms  |stride error| "
        f"{match.stride_error_ms:.1f} ms  "
        + "  ".join(
            f"{name.removeprefix('left_').rsplit('_', 1)[0]} {getattr(measures, name):.4g} "
            f"({off_percent[name]:+.1f} %)"
            for name in theirs
        ),
        end="",
    )
    assert match.recall_percent >= 99.0
    assert match.invented_count <= 1
    assert match.stride_error_ms <= 5.0
    assert abs(match.bias_ms) <= 10.0
    # The board, which cannot look back, is allowed more where a single contact counts most;
    # double support rests on the toe-off of the other foot as well.
    allowed_percent = dict.fromkeys(off_percent, 2.0)
    allowed_percent["double_support_percent"] = 4.0
    if detector == "board":
        allowed_percent["dfa_alpha"] = 4.0
    for name, percent in off_percent.items():
        assert abs(percent) <= allowed_percent[name], name


@pytest.mark.parametrize(
    ("walker", "count", "mean_s", "cv_percent", "alpha"),
    [
        ("control1", 259, 1.0723, 3.814, 0.988),
        ("park1", 245, 1.1341, 3.686, 0.721),
        ("hunt1", 310, 0.8999, 5.737, 0.499),
    ],
)
def test_the_measures_reproduce_the_published_oracles(
    walker: str, count: int, mean_s: float, cv_percent: float, alpha: float
) -> None:
    force_file(walker)
    contacts_s = published(walker).left_contacts_s
    measures = gait_measures(contacts_s, [], [], [])
    unfiltered_s = np.diff(contacts_s)
    assert unfiltered_s.size == count
    assert unfiltered_s.mean() == pytest.approx(mean_s, abs=6e-5)
    # The oracle's count, mean and CV are of all strides, its exponent of those that are kept.
    assert measures.left_unfiltered_stride_time_cv_percent == pytest.approx(cv_percent, abs=2e-3)
    assert measures.dfa_alpha == pytest.approx(alpha, abs=1.5e-3)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_standing_patient_takes_no_steps(detector: str) -> None:
    # als1 stands still, unmoved but for sway and drift, from 277 s to the end at 300 s.
    assert not np.any(found("als1", detector).left_on > 277)
    assert not np.any(found("als1", detector).right_on > 277)


def degraded(recording: ForceRecording, kind: str) -> ForceRecording:
    volts = [(foot + 2048) / 4095 for foot in (recording.left, recording.right)]
    rng = np.random.default_rng(11)
    t = recording.time_s
    scales: dict[str, tuple[float | Floats, float | Floats]] = {
        "a third of the gain": (0.3, 0.0),
        "slow drift": (0.7, 0.15 + 0.15 * np.sin(2 * np.pi * t / 60)),
        "fading": (np.interp(t, [0, t[-1]], [1.0, 0.3]), 0.0),
        "noise of five ADC counts": (1.0, rng.normal(0, 5 / 1024, t.size)),
    }
    gain, offset = scales[kind]
    left, right = ((gain * v + offset) * 4095 - 2048 for v in volts)
    return ForceRecording(recording.path, t, left, right, recording.rate_hz, in_counts=True)


@pytest.mark.parametrize(
    "kind", ["a third of the gain", "slow drift", "fading", "noise of five ADC counts"]
)
@pytest.mark.parametrize("walker", ["park1", "als1"])
def test_the_board_finds_the_steps_of_a_worse_sensor_too(walker: str, kind: str) -> None:
    worse = replayed(degraded(read_force(force_file(walker)), kind))
    match = agreement(worse.left_on, published(walker))
    assert match.recall_percent >= 99.0
    assert match.invented_count <= 2
    assert match.stride_error_ms <= 5.0


def test_the_belt_recording_gives_the_cycles_of_two_independent_detectors() -> None:
    belt = read_belt(belt_file("physio-belt"))
    breaths = detect_breaths(belt.time_s, belt.belt)
    assert 87 <= breaths.inhales_s.size - 1 <= 88
    assert np.median(np.diff(breaths.inhales_s)) == pytest.approx(3.105, rel=0.01)
    after = np.searchsorted(breaths.exhales_s, breaths.inhales_s[:-1])
    inhale_s = breaths.exhales_s[after] - breaths.inhales_s[:-1]
    assert np.median(inhale_s) == pytest.approx(1.39, rel=0.02)
    exhale_s = breaths.inhales_s[1:] - breaths.exhales_s[after]
    assert np.median(exhale_s) == pytest.approx(1.77, rel=0.02)
