"""`andante check` from the page: is every part of the device alive and on time?

The check opens sound, lights and the sensor board, so it runs as a program of its own and only
while no session does. As a service on a Pi the console may touch none of these, so that the web can
never disturb a cue; there it would find faults that are none, and is not offered.
"""

import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from andante.checks.finding import Verdict
from andante.control import Doing
from andante.errors import AndanteError
from andante.timebase import Clock
from andante_host.console.device.device import Device
from andante_host.console.settings import ConsoleSettings

_ENDS_WITHIN_S = 120


class DeviceCheckError(AndanteError):
    """A check that cannot be done now, in one sentence."""


class PartFound(msgspec.Struct, frozen=True):
    """What was found of one part."""

    part: str
    verdict: Verdict
    found: str
    to_do: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    ok: bool
    parts: list[PartFound]


@dataclass(frozen=True)
class LastCheck:
    """The last one since the console was started."""

    at_utc: datetime
    ok: bool
    parts: list[PartFound]


class DeviceCheck:
    """Runs it and keeps what it found."""

    def __init__(
        self,
        settings: ConsoleSettings,
        clock: Clock,
        device: Device,
        program: tuple[str, ...] = (sys.executable, "-m", "andante"),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._device = device
        self._program = program
        self._busy = threading.Lock()
        self._last: LastCheck | None = None

    @property
    def is_offered(self) -> bool:
        """Whether this console may touch the device's parts at all."""
        return self._settings.device_check

    @property
    def last(self) -> LastCheck | None:
        """What was found last; None before the first."""
        return self._last

    def run(self) -> LastCheck:
        """Check now; some 20 s. Lights flash, the motor shakes. Raises DeviceCheckError."""
        if not self.is_offered:
            raise DeviceCheckError(
                "This page may not touch the device's parts; run `andante check` on the device."
            )
        state = self._device.state
        if state is not None and state.doing is not Doing.WAITING:
            raise DeviceCheckError("A session runs on the device; check when it is over.")
        if not self._busy.acquire(blocking=False):
            raise DeviceCheckError("The device is being checked already; wait for the result.")
        try:
            answer = self._ask()
        finally:
            self._busy.release()
        self._last = LastCheck(self._clock.utc_now(), answer.ok, answer.parts)
        return self._last

    def _ask(self) -> _Answer:
        sessions: Path = self._settings.sessions_dir
        command = [*self._program, "check", "--json", "--out", str(sessions)]
        try:
            told = subprocess.run(
                command, capture_output=True, check=False, timeout=_ENDS_WITHIN_S
            ).stdout
            return msgspec.json.decode(told, type=_Answer)
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
            raise DeviceCheckError(
                "The check gave no answer; run `andante check` on the device and read what it says."
            ) from None
