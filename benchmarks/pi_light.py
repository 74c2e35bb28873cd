"""The LED on an emulated Raspberry Pi, by the edges of its pin as seen from outside.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.pi_light --cues 200

`tests/emulated_pi` has the emulation, and its README what it can show. The emulated Pi counts time
by its instructions, so what runs beside it on this machine changes nothing in it: there is no
`--load` here. Its figures are those of a model of a Pi.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from andante.errors import AndanteError
from andante.ports import FOOT_CHANNELS, Edge
from andante.session.file import load_session
from benchmarks.common import Result, centred, print_result, run_script, shaped, spread
from emulated_board.chip import why_no_chip, why_no_firmware
from emulated_pi.figures import compare_led, step_errors_ms
from emulated_pi.image import why_no_pi
from emulated_pi.walk import led_edges_of_walk


def pi_light(cue_count: int) -> Result:
    """A walk of `cue_count` cues. Raises AndanteError where it cannot be emulated or fails."""
    missing = why_no_pi() or why_no_chip() or why_no_firmware()
    if missing is not None:
        raise AndanteError(f"Not measured: {missing}.")
    with tempfile.TemporaryDirectory() as folder:
        walk = led_edges_of_walk(Path(folder) / "walk", cue_count)
        session = load_session(walk.session)
    try:
        led = compare_led(walk, session)
    except ValueError as error:
        raise AndanteError(f"Edges and record do not match: {error}.") from None
    step_ms = np.concatenate(
        [
            step_errors_ms(walk, session, foot, edge)
            for foot in FOOT_CHANNELS
            for edge in (Edge.ON, Edge.OFF)
        ]
    )
    figures = {
        "cue_count": int(session.cues.index.size),
        "flashes_seen_count": int(led.cue_index.size),
        "edge_after_planned_us": spread(led.late_us),
        "edge_from_record_us": spread(led.off_record_us),
        "record_contradicted_count": int((led.contradiction_us > 0).sum()),
        "edges_known_within_us": walk.uncertainty_us,
        "step_edges_made_and_found_count": int(step_ms.size),
        "step_error_ms": spread(centred(step_ms)),
        "boot_s": walk.boot_s,
        "first_flash_s": walk.first_flash_s,
    }
    hardware = session.header.hardware
    conditions = {
        "emulated": "Raspberry Pi 3B in QEMU, with the sensor board's firmware in simavr",
        "scheduling": hardware["scheduling"],
        "led": hardware["outputs"]["led"],
    }
    return shaped("pi_light", conditions, figures, {"edge_after_planned_us": led.late_us})


def main() -> None:
    """Parse the options, emulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cues", type=int, default=200)
    print_result(pi_light(parser.parse_args().cues))


if __name__ == "__main__":
    run_script(main)
