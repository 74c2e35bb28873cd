"""`andante run` in a process of its own, with a witness at the LED's mock pin.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.engine_child PINS.json run PLAN.toml --port PORT

The command is the trainer's own. All that is added is that lights are twins beside a real port too,
and that the pin, gpiozero's mock, notes when it was driven: [time_ns, drive 0-1] for each change
goes to PINS.json at the end.
"""

import atexit
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from andante import wiring
from andante.cli import main
from andante.simulated import outputs
from andante.timebase import MonotonicClock


def stamped_pin_factory(changes: list[tuple[int, float]]) -> Any:
    """gpiozero's mock pins; every change of any of them is added to `changes`."""
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    clock = MonotonicClock()

    class StampedPin(MockPWMPin):  # type: ignore[misc]
        def _change_state(self, value: float) -> bool:
            changed = bool(super()._change_state(value))
            if changed:
                changes.append((clock.now_ns(), float(value)))
            return changed

    return MockFactory(pin_class=StampedPin)


if __name__ == "__main__":
    pin_file, *arguments = sys.argv[1:]
    seen: list[tuple[int, float]] = []
    atexit.register(lambda: Path(pin_file).write_text(json.dumps(seen)))
    vars(outputs)["mock_pin_factory"] = lambda: stamped_pin_factory(seen)
    vars(wiring)["_real_makers"] = partial(vars(wiring)["_real_makers"], with_twins=True)
    main(arguments, prog_name="andante")
