"""A clock for people's time: minutes and hours that pass when a test says so."""

from datetime import UTC, datetime

from andante.timebase import SimulatedClock

_NS_PER_S = 1_000_000_000


class WallClock(SimulatedClock):
    """Begins on a Monday morning and moves when told."""

    def __init__(self) -> None:
        super().__init__(utc=datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC))

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.sleep_until_ns(self.now_ns() + round(seconds * _NS_PER_S))
