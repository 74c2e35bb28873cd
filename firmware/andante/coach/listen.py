"""The conductors of listening: notes that start at the patient's own cadence and move to a target,
and the therapist's own recording. Pure. (Music that meets the breathing is a pacer's.)
"""

from dataclasses import dataclass, replace

from andante import safety
from andante.coach.conductor import LEAD_NS, BaseConductor, Turn
from andante.coach.evidence import Evidence, cadence_spm
from andante.plan import Plan
from andante.plan.listen import ListenPlan
from andante.ports import (
    FOOT_CHANNELS,
    TRACK_BEAT,
    TRACK_PREFIX,
    Cue,
    CueKind,
    Response,
    SampleBlock,
)
from andante.timebase import NS_PER_S, S_PER_MINUTE, seconds_to_ns
from andante.timeline.cue_track import CueTrack
from andante.timeline.flash_gate import FlashGate

NOTE_SOUND = "pluck"
TRACK = "listen"
TRACK_SOUND = f"{TRACK_PREFIX}{TRACK}"
"""The name of the prepared recording, and the sound of the cue that starts it."""
_DECIDE_AHEAD_NS = NS_PER_S // 10


@dataclass(frozen=True)
class PreparedMusic:
    """What is known of a prepared recording: where its beats are, from its beginning, in order."""

    beats_s: tuple[float, ...]
    duration_s: float


class _ListenConductor(BaseConductor):
    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero. Raises ValueError without a [listen] table."""
        if plan.listen is None:
            raise ValueError("the plan has no table for listening")
        self._listen: ListenPlan = plan.listen
        self.evidence = Evidence(FOOT_CHANNELS)
        super().__init__(plan, started_ns, self.evidence)
        self._span = self._cued[0]

    def take_response(self, response: Response) -> None:
        """A step, which is counted and not scored."""
        self.evidence.add_response(response)

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of a sensor's signal."""
        self.evidence.add_samples(block)


class SettleConductor(_ListenConductor):
    """Plucked notes at the patient's cadence that move evenly to the target."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero."""
        super().__init__(plan, started_ns)
        self._steps_ns: list[int] = []
        self._track: CueTrack | None = None
        self._start_per_minute = 0.0

    @property
    def tempo_per_minute(self) -> float | None:
        """The notes' tempo; None in the baseline."""
        return None if self._track is None else self._track.metronome.tempo_per_minute

    def take_response(self, response: Response) -> None:
        """A step."""
        if self.evidence.add_response(response) and self._track is None:
            self._steps_ns.append(response.time_ns)

    def advance(self, now_ns: int) -> Turn:
        """Notes up to the lead beyond now."""
        self._now_ns = now_ns
        if self._track is None:
            self._open(now_ns)
        if self._track is not None:
            self._turn.cues = [
                (replace(cue, kind=CueKind.NOTE), phase)
                for cue, phase in self._track.take_until(now_ns + LEAD_NS)
            ]
        return self._take_turn()

    def _open(self, now_ns: int) -> None:
        if now_ns < self._span.start_ns - LEAD_NS - _DECIDE_AHEAD_NS:
            return
        start, reason = self._listen.start_per_minute, "starting tempo of the plan"
        if start is None:
            start, reason = cadence_spm(self._steps_ns), "the patient's own cadence"
        if start is None:
            reason = "no cadence could be measured; see to the foot sensors and start again"
            self._decide(self._span.start_ns, None, reason)
            self._turn.end_reason = reason
            return
        clamped = safety.clamp_cue_tempo(start)
        if clamped.reason:
            reason = f"{reason}, {clamped.reason}"
        self._start_per_minute = clamped.value
        target = self._listen.target_per_minute
        reason = f"{reason}, moving evenly to {target:g}"
        self._decide(self._span.start_ns, clamped.value, reason)
        self._track = CueTrack(
            (self._span,), clamped.value, sound=NOTE_SOUND, tempo_after=self._tempo_after
        )

    def _tempo_after(self, beat: int, planned_ns: int) -> float:  # noqa: ARG002
        """Evenly from start to target over the whole of the listening."""
        assert self._track is not None
        length_ns = self._span.end_ns - self._span.start_ns
        share = (planned_ns - self._span.start_ns) / length_ns
        wanted = self._start_per_minute + share * (
            self._listen.target_per_minute - self._start_per_minute
        )
        before = self._track.metronome.tempo_per_minute
        return safety.clamp_cue_tempo(wanted, previous_spm=before).value


class RecordingConductor(_ListenConductor):
    """The prepared recording from its first sample, and a glow on each of its beats."""

    def __init__(self, plan: Plan, started_ns: int, music: PreparedMusic) -> None:
        """`started_ns` is the session's zero."""
        super().__init__(plan, started_ns)
        self._beats_ns = [self._span.start_ns + seconds_to_ns(at_s) for at_s in music.beats_s]
        self._music_ns = seconds_to_ns(music.duration_s)
        self._next_index = 0
        self._flashes = FlashGate()
        self._started = False
        self._next_beat = 0
        self._tempo_per_minute: float | None = None

    @property
    def tempo_per_minute(self) -> float | None:
        """The recording's tempo as it is at the last beat."""
        return self._tempo_per_minute

    def advance(self, now_ns: int) -> Turn:
        """The recording, once, and its beats up to the lead beyond now."""
        self._now_ns = now_ns
        horizon_ns = min(now_ns + LEAD_NS, self._span.end_ns)
        if not self._started and self._span.start_ns < horizon_ns:
            self._started = True
            start = self._listen.start_per_minute
            self._decide(self._span.start_ns, start, "the prepared recording begins")
            self._give(self._span.start_ns, TRACK_SOUND)
        while self._next_beat < len(self._beats_ns):
            beat_ns = self._beats_ns[self._next_beat]
            if beat_ns >= horizon_ns:
                break
            if self._next_beat:
                interval_s = (beat_ns - self._beats_ns[self._next_beat - 1]) / NS_PER_S
                self._tempo_per_minute = S_PER_MINUTE / interval_s
            self._next_beat += 1
            self._give(beat_ns, TRACK_BEAT, light=self._flashes.allow(beat_ns))
        return self._take_turn()

    def go_on(self, now_ns: int) -> None:
        """The recording that a pause broke off goes on where it was."""
        at_ns = now_ns + LEAD_NS
        share = (at_ns - self._span.start_ns) / self._music_ns
        if self._started and 0 < share < 1:
            self._give(at_ns, TRACK_SOUND, share=share)

    def _give(
        self, planned_ns: int, sound: str, *, light: bool = False, share: float = 0.0
    ) -> None:
        cue = Cue(self._next_index, planned_ns, CueKind.NOTE, sound, light=light, begin_share=share)
        self._next_index += 1
        self._turn.cues.append((cue, self._span.stage.name))
