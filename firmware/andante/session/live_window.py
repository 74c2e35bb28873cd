"""Keeps the latest of a session, as small as a screen needs it. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence

from andante.coach.evidence import HeardCue
from andante.ports import BREATH_KINDS, Channel, Cue, SampleBlock
from andante.session.live import RecentBreaths, RecentCues, Trace
from andante.timebase import NS_PER_MS, NS_PER_S, seconds_to_ns

SHOWN_CUES = 32
_TRACE_HZ = 20.0
_TRACE_S = 2.0
_BREATHS_S = 20.0
_MOST_BREATH_PARTS = 40
_DECIMALS = 3
"""Times to the millisecond: a screen shows no less than some 10 ms."""


class _Thinned:
    """One channel's trace as it grows."""

    def __init__(self, rate_hz: float) -> None:
        self.every = max(1, round(rate_hz / _TRACE_HZ))
        self.step_ns = self.every * NS_PER_S / rate_hz
        self.counts: deque[int] = deque(maxlen=round(_TRACE_S * NS_PER_S / self.step_ns))
        self.newest_ns = 0

    def add(self, block: SampleBlock, first_ns: int) -> None:
        """Continue the even grid; a gap in the signal begins it anew."""
        sample_ns = self.step_ns / self.every
        skipped = round((self.newest_ns + self.step_ns - first_ns) / sample_ns)
        if not self.counts or not 0 <= skipped <= self.every:
            self.counts.clear()
            skipped = 0
        taken = block.counts[skipped :: self.every]
        if taken:
            self.counts.extend(taken)
            self.newest_ns = first_ns + round((skipped + (len(taken) - 1) * self.every) * sample_ns)


class LiveWindow:
    """Keeps the latest breaths and signals. Belongs to the runner's thread; bounded."""

    def __init__(self, started_ns: int, channels: Iterable[Channel]) -> None:
        """`started_ns`: exercise time's zero. `channels`: the ones listened to."""
        self._started_ns = started_ns
        self._channels = frozenset(channels)
        self._thinned: dict[Channel, _Thinned] = {}
        self._breaths: deque[Cue] = deque(maxlen=_MOST_BREATH_PARTS)

    def at_s(self, time_ns: int) -> float:
        """A moment in exercise time, in seconds since its zero."""
        return round((time_ns - self._started_ns) / NS_PER_S, _DECIMALS)

    def add_cue(self, cue: Cue) -> None:
        """A cue that is handed out; only parts of breaths are kept."""
        if cue.kind in BREATH_KINDS:
            self._breaths.append(cue)

    def add_samples(self, block: SampleBlock) -> None:
        """A piece of a signal, its `first_ns` in exercise time."""
        if block.channel not in self._channels or block.first_ns is None:
            return
        thinned = self._thinned.get(block.channel)
        if thinned is None:
            thinned = self._thinned[block.channel] = _Thinned(block.rate_hz)
        thinned.add(block, block.first_ns)

    def traces(self) -> tuple[Trace, ...]:
        """Every channel's trace, in the order in which they were first felt."""
        return tuple(
            Trace(
                channel=channel,
                first_s=self.at_s(
                    thinned.newest_ns - round((len(thinned.counts) - 1) * thinned.step_ns)
                ),
                step_s=round(thinned.step_ns / NS_PER_S, 6),
                counts=tuple(thinned.counts),
            )
            for channel, thinned in self._thinned.items()
        )

    def breaths(self, now_ns: int) -> RecentBreaths:
        """The pacer's parts that reach into the last seconds before `now_ns`, or lie ahead."""
        since_ns = now_ns - seconds_to_ns(_BREATHS_S)
        kept = [cue for cue in self._breaths if cue.end_ns >= since_ns]
        return RecentBreaths(
            at_s=tuple(self.at_s(cue.planned_ns) for cue in kept),
            duration_s=tuple(round(cue.duration_ns / NS_PER_S, _DECIMALS) for cue in kept),
            kind=tuple(cue.kind for cue in kept),
            begin_share=tuple(round(cue.begin_share, _DECIMALS) for cue in kept),
        )

    def cues(self, heard: Sequence[HeardCue], now_ns: int) -> RecentCues:
        """The beats of `heard` as columns."""
        is_open = [c.asynchrony_ns is None and c.is_open(now_ns) for c in heard]
        first_open = is_open.index(True) if True in is_open else len(heard)
        return RecentCues(
            at_s=tuple(self.at_s(cue.planned_ns) for cue in heard),
            interval_ms=tuple(round(cue.interval_ns / NS_PER_MS, 1) for cue in heard),
            asynchrony_ms=tuple(
                None if cue.asynchrony_ns is None else round(cue.asynchrony_ns / NS_PER_MS, 1)
                for cue in heard
            ),
            open_count=len(heard) - first_open,
        )
