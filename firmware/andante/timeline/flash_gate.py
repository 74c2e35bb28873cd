"""Which cues may flash, so that no second ever holds more flashes than the limit. Pure."""

from bisect import bisect_left, insort

from andante.safety import MAX_FLASHES_PER_S
from andante.timebase import NS_PER_S

SHORTEST_GAP_NS = NS_PER_S // MAX_FLASHES_PER_S
"""Of flashes this far apart no fourth one ends within a second of the first one's beginning."""
_ASKED_WITHIN_NS = 5 * NS_PER_S


class FlashGate:
    """Lets a flash through where no other is nearer than a third of a second on either side.

    Above 180 cues a minute that is every second cue, above 360 every third: even, and whatever
    the tempo did before. Cues need not be asked for in order: an answer given at once is asked
    for after cues that were handed out ahead. What is asked for more than five seconds after a
    later one is refused.
    """

    def __init__(self) -> None:
        self._allowed_ns: list[int] = []  # in order of time

    def allow(self, planned_ns: int) -> bool:
        """Whether light may flash at `planned_ns`. One that is allowed counts from then on."""
        at = bisect_left(self._allowed_ns, planned_ns)
        neighbours_ns = self._allowed_ns[max(0, at - 1) : at + 1]
        if any(abs(planned_ns - near_ns) < SHORTEST_GAP_NS for near_ns in neighbours_ns):
            return False
        newest_ns = max([planned_ns, *self._allowed_ns[-1:]])
        if planned_ns < newest_ns - _ASKED_WITHIN_NS:
            return False
        insort(self._allowed_ns, planned_ns)
        while self._allowed_ns[0] < newest_ns - _ASKED_WITHIN_NS - SHORTEST_GAP_NS:
            self._allowed_ns.pop(0)
        return True
