"""The board's ticks on session time across a simulated link, beside two published ways.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.clock_sync --runs 20

The link is simulated (`andante.simulated.serial_line.LineDelays`): 0.3 ms each way, exponential
queueing of 0.4 ms on average, 2 % spikes of 2-15 ms; the board's clock runs 40 ppm fast. All
methods translate the same ticks; errors count from 30 s on, when all have settled.
"""

import argparse
import random
from collections.abc import Callable, Iterator

import numpy as np

from andante.board.link_core import PROBE_INTERVAL_NS, PROBE_JITTER
from andante.clocksync import CentredSync, LiveSync
from andante.ports import ClockProbe
from andante.simulated.board import TURNAROUND_NS
from andante.simulated.serial_line import LineDelays
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US
from benchmarks.common import Floats, Int64s, Result, print_result, run_script, shaped, spread
from benchmarks.sync_rivals import (
    KLIPPER_QUERY_NS,
    LSL_PROBE_NS,
    LSL_PROBES,
    LSL_UPDATE_NS,
    Probes,
    klipper_way,
    lsl_way,
)

RATE_ERROR_PPM = 40.0
DURATION_S = 600
_FROM_S = 30
_EVENT_NS = 370 * NS_PER_MS
_UNDER_WAY_NS = 20 * NS_PER_MS
"""How long after its tick an event is translated, live: the runner's look-round."""
_START_NS = 1_000 * NS_PER_S
_DRAWN_POINTS = 400


def sent_by_us(rng: random.Random) -> Iterator[int]:
    """When the trainer's link sends its probes."""
    sent_ns = _START_NS
    while True:
        sent_ns += round(PROBE_INTERVAL_NS * rng.uniform(1 - PROBE_JITTER, 1 + PROBE_JITTER))
        yield sent_ns


def sent_by_lsl(_rng: random.Random) -> Iterator[int]:
    """Bursts."""
    burst_ns = _START_NS
    while True:
        yield from (burst_ns + n * LSL_PROBE_NS for n in range(LSL_PROBES))
        burst_ns += LSL_UPDATE_NS


def sent_by_klipper(_rng: random.Random) -> Iterator[int]:
    """One query after the other."""
    sent_ns = _START_NS
    while True:
        yield sent_ns
        sent_ns += KLIPPER_QUERY_NS


def probed(
    schedule: Callable[[random.Random], Iterator[int]],
    clock: TickClock,
    duration_s: float,
    seed: int,
) -> Probes:
    """Probes across the simulated link."""
    rng, line = random.Random(seed), LineDelays()
    rows: list[tuple[int, int, int, int]] = []
    for sent_ns in schedule(rng):
        if sent_ns >= _START_NS + duration_s * NS_PER_S:
            break
        in_ns = sent_ns + line.draw_ns(rng)
        out_ns = in_ns + rng.randint(*TURNAROUND_NS)
        received_ns = out_ns + line.draw_ns(rng)
        rows.append((sent_ns, clock.ticks_at(in_ns), clock.ticks_at(out_ns), received_ns))
    columns: Int64s = np.array(rows, dtype=np.int64).T
    return Probes(*columns)


def errors_us(seed: int, duration_s: float = DURATION_S) -> dict[str, Floats]:
    """Of each method, for the same ticks, shape (events,)."""
    clock = TickClock(_START_NS - 12_345_678 - seed, rate_error_ppm=RATE_ERROR_PPM)
    tick_ns = NS_PER_S / clock.tick_hz
    ours = probed(sent_by_us, clock, duration_s, seed)
    events_ns = np.arange(
        _START_NS + _FROM_S * NS_PER_S, int(ours.sent_ns[-1]) - NS_PER_S, _EVENT_NS
    )
    ticks = np.array([clock.ticks_at(int(time_ns)) for time_ns in events_ns])
    # A tick stands for all the times within it: its middle is what it means.
    true_ns = np.array([clock.ns_at(tick + 0.5) for tick in ticks])
    asked_ns = events_ns + _UNDER_WAY_NS
    lsl = probed(sent_by_lsl, clock, duration_s, seed)
    klipper = probed(sent_by_klipper, clock, duration_s, seed)
    found = {
        "ours_in_the_file": CentredSync(_as_probes(ours), clock.tick_hz).translate(ticks)[0]
        - true_ns,
        "ours_live": _live(ours, clock.tick_hz, ticks, asked_ns) - true_ns,
        "lsl": lsl_way(lsl, ticks, asked_ns, tick_ns) - (true_ns - lsl.sent_ns[0]),
        "klipper": klipper_way(klipper, ticks, asked_ns, tick_ns) - (true_ns - klipper.sent_ns[0]),
    }
    return {name: np.asarray(error_ns / NS_PER_US) for name, error_ns in found.items()}


def _as_probes(probes: Probes) -> list[ClockProbe]:
    columns = (probes.sent_ns, probes.board_in_ticks, probes.board_out_ticks, probes.received_ns)
    return [ClockProbe(0, *map(int, row)) for row in zip(*columns, strict=True)]


def _live(probes: Probes, tick_hz: int, ticks: Int64s, asked_ns: Int64s) -> Int64s:
    sync, found_ns, waiting = LiveSync(tick_hz), [], 0
    for probe in _as_probes(probes):
        while waiting < ticks.size and asked_ns[waiting] < probe.received_ns:
            found_ns.append(sync.translate(int(ticks[waiting]))[0])
            waiting += 1
        sync.add(probe)
    found_ns += [sync.translate(int(tick))[0] for tick in ticks[waiting:]]
    return np.array(found_ns, dtype=np.int64)


def clock_sync(run_count: int) -> Result:
    """All methods over `run_count` runs."""
    by_run = [errors_us(seed) for seed in range(run_count)]
    figures, series = {}, {}
    for name in by_run[0]:
        every_us = np.concatenate([run[name] for run in by_run])
        figures[name] = spread(every_us)
        series[name] = np.quantile(np.abs(every_us), np.linspace(0, 1, _DRAWN_POINTS))
    conditions = {
        "link": "simulated",
        "runs": run_count,
        "duration_s": DURATION_S,
        "rate_error_ppm": RATE_ERROR_PPM,
    }
    return shaped("clock_sync", conditions, figures, {"abs_error_quantiles_us": series})


def main() -> None:
    """Parse the options, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    print_result(clock_sync(parser.parse_args().runs))


if __name__ == "__main__":
    run_script(main)
