"""Force and belt files as sample blocks: values, times and gaps survive."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.ports import Channel
from andante.session.file import load_session
from andante.timebase import NS_PER_S, SimulatedClock
from andante_host.imports.importer import import_file
from andante_host.imports.samples import to_blocks

RATE_HZ = 100.0


def _times_s(count: int, first_s: float = 0.0) -> npt.NDArray[np.float64]:
    return first_s + np.arange(count, dtype=np.float64) / RATE_HZ


def test_whole_counts_stay_as_they_are() -> None:
    values = np.array([-2048.0, 0.0, 2047.0, 5.0])
    samples = to_blocks(Channel.LEFT_FOOT, _times_s(4), values, RATE_HZ)
    assert samples.units_per_count == 1.0
    assert list(samples.blocks[0].counts) == [-2048, 0, 2047, 5]


@given(
    values=st.lists(
        st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6), min_size=2, max_size=200
    )
)
def test_scaled_values_come_back_within_half_a_count(values: list[float]) -> None:
    array = np.array(values)
    samples = to_blocks(Channel.BELT, _times_s(array.size), array, RATE_HZ)
    counts = np.concatenate([block.counts for block in samples.blocks])
    assert np.abs(counts * samples.units_per_count - array).max() <= 0.501 * samples.units_per_count


def test_a_gap_ends_a_block_and_the_next_starts_at_its_own_time() -> None:
    values = np.arange(10.0)
    values[4] = np.nan
    time_s = _times_s(10, first_s=7.0)
    time_s[8:] += 0.5  # two rows late
    blocks = to_blocks(Channel.BELT, time_s, values, RATE_HZ).blocks
    assert [list(block.counts) for block in blocks] == [[0, 1, 2, 3], [5, 6, 7], [8, 9]]
    starts_s = [block.first_ticks / NS_PER_S for block in blocks]
    assert starts_s == pytest.approx([7.0, 7.05, 7.58])


def test_only_gaps_make_no_block() -> None:
    samples = to_blocks(Channel.BELT, _times_s(3), np.full(3, np.nan), RATE_HZ)
    assert samples.blocks == ()


def test_a_belt_comes_back_at_its_own_times(tmp_path: Path) -> None:
    """Also over the seams of the 10 s blocks."""
    time_s = _times_s(3_500, first_s=12.0)
    belt = 30.0 * np.sin(2 * np.pi * 0.1 * time_s)
    source, out = tmp_path / "belt.csv", tmp_path / "belt.andante"
    rows = "\n".join(f"{t:.2f},{value:.5f}" for t, value in zip(time_s, belt, strict=True))
    source.write_text(f"time_s,belt\n{rows}\n", encoding="utf-8")
    import_file(source, out, SimulatedClock())
    data = load_session(out)
    assert data.header.exercise == "breathe"
    series = data.samples["belt"]
    np.testing.assert_allclose(series.time_ns / NS_PER_S, time_s, atol=1e-6)
    scale = data.header.hardware["units_per_count"]["belt"]
    np.testing.assert_allclose(series.counts * scale, belt, atol=0.51 * scale + 1e-5)
