"""Asynchrony as it happens, for the screen. The figures of record come from the host program."""

import cmath
import math
from collections import deque

from andante.timebase import NS_PER_MS

_KEPT_CUES = 8


class LiveSynchrony:
    """Nearest-cue asynchronies of the responses so far and their vector length.

    Vector length R = |mean exp(2 pi i A / interval)| (Fisher 1993), A the asynchrony.
    """

    def __init__(self) -> None:
        self._cues_ns: deque[tuple[int, float]] = deque(maxlen=_KEPT_CUES)
        self._waiting_ns: deque[int] = deque()
        self._sum = 0j
        self._count = 0
        self.last_asynchrony_ms: float | None = None

    @property
    def vector_length(self) -> float | None:
        """R of all responses so far, 0-1; None before the third."""
        return abs(self._sum) / self._count if self._count >= 3 else None

    def add_cue(self, planned_ns: int, interval_ns: float) -> None:
        """A cue that will be given; responses wait until the next cue after them is known."""
        self._cues_ns.append((planned_ns, interval_ns))
        while self._waiting_ns and self._waiting_ns[0] <= planned_ns:
            self._score(self._waiting_ns.popleft())

    def add_response(self, time_ns: int) -> None:
        """A tap or contact."""
        if self._cues_ns:
            self._waiting_ns.append(time_ns)

    def finish(self) -> None:
        """No cue will come any more: score what still waits against the cues there are."""
        while self._waiting_ns:
            self._score(self._waiting_ns.popleft())

    def _score(self, time_ns: int) -> None:
        cue_ns, interval_ns = min(self._cues_ns, key=lambda cue: abs(time_ns - cue[0]))
        asynchrony_ns = time_ns - cue_ns
        if abs(asynchrony_ns) >= interval_ns / 2:
            return
        self.last_asynchrony_ms = asynchrony_ns / NS_PER_MS
        self._sum += cmath.exp(2j * math.pi * asynchrony_ns / interval_ns)
        self._count += 1
