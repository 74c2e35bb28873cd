"""What this device knows of itself between sessions: one small TOML file.

Which sound device and which serial port to use, and how late each output is, as measured by
`andante calibrate`. People may edit it; `andante calibrate` writes it anew and keeps every value
but no comment.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import tomli_w
from msgspec import Meta, Struct

from andante.errors import AndanteError

CONFIG_VARIABLE = "ANDANTE_CONFIG"
_HEADING = "# Written by `andante calibrate`, which keeps the values but not the comments.\n\n"

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Latency = Annotated[float, Meta(ge=-1000, le=1000)]  # also keeps out nan and inf
_Spread = Annotated[float, Meta(ge=0, le=1000)]
_Count = Annotated[int, Meta(ge=0)]


class ConfigError(AndanteError):
    """A device file that cannot be read or written."""


class OutputLatency(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long after its reported `actual_ns` a cue of one output really reaches the patient.

    It holds for that output on that machine, on the device that `device` describes: for sound
    its name and sample rate are part of it. `latency_ms` is a median, `latency_sd_ms` the
    standard deviation of single cues around it, `latency_mad_ms` their median absolute deviation.
    """

    output: _Name
    device: _Name
    machine: _Name
    latency_ms: _Latency
    latency_sd_ms: _Spread
    latency_mad_ms: _Spread
    heard_count: _Count
    missed_count: _Count
    measured_utc: datetime


class DeviceConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as a whole; None means: the one that is found."""

    sound_device: _Name | None = None  # part of its name
    board_port: _Name | None = None  # /dev/ttyUSB0
    latencies: tuple[OutputLatency, ...] = ()

    def latency_of(self, output: str, device: str, machine: str) -> OutputLatency | None:
        """What was measured of just this output on just this device and machine, or None."""
        asked = (output, device, machine)
        return next((latency for latency in self.latencies if _key(latency) == asked), None)

    def with_latency(self, latency: OutputLatency) -> "DeviceConfig":
        """The same, with this measurement in the place of an older one of the same device."""
        others = tuple(old for old in self.latencies if _key(old) != _key(latency))
        return msgspec.structs.replace(self, latencies=(*others, latency))


def _key(latency: OutputLatency) -> tuple[str, str, str]:
    return latency.output, latency.device, latency.machine


def config_path(environment: Mapping[str, str]) -> Path:
    """Where the file is: $ANDANTE_CONFIG, else device.toml in the user's folder for settings.

    That folder is `andante` under $XDG_CONFIG_HOME, or under ~/.config where that is not set or
    not absolute (XDG Base Directory Specification 0.8).
    """
    named = environment.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser()
    base = Path(environment.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():
        base = Path(environment.get("HOME", "~")).expanduser() / ".config"
    return base / "andante" / "device.toml"


def load_config(path: Path) -> DeviceConfig:
    """The file's contents; all defaults where there is no file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DeviceConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The device file {path} cannot be read ({error}); see to it.") from None
    try:
        return msgspec.convert(tomllib.loads(text), DeviceConfig)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"The device file {path} cannot be understood ({error}); correct it, or delete it and "
            "run `andante calibrate` again."
        ) from None


def save_config(path: Path, config: DeviceConfig) -> None:
    """Replace the file by this one, whole or not at all. Raises ConfigError.

    A power cut at any moment leaves either the old file or the new one: the new one is on the
    disk before it takes the old one's name, and so is the name before this returns.
    """
    plain = msgspec.to_builtins(config, builtin_types=(datetime,))
    text = _HEADING + tomli_w.dumps({k: v for k, v in plain.items() if v is not None})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder_fd)
        finally:
            os.close(folder_fd)
    except OSError as error:
        raise ConfigError(
            f"The device file {path} cannot be written ({error.strerror}); "
            "see to the folder's rights and to the disk's space."
        ) from None
