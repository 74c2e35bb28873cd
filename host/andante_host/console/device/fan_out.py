"""One stream of live events, spread to every browser that watches."""

import asyncio
from collections import deque
from dataclasses import dataclass

MOST_WAITING = 200
"""Events that a slow watcher may be behind with, besides the newest of each passing kind."""


@dataclass(frozen=True)
class LiveEvent:
    """A name and one line of JSON. Of a `passing` one only the newest is worth having."""

    name: str
    data: str
    passing: bool = False


class Watcher:
    """What waits for one browser: bounded, and of passing events only the newest."""

    def __init__(self) -> None:
        self._waiting: deque[LiveEvent] = deque(maxlen=MOST_WAITING)
        self._passing: dict[str, LiveEvent] = {}
        self._something = asyncio.Event()

    def put(self, event: LiveEvent) -> None:
        """Keep an event until it is taken; never waits."""
        if event.passing:
            self._passing[event.name] = event
        else:
            self._waiting.append(event)
        self._something.set()

    async def next(self) -> LiveEvent:
        """The next event, lasting ones first."""
        await self._something.wait()
        if self._waiting:
            event = self._waiting.popleft()
        else:
            event = self._passing.pop(next(iter(self._passing)))
        if not self._waiting and not self._passing:
            self._something.clear()
        return event


class FanOut:
    """Gives every event to every watcher. Belongs to the event loop."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()

    @property
    def watcher_count(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def join(self) -> Watcher:
        """A new watcher, which gets everything from now on."""
        watcher = Watcher()
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """It gets nothing more. May be called twice."""
        self._watchers.discard(watcher)

    def put(self, event: LiveEvent) -> None:
        """To all of them."""
        for watcher in self._watchers:
            watcher.put(event)
