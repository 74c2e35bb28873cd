"""The conductors of playing together: echo, mirror, follow, free. Pure."""

import itertools
import statistics
from collections import deque

from andante import safety
from andante.coach.conductor import LEAD_NS, BaseConductor, Turn
from andante.coach.evidence import Evidence
from andante.plan import Plan, TapPlan
from andante.ports import TAP_CHANNELS, Cue, CueKind, Edge, Response, SampleBlock
from andante.timebase import NS_PER_MS, seconds_to_ns
from andante.timeline.flash_gate import FlashGate
from andante.timeline.metronome import interval_ns_of, tempo_of
from andante.timeline.patterns import pattern

_COUNT_IN_SOUND = "wood"
_FOLLOW_TAPS = 5
_FOLLOW_LEAD_NS = 170 * NS_PER_MS
_STOPPED_AFTER_BEATS = 2.5
_TOLD_CHANGE_PERCENT = 5.0


class _PlayConductor(BaseConductor):
    """What all of them have in common: pads, the light's limit, and numbered notes."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        if plan.tap is None:
            raise ValueError("the plan has no table for tapping")
        self._tap: TapPlan = plan.tap
        self._pads = TAP_CHANNELS[: plan.tap.pads]
        self.evidence = Evidence(self._pads)
        super().__init__(plan, started_ns, self.evidence)
        self._span = self._cued[0]
        self._flashes = FlashGate()
        self._index = 0

    def take_response(self, response: Response) -> None:
        """An edge from the board."""
        if self.evidence.add_response(response) and response.edge is Edge.ON:
            self._play(response)

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of a sensor's signal."""
        self.evidence.add_samples(block)

    def _play(self, response: Response) -> None:
        """The patient played a note."""

    def _give(self, planned_ns: int, kind: CueKind, sound: str) -> Cue:
        light = kind is not CueKind.EXPECTED and self._flashes.allow(planned_ns)
        cue = Cue(self._index, planned_ns, kind, sound, light)
        self._index += 1
        self._turn.cues.append((cue, self._span.stage.name))
        return cue

    def _pad_sound(self, response: Response) -> str:
        return f"pad-{1 + 2 * self._pads.index(response.channel)}"


class _BarConductor(_PlayConductor):
    """Bars in turn at one tempo, after a bar to count in."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero."""
        super().__init__(plan, started_ns)
        self._bar_ns = seconds_to_ns(self._tap.bar_s)
        self._beat_ns = interval_ns_of(self._tap.beat_bpm)
        self._bar_beats = round(self._bar_ns / self._beat_ns)
        self._bar_count = round((self._span.end_ns - self._span.start_ns) / self._bar_ns)
        self._next_bar = 0

    @property
    def tempo_per_minute(self) -> float | None:
        """The tempo of the bars."""
        return self._tap.beat_bpm

    def advance(self, now_ns: int) -> Turn:
        """Each bar is planned as a whole, a lead before it begins."""
        self._now_ns = now_ns
        while self._next_bar < self._bar_count:
            bar_start_ns = self._span.start_ns + self._next_bar * self._bar_ns
            if bar_start_ns >= now_ns + LEAD_NS:
                break
            if self._next_bar == 0:
                self._count_in(bar_start_ns)
            else:
                self._plan_bar(self._next_bar, bar_start_ns)
            self._next_bar += 1
        return self._take_turn()

    def _count_in(self, start_ns: int) -> None:
        self._decide(start_ns, self._tap.beat_bpm, f"{self._tap.task}, a bar to count in")
        for beat in range(self._bar_beats):
            self._give(start_ns + round(beat * self._beat_ns), CueKind.NOTE, _COUNT_IN_SOUND)

    def _plan_bar(self, bar: int, start_ns: int) -> None:
        """What is to be played in bar 1, 2, …"""


class EchoConductor(_BarConductor):
    """The device plays a rhythm for a bar, and the patient repeats it in the next."""

    def _plan_bar(self, bar: int, start_ns: int) -> None:
        round_number, patients_turn = divmod(bar - 1, 2)
        for at_beat in pattern(self._bar_beats, round_number, self._tap.seed or 0):
            planned_ns = start_ns + round(at_beat * self._beat_ns)
            if patients_turn:
                cue = self._give(planned_ns, CueKind.EXPECTED, "")
                self.evidence.add_cue(cue.index, planned_ns, self._beat_ns / 2)
            else:
                self._give(planned_ns, CueKind.NOTE, self._plan.outputs.beat_sound)


class MirrorConductor(_BarConductor):
    """The patient plays for a bar, and the device repeats it in the next, note for note."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero."""
        super().__init__(plan, started_ns)
        self._owed: deque[tuple[int, str]] = deque()

    def _play(self, response: Response) -> None:
        # A first note a little before its bar belongs to it: patients come in early.
        since_ns = response.time_ns - self._span.start_ns + round(self._beat_ns / 2)
        bar = since_ns // self._bar_ns
        if bar % 2 == 1 and bar + 1 < self._bar_count:
            self._owed.append((response.time_ns + self._bar_ns, self._pad_sound(response)))

    def advance(self, now_ns: int) -> Turn:
        """The count-in, and each note a bar after it was played."""
        while self._owed and self._owed[0][0] < now_ns + LEAD_NS:
            planned_ns, sound = self._owed.popleft()
            self._give(planned_ns, CueKind.NOTE, sound)
        return super().advance(now_ns)


class FollowConductor(_PlayConductor):
    """The device drums along with the patient, one beat ahead of what it has heard."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero."""
        super().__init__(plan, started_ns)
        self._taps_ns: deque[int] = deque(maxlen=_FOLLOW_TAPS)
        self._tempo_per_minute: float | None = None
        self._last_given_ns = started_ns

    @property
    def tempo_per_minute(self) -> float | None:
        """The patient's tempo, as the device follows it."""
        return self._tempo_per_minute

    def _play(self, response: Response) -> None:
        self._taps_ns.append(response.time_ns)

    def advance(self, now_ns: int) -> Turn:
        """The next beat: a median interval after the last tap."""
        self._now_ns = now_ns
        interval_ns = self._interval_ns(now_ns)
        self._tell_tempo(now_ns, interval_ns)
        if interval_ns is not None:
            beats = 1 + int((now_ns + _FOLLOW_LEAD_NS - self._taps_ns[-1]) // interval_ns)
            soonest_ns = self._taps_ns[-1] + round((beats - 1) * interval_ns)
            due = now_ns < soonest_ns <= now_ns + _FOLLOW_LEAD_NS
            fresh = soonest_ns - self._last_given_ns > 0.6 * interval_ns
            if due and fresh and self._span.start_ns <= soonest_ns < self._span.end_ns:
                self._last_given_ns = soonest_ns
                self._give(soonest_ns, CueKind.NOTE, "drum")
        return self._take_turn()

    def _interval_ns(self, now_ns: int) -> float | None:
        """Median of the last intervals; None before three taps and once the patient stops."""
        taps_ns = list(self._taps_ns)
        if len(taps_ns) < 3:
            return None
        interval_ns = statistics.median(b - a for a, b in itertools.pairwise(taps_ns))
        in_range = tempo_of(interval_ns) in safety.TAPPING_TEMPO_BPM
        if not in_range or now_ns - taps_ns[-1] > _STOPPED_AFTER_BEATS * interval_ns:
            return None
        return interval_ns

    def _tell_tempo(self, now_ns: int, interval_ns: float | None) -> None:
        old = self._tempo_per_minute
        new = None if interval_ns is None else tempo_of(interval_ns)
        if new is None:
            if old is not None:
                self._decide(now_ns, None, "the patient has stopped drumming")
        elif old is None or abs(new / old - 1) * 100 > _TOLD_CHANGE_PERCENT:
            self._decide(now_ns, new, "follows the patient's drum")
        else:
            return
        self._tempo_per_minute = new


class FreeConductor(_PlayConductor):
    """Every pad plays a note of a scale, at once; nothing is asked and nothing is scored."""

    def _play(self, response: Response) -> None:
        if self._span.start_ns <= response.time_ns < self._span.end_ns:
            self._give(response.time_ns, CueKind.ANSWER, self._pad_sound(response))

    def advance(self, now_ns: int) -> Turn:
        """The notes played since the last turn."""
        self._now_ns = now_ns
        return self._take_turn()
