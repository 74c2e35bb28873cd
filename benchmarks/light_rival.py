"""gpiozero's own `blink` at the trainer's tempo, on its mock pin.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.light_rival --minutes 10

It waits from flash to flash (`DigitalOutputDevice.blink`), so what each wait is late adds up.
"""

import numpy as np

from andante import realtime
from andante.cues.led import PULSE_MS
from andante.pins import CUE_LED_GPIO
from andante.timebase import MS_PER_S, NS_PER_S, MonotonicClock
from benchmarks.common import (
    INTERVAL_NS,
    US_PER_MS,
    Result,
    beats_in,
    interval_s,
    load,
    off_grid_us,
    options_of,
    print_result,
    run_script,
    shaped,
    steadiness,
)
from benchmarks.engine_child import stamped_pin_factory


def blink(minutes: float, real_time: bool, loaded: bool) -> Result:
    """Blink for `minutes` and look at when the pin went up."""
    from gpiozero import LED

    changes: list[tuple[int, float]] = []
    clock, count = MonotonicClock(), beats_in(minutes)
    on_s = PULSE_MS / MS_PER_S
    with realtime.running(real_time) as scheduling:
        led = LED(CUE_LED_GPIO, pin_factory=stamped_pin_factory(changes))
        with realtime.begun_as(realtime.ThreadRole.LIGHT):
            led.blink(on_time=on_s, off_time=interval_s() - on_s, n=count)
        clock.sleep_until_ns(clock.now_ns() + count * INTERVAL_NS + NS_PER_S // 2)
        led.close()
    onsets_ns = np.array([time_ns for time_ns, drive in changes if drive > 0], dtype=np.int64)
    return shaped(
        "light_blink",
        {"load": loaded, "minutes": minutes, "scheduling": str(scheduling)},
        steadiness(onsets_ns),
        {"off_plan_ms": off_grid_us(onsets_ns) / US_PER_MS},
    )


def main() -> None:
    """Parse the options, blink, print."""
    options = options_of(__doc__).parse_args()
    with load(options.load):
        print_result(blink(options.minutes, options.real_time, options.load))


if __name__ == "__main__":
    run_script(main)
