"""What the patient has done so far, as the coach and the screen see it. Pure.

The figures of record come from the host program; these are the same measures over what is known
at the moment.
"""

import cmath
import itertools
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from andante import safety
from andante.ports import Channel, Edge, Response, SampleBlock
from andante.timebase import NS_PER_MS, NS_PER_S, S_PER_MINUTE

_KEPT_CUES = 2_048  # ten minutes at the fastest walking tempo
_KEPT_RESPONSES = 64
CADENCE_STEPS = safety.MIN_BASELINE_STEPS


@dataclass
class HeardCue:
    """A cue that the patient is asked to meet; `asynchrony_ns` once something has met it."""

    index: int
    planned_ns: int
    interval_ns: float
    asynchrony_ns: int | None = None

    def is_open(self, now_ns: int) -> bool:
        """Whether it may still be met: up to half an interval after its time."""
        return self.planned_ns >= now_ns - self.interval_ns / 2


class Evidence:
    """Responses on `channels`, matched to the cues as they come.

    A response belongs to the nearest cue within half an interval, and the first to come keeps
    it. Vector length R = |mean exp(2 pi i A / interval)| (Fisher 1993), A the asynchrony.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = tuple(channels)
        self._cues: deque[HeardCue] = deque(maxlen=_KEPT_CUES)
        self._waiting_ns: deque[int] = deque(maxlen=_KEPT_RESPONSES)
        self._times_ns: deque[int] = deque(maxlen=_KEPT_RESPONSES)
        self._signals: dict[Channel, int] = {}
        self._changed_ns: int | None = None
        self._sum = 0j
        self._scored = 0
        self.response_count = 0
        self.last_asynchrony_ms: float | None = None

    # --- what happened ------------------------------------------------------------------

    def add_cue(self, index: int, planned_ns: int, interval_ns: float) -> None:
        """A cue that will be given, in order of time."""
        self._cues.append(HeardCue(index, planned_ns, interval_ns))
        while self._waiting_ns and self._waiting_ns[0] <= planned_ns + interval_ns / 2:
            self._match(self._waiting_ns.popleft())

    def add_response(self, response: Response) -> bool:
        """A tap or contact; True where it is one of this patient's answers."""
        if response.edge is not Edge.ON or response.channel not in self.channels:
            return False
        self.response_count += 1
        self._times_ns.append(response.time_ns)
        if not self._match(response.time_ns):
            self._waiting_ns.append(response.time_ns)
        return True

    def add_samples(self, block: SampleBlock) -> None:
        """A piece of a sensor's signal, looked at only for whether it changes at all."""
        if block.channel not in self.channels or block.first_ns is None:
            return
        for place, counts in enumerate(block.counts):
            if self._signals.get(block.channel) != counts:
                self._signals[block.channel] = counts
                self._changed_ns = block.first_ns + round(place * NS_PER_S / block.rate_hz)

    # --- what can be said ---------------------------------------------------------------

    @property
    def vector_length(self) -> float | None:
        """R of all matched responses so far, 0-1; None before the third."""
        return abs(self._sum) / self._scored if self._scored >= 3 else None

    def asynchrony_of(self, cue_index: int) -> int | None:
        """Response minus cue in ns; None where none has been matched to it (yet)."""
        for cue in reversed(self._cues):
            if cue.index <= cue_index:
                return cue.asynchrony_ns if cue.index == cue_index else None
        return None

    def synchrony_since(self, since_ns: int, now_ns: int) -> tuple[float | None, float | None]:
        """Vector length, and missed cues in percent, of the cues in [since_ns, now_ns).

        A cue younger than half an interval is still open and left out. None and None without
        any cue, a vector length of None without any response.
        """
        cues = [c for c in self._cues if since_ns <= c.planned_ns and not c.is_open(now_ns)]
        met = [c for c in cues if c.asynchrony_ns is not None]
        if not cues:
            return None, None
        missed_percent = 100 * (1 - len(met) / len(cues))
        if not met:
            return None, missed_percent
        directions = [_direction(c) for c in met]
        return abs(sum(directions)) / len(directions), missed_percent

    def recent_cues(self, count: int) -> list[HeardCue]:
        """The last `count` cues, oldest first; some of them may lie ahead."""
        return list(itertools.islice(reversed(self._cues), count))[::-1]

    def cadence_spm(self) -> float | None:
        """60 / median of the last twelve times from response to response; None before those."""
        return cadence_spm(list(self._times_ns)[-(CADENCE_STEPS + 1) :])

    def own_per_minute(self) -> float | None:
        """The patient's own tempo of late."""
        return self.cadence_spm()

    def stale_reason(self, now_ns: int) -> str | None:
        """Why nothing may be adapted to this now; None where it may."""
        newest_ns = self._times_ns[-1] if self._times_ns else None
        return safety.stale_reason(now_ns, newest_ns, self._changed_ns)

    def _match(self, time_ns: int) -> bool:
        """Give the response to the nearest cue; False where it must wait for a later one."""
        if not self._cues:
            return True  # before the first cue there is nothing to meet
        cue = min(
            (c for c, _ in zip(reversed(self._cues), range(4), strict=False)),
            key=lambda c: abs(time_ns - c.planned_ns),
        )
        asynchrony_ns = time_ns - cue.planned_ns
        if asynchrony_ns >= cue.interval_ns / 2:
            return False
        if abs(asynchrony_ns) >= cue.interval_ns / 2 or cue.asynchrony_ns is not None:
            return True
        cue.asynchrony_ns = asynchrony_ns
        self.last_asynchrony_ms = asynchrony_ns / NS_PER_MS
        self._sum += _direction(cue)
        self._scored += 1
        return True


def _direction(cue: HeardCue) -> complex:
    assert cue.asynchrony_ns is not None
    return cmath.exp(2j * math.pi * cue.asynchrony_ns / cue.interval_ns)


def cadence_spm(contact_times_ns: Sequence[int]) -> float | None:
    """Cadence from contacts of both feet, in any order: 60 / median step time.

    Step times outside the plausible range are left out; None where fewer than
    `safety.MIN_BASELINE_STEPS` remain.
    """
    times_ns = np.sort(np.asarray(contact_times_ns, dtype=np.int64))
    step_times_s = np.diff(times_ns).astype(np.float64) / NS_PER_S
    limit = safety.STEP_TIME_S
    plausible = step_times_s[(step_times_s >= limit.low) & (step_times_s <= limit.high)]
    if plausible.size < safety.MIN_BASELINE_STEPS:
        return None
    return S_PER_MINUTE / float(np.median(plausible))
