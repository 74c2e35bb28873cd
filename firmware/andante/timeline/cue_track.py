"""The beats of a session in order: a metronome laid over the stages that have cues. Pure."""

from collections.abc import Callable

from andante.plan import StageKind
from andante.ports import Cue, CueKind
from andante.safety import MAX_TEMPO_CHANGE_PERCENT
from andante.timeline.fade import is_sounded, silent_share_at
from andante.timeline.flash_gate import FlashGate
from andante.timeline.metronome import Metronome, interval_ns_of
from andante.timeline.spans import StageSpan

TempoAfter = Callable[[int, int], float]
"""Called with a beat and its time when the next one is due to be placed; the tempo until then."""
Sounded = Callable[[int, int, StageSpan], bool]
"""Called with a beat, its time and its span: whether it is given."""


def thinned_in_fade(beat: int, planned_ns: int, span: StageSpan) -> bool:
    """Every beat is given, but ever fewer of them in a fade."""
    if span.stage.kind is not StageKind.FADE:
        return True
    return is_sounded(beat, silent_share_at(planned_ns, span.start_ns, span.end_ns))


class CueTrack:
    """Hands out each beat once, in order, up to a horizon. The beat goes on through a fade."""

    def __init__(
        self,
        spans: tuple[StageSpan, ...],
        tempo_per_minute: float,
        sound: str = "click",
        sounded: Sounded = thinned_in_fade,
        tempo_after: TempoAfter | None = None,
    ) -> None:
        """`spans`: the cued stages in order; beat 0 falls at the start of the first.

        Where spans do not meet (a rest lies between), the beat starts anew with the later one.
        `tempo_after` is asked as late as can be, so that what the patient just did counts; the
        tempo it answers must lie within MAX_TEMPO_CHANGE_PERCENT of the one before.
        """
        self._spans = spans
        self.metronome = Metronome(spans[0].start_ns, tempo_per_minute)
        self._sound = sound
        self._sounded = sounded
        self._tempo_after = tempo_after
        self._flashes = FlashGate()
        self._next_beat = 0
        self._last_ns: int | None = None  # the beat before, while the next is not yet placed

    def take_until(self, horizon_ns: int) -> list[tuple[Cue, str]]:
        """Cues before `horizon_ns` not handed out yet, each with its stage's name."""
        taken: list[tuple[Cue, str]] = []
        while (planned_ns := self._place(horizon_ns)) is not None:
            span = next(s for s in self._spans if planned_ns < s.end_ns)
            beat, self._next_beat = self._next_beat, self._next_beat + 1
            self._last_ns = planned_ns
            given = self._sounded(beat, planned_ns, span)
            cue = Cue(
                index=beat,
                planned_ns=planned_ns,
                kind=CueKind.BEAT if given else CueKind.SILENT,
                sound=self._sound,
                light=given and self._flashes.allow(planned_ns),
            )
            taken.append((cue, span.stage.name))
        return taken

    @property
    def interval_ns(self) -> float:
        """The latest time from beat to beat."""
        return interval_ns_of(self.metronome.tempo_per_minute)

    @property
    def finished(self) -> bool:
        """True once every cue has been handed out."""
        return self.metronome.time_of_beat(self._next_beat) >= self._spans[-1].end_ns

    def _place(self, horizon_ns: int) -> int | None:
        """When the next beat falls, or None where that is beyond the horizon or the end."""
        if self._last_ns is not None and self._tempo_after is not None:
            soonest_ns = self._last_ns + self.interval_ns / (1 + MAX_TEMPO_CHANGE_PERCENT / 100)
            if soonest_ns >= horizon_ns:
                return None
            tempo = self._tempo_after(self._next_beat - 1, self._last_ns)
            if tempo != self.metronome.tempo_per_minute:
                self.metronome.set_tempo(self._last_ns, tempo)
        self._last_ns = None
        planned_ns = self.metronome.time_of_beat(self._next_beat)
        for before, after in zip(self._spans, self._spans[1:], strict=False):
            if before.end_ns <= planned_ns < after.start_ns:
                self.metronome.restart(self._next_beat, after.start_ns)
                planned_ns = after.start_ns
        return planned_ns if planned_ns < min(horizon_ns, self._spans[-1].end_ns) else None
