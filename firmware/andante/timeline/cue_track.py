"""The cues of a session in order: a metronome laid over the stages that have cues. Pure."""

from dataclasses import dataclass

from andante.plan import Stage, StageKind
from andante.ports import Cue, CueKind
from andante.safety import cues_per_flash
from andante.timebase import seconds_to_ns
from andante.timeline.fade import is_sounded, silent_share_at
from andante.timeline.metronome import Metronome


@dataclass(frozen=True)
class StageSpan:
    """A stage with its place in session time, [start_ns, end_ns)."""

    stage: Stage
    start_ns: int
    end_ns: int


def lay_out(stages: tuple[Stage, ...], start_ns: int) -> tuple[StageSpan, ...]:
    """Stages end to end from `start_ns`."""
    spans: list[StageSpan] = []
    for stage in stages:
        end_ns = start_ns + seconds_to_ns(stage.duration_s)
        spans.append(StageSpan(stage, start_ns, end_ns))
        start_ns = end_ns
    return tuple(spans)


class CueTrack:
    """Hands out each cue once, in order, up to a horizon. The beat goes on through the fade."""

    def __init__(self, spans: tuple[StageSpan, ...], tempo_per_minute: float) -> None:
        """`spans`: the cued stages, end to end; beat 0 falls at the start of the first."""
        self._spans = spans
        self.metronome = Metronome(spans[0].start_ns, tempo_per_minute)
        self._next_beat = 0

    def take_until(self, horizon_ns: int) -> list[tuple[Cue, str]]:
        """Cues before `horizon_ns` not handed out yet, each with its stage's name."""
        taken: list[tuple[Cue, str]] = []
        end_ns = self._spans[-1].end_ns
        while (planned_ns := self.metronome.time_of_beat(self._next_beat)) < min(
            horizon_ns, end_ns
        ):
            beat, self._next_beat = self._next_beat, self._next_beat + 1
            span = next(s for s in self._spans if planned_ns < s.end_ns)
            share = 0.0
            if span.stage.kind is StageKind.FADE:
                share = silent_share_at(planned_ns, span.start_ns, span.end_ns)
            flash_every = cues_per_flash(self.metronome.tempo_per_minute)
            cue = Cue(
                index=beat,
                planned_ns=planned_ns,
                kind=CueKind.BEAT if is_sounded(beat, share) else CueKind.SILENT,
                light=beat % flash_every == 0,
            )
            taken.append((cue, span.stage.name))
        return taken

    @property
    def finished(self) -> bool:
        """True once every cue has been handed out."""
        return self.metronome.time_of_beat(self._next_beat) >= self._spans[-1].end_ns
