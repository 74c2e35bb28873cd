"""A plan's [breathe] table."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from andante import safety
from andante.plan.parts import (
    CarryOverSeconds,
    CuedMinutes,
    PatientFlags,
    Refuse,
    Stage,
    StageKind,
    within,
)

BreathingRate = Annotated[float, within(safety.BREATHING_RATE_BRPM)]
Parts = Annotated[float, Meta(gt=0, le=20, description="parts of a breath")]
HoldParts = Annotated[float, Meta(ge=0, le=5, description="parts of a breath")]
BreathBaselineSeconds = Annotated[float, within(safety.BREATH_BASELINE_S)]
RestSeconds = Annotated[float, within(safety.BREATH_REST_S)]
ExhaleSeconds = Annotated[float, within(safety.EXHALE_TARGET_S)]

STEPPED_RATES_BRPM = (6.5, 6.0, 5.5, 5.0, 4.5)
STEP_S = 120.0
USUAL_REST_S = 30.0
STEP = "step"
SLIDING_FROM_BRPM = 6.75
SLIDING_TO_BRPM = 4.25
SLIDING_BREATHS = 78


def sliding_cycle_s(breath: int) -> float:
    """How long breath 0, 1, … of the sliding protocol lasts, within the limits.

    The cycle grows evenly, by 67.04 ms a breath, so that 78 breaths lead from 6.75 to 4.25/min
    in 897 s (docs/clinical.md); below the floor of the limits it grows no more.
    """
    first_s, last_s = 60 / SLIDING_FROM_BRPM, 60 / SLIDING_TO_BRPM
    cycle_s = first_s + (last_s - first_s) * (breath + 0.5) / SLIDING_BREATHS
    return 60 / safety.clamp_breathing_rate(60 / cycle_s).value


class BreathePolicy(StrEnum):
    """How the rate of the pacer is found."""

    FIXED = "fixed"
    GUIDED_DOWN = "guided-down"
    SLIDING = "sliding"
    STEPPED = "stepped"


class BreathSound(StrEnum):
    """What a breath sounds like."""

    TWO_TONE = "two-tone"
    STRUM = "strum"
    SEA = "sea"


_POLICY_OF_FIELD = {
    "rate_brpm": (BreathePolicy.FIXED, BreathePolicy.GUIDED_DOWN),
    "cued_minutes": (BreathePolicy.FIXED, BreathePolicy.GUIDED_DOWN),
    "rest_s": (BreathePolicy.STEPPED,),
    "exhale_target_s": (BreathePolicy.FIXED,),
}


class BreathePlan(Struct, forbid_unknown_fields=True, frozen=True):
    """A breath to follow, "low and slow": baseline, paced part, carry-over.

    `rate_brpm` is the rate of `fixed` (6 where not given) and what `guided-down` slows to.
    `inhale_parts : hold_in_parts : exhale_parts : hold_out_parts` are the proportions of a breath.
    `exhale_target_s` lengthens the exhale breath by breath until it lasts that long.
    """

    policy: BreathePolicy = BreathePolicy.FIXED
    baseline_s: BreathBaselineSeconds = 0.0
    rate_brpm: BreathingRate | None = None
    inhale_parts: Parts = 4.0
    hold_in_parts: HoldParts = 0.0
    exhale_parts: Parts = 6.0
    hold_out_parts: HoldParts = 0.0
    holds_unlocked_by: Annotated[str, Meta(max_length=32)] | None = None  # a role, not a person
    cued_minutes: CuedMinutes | None = None
    rest_s: RestSeconds | None = None
    exhale_target_s: ExhaleSeconds | None = None
    carry_over_s: CarryOverSeconds = 0.0
    sound: BreathSound = BreathSound.TWO_TONE

    def stages(self) -> tuple[Stage, ...]:
        """Baseline, paced part (of `stepped`: its steps with rests between), carry-over."""
        return (
            Stage("baseline", StageKind.QUIET, self.baseline_s),
            *self._paced_stages(),
            Stage("carry-over", StageKind.QUIET, self.carry_over_s),
        )

    def _paced_stages(self) -> tuple[Stage, ...]:
        if self.policy is BreathePolicy.SLIDING:
            cued_s = sum(map(sliding_cycle_s, range(SLIDING_BREATHS)))
            return (Stage("cued", StageKind.CUED, cued_s),)
        if self.policy is not BreathePolicy.STEPPED:
            return (Stage("cued", StageKind.CUED, (self.cued_minutes or 0.0) * 60),)
        rest_s = USUAL_REST_S if self.rest_s is None else self.rest_s
        stages: list[Stage] = []
        for number, _ in enumerate(STEPPED_RATES_BRPM, start=1):
            if number > 1:
                stages.append(Stage("rest between steps", StageKind.QUIET, rest_s))
            stages.append(Stage(f"{STEP} {number}", StageKind.CUED, STEP_S))
        return tuple(stages)

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:  # noqa: ARG002
        """Fields and policy belong together; holds are off unless a therapist turned them on."""
        for field, policies in _POLICY_OF_FIELD.items():
            if getattr(self, field) is not None and self.policy not in policies:
                names = " or ".join(f'"{policy}"' for policy in policies)
                refuse(field, f'belongs to the policy {names}, but policy is "{self.policy}".')
        timed = self.policy in (BreathePolicy.FIXED, BreathePolicy.GUIDED_DOWN)
        if timed and self.cued_minutes is None and not self.baseline_s:
            refuse("cued_minutes", "is missing; say how many minutes to breathe with the pacer.")
        if self.policy is BreathePolicy.GUIDED_DOWN and (
            self.baseline_s < safety.MIN_MEASURING_BREATH_BASELINE_S
        ):
            refuse(
                "policy",
                'is "guided-down", which starts at the patient\'s own rate: baseline_s is '
                f"{self.baseline_s:g}, but must be at least "
                f"{safety.MIN_MEASURING_BREATH_BASELINE_S:g} s.",
            )
        holds = self.hold_in_parts or self.hold_out_parts
        if holds and self.holds_unlocked_by is None:
            refuse(
                "hold_in_parts" if self.hold_in_parts else "hold_out_parts",
                "asks to hold the breath, which is off unless a therapist allows it; set "
                "breathe.holds_unlocked_by to their role.",
            )
