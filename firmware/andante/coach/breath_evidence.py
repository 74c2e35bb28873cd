"""The patient's breathing so far, from the belt. Pure.

The figures of record come from the host program, whose detector this follows in small.
"""

import itertools
from collections import deque

import numpy as np
import numpy.typing as npt

from andante import safety
from andante.coach.evidence import HeardCue
from andante.ports import Channel, SampleBlock
from andante.timebase import NS_PER_S, S_PER_MINUTE

_WINDOW_S = 60.0
_KEPT_HZ = 10.0
_LEAST_RISE_SHARE = 0.3  # of the median rise: smaller turns are no breaths
_LEAST_RISE_OF_SPAN = 0.1  # of the whole span seen: noise on a belt at rest is no breath


class BreathEvidence:
    """The belt's last minute, thinned to ten samples a second."""

    channels = (Channel.BELT,)

    def __init__(self) -> None:
        self._times_ns: deque[int] = deque(maxlen=round(_WINDOW_S * _KEPT_HZ))
        self._counts: deque[float] = deque(maxlen=round(_WINDOW_S * _KEPT_HZ))
        self._newest_ns: int | None = None
        self._changed_ns: int | None = None
        self._last_counts: int | None = None
        self._seen_onset_ns = 0
        self._onsets_ns: list[int] = []
        self._looked_ns: int | None = None
        self.response_count = 0
        self.last_asynchrony_ms: float | None = None
        self.vector_length: float | None = None

    def add_samples(self, block: SampleBlock) -> None:
        """A piece of the belt's signal, in order of time."""
        if block.channel is not Channel.BELT or block.first_ns is None or not block.counts:
            return
        step_ns = NS_PER_S / block.rate_hz
        self._newest_ns = block.first_ns + round((len(block.counts) - 1) * step_ns)
        for place, counts in enumerate(block.counts):
            time_ns = block.first_ns + round(place * step_ns)
            if counts != self._last_counts:
                self._last_counts, self._changed_ns = counts, time_ns
            if (
                not self._times_ns
                or time_ns - self._times_ns[-1] >= NS_PER_S / _KEPT_HZ - step_ns / 2
            ):
                self._times_ns.append(time_ns)
                self._counts.append(counts)

    def onsets_ns(self) -> list[int]:
        """Where breaths began within the last minute: troughs before a rise that counts.

        The signal less its straight line is cut at its crossings of zero; each piece has one
        extremum; a trough counts where the rise to the next peak is at least 0.3 of the median
        rise. Fewer than three seconds of signal hold no breath. Looked for once a second.
        """
        newest_ns = self._times_ns[-1] if self._times_ns else 0
        if self._looked_ns is None or newest_ns - self._looked_ns >= NS_PER_S:
            self._looked_ns = newest_ns
            self._onsets_ns = self._find_onsets_ns()
        return self._onsets_ns

    def _find_onsets_ns(self) -> list[int]:
        if len(self._times_ns) < 3 * _KEPT_HZ:
            return []
        times_ns = np.array(self._times_ns, dtype=np.int64)
        level = _without_line(np.array(self._counts, dtype=np.float64))
        above = level > 0
        cuts = np.flatnonzero(above[1:] != above[:-1]) + 1
        pieces = np.split(np.arange(level.size), cuts)[1:-1]  # the outer two are cut off
        troughs: list[tuple[int, float]] = []
        rises: list[float] = []
        for before, after in itertools.pairwise(pieces):
            if not above[before[0]]:
                low, high = before[np.argmin(level[before])], after[np.argmax(level[after])]
                troughs.append((int(times_ns[low]), float(level[high] - level[low])))
                rises.append(troughs[-1][1])
        if not rises:
            return []
        least = max(
            _LEAST_RISE_SHARE * float(np.median(rises)), _LEAST_RISE_OF_SPAN * float(np.ptp(level))
        )
        return [time_ns for time_ns, rise in troughs if rise >= least]

    def rate_brpm(self) -> float | None:
        """60 / mean cycle of the last minute; None before three onsets."""
        onsets_ns = self.onsets_ns()
        if len(onsets_ns) < 3:
            return None
        return S_PER_MINUTE * NS_PER_S * (len(onsets_ns) - 1) / (onsets_ns[-1] - onsets_ns[0])

    def own_per_minute(self) -> float | None:
        """The patient's own rate of late."""
        return self.rate_brpm()

    def recent_cues(self, count: int) -> list[HeardCue]:  # noqa: ARG002
        """None: a breath is followed as a whole, not met at a moment."""
        return []

    def count_new(self) -> None:
        """Bring `response_count` up to date."""
        new = [t for t in self.onsets_ns() if t > self._seen_onset_ns + NS_PER_S]
        self.response_count += len(new)
        if new:
            self._seen_onset_ns = new[-1]

    def stale_reason(self, now_ns: int) -> str | None:
        """Why nothing may be adapted to this now; None where it may."""
        return safety.stale_reason(now_ns, self._newest_ns, self._changed_ns)


def _without_line(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values of shape (n,) less their straight line by least squares."""
    places = np.arange(values.size) - (values.size - 1) / 2
    slope = float(places @ values) / float(places @ places)
    level: npt.NDArray[np.float64] = values - values.mean() - slope * places
    return level
