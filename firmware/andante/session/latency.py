"""The outputs' measured latencies as a session's header keeps them. Pure.

Under `output_latency` the header's hardware holds one `config.OutputLatency` for every output
whose latency was measured before on this very device; an output that is not there is not
calibrated. Twins never are: what is measured on them is not kept.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from andante.config import DeviceConfig, OutputLatency
from andante.errors import SessionFileError

HARDWARE_KEY = "output_latency"


def latencies_for_header(
    devices: Mapping[str, str], config: DeviceConfig, machine: str
) -> dict[str, Any]:
    """What goes under `HARDWARE_KEY`: the measured latency of each output that has one.

    `devices`: the started real outputs by name, each with its `sound_path.device_identity`.
    """
    found = {
        output: config.latency_of(output, device, machine) for output, device in devices.items()
    }
    plain: dict[str, Any] = msgspec.to_builtins(
        {name: latency for name, latency in found.items() if latency is not None}
    )
    return plain


def latencies_in(hardware: Mapping[str, Any]) -> dict[str, OutputLatency]:
    """The latencies in a header's hardware; empty in files without. Raises SessionFileError."""
    kept = hardware.get(HARDWARE_KEY, {})
    try:
        return msgspec.convert(kept, dict[str, OutputLatency])
    except msgspec.ValidationError as error:
        raise SessionFileError(
            f"The session's header holds latencies that cannot be understood ({error}); use the "
            "version of Andante that wrote it, or a newer one."
        ) from None
