"""How the tempo of a walk is found: one small class for each policy of docs/clinical.md. Pure.

A policy is asked once between two beats and answers with the nominal tempo from here on and how far
the coming beat is moved off it. It knows no limits: the conductor clamps what it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from andante import safety
from andante.coach.evidence import Evidence
from andante.plan import WalkPlan, WalkPolicy
from andante.timebase import seconds_to_ns
from andante.timeline.fractal import fractal_deviations
from andante.timeline.metronome import interval_ns_of

USUAL_STEP_PERCENT = 5.0
USUAL_STAGE_S = 60.0
USUAL_RAMP_PERCENT_PER_CUE = 0.1
USUAL_RAMP_TO_PERCENT = 110.0
USUAL_ALPHA = 0.3
"""In the middle of the span where asynchronies are steadiest (docs/clinical.md, GEM)."""
USUAL_VARIATION_SD_PERCENT = 2.0
_MATCH_EVERY_BEATS = 4
_MATCH_DEADBAND_PERCENT = 0.5


@dataclass(frozen=True)
class Step:
    """The nominal tempo and the shift of the coming beat, with the reason where one is worth
    telling."""

    tempo_per_minute: float
    shift_ns: float = 0.0
    reason: str | None = None


@dataclass(frozen=True)
class Moment:
    """What a policy may know: the beat just placed, when it falls, and the tempo there."""

    beat: int
    planned_ns: int
    now_ns: int
    tempo_per_minute: float


class TempoPolicy(Protocol):
    """Asked once after every beat."""

    @property
    def adapts(self) -> bool:
        """True where it goes by the responses, which must then not be stale."""
        ...

    @property
    def about(self) -> str:
        """What it does, in words, for the decision that opens the cued part."""
        ...

    def step(self, moment: Moment, evidence: Evidence) -> Step:
        """How the next beat follows."""
        ...


class Fixed:
    """One tempo."""

    adapts = False
    about = ""

    def step(self, moment: Moment, evidence: Evidence) -> Step:  # noqa: ARG002
        """The tempo there is."""
        return Step(moment.tempo_per_minute)


class Matched:
    """The patient's own cadence, followed slowly."""

    adapts = True
    about = "follows the patient's own cadence"

    def step(self, moment: Moment, evidence: Evidence) -> Step:
        """Every few beats, half a percent a beat towards the median of the last 12 steps."""
        tempo = moment.tempo_per_minute
        own_spm = evidence.cadence_spm()
        if moment.beat % _MATCH_EVERY_BEATS or own_spm is None:
            return Step(tempo)
        off_percent = 100 * (own_spm / tempo - 1)
        if abs(off_percent) < _MATCH_DEADBAND_PERCENT:
            return Step(tempo)
        most = safety.MATCHED_SLEW_PERCENT * _MATCH_EVERY_BEATS
        moved = tempo * (1 + max(-most, min(most, off_percent)) / 100)
        return Step(moved, 0.0, f"the patient walks at {own_spm:.1f} steps/min")


class Progressive:
    """Up a stage while synchrony holds, back one when it does not."""

    adapts = True

    def __init__(self, opening_spm: float, stage_s: float, step_percent: float) -> None:
        self._opening_spm = opening_spm
        self._stage_ns = seconds_to_ns(stage_s)
        self._step_percent = step_percent
        self._stage = 0
        self._stage_start_ns: int | None = None
        self.about = f"up to {step_percent:g} % more every {stage_s:g} s while synchrony holds"

    def step(self, moment: Moment, evidence: Evidence) -> Step:
        """A decision at the end of each stage, none in between."""
        if self._stage_start_ns is None:
            self._stage_start_ns = moment.planned_ns
        if moment.planned_ns - self._stage_start_ns < self._stage_ns:
            return Step(moment.tempo_per_minute)
        length, missed_percent = evidence.synchrony_since(self._stage_start_ns, moment.now_ns)
        self._stage_start_ns = moment.planned_ns
        holds = (
            length is not None
            and missed_percent is not None
            and length >= safety.PROGRESS_VECTOR_LENGTH
            and missed_percent <= safety.PROGRESS_MISSED_PERCENT
        )
        seen = f"vector length {length or 0:.2f}, {missed_percent or 0:.0f} % missed"
        if not holds and self._stage == 0:
            return Step(moment.tempo_per_minute, 0.0, f"synchrony does not hold yet ({seen})")
        self._stage += 1 if holds else -1
        wanted_spm = self._opening_spm * (1 + self._stage * self._step_percent / 100)
        words = "synchrony holds" if holds else "synchrony is lost, back one stage"
        return Step(wanted_spm, 0.0, f"{words} ({seen})")

    def held_at(self, tempo_per_minute: float) -> None:
        """A limit or a nudge decided otherwise: go on from there."""
        share_percent = 100 * (tempo_per_minute / self._opening_spm - 1)
        self._stage = max(0, round(share_percent / self._step_percent))


class Ramp:
    """A constant share of the opening tempo more (or less) with every cue, up to a target."""

    adapts = False

    def __init__(self, opening_spm: float, target_spm: float, percent_per_cue: float) -> None:
        self._opening_spm = opening_spm
        self._target_spm = target_spm
        self._step_spm = opening_spm * percent_per_cue / 100
        self._arrived = target_spm == opening_spm
        self.about = (
            f"{percent_per_cue:g} % a cue towards {target_spm:.1f} steps/min (Ramp protocol)"
        )

    def step(self, moment: Moment, evidence: Evidence) -> Step:  # noqa: ARG002
        """One step nearer to the target."""
        if self._arrived:
            return Step(moment.tempo_per_minute)
        left_spm = self._target_spm - moment.tempo_per_minute
        if abs(left_spm) <= self._step_spm:
            self._arrived = True
            return Step(self._target_spm, 0.0, "the ramp has reached its target")
        sign = 1 if left_spm > 0 else -1
        return Step(moment.tempo_per_minute + sign * self._step_spm)


class Adaptive:
    """An adaptive metronome: each beat moves by a share of the last asynchrony (GEM)."""

    adapts = True

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha
        self.about = f"each beat moves by {100 * alpha:.0f} % of the last asynchrony"

    def step(self, moment: Moment, evidence: Evidence) -> Step:
        """The coming interval is the nominal one plus alpha times the asynchrony to this beat."""
        asynchrony_ns = evidence.asynchrony_of(moment.beat)
        shift_ns = 0.0 if asynchrony_ns is None else self._alpha * asynchrony_ns
        return Step(moment.tempo_per_minute, shift_ns)


class Fractal:
    """Intervals with 1/f correlation around the nominal one (Hove 2012)."""

    adapts = False

    def __init__(self, sd_percent: float, count: int, seed: int) -> None:
        """`count`: how many beats there may be at most."""
        self._deviations: Sequence[float] = (
            fractal_deviations(count, seed, safety.MAX_TEMPO_CHANGE_PERCENT / sd_percent)
            * (sd_percent / 100)
        ).tolist()
        self.about = f"intervals vary by {sd_percent:g} % with 1/f correlation"

    def step(self, moment: Moment, evidence: Evidence) -> Step:  # noqa: ARG002
        """The coming interval's own deviation."""
        share = self._deviations[moment.beat % len(self._deviations)]
        return Step(moment.tempo_per_minute, share * interval_ns_of(moment.tempo_per_minute))


def policy_of(
    walk: WalkPlan, opening_spm: float, baseline_spm: float | None, cue_count: int
) -> TempoPolicy:
    """The policy that a plan asks for. `cue_count`: how many beats there may be at most."""
    if walk.policy is WalkPolicy.MATCHED:
        return Matched()
    if walk.policy is WalkPolicy.PROGRESSIVE:
        return Progressive(
            opening_spm, walk.stage_s or USUAL_STAGE_S, walk.step_percent or USUAL_STEP_PERCENT
        )
    if walk.policy is WalkPolicy.RAMP:
        to_percent = walk.ramp_to_percent or USUAL_RAMP_TO_PERCENT
        per_cue = walk.ramp_percent_per_cue or USUAL_RAMP_PERCENT_PER_CUE
        return Ramp(opening_spm, (baseline_spm or opening_spm) * to_percent / 100, per_cue)
    if walk.policy is WalkPolicy.ADAPTIVE:
        return Adaptive(USUAL_ALPHA if walk.alpha is None else walk.alpha)
    if walk.policy is WalkPolicy.FRACTAL:
        sd_percent = walk.variation_sd_percent or USUAL_VARIATION_SD_PERCENT
        return Fractal(sd_percent, cue_count, walk.seed or 0)
    return Fixed()
