"""What the engine says, watched without end: how the device is now, for every page."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from andante.commands import AnyCommand
from andante.control import (
    DeviceState,
    Doing,
    Event,
    LiveProgress,
    Message,
    Notice,
    SessionEnded,
    SessionStarted,
)
from andante.timebase import Clock
from andante_host.console.audit import utc_text
from andante_host.console.device.connection import EngineConnection
from andante_host.console.device.fan_out import FanOut, LiveEvent
from andante_host.console.device.problem import DeviceError

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
KEPT_NOTICES = 20
TICK_S = 1.0
TIME = "time"
"""The event that comes every `TICK_S`, whatever else happens."""

log = logging.getLogger(__name__)


class EngineWatch:
    """Keeps a connection to the engine, comes back by itself, and tells everybody.

    Belongs to the event loop that entered `going_on`; its values may be read from any thread.
    `session_over` is set when a session ends, and cleared by who waits for it.
    """

    def __init__(self, socket_path: Path, clock: Clock) -> None:
        self._path = socket_path
        self._clock = clock
        self._connection: EngineConnection | None = None
        self.fan_out = FanOut()
        self.state: DeviceState | None = None
        self.progress: LiveProgress | None = None
        self.ended: SessionEnded | None = None
        self.session_over = asyncio.Event()
        self.notices: deque[Notice] = deque(maxlen=KEPT_NOTICES)

    @property
    def connected(self) -> bool:
        """Whether the engine is there and has said how it is."""
        return self.state is not None

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Watch as long as the context lasts."""
        async with background(self._watch()), background(self._tick()):
            yield

    async def command(self, command: AnyCommand) -> bool:
        """What anybody may command, on a connection that holds nothing. Raises DeviceError."""
        return await (await self._current()).command(command)

    def first_events(self) -> list[LiveEvent]:
        """What a page that has just opened has to know."""
        said: list[Message | None] = [self.state, self.ended, self.progress]
        return [self._engine_event(), *(event_of(item) for item in said if item is not None)]

    async def _tick(self) -> None:
        """A sign of life, by which pages see that this console is there."""
        while True:
            self.fan_out.put(LiveEvent(TIME, f'{{"utc":"{utc_text(self._clock)}"}}', passing=True))
            await asyncio.sleep(TICK_S)

    async def _current(self) -> EngineConnection:
        if self._connection is None or not self._connection.is_open:
            raise DeviceError(
                "The trainer's engine cannot be reached, so nothing was done; use the button on "
                "the device."
            )
        return self._connection

    async def _watch(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                connection = await EngineConnection.opened(
                    self._path, self._take, wants_progress=True
                )
            except DeviceError:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s = FIRST_PAUSE_S
            self._connection = connection
            try:
                await connection.until_ended()
            finally:
                self._connection = None
                self.state = self.progress = None
                await connection.close()
            log.warning("the engine has gone")
            self.fan_out.put(self._engine_event())

    def _take(self, event: Event) -> None:
        if isinstance(event, DeviceState):
            was_away = self.state is None
            self.state = event
            if was_away:
                self.fan_out.put(self._engine_event())
            if event.doing is Doing.WAITING:
                self.progress = None
        elif isinstance(event, LiveProgress):
            self.progress = event
        elif isinstance(event, SessionStarted):
            self.ended = None
            self.notices.clear()
        elif isinstance(event, SessionEnded):
            self.ended = event
            self.session_over.set()
        elif isinstance(event, Notice):
            self.notices.append(event)
        self.fan_out.put(event_of(event))
        if isinstance(event, DeviceState):
            # Who holds may have been asked for before the engine had said so.
            self.fan_out.put(HOLDER_CHANGED)

    def _engine_event(self) -> LiveEvent:
        return LiveEvent(
            "engine", '{"connected":true}' if self.connected else '{"connected":false}'
        )


@asynccontextmanager
async def background(doing: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do it beside the context's body and break it off at the end."""
    task = asyncio.create_task(doing)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


HOLDER_CHANGED = LiveEvent("holder", "", passing=True)
"""Each page is told who holds in its own words."""


def event_of(message: Message) -> LiveEvent:
    """A message as pages get it: named by its tag, its fields as JSON."""
    name = str(message.__struct_config__.tag)
    data = msgspec.json.encode(message).decode()
    return LiveEvent(name, data, passing=isinstance(message, LiveProgress))
