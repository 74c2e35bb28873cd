"""Pulses on a spare pin, and the session time before and after each: what lays the times of edges
seen from outside on session time. Runs on the emulated Pi: `marks.py FILE`."""

import json
import sys
from pathlib import Path

import gpiozero

from andante.timebase import NS_PER_MS, MonotonicClock

PIN = 5
PULSES = 40
GAP_NS = 10 * NS_PER_MS


def main(path: Path) -> None:
    """Write [[before_ns, after_ns], ...], one for each edge, to the file `path`."""
    clock = MonotonicClock()
    brackets_ns = []
    with gpiozero.LED(PIN) as pin:
        for _ in range(PULSES):
            for switch in (pin.on, pin.off):
                clock.sleep_until_ns(clock.now_ns() + GAP_NS)
                before_ns = clock.now_ns()
                switch()
                brackets_ns.append([before_ns, clock.now_ns()])
    path.write_text(json.dumps(brackets_ns))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
