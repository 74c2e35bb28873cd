"""What limbs make the board feel: edges, and of feet the force that it streams."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from andante.ports import FOOT_CHANNELS, Channel, Edge
from andante.simulated.source import Counts, Press, TickClock

SAMPLE_RATE_HZ = 100  # the board's own, docs/wire-protocol.md, setting 2
BLOCK_SAMPLES = 20
MAX_COUNTS = 1023  # 10 bits
_UNLOADED_COUNTS = 60
_LOADED_COUNTS = 720
_SENSOR_NOISE_COUNTS = 1.5

Int64s = npt.NDArray[np.int64]


class Limbs:
    """Feet and hands at the board's inputs. Like the board, it streams feet and no pads."""

    def __init__(
        self,
        channels: Sequence[Channel],
        tick_clock: TickClock,
        start_ns: int,
        end_ns: int,
        seed: int,
    ) -> None:
        """Samples begin at `start_ns`; nothing is released from `end_ns` on."""
        self._clock = tick_clock
        self._end_ns = end_ns
        self._random = np.random.default_rng((seed, 1))
        self._presses: list[Press] = []
        self._holds: dict[Channel, list[tuple[int, int]]] = {
            c: [] for c in channels if c in FOOT_CHANNELS
        }
        self._next_sample_ticks = tick_clock.ticks_at(start_ns)

    def press(self, channel: Channel, on_ns: int, hold_ns: int) -> None:
        """A contact or tap at `on_ns`, given up after `hold_ns`."""
        off_ns = on_ns + hold_ns
        on_ticks, off_ticks = self._clock.ticks_at(on_ns), self._clock.ticks_at(off_ns)
        if channel in self._holds:
            self._holds[channel].append((on_ticks, off_ticks))
        self._presses.append(Press(channel, Edge.ON, on_ticks))
        if off_ns < self._end_ns:
            self._presses.append(
                Press(channel, Edge.OFF, off_ticks, _LOADED_COUNTS, off_ticks - on_ticks)
            )
        self._presses.sort(key=lambda press: press.ticks)

    def take(self, until_ticks: int, known_ticks: int) -> list[Press | Counts]:
        """Edges before `until_ticks`, and whole blocks of samples that end before both.

        No limb will be pressed before `known_ticks` any more.
        """
        due = sum(press.ticks < until_ticks for press in self._presses)
        happened: list[Press | Counts] = list(self._presses[:due])
        del self._presses[:due]
        happened.extend(self._samples(min(until_ticks, known_ticks)))
        return happened

    def _samples(self, until_ticks: int) -> list[Counts]:
        period_ticks = self._clock.tick_hz // SAMPLE_RATE_HZ
        blocks: list[Counts] = []
        span_ticks = period_ticks * BLOCK_SAMPLES
        while self._next_sample_ticks + span_ticks <= until_ticks:
            ticks = self._next_sample_ticks + period_ticks * np.arange(BLOCK_SAMPLES)
            for channel, holds in self._holds.items():
                counts = self._force(holds, ticks)
                blocks.append(
                    Counts(channel, self._next_sample_ticks, period_ticks, counts.tolist())
                )
                holds[:] = [hold for hold in holds if hold[1] >= ticks[0]]
            self._next_sample_ticks += span_ticks
        return blocks

    def _force(self, holds: Sequence[tuple[int, int]], ticks: Int64s) -> Int64s:
        """Counts at `ticks`, shape (n,): the double hump of a stance, flat between stances."""
        load = np.zeros(ticks.shape)
        for on_ticks, off_ticks in holds:
            if on_ticks > ticks[-1] or off_ticks < ticks[0]:
                continue
            share = (ticks - on_ticks) / max(1, off_ticks - on_ticks)
            inside = (share >= 0) & (share < 1)
            edge = np.clip(np.minimum(share, 1 - share) / 0.06, 0, 1)
            hump = edge * (0.85 - 0.15 * np.cos(4 * math.pi * share))
            load = np.where(inside, hump, load)
        noise = self._random.normal(0.0, _SENSOR_NOISE_COUNTS, ticks.shape)
        counts = _UNLOADED_COUNTS + load * (_LOADED_COUNTS - _UNLOADED_COUNTS) + noise
        return np.clip(np.rint(counts), 0, MAX_COUNTS).astype(np.int64)
