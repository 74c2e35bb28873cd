"""One connection to the engine's socket, in one event loop."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from andante.commands import AnyCommand
from andante.control import (
    MAX_LINE_BYTES,
    AnyRequest,
    CommandDone,
    ControlError,
    Event,
    Ok,
    Refused,
    decode_message,
    encode_line,
)
from andante_host.console.device.problem import DeviceError

ANSWER_S = 2.0
"""The engine answers within milliseconds; after this long it is given up."""
DONE_S = 1.0
"""The runner takes commands every 20 ms; before a session runs they wait for it."""
_CONNECT_S = 2.0
_PROGRESS = b'{"message":"progress"'
_T = TypeVar("_T")

log = logging.getLogger(__name__)


class EngineConnection:
    """Lines to the engine and back. Answers come in the order of what was asked."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[Event], None],
        wants_progress: bool,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._wants_progress = wants_progress
        self._answers: deque[asyncio.Future[Ok | Refused]] = deque()
        self._undone: deque[tuple[AnyCommand, asyncio.Future[CommandDone]]] = deque()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def opened(
        cls,
        path: Path,
        on_event: Callable[[Event], None] = lambda _: None,
        wants_progress: bool = False,
    ) -> Self:
        """Connect. Raises DeviceError where no engine listens at `path`."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
        except (OSError, TimeoutError):
            raise DeviceError(
                "The trainer's engine cannot be reached; wait a moment and try again, or tell "
                "whoever looks after the device."
            ) from None
        return cls(reader, writer, on_event, wants_progress)

    @property
    def is_open(self) -> bool:
        """False once either side has ended it."""
        return not self._reading.done()

    async def until_ended(self) -> None:
        """Return once either side has ended it."""
        await asyncio.wait([self._reading])

    async def ask(self, request: AnyRequest) -> None:
        """Ask, and see that it is accepted. Raises DeviceError with the engine's reason."""
        if not self.is_open:
            raise DeviceError("The trainer's engine has gone; nothing was done. Try again.")
        answer: asyncio.Future[Ok | Refused] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        try:
            self._writer.write(encode_line(request))
            async with asyncio.timeout(ANSWER_S):
                said = await asyncio.shield(answer)
        except (OSError, TimeoutError):
            # The answer may still come, and would be taken for that of the next question.
            await self.close()
            raise DeviceError(
                f"The trainer's engine gave no answer within {ANSWER_S:g} s; look at the device "
                "to see whether it was done."
            ) from None
        if isinstance(said, Refused):
            raise DeviceError(said.reason)

    async def command(self, command: AnyCommand) -> bool:
        """Command the session under way. True once it is carried out.

        False where the engine has it but no session has come so far as to take it. Raises
        DeviceError where it was refused, with the reason.
        """
        done: asyncio.Future[CommandDone] = asyncio.get_running_loop().create_future()
        waiting = command, done
        self._undone.append(waiting)
        try:
            await self.ask(command)
            async with asyncio.timeout(DONE_S):
                said = await asyncio.shield(done)
        except TimeoutError:
            return False
        finally:
            with contextlib.suppress(ValueError):
                self._undone.remove(waiting)
        if said.refusal is not None:
            raise DeviceError(said.refusal)
        return True

    async def close(self) -> None:
        """End it; a device that it held is free again. May be called twice."""
        self._writer.close()
        self._reading.cancel()
        await asyncio.wait([self._reading])

    # --- what comes in ------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                if self._wants_progress or not line.startswith(_PROGRESS):
                    self._take(line)
        except (OSError, ValueError, ControlError) as error:
            log.warning("the engine's connection ended: %s", error)
        finally:
            self._writer.close()
            gone = DeviceError("The trainer's engine has gone; look at the device.")
            for answer in self._answers:
                _fail(answer, gone)
            for _, done in self._undone:
                _fail(done, gone)

    def _take(self, line: bytes) -> None:
        message = decode_message(line)
        if isinstance(message, Ok | Refused):
            if self._answers:
                _settle(self._answers.popleft(), message)
            return
        if isinstance(message, CommandDone):
            self._take_done(message)
        self._on_event(message)

    def _take_done(self, message: CommandDone) -> None:
        for waiting in self._undone:
            command, done = waiting
            if command == message.command:
                _settle(done, message)
                self._undone.remove(waiting)
                return


def _settle(future: "asyncio.Future[_T]", value: _T) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: "asyncio.Future[_T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # nobody may be waiting any more
