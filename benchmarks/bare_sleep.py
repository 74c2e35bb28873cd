"""What the computer itself is late by: a process that does nothing but wake at absolute times.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.bare_sleep --minutes 10

It has the rights of the trainer's light. No program in Python can keep a moment better than this
on the same computer at the same time, so it is what the light's lateness is to be read against.
"""

import numpy as np

from andante import realtime
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, S_PER_MINUTE, MonotonicClock
from benchmarks.common import Result, load, options_of, print_result, run_script, shaped, spread

_EVERY_NS = 20 * NS_PER_MS


def bare_sleep(minutes: float, real_time: bool, loaded: bool) -> Result:
    """Wake fifty times a second for `minutes` and look how late."""
    clock = MonotonicClock()
    count = int(minutes * S_PER_MINUTE * NS_PER_S / _EVERY_NS)
    late_us = np.empty(count)
    with realtime.running(real_time) as scheduling, realtime.begun_as(realtime.ThreadRole.LIGHT):
        first_ns = clock.now_ns() + _EVERY_NS
        for index in range(count):
            deadline_ns = first_ns + index * _EVERY_NS
            clock.sleep_until_ns(deadline_ns)
            late_us[index] = (clock.now_ns() - deadline_ns) / NS_PER_US
    return shaped(
        "bare_sleep",
        {"load": loaded, "minutes": minutes, "scheduling": str(scheduling)},
        {"wake_count": count, "late_us": spread(late_us)},
    )


def main() -> None:
    """Parse the options, sleep, print."""
    options = options_of(__doc__).parse_args()
    with load(options.load):
        print_result(bare_sleep(options.minutes, options.real_time, options.load))


if __name__ == "__main__":
    run_script(main)
