"""The C core and its Python twins find identical events in identical counts."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.ports import Edge
from andante.signal_file import read_force
from andante.simulated.detector import ContactDetector, DetectedEdge, DetectorSettings, run_feet
from andante.simulated.replay import ReplaySource
from andante.simulated.source import Counts as SourceCounts
from andante.simulated.source import TickClock
from andante.simulated.tap_detector import TapDetector, TapSettings
from support import core as c_core
from support.core import BEGUN_CHANNEL, SWEEP_PERIOD_TICKS, TAP_PERIOD_TICKS, TICK_HZ, Counts

GAIT = Path(__file__).resolve().parents[3] / "shared" / "data" / "gait"
WALKERS = ("control1", "park1", "hunt1", "als1")
LOW_32 = 0xFFFF_FFFF
FOOT = DetectorSettings(sample_period_ticks=SWEEP_PERIOD_TICKS)

Row = tuple[int, bool, int, int, int, int]


@pytest.fixture(scope="module")
def core() -> ctypes.CDLL:
    return c_core.library()


def row(channel: int, edge: DetectedEdge) -> Row:
    return (
        channel,
        edge.edge is Edge.OFF,
        edge.ticks & LOW_32,
        edge.found_ticks & LOW_32,
        edge.peak_counts or 0,
        edge.duration_ticks or 0,
    )


def twin_feet(left: Counts, right: Counts, first_ticks: int) -> list[Row]:
    lefts, rights = run_feet(
        ContactDetector(FOOT),
        ContactDetector(FOOT),
        left.tolist(),
        right.tolist(),
        first_ticks,
        SWEEP_PERIOD_TICKS,
    )
    both = [(e.found_ticks, row(0, e)) for e in lefts] + [
        (e.found_ticks, row(1, e)) for e in rights
    ]
    return [found for _, found in sorted(both, key=lambda pair: (pair[0], pair[1][0]))]


def walk(seed: int, duration_ms: int, rough: bool) -> tuple[Counts, Counts]:
    """Two feet with steps of all sizes, shuffles, pauses, noise, steps of the level and clips."""
    rng = np.random.default_rng(seed)
    feet = []
    for side in range(2):
        counts = np.zeros(duration_ms)
        at_ms = 200 + 400 * side
        while at_ms < duration_ms - 50:
            length_ms = int(rng.integers(60, 900))
            peak = rng.uniform(20, 1100)
            rise_ms = int(rng.integers(1, 80))
            shape = np.minimum(1.0, np.arange(length_ms) / rise_ms)
            shape *= np.minimum(1.0, np.arange(length_ms)[::-1] / rng.integers(1, 200))
            room = min(length_ms, duration_ms - at_ms)
            counts[at_ms : at_ms + room] += peak * shape[:room]
            at_ms += length_ms + int(rng.integers(30, 1500 if rng.random() < 0.1 else 500))
        if rough:
            counts += rng.normal(0, rng.uniform(0, 12), duration_ms)
            counts += np.cumsum(rng.normal(0, 0.2, duration_ms))
        feet.append(np.clip(counts + 40, 0, 1023).astype(np.uint16))
    return feet[0], feet[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, LOW_32), st.booleans())
def test_feet_of_core_and_twin_agree(seed: int, first_ticks: int, rough: bool) -> None:
    left, right = walk(seed, 12_000, rough)
    # The counter may wrap anywhere; the twin's numbers do not end.
    found = c_core.run_feet(c_core.library(), left, right, first_ticks)
    assert found == twin_feet(left, right, first_ticks)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1023), st.integers(1, 700)), min_size=20, max_size=60),
    st.integers(0, LOW_32),
)
def test_feet_agree_on_square_waves(levels: list[tuple[int, int]], first_ticks: int) -> None:
    left = np.concatenate([np.full(n, c, dtype=np.uint16) for c, n in levels])[:12_000].copy()
    right = left[::-1].copy()
    found = c_core.run_feet(c_core.library(), left, right, first_ticks)
    assert found == twin_feet(left, right, first_ticks)


def test_a_plain_walk_has_the_events_that_were_put_in(core: ctypes.CDLL) -> None:
    """So that agreement is not the agreement of two that find nothing."""
    stance = np.concatenate([np.linspace(60, 800, 30), np.full(500, 800), np.linspace(800, 60, 90)])
    stride = np.concatenate([stance, np.full(430, 60)])
    left = np.tile(stride, 30).astype(np.uint16)
    right = np.roll(left, 525)
    found = c_core.run_feet(core, left, right, 0)
    ons = [f for f in found if f[0] == 0 and not f[1]]
    assert 25 <= len(ons) <= 29
    into_stride_ms = np.array([f[2] / SWEEP_PERIOD_TICKS for f in ons]) % 1050
    assert np.all((into_stride_ms < 8) | (into_stride_ms > 1042))


@pytest.mark.recorded
@pytest.mark.parametrize("name", WALKERS)
def test_recorded_walkers_give_identical_events(core: ctypes.CDLL, name: str) -> None:
    if not GAIT.exists():
        pytest.skip("the recordings of real people are not beside the project")
    clock = TickClock(0, TICK_HZ)
    replay = ReplaySource(read_force(GAIT / f"{name}.force.csv.gz"), clock, 0, FOOT)
    left, right = (np.ascontiguousarray(counts, dtype=np.uint16) for counts in replay._counts)
    found = c_core.run_feet(core, left, right, 0)
    assert found == twin_feet(left, right, 0)
    assert len(found) > 800
    assert not any(isinstance(item, SourceCounts) for item in replay.advance(0))


# --- taps -----------------------------------------------------------------------------------


def twin_tap(counts: Counts, first_ticks: int, tap: TapSettings) -> list[Row]:
    detector = TapDetector(tap)
    rows = []
    for number, now in enumerate(counts.tolist()):
        ticks = first_ticks + number * TAP_PERIOD_TICKS
        edge = detector.step(now, ticks)
        if detector.begun:
            rows.append((BEGUN_CHANNEL, False, ticks & LOW_32, ticks & LOW_32, 0, 0))
        if edge is not None:
            rows.append(row(2, edge))
    return rows


def strikes(seed: int, duration_s: float) -> Counts:
    """Strikes of all sizes and shapes, resting hands, ringing, spikes, noise, at 4 kHz."""
    rng = np.random.default_rng(seed)
    count = int(duration_s * 4000)
    force = np.zeros(count)
    at = int(rng.integers(40, 400))
    while at < count - 10:
        kind = rng.integers(0, 5)
        size = rng.uniform(4, 1100)
        length = int(rng.integers(1, 160))
        if kind == 0:
            shape = np.sin(np.pi * np.arange(length) / length)
        elif kind == 1:
            shape = np.exp(-np.arange(length) / 20) * np.abs(np.cos(np.arange(length) * 0.9))
        elif kind == 2:
            length = int(rng.integers(200, 20_000 if rng.random() < 0.1 else 2000))
            shape = np.ones(length)
        elif kind == 3:
            shape = np.linspace(0, 1, length)
        else:
            length, shape = 1, np.ones(1)
        room = min(length, count - at)
        force[at : at + room] += size * shape[:room]
        at += length + int(rng.integers(1, 900))
    force += rng.normal(0, rng.uniform(0, 4), count)
    return np.clip(force + rng.integers(0, 200), 0, 1023).astype(np.uint16)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, LOW_32),
    st.integers(6, 500),
    st.integers(0, 25),
    st.integers(20, 4000),
)
def test_taps_of_core_and_twin_agree(
    seed: int, first_ticks: int, on_counts: int, on_percent: int, refractory_samples: int
) -> None:
    counts = strikes(seed, 6.0)
    tap = TapSettings(TAP_PERIOD_TICKS, on_counts, on_percent, refractory_samples)
    found = c_core.run_tap(
        c_core.library(), counts, first_ticks, (on_counts, on_percent, refractory_samples)
    )
    assert found == twin_tap(counts, first_ticks, tap)


def struck_pad(seed: int, shape: str) -> tuple[Counts, list[float]]:
    """Readings of a pad and the true onsets in ticks: random phase, noise of one count."""
    rng = np.random.default_rng(seed)
    onsets = 400.0 + np.cumsum(rng.uniform(600, 1600, 400))
    count = int(onsets[-1]) + 400
    at = np.arange(count, dtype=np.float64)
    force = np.full(count, 30.0)
    for onset in onsets:
        since_ms = (at[int(onset) : int(onset) + 160] + 1 - onset) / 4  # of the samples after it
        peak = rng.uniform(150, 900)
        if shape == "half sine":
            length_ms = rng.uniform(5, 30)
            push = np.where(since_ms < length_ms, np.sin(np.pi * since_ms / length_ms), 0)
        elif shape == "ramp":
            push = np.clip(since_ms / rng.uniform(0.3, 4), 0, 1) * (since_ms < 20)
        else:
            push = np.exp(-since_ms / 4)
        force[int(onset) + 1 : int(onset) + 161] += peak * np.clip(push, 0, None)
    force += rng.normal(0, 1.0, count)
    return np.clip(force, 0, 1023).astype(np.uint16), onsets.tolist()


@pytest.mark.parametrize("shape", ["half sine", "ramp", "step and decay"])
def test_a_tap_is_stamped_within_0_3_ms_of_its_onset(core: ctypes.CDLL, shape: str) -> None:
    """Simulated strikes of known onset, peak 150-900 counts, with one count of noise."""
    counts, onsets = struck_pad(7, shape)
    found = c_core.run_tap(core, counts, 0, (20, 6, 160))
    ons = [f[2] for f in found if f[0] == 2 and not f[1]]
    assert len(ons) == len(onsets)
    errors_ms = (np.array(ons) / TAP_PERIOD_TICKS - np.array(onsets)) / 4
    p99_ms = float(np.percentile(np.abs(errors_ms), 99))
    print(f"{shape}: median {np.median(errors_ms):+.3f} ms, p99 {p99_ms:.3f}")
    assert p99_ms <= 0.3
    begun = [f[2] for f in found if f[0] == BEGUN_CHANNEL]
    assert len(begun) == len(ons)


def test_a_single_spike_and_a_bounce_are_no_taps(core: ctypes.CDLL) -> None:
    counts = np.full(8000, 30, dtype=np.uint16)
    counts[1000] = 900
    strike = (900 * np.sin(np.pi * np.arange(40) / 40)).astype(np.uint16)
    counts[3000:3040] += strike
    counts[3080:3120] += strike  # 20 ms later: a bounce
    counts[6000:6040] += strike
    found = [f for f in c_core.run_tap(core, counts, 0, (20, 6, 160)) if f[0] == 2]
    assert [f[1] for f in found] == [False, True, False, True]
    assert [f[2] // TAP_PERIOD_TICKS for f in found if not f[1]] == [3000, 6000]
    assert found[1][4] == 930
    assert found[1][5] == found[1][2] - found[0][2]


def test_a_hand_that_stays_is_one_press_and_then_the_new_rest(core: ctypes.CDLL) -> None:
    counts = np.full(40_000, 30, dtype=np.uint16)
    counts[4000:] = 400
    strike = (500 * np.sin(np.pi * np.arange(40) / 40)).astype(np.uint16)
    counts[30_000:30_040] += strike
    found = [f for f in c_core.run_tap(core, counts, 0, (20, 6, 160)) if f[0] == 2]
    assert [f[1] for f in found] == [False, True, False, True]
    assert found[1][5] == pytest.approx(4 * TICK_HZ, rel=0.001)
    assert found[2][2] // TAP_PERIOD_TICKS in (29_999, 30_000)
