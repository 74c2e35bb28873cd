"""The engine's side of the guard: starts it, and lets it know that all is well."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from andante.errors import OutputError
from andante.pins import CUE_LED_GPIO, HAPTIC_GPIO
from andante.ports import Fault, FaultKind
from andante.timebase import Clock

SILENCE_MS = 1_000
"""A hanging engine is killed after this long. The runner looks round every 20 ms, and pauses of
a few hundred occur on a loaded Pi without anything being wrong."""
RING_DEVICE = "/dev/spidev0.0"
"""The SPI bus whose data line is GPIO 10."""
_START_TIMEOUT_MS = 10_000
_LEAVE_TIMEOUT_S = 1.0


class Guard:
    """A process that darkens LED, motor and ring within 100 ms of the engine's death.

    It notices a death at once, by whatever means, and a hanging engine after `silence_ms`
    without `beat`; a hanging engine is killed, since nobody else can have its pins then.
    All methods belong to one thread.
    """

    def __init__(
        self,
        clock: Clock,
        gpios: Sequence[int] = (CUE_LED_GPIO, HAPTIC_GPIO),
        ring_device: str | None = RING_DEVICE,
        pixel_count: int = 16,
        silence_ms: int = SILENCE_MS,
        twin: Path | None = None,
        record: Path | None = None,
    ) -> None:
        """`gpios`: Broadcom numbers to drive low. `ring_device`: None where there is no ring.

        `twin`: a file or pty that stands for all of these. `record`: a file to which the guard
        adds one line of JSON when it has darkened: the reason, when it noticed, and for each
        part when it was dark.
        """
        self._clock = clock
        self._config = {
            "engine_pid": os.getpid(),
            "gpios": list(gpios),
            "ring_device": ring_device,
            "pixel_count": pixel_count,
            "silence_ms": silence_ms,
            "twin": None if twin is None else str(twin),
            "record": None if record is None else str(record),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._faults: list[Fault] = []
        self.without: tuple[str, ...] = ()

    @property
    def pid(self) -> int | None:
        """The guard's process; None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process and wait until it has loaded everything. Raises OutputError.

        Afterwards `without` says, each in words, which parts it cannot guard.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "andante.guard_process", json.dumps(self._config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=tempfile.gettempdir(),  # lgpio leaves a pipe in its working folder
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        line = _first_line(self._process.stdout)
        if not line:
            self.stop()
            raise OutputError(
                "The guard that darkens everything when the trainer fails does not start; "
                "install the trainer again, or see what the log says."
            )
        self.without = tuple(json.loads(line)["without"])

    def beat(self) -> None:
        """All is well. Call it at every look-round; the guard expects it from the first one on."""
        self._say(b".")

    def rest(self) -> None:
        """No beats will come for a while: nothing runs that could leave a light on."""
        self._say(b"r")

    def take_faults(self) -> list[Fault]:
        """Faults since the last call: one where the guard itself is gone."""
        taken, self._faults = self._faults, []
        return taken

    def stop(self) -> None:
        """Take leave: the guard ends and touches nothing. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):  # it is gone already, or hangs
            os.write(process.stdin.fileno(), b"q")
        try:
            process.wait(_LEAVE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
        process.stdout.close()

    def _say(self, word: bytes) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            os.write(self._process.stdin.fileno(), word)
        except BlockingIOError:  # it has thousands of beats to read already
            pass
        except OSError:
            text = "The guard that darkens everything when the trainer fails is gone; start again."
            self._faults.append(Fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), "guard", text))
            self.stop()


def _first_line(stream: IO[bytes]) -> bytes:
    """The first line of `stream`, or nothing where none comes in time."""
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLIN)
    return stream.readline() if poll.poll(_START_TIMEOUT_MS) else b""
