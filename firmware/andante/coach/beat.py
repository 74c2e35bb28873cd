"""The conductor of everything with a beat to meet: a walk, and paced tapping. Pure."""

import math
import random

from andante import safety
from andante.coach.conductor import LEAD_NS, BaseConductor, Turn
from andante.coach.evidence import Evidence
from andante.coach.opening import Opening, starting_tempo
from andante.coach.policies import Fixed, Moment, Progressive, Step, TempoPolicy
from andante.coach.policies import policy_of as walk_policy_of
from andante.plan import Exercise, Plan, StageKind, WalkPolicy
from andante.ports import (
    FOOT_CHANNELS,
    TAP_CHANNELS,
    CueKind,
    Response,
    SampleBlock,
)
from andante.timebase import NS_PER_MS
from andante.timeline.cue_track import CueTrack, Sounded, thinned_in_fade
from andante.timeline.fade import silent_share_at
from andante.timeline.metronome import interval_ns_of, tempo_of
from andante.timeline.spans import StageSpan

ADAPTIVE_LEAD_NS = 170 * NS_PER_MS
"""Shorter where a beat has to wait for what the patient does at the one before."""
DECIDE_AHEAD_NS = 40 * NS_PER_MS


class BeatConductor(BaseConductor):
    """Baseline, opening tempo, beats by a policy within the limits, fade, carry-over."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero."""
        walking = plan.exercise is Exercise.WALK
        pads = TAP_CHANNELS[: plan.tap.pads] if plan.tap is not None else TAP_CHANNELS
        self.evidence = Evidence(FOOT_CHANNELS if walking else pads)
        super().__init__(plan, started_ns, self.evidence)
        adaptive = plan.walk is not None and plan.walk.policy is WalkPolicy.ADAPTIVE
        self._lead_ns = ADAPTIVE_LEAD_NS if walking and adaptive else LEAD_NS
        self._baseline_ns: list[int] = []
        self._opening: Opening | None = None
        self._policy: TempoPolicy = Fixed()
        self._track: CueTrack | None = None
        self._nominal_per_minute = 0.0
        self._over = False

    @property
    def tempo_per_minute(self) -> float | None:
        """The nominal tempo; None before and after the cued part."""
        return None if self._track is None or self._over else self._nominal_per_minute

    @property
    def tempo_range(self) -> tuple[float, float] | None:
        """What the limits of this patient let through; None before and after the cued part."""
        if self.tempo_per_minute is None:
            return None
        if self._plan.exercise is not Exercise.WALK:
            return safety.TAPPING_TEMPO_BPM.low, safety.TAPPING_TEMPO_BPM.high
        return self._clamp_walk(0.0).value, self._clamp_walk(math.inf).value

    # --- what comes in ------------------------------------------------------------------

    def take_response(self, response: Response) -> None:
        """An edge from the board."""
        if self.evidence.add_response(response) and self._opening is None:
            self._baseline_ns.append(response.time_ns)

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of a sensor's signal."""
        self.evidence.add_samples(block)

    # --- what goes out ------------------------------------------------------------------

    def advance(self, now_ns: int) -> Turn:
        """Cues up to the lead beyond now, decisions, faults."""
        self._now_ns = now_ns
        if self._cued and self._opening is None:
            self._open(now_ns)
        if self._track is not None:
            self._turn.cues = self._track.take_until(now_ns + self._lead_ns)
            for cue, _ in self._turn.cues:
                if cue.kind is CueKind.BEAT:
                    self.evidence.add_cue(cue.index, cue.planned_ns, self._track.interval_ns)
            if not self._over and now_ns >= self._cued[-1].end_ns:
                self._over = True
                self._decide(self._cued[-1].end_ns, None, "the cued part is over")
        return self._take_turn()

    def _open(self, now_ns: int) -> None:
        start_ns = self._cued[0].start_ns
        if now_ns < start_ns - self._lead_ns - DECIDE_AHEAD_NS:
            return
        opening = starting_tempo(self._plan, self._baseline_ns)
        self._opening = opening
        reason = opening.reason
        if opening.tempo_per_minute is None:
            self._decide(start_ns, None, reason)
            self._turn.end_reason = reason
            return
        self._nominal_per_minute = opening.tempo_per_minute
        self._policy = self._policy_of(opening)
        if self._policy.about:
            reason = f"{reason}; {self._policy.about}"
        self._decide(start_ns, opening.tempo_per_minute, reason)
        self._track = CueTrack(
            self._cued,
            opening.tempo_per_minute,
            sound=self._plan.outputs.beat_sound,
            sounded=self._sounded(),
            tempo_after=self._tempo_after,
        )

    def _policy_of(self, opening: Opening) -> TempoPolicy:
        walk = self._plan.walk
        if self._plan.exercise is not Exercise.WALK or walk is None:
            return Fixed()
        assert opening.tempo_per_minute is not None
        cued_ns = sum(span.end_ns - span.start_ns for span in self._cued)
        fastest_spm = opening.tempo_per_minute * safety.UNLOCKED_PERCENT_OF_BASELINE.high / 100
        most_cues = int(cued_ns / interval_ns_of(fastest_spm)) + 2
        return walk_policy_of(
            walk, opening.tempo_per_minute, opening.baseline_per_minute, most_cues
        )

    def _sounded(self) -> Sounded:
        walk = self._plan.walk
        walking = self._plan.exercise is Exercise.WALK
        if not walking or walk is None or walk.policy is not WalkPolicy.FADING:
            return thinned_in_fade
        cued = [s for s in self._cued if s.stage.kind is StageKind.CUED]
        return muted_at_random(walk.seed or 0, cued[0].start_ns, cued[-1].end_ns)

    # --- the tempo, within its limits ---------------------------------------------------

    def _tempo_after(self, beat: int, planned_ns: int) -> float:
        """The tempo from this beat to the next one; the track asks once for each beat."""
        assert self._track is not None
        moment = Moment(beat, planned_ns, self._now_ns, self._nominal_per_minute)
        step = Step(self._nominal_per_minute)
        if not self._policy.adapts or self._may_adapt():
            step = self._policy.step(moment, self.evidence)
        wanted, reasons = step.tempo_per_minute, [step.reason] if step.reason else []
        if self._nudge_percent:
            wanted *= 1 + self._nudge_percent / 100
            reasons.append(f"changed by {self._nudge_percent:+g} % by hand")
            self._nudge_percent = 0.0
        nominal = self._within_limits(wanted, self._nominal_per_minute, reasons)
        changed = nominal != self._nominal_per_minute
        self._nominal_per_minute = nominal
        if isinstance(self._policy, Progressive) and nominal != step.tempo_per_minute:
            self._policy.held_at(nominal)
        interval_ns = interval_ns_of(nominal)
        shifted_ns = max(interval_ns + step.shift_ns, interval_ns / 2)
        tempo = self._within_limits(
            tempo_of(shifted_ns), self._track.metronome.tempo_per_minute, reasons
        )
        if reasons or (changed and not self._policy.about):
            self._decide(planned_ns, nominal, "; ".join(reasons))
        return tempo

    def _within_limits(self, wanted: float, before: float, reasons: list[str]) -> float:
        if self._plan.exercise is not Exercise.WALK:
            clamped = safety.clamp_tapping_tempo(wanted, before)
        else:
            clamped = self._clamp_walk(wanted, before)
        if clamped.reason:
            reasons.append(clamped.reason)
        return clamped.value

    def _clamp_walk(self, wanted: float, before: float | None = None) -> safety.Clamped:
        opening = self._opening
        assert opening is not None
        return safety.clamp_cue_tempo(
            wanted,
            opening.baseline_per_minute or opening.tempo_per_minute,
            self._unlocked_by is not None,
            self._plan.patient.freezer,
            before,
        )


def muted_at_random(seed: int, start_ns: int, end_ns: int) -> Sounded:
    """A share of the beats is muted at random, rising from none at the start to all at the end.

    Each beat's chance is its own: it depends on the seed and the beat's number alone.
    """

    def sounded(beat: int, planned_ns: int, span: StageSpan) -> bool:  # noqa: ARG001
        share = silent_share_at(planned_ns, start_ns, end_ns)
        return random.Random(f"{seed} {beat}").random() >= share

    return sounded
