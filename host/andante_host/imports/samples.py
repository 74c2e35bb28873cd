"""Force and belt samples as blocks of 16-bit counts. Pure; numpy only."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.ports import Channel, SampleBlock
from andante.timebase import seconds_to_ns

BLOCK_S = 10.0
_FULL_SCALE_COUNTS = 32_000
_GAP_INTERVALS = 1.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScaledSamples:
    """Blocks without gaps in them; a count stands for `units_per_count` of the file's units."""

    blocks: tuple[SampleBlock, ...]
    units_per_count: float


def to_blocks(channel: Channel, time_s: Floats, values: Floats, rate_hz: float) -> ScaledSamples:
    """Cut samples, shape (n,), into blocks of at most 10 s that start at the file's own times.

    A NaN or a jump in the times ends a block. Whole numbers that fit 16 bits stay as they are;
    others are scaled so that the largest becomes 32,000 counts.
    """
    known = np.isfinite(values)
    units_per_count = _units_per_count(values[known])
    counts = np.zeros(values.size, dtype=np.int16)
    counts[known] = np.rint(values[known] / units_per_count).astype(np.int16)
    jump = np.diff(time_s) * rate_hz > _GAP_INTERVALS
    starts_run = known & np.concatenate(([True], jump | ~known[:-1]))
    run = np.cumsum(starts_run)
    longest = max(1, round(BLOCK_S * rate_hz))
    blocks = []
    for number in range(1, int(run[-1]) + 1):
        rows = np.flatnonzero(known & (run == number))
        for piece in np.split(rows, range(longest, rows.size, longest)):
            first_ticks = seconds_to_ns(float(time_s[piece[0]]))
            blocks.append(SampleBlock(channel, 0, first_ticks, rate_hz, counts[piece].tolist()))
    return ScaledSamples(tuple(blocks), units_per_count)


def _units_per_count(values: Floats) -> float:
    largest = float(np.abs(values).max(initial=0.0))
    whole = bool((values == np.rint(values)).all())
    if largest == 0.0 or (whole and largest <= _FULL_SCALE_COUNTS):
        return 1.0
    return largest / _FULL_SCALE_COUNTS
