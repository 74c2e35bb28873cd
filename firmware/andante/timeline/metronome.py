"""A beat whose tempo may change without its phase ever jumping.

Phase counts beats: beat n falls where the phase reaches n. A tempo change bends the phase's slope
and leaves its value alone, so every beat is computed from the timeline and none from the beat
before it. Pure.
"""

from dataclasses import dataclass

from andante.timebase import NS_PER_S, S_PER_MINUTE


def interval_ns_of(tempo_per_minute: float) -> float:
    """Time between two beats at a tempo in beats (or steps) a minute."""
    return S_PER_MINUTE * NS_PER_S / tempo_per_minute


def tempo_of(interval_ns: float) -> float:
    """Beats (or steps) a minute at a time between two of them."""
    return S_PER_MINUTE * NS_PER_S / interval_ns


@dataclass(frozen=True)
class _Segment:
    start_ns: int
    start_phase: float
    tempo_per_minute: float

    @property
    def interval_ns(self) -> float:
        return interval_ns_of(self.tempo_per_minute)

    def phase_at(self, time_ns: int) -> float:
        return self.start_phase + (time_ns - self.start_ns) / self.interval_ns

    def time_of(self, phase: float) -> int:
        return self.start_ns + round((phase - self.start_phase) * self.interval_ns)


class Metronome:
    """Beats from `start_ns` on; beat 0 falls at `start_ns` itself."""

    def __init__(self, start_ns: int, tempo_per_minute: float) -> None:
        """Raises ValueError unless the tempo is a positive number."""
        if not tempo_per_minute > 0:
            raise ValueError(f"a tempo must be above zero, not {tempo_per_minute}")
        self._segments = [_Segment(start_ns, 0.0, tempo_per_minute)]

    @property
    def tempo_per_minute(self) -> float:
        """The latest tempo."""
        return self._segments[-1].tempo_per_minute

    def set_tempo(self, at_ns: int, tempo_per_minute: float) -> None:
        """From `at_ns` on, go on from the phase reached there at another tempo.

        Raises ValueError for a tempo that is not positive and for a time before an earlier change.
        """
        if not tempo_per_minute > 0:
            raise ValueError(f"a tempo must be above zero, not {tempo_per_minute}")
        if at_ns < self._segments[-1].start_ns:
            raise ValueError("a tempo change may not come before the one already made")
        phase = self._segments[-1].phase_at(at_ns)
        self._segments.append(_Segment(at_ns, phase, tempo_per_minute))

    def restart(self, beat: int, at_ns: int) -> None:
        """After a silence: beat `beat` falls at `at_ns`, at the tempo there was.

        Raises ValueError for a time before an earlier change.
        """
        if at_ns < self._segments[-1].start_ns:
            raise ValueError("a tempo change may not come before the one already made")
        self._segments.append(_Segment(at_ns, float(beat), self.tempo_per_minute))

    def phase_at(self, time_ns: int) -> float:
        """Beats since the start, whole and fraction; negative before it."""
        return self._segment_at(time_ns).phase_at(time_ns)

    def time_of_beat(self, beat: int) -> int:
        """Session time of beat `beat`."""
        for segment in reversed(self._segments):
            if beat >= segment.start_phase:
                return segment.time_of(beat)
        return self._segments[0].time_of(beat)

    def _segment_at(self, time_ns: int) -> _Segment:
        for segment in reversed(self._segments):
            if time_ns >= segment.start_ns:
                return segment
        return self._segments[0]
