"""Voltages and edges on all inputs at once, and the cycles at which each of them truly began.

Simulated: shapes of our own making. A tap rises as half a sine, sinks to 40 % and is let go in
0.3 ms; a foot is laid down in a straight rise of 15-35 ms and lifted in a straight fall of
30-60 ms. (A fall of 100 ms would be stamped some 1.5 ms early: the detector takes it for ended
when it has all but ended.)
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, Channel, Edge
from emulated_board.chip import CLOCK_HZ, Chip
from emulated_board.wiring import adc_input, port_and_bit

CYCLES_PER_MS = CLOCK_HZ // 1000
REST_MV = 60.0
_RISE = np.sin(np.pi / 2 * np.arange(17) / 16)
_LET_GO_MS = 0.3
_LEFT_TO_LET_GO = 0.4
_CLICK_EDGES = 10  # a click at the comparator: 5 ms of 1 kHz


@dataclass
class Truth:
    """When what was injected began and ended: cycles by channel and edge, in order."""

    cycles: dict[tuple[Channel, Edge], list[int]] = field(default_factory=dict)

    def add(self, channel: Channel, edge: Edge, cycle: float) -> None:
        self.cycles.setdefault((channel, edge), []).append(round(cycle))

    @property
    def count(self) -> int:
        return sum(len(cycles) for cycles in self.cycles.values())

    @property
    def last_cycle(self) -> int:
        return max(cycles[-1] for cycles in self.cycles.values())


@dataclass
class Wave:
    """The points of one analog input while it is being made."""

    cycles: list[float] = field(default_factory=list)
    millivolts: list[float] = field(default_factory=list)

    def add(self, cycles: npt.ArrayLike, millivolts: npt.ArrayLike) -> None:
        self.cycles += np.asarray(cycles).tolist()
        self.millivolts += np.asarray(millivolts).tolist()

    def connect(self, chip: Chip, channel: Channel) -> None:
        chip.set_wave(adc_input(channel), np.rint(self.cycles), self.millivolts)


def tap(
    wave: Wave, truth: Truth, channel: Channel, at_cycle: float, length_ms: float, peak_mv: float
) -> float:
    """One strike on a pad; returns the cycle at which the pad is free again."""
    release_ms = length_ms - _LET_GO_MS
    spread_ms = [*np.linspace(0.0, length_ms / 2, _RISE.size), release_ms, length_ms]
    end_cycle = at_cycle + length_ms * CYCLES_PER_MS
    force = np.array([*_RISE, _LEFT_TO_LET_GO, 0.0])
    wave.add(at_cycle + np.array(spread_ms) * CYCLES_PER_MS, REST_MV + peak_mv * force)
    truth.add(channel, Edge.ON, at_cycle)
    truth.add(channel, Edge.OFF, end_cycle)
    return end_cycle


def step(
    wave: Wave,
    truth: Truth,
    channel: Channel,
    at_cycle: float,
    stance_ms: float,
    rng: random.Random,
) -> float:
    """One stance of a foot; returns the cycle at which it is in the air again."""
    rise_ms, fall_ms = rng.uniform(15, 35), rng.uniform(30, 60)
    peak_mv = rng.uniform(3000, 4200)
    marks_ms = [0.0, rise_ms, stance_ms / 2, stance_ms - fall_ms, stance_ms]
    levels_mv = [REST_MV, peak_mv, 0.8 * peak_mv, 0.95 * peak_mv, REST_MV]
    wave.add([at_cycle + at_ms * CYCLES_PER_MS for at_ms in marks_ms], levels_mv)
    truth.add(channel, Edge.ON, at_cycle)
    end_cycle = at_cycle + stance_ms * CYCLES_PER_MS
    truth.add(channel, Edge.OFF, end_cycle)
    return end_cycle


def connect_everything(
    chip: Chip, start_cycle: int, duration_s: float, seed: int, tap_hz: float = 5.0
) -> Truth:
    """Four pads, two feet, light and sound for `duration_s`, each at a pace of its own.

    `tap_hz` is each pad's, on average; a step a second of each foot, three edges of light and
    sound.
    """
    rng = random.Random(seed)
    truth = Truth()
    end_cycle = start_cycle + duration_s * CLOCK_HZ
    for number, channel in enumerate(TAP_CHANNELS):
        _connect_pad(chip, truth, channel, start_cycle + number * 37_777, end_cycle, tap_hz, rng)
    stride_cycles = rng.uniform(1.0, 1.1) * CLOCK_HZ
    for number, channel in enumerate(FOOT_CHANNELS):
        first_cycle = start_cycle + (0.5 + number / 2) * stride_cycles
        _connect_foot(chip, truth, channel, first_cycle, end_cycle, stride_cycles, rng)
    _connect_pin(chip, truth, Channel.PHOTODIODE, start_cycle, end_cycle, rng, _flash)
    _connect_pin(chip, truth, Channel.SOUND_LINE, start_cycle, end_cycle, rng, _click)
    return truth


def _connect_pad(
    chip: Chip,
    truth: Truth,
    channel: Channel,
    at_cycle: float,
    end_cycle: float,
    tap_hz: float,
    rng: random.Random,
) -> None:
    wave = Wave([at_cycle], [REST_MV])
    mean_gap_ms = 1000 / tap_hz - 19
    while True:
        at_cycle += mean_gap_ms * rng.uniform(0.65, 1.35) * CYCLES_PER_MS
        if at_cycle > end_cycle:
            break
        at_cycle = tap(wave, truth, channel, at_cycle, rng.uniform(8, 30), rng.uniform(1200, 4400))
    wave.connect(chip, channel)


def _connect_foot(
    chip: Chip,
    truth: Truth,
    channel: Channel,
    at_cycle: float,
    end_cycle: float,
    stride_cycles: float,
    rng: random.Random,
) -> None:
    wave = Wave([at_cycle - 0.1 * CLOCK_HZ], [REST_MV])
    while at_cycle < end_cycle:
        landed_cycle = at_cycle + rng.uniform(-30, 30) * CYCLES_PER_MS
        step(wave, truth, channel, landed_cycle, rng.uniform(560, 680), rng)
        at_cycle += stride_cycles
    wave.connect(chip, channel)


Edges = list[tuple[int, int]]


def _connect_pin(
    chip: Chip,
    truth: Truth,
    channel: Channel,
    at_cycle: float,
    end_cycle: float,
    rng: random.Random,
    shape: Callable[[int], Edges],
) -> None:
    edges: Edges = [(round(at_cycle), 0)]  # against the pull-up, as a comparator at rest
    while (at_cycle := at_cycle + rng.uniform(340, 900) * CYCLES_PER_MS) < end_cycle:
        truth.add(channel, Edge.ON, at_cycle)
        edges += shape(round(at_cycle))
    chip.set_pin(*port_and_bit(channel), edges)


def _flash(cycle: int) -> Edges:
    return [(cycle, 1), (cycle + 40 * CYCLES_PER_MS, 0)]


def _click(cycle: int) -> Edges:
    half_cycles = CYCLES_PER_MS // 2
    return [(cycle + n * half_cycles, 1 - n % 2) for n in range(_CLICK_EDGES)]
