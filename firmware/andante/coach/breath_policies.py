"""How a pacer's rate is found: one small class for each policy of docs/clinical.md. Pure.

A policy is asked before a stage and before every breath. No rate that it answers is outside the
limits.
"""

from typing import Protocol

from andante import safety
from andante.coach.breath_evidence import BreathEvidence
from andante.plan import BreathePlan, BreathePolicy
from andante.plan.breathe import SLIDING_BREATHS, STEPPED_RATES_BRPM, sliding_cycle_s
from andante.timebase import NS_PER_S, S_PER_MINUTE
from andante.timeline.breath_pacer import BreathPattern

USUAL_RATE_BRPM = 6.0
_EXHALE_SHARE_OF_SLOWING = 0.75
"""Slowing lengthens mostly the exhale (docs/clinical.md); the share is our own choice."""

Told = tuple[BreathPattern, str | None]
"""A pattern, and the reason where it is worth telling."""


class BreathPolicy(Protocol):
    """Asked once before every breath."""

    @property
    def adapts(self) -> bool:
        """True where it goes by the belt, which must then not be stale."""
        ...

    def open(self, stage: int, evidence: BreathEvidence) -> tuple[BreathPattern | None, str]:
        """The pattern that paced stage 0, 1, … begins with, or None, and why."""
        ...

    def next(
        self, pattern: BreathPattern, number: int, since_ns: int, evidence: BreathEvidence
    ) -> Told:
        """The pattern of breath `number` (1, 2, …), `since_ns` after the one before began."""
        ...


class FixedRate:
    """One rate; the exhale may grow to a target of its own."""

    adapts = False

    def __init__(self, parts: BreathPattern, rate_brpm: float, exhale_s: float | None) -> None:
        self._pattern = parts.at_rate(rate_brpm)
        self._exhale_s = exhale_s

    def open(
        self,
        stage: int,  # noqa: ARG002
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> tuple[BreathPattern | None, str]:
        """The plan's own."""
        return self._pattern, "rate of the plan"

    def next(
        self,
        pattern: BreathPattern,
        number: int,  # noqa: ARG002
        since_ns: int,  # noqa: ARG002
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> Told:
        """The same, but for an exhale on its way to its target."""
        if self._exhale_s is None:
            return pattern, None
        longest_s = S_PER_MINUTE / safety.BREATHING_RATE_BRPM.low - pattern.cycle_s
        exhale_s = pattern.exhale_s + min(safety.EXHALE_STEP_S, longest_s)
        exhale_s = min(self._exhale_s, exhale_s)
        if exhale_s <= pattern.exhale_s:
            return pattern, None
        longer = BreathPattern(pattern.inhale_s, pattern.hold_in_s, exhale_s, pattern.hold_out_s)
        return longer, f"exhale of {exhale_s:.2f} s on the way to {self._exhale_s:g} s"


class Stepped:
    """Five rates, each for a stage of its own."""

    adapts = False

    def __init__(self, parts: BreathPattern) -> None:
        self._parts = parts

    def open(
        self,
        stage: int,
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> tuple[BreathPattern | None, str]:
        """The stage's own rate."""
        words = f"step {stage + 1} of {len(STEPPED_RATES_BRPM)}"
        return self._parts.at_rate(STEPPED_RATES_BRPM[stage]), words

    def next(
        self,
        pattern: BreathPattern,
        number: int,  # noqa: ARG002
        since_ns: int,  # noqa: ARG002
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> Told:
        """The same."""
        return pattern, None


class Sliding:
    """Each breath a little longer than the one before."""

    adapts = False

    def __init__(self, parts: BreathPattern) -> None:
        self._parts = parts

    def open(
        self,
        stage: int,  # noqa: ARG002
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> tuple[BreathPattern | None, str]:
        """The first of the breaths."""
        rate_brpm = S_PER_MINUTE / sliding_cycle_s(0)
        return self._parts.at_rate(rate_brpm), f"sliding over {SLIDING_BREATHS} breaths"

    def next(
        self,
        pattern: BreathPattern,
        number: int,
        since_ns: int,  # noqa: ARG002
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> Told:
        """The next of them."""
        rate_brpm = S_PER_MINUTE / sliding_cycle_s(min(number, SLIDING_BREATHS - 1))
        floor = " at the floor of the limits" if rate_brpm == pattern.rate_brpm else ""
        return pattern.at_rate(rate_brpm), f"breath {number + 1} of {SLIDING_BREATHS}{floor}"


class GuidedDown:
    """From the patient's own rate down to a target, never ahead of who does not follow."""

    adapts = True

    def __init__(self, parts: BreathPattern, target_brpm: float) -> None:
        self._parts = parts
        self._target_brpm = target_brpm

    def open(
        self,
        stage: int,  # noqa: ARG002
        evidence: BreathEvidence,
    ) -> tuple[BreathPattern | None, str]:
        """The patient's own rate, measured in the baseline."""
        return open_at_own_rate(self._parts, evidence)

    def next(
        self,
        pattern: BreathPattern,
        number: int,  # noqa: ARG002
        since_ns: int,
        evidence: BreathEvidence,
    ) -> Told:
        """Slower by what the time since the last breath allows, if the patient came along.

        Where the pacer turns out to be ahead it goes back to the patient: a single slow minute
        of somebody who does not follow must not take it ever farther away.
        """
        own_brpm = evidence.rate_brpm()
        if own_brpm is None:
            return pattern, "held: the patient's own rate is not clear"
        least_brpm = own_brpm - safety.GUIDED_MARGIN_BRPM
        if pattern.rate_brpm < least_brpm:
            back = safety.clamp_breathing_rate(
                min(least_brpm, pattern.rate_brpm + safety.GUIDED_RETURN_BRPM)
            )
            return pattern.at_rate(back.value), f"back to the patient, at {own_brpm:.1f}/min"
        wanted_brpm = slowed_towards(self._target_brpm, pattern.rate_brpm, since_ns)
        clamped = safety.clamp_breathing_rate(wanted_brpm)
        if clamped.value >= pattern.rate_brpm:
            return pattern, None
        if clamped.value < least_brpm:
            return pattern, f"held: the patient breathes at {own_brpm:.1f}/min"
        reason = f"the patient comes along at {own_brpm:.1f}/min"
        if clamped.reason:
            reason = f"{reason}; {clamped.reason}"
        return _slowed(pattern, clamped.value), reason


class Settling:
    """From the patient's own rate, or a given one, evenly to a target: the iso principle.

    Nothing is asked of the patient, so the belt counts for the beginning alone.
    """

    adapts = False

    def __init__(self, parts: BreathPattern, start_brpm: float | None, target_brpm: float) -> None:
        self._parts = parts
        self._start_brpm = start_brpm
        self._target_brpm = target_brpm

    def open(
        self,
        stage: int,  # noqa: ARG002
        evidence: BreathEvidence,
    ) -> tuple[BreathPattern | None, str]:
        """Where the patient is."""
        if self._start_brpm is not None:
            return self._parts.at_rate(self._start_brpm), "starting rate of the plan"
        return open_at_own_rate(self._parts, evidence)

    def next(
        self,
        pattern: BreathPattern,
        number: int,  # noqa: ARG002
        since_ns: int,
        evidence: BreathEvidence,  # noqa: ARG002
    ) -> Told:
        """A little nearer to the target."""
        wanted_brpm = slowed_towards(self._target_brpm, pattern.rate_brpm, since_ns)
        if wanted_brpm == pattern.rate_brpm:
            return pattern, None
        words = "settled" if wanted_brpm == self._target_brpm else "settling"
        return pattern.at_rate(wanted_brpm), words


def slowed_towards(target_brpm: float, rate_brpm: float, since_ns: int) -> float:
    """A rate moved towards a target by no more than the time allows, up or down."""
    most = safety.GUIDED_SLOWING_BRPM_PER_MIN * min(1.0, since_ns / NS_PER_S / S_PER_MINUTE)
    return rate_brpm + max(-most, min(most, target_brpm - rate_brpm))


def open_at_own_rate(
    parts: BreathPattern, evidence: BreathEvidence
) -> tuple[BreathPattern | None, str]:
    """The patient's own rate as a pattern, or None and what to do about it."""
    own_brpm = evidence.rate_brpm()
    if own_brpm is None:
        return None, "no breathing rate could be measured; see to the belt and start again"
    clamped = safety.clamp_breathing_rate(own_brpm)
    reason = f"the patient's own rate of {own_brpm:.1f} breaths/min"
    if clamped.reason:
        reason = f"{reason}, {clamped.reason}"
    return parts.at_rate(clamped.value), reason


def policy_of(breathe: BreathePlan) -> BreathPolicy:
    """The policy that a plan asks for."""
    parts = BreathPattern(
        breathe.inhale_parts, breathe.hold_in_parts, breathe.exhale_parts, breathe.hold_out_parts
    )
    rate_brpm = breathe.rate_brpm or USUAL_RATE_BRPM
    match breathe.policy:
        case BreathePolicy.STEPPED:
            return Stepped(parts)
        case BreathePolicy.SLIDING:
            return Sliding(parts)
        case BreathePolicy.GUIDED_DOWN:
            return GuidedDown(parts, rate_brpm)
    return FixedRate(parts, rate_brpm, breathe.exhale_target_s)


def _slowed(pattern: BreathPattern, rate_brpm: float) -> BreathPattern:
    """The pattern at a slower rate, with three quarters of the added time in the exhale."""
    added_s = S_PER_MINUTE / rate_brpm - pattern.cycle_s
    return BreathPattern(
        pattern.inhale_s + (1 - _EXHALE_SHARE_OF_SLOWING) * added_s,
        pattern.hold_in_s,
        pattern.exhale_s + _EXHALE_SHARE_OF_SLOWING * added_s,
        pattern.hold_out_s,
    )
