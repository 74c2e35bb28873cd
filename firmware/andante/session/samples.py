"""The raw signals of a session file, whole or an excerpt."""

import sqlite3
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.session.epoch_sync import EpochSync, Int64s


@dataclass(frozen=True)
class SampleSeries:
    """Raw counts of one channel with their session times, shape (n,), blocks laid end to end."""

    time_ns: Int64s
    counts: npt.NDArray[np.int16]


def read_samples(
    db: sqlite3.Connection, sync: EpochSync, window_ns: tuple[int, int] | None = None
) -> dict[str, SampleSeries]:
    """Every channel's samples; with `window_ns` only the blocks with a part in [from, to)."""
    rows = db.execute(
        "SELECT block_index, channel, epoch, first_ticks, rate_hz, sample_count "
        "FROM sample_blocks ORDER BY channel, block_index"
    ).fetchall()
    if not rows:
        return {}
    index, channel, epoch, first_ticks, rate_hz, count = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    if window_ns is not None:
        last_ticks = first_ticks + np.ceil(count * (sync.tick_hz / rate_hz)).astype(np.int64)
        from_ns, to_ns = sync.translate(epoch, first_ticks), sync.translate(epoch, last_ticks)
        chosen = (from_ns < window_ns[1]) & (to_ns >= window_ns[0])
        index, channel, epoch = index[chosen], channel[chosen], epoch[chosen]
        first_ticks, rate_hz = first_ticks[chosen], rate_hz[chosen]
    by_channel: dict[str, list[tuple[int, Int64s, npt.NDArray[np.int16]]]] = {}
    if not index.size:
        return {}
    blobs = dict(
        db.execute(
            "SELECT block_index, counts_int16 FROM sample_blocks WHERE block_index BETWEEN ? AND ?",
            (int(index.min()), int(index.max())),
        )
    )
    for place, number in enumerate(index.tolist()):
        block = np.frombuffer(blobs[number], dtype="<i2")
        step_ticks = sync.tick_hz / rate_hz[place]
        ticks = first_ticks[place] + np.rint(np.arange(block.size) * step_ticks).astype(np.int64)
        by_channel.setdefault(str(channel[place]), []).append((epoch[place], ticks, block))
    series: dict[str, SampleSeries] = {}
    for name, blocks in by_channel.items():
        epochs = np.repeat([e for e, _, _ in blocks], [b.size for _, _, b in blocks])
        ticks = np.concatenate([t for _, t, _ in blocks])
        series[name] = SampleSeries(
            sync.translate(epochs, ticks), np.concatenate([b for _, _, b in blocks])
        )
    return series
