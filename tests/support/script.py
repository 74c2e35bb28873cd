"""Commands that come at a given time of a session, as a therapist's page would send them."""

from collections.abc import Callable, Sequence

from andante.commands import AnyCommand
from andante.session.runner import TICK_NS
from andante.timebase import seconds_to_ns


class Script:
    """A `CommandSource`: gives each command at its second of the session.

    Counts the runner's looks, one every `TICK_NS` of simulated time.
    """

    def __init__(
        self,
        *lines: tuple[float, AnyCommand],
        at_s: Sequence[tuple[float, Callable[[], None]]] = (),
    ) -> None:
        self._lines = sorted(lines, key=lambda line: line[0])
        self._calls = sorted(at_s, key=lambda line: line[0])
        self._look = 0

    def take_commands(self) -> list[AnyCommand]:
        now_ns = self._look * TICK_NS
        self._look += 1
        while self._calls and now_ns >= seconds_to_ns(self._calls[0][0]):
            self._calls.pop(0)[1]()
        due: list[AnyCommand] = []
        while self._lines and now_ns >= seconds_to_ns(self._lines[0][0]):
            due.append(self._lines.pop(0)[1])
        return due
