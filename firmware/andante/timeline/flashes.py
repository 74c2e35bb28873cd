"""How many flashes an output gave in any one second, from its own record. Pure.

The definitions are those of WCAG 2.2, "general flash and red flash thresholds" (W3C
Recommendation, 2023), without the allowance for small areas:

1. A transition is the change between a peak and the valley next to it.
2. A general flash is a pair of opposing transitions of 10 % or more of the maximum relative
   luminance, the darker state below 0.80.
3. A red flash is a pair of opposing transitions where one state is a saturated red, R/(R+G+B) of
   0.8 or more, and the two lie more than 0.2 apart in the CIE 1976 UCS diagram. Black has no
   place there; a change between it and saturated red always counts here, which is the stricter
   reading.
4. At most three of each may fall within any second.

A transition's time is when it has gone far enough to count. What the output was sent is taken as
linear light: LEDs dimmed by pulse width are, so sRGB's curve has no part in it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from andante.timebase import NS_PER_S

MIN_CHANGE = 0.10
MAX_DARKER = 0.80
SATURATED_RED = 0.8
MIN_RED_CHANGE = 0.2

# Relative luminance and CIE XYZ of linear sRGB primaries (IEC 61966-2-1).
_TO_X = (0.4124, 0.3576, 0.1805)
_TO_Y = (0.2126, 0.7152, 0.0722)
_TO_Z = (0.0193, 0.1192, 0.9505)


@dataclass(frozen=True)
class Shown:
    """What an output showed from `time_ns` on: linear light of each primary, 0-1."""

    time_ns: int
    red: float
    green: float
    blue: float

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 for dark to 1 for full white."""
        return self._mixed(_TO_Y)

    @property
    def saturated_red(self) -> bool:
        """True where red is four fifths of the light or more."""
        total = self.red + self.green + self.blue
        return total > 0 and self.red / total >= SATURATED_RED

    def apart_in_ucs(self, other: "Shown") -> float:
        """Distance in the CIE 1976 UCS diagram (u', v'); infinite to and from black."""
        here, there = self._ucs(), other._ucs()
        if here is None or there is None:
            return 0.0 if here is there else float("inf")
        return float(((here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2) ** 0.5)

    def _mixed(self, weights: tuple[float, float, float]) -> float:
        return self.red * weights[0] + self.green * weights[1] + self.blue * weights[2]

    def _ucs(self) -> tuple[float, float] | None:
        x, y, z = self._mixed(_TO_X), self._mixed(_TO_Y), self._mixed(_TO_Z)
        divisor = x + 15 * y + 3 * z
        return None if divisor == 0 else (4 * x / divisor, 9 * y / divisor)


def general_transitions_ns(record: Sequence[Shown]) -> list[int]:
    """When each opposing change of relative luminance of 10 % or more was complete.

    `record` in order of time. A slow change counts once, however many frames it took; a change
    goes on until one of 10 % in the other direction.
    """
    times_ns: list[int] = []
    if not record:
        return times_ns
    valley = peak = record[0].luminance  # since the last transition
    direction = 0
    for shown in record[1:]:
        now = shown.luminance
        valley, peak = min(valley, now), max(peak, now)
        rose = direction <= 0 and now - valley >= MIN_CHANGE and valley < MAX_DARKER
        fell = direction >= 0 and peak - now >= MIN_CHANGE and now < MAX_DARKER
        if rose or fell:
            times_ns.append(shown.time_ns)
            direction = 1 if rose else -1
            valley = peak = now
    return times_ns


def red_transitions_ns(record: Sequence[Shown]) -> list[int]:
    """When saturated red came or went, by frames next to each other. `record` in order of time."""
    return [
        after.time_ns
        for before, after in pairwise(record)
        if (before.saturated_red or after.saturated_red)
        and before.apart_in_ucs(after) > MIN_RED_CHANGE
    ]


def most_flashes_per_s(transitions_ns: Sequence[int]) -> int:
    """The most flashes, pairs of transitions, within any [t, t + 1 s)."""
    most = 0
    for first, time_ns in enumerate(transitions_ns):
        past_ns = bisect_left(transitions_ns, time_ns + NS_PER_S)
        most = max(most, past_ns - first)
    return most // 2
