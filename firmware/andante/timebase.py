"""The clock that is passed in.

Session time is the Pi's CLOCK_MONOTONIC in integer nanoseconds and is named `_ns` everywhere.
Nothing else in the project calls `time` directly, so that a session can run in simulated time.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000
MS_PER_S = 1_000
S_PER_MINUTE = 60


def seconds_to_ns(seconds_s: float) -> int:
    """Seconds as integer nanoseconds, rounded to the nearest."""
    return round(seconds_s * NS_PER_S)


def ns_to_seconds(duration_ns: int) -> float:
    """Nanoseconds as seconds."""
    return duration_ns / NS_PER_S


class Clock(Protocol):
    """What tells the time and waits for it."""

    @property
    def simulated(self) -> bool:
        """True where time passes as fast as the program runs."""
        ...

    def now_ns(self) -> int:
        """Session time now."""
        ...

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Return at `deadline_ns` or, where that is past, at once."""
        ...

    def utc_now(self) -> datetime:
        """Wall-clock time; for the session's header only."""
        ...


class MonotonicClock:
    """CLOCK_MONOTONIC. Absolute waits, so that lateness never adds up."""

    simulated = False

    def now_ns(self) -> int:
        """Session time now."""
        return time.monotonic_ns()

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Return at `deadline_ns`, late by what the scheduler takes, never early."""
        while (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / NS_PER_S)

    def utc_now(self) -> datetime:
        """Wall-clock time in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """Time that stands still until somebody sleeps.

    One thread owns it: the one that calls `sleep_until_ns`. Others may read it.
    """

    simulated = True

    def __init__(self, start_ns: int = 1_000 * NS_PER_S, utc: datetime | None = None) -> None:
        self._now_ns = start_ns
        self._start_ns = start_ns
        self._start_utc = utc or datetime.now(UTC)
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """Simulated session time."""
        return self._now_ns

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Move time forward to `deadline_ns`; never backward."""
        with self._lock:
            self._now_ns = max(self._now_ns, deadline_ns)

    def utc_now(self) -> datetime:
        """The start's wall-clock time plus the simulated time since."""
        return self._start_utc + timedelta(seconds=(self._now_ns - self._start_ns) / NS_PER_S)
