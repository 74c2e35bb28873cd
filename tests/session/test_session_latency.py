"""Which measured latencies a session's header keeps, and how they are read back."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from andante.config import DeviceConfig, OutputLatency
from andante.errors import SessionFileError
from andante.session.latency import HARDWARE_KEY, latencies_for_header, latencies_in

MACHINE = "Raspberry Pi 4 Model B Rev 1.4"


def latency(output: str) -> OutputLatency:
    return OutputLatency(
        output=output,
        device=f"a {output}",
        machine=MACHINE,
        latency_ms=2.5,
        latency_sd_ms=0.1,
        latency_mad_ms=0.07,
        heard_count=50,
        missed_count=0,
        measured_utc=datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC),
    )


CONFIG = DeviceConfig(latencies=(latency("sound"), latency("led")))


def test_what_was_measured_on_this_device_goes_into_the_header_and_comes_back() -> None:
    devices = {name: f"a {name}" for name in ("sound", "ring")}
    kept = latencies_for_header(devices, CONFIG, MACHINE)
    # As through the file: plain JSON.
    hardware = json.loads(json.dumps({"machine": MACHINE, HARDWARE_KEY: kept}))
    assert latencies_in(hardware) == {"sound": latency("sound")}


@pytest.mark.parametrize(
    ("device", "machine"), [("another sound", MACHINE), ("a sound", "another machine")]
)
def test_another_device_is_not_calibrated(device: str, machine: str) -> None:
    assert latencies_for_header({"sound": device}, CONFIG, machine) == {}


def test_a_header_without_latencies_has_none() -> None:
    assert latencies_in({"machine": MACHINE}) == {}


def test_a_header_that_cannot_be_understood_is_an_error_in_words() -> None:
    odd = msgspec.to_builtins(latency("sound")) | {"latency_ms": "late"}
    with pytest.raises(SessionFileError, match="latencies that cannot be understood"):
        latencies_in({HARDWARE_KEY: {"sound": odd}})
