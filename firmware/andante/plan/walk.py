"""A plan's [walk] table."""

from enum import StrEnum
from typing import Annotated

from msgspec import Struct

from andante import safety
from andante.plan.parts import (
    BaselineSeconds,
    CarryOverSeconds,
    CuedMinutes,
    FadeSeconds,
    PatientFlags,
    Refuse,
    Seed,
    Stage,
    StageKind,
    within,
)

WalkingTempo = Annotated[float, within(safety.WALKING_TEMPO_SPM)]
Percent = Annotated[float, within(safety.UNLOCKED_PERCENT_OF_BASELINE)]
StageSeconds = Annotated[float, within(safety.PROGRESS_STAGE_S)]
StepPercent = Annotated[float, within(safety.PROGRESS_STEP_PERCENT)]
RampPercent = Annotated[float, within(safety.RAMP_PERCENT_PER_CUE)]
Alpha = Annotated[float, within(safety.ADAPTIVE_ALPHA)]
VariationPercent = Annotated[float, within(safety.VARIATION_SD_PERCENT)]


class WalkPolicy(StrEnum):
    """How the tempo of the cues is found."""

    FIXED = "fixed"
    MATCHED = "matched"
    PROGRESSIVE = "progressive"
    RAMP = "ramp"
    ADAPTIVE = "adaptive"
    FRACTAL = "fractal"
    FADING = "fading"


_POLICY_OF_FIELD = {
    "stage_s": (WalkPolicy.PROGRESSIVE,),
    "step_percent": (WalkPolicy.PROGRESSIVE,),
    "ramp_percent_per_cue": (WalkPolicy.RAMP,),
    "ramp_to_percent": (WalkPolicy.RAMP,),
    "alpha": (WalkPolicy.ADAPTIVE,),
    "variation_sd_percent": (WalkPolicy.FRACTAL,),
    "seed": (WalkPolicy.FRACTAL, WalkPolicy.FADING),
}
_NEEDS_BASELINE = (WalkPolicy.MATCHED, WalkPolicy.PROGRESSIVE, WalkPolicy.RAMP)


class WalkPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """A walk to a beat: baseline, cued part, fade, carry-over.

    Fields that belong to one policy are None where the plan says nothing; the policy then uses
    its usual value (`coach/policies.py`).
    """

    policy: WalkPolicy = WalkPolicy.FIXED
    baseline_s: BaselineSeconds = 0.0
    tempo_spm: WalkingTempo | None = None
    tempo_percent_of_baseline: Percent | None = None
    cued_minutes: CuedMinutes | None = None
    fade_s: FadeSeconds = 0.0
    carry_over_s: CarryOverSeconds = 0.0
    stage_s: StageSeconds | None = None
    step_percent: StepPercent | None = None
    ramp_percent_per_cue: RampPercent | None = None
    ramp_to_percent: Percent | None = None
    alpha: Alpha | None = None
    variation_sd_percent: VariationPercent | None = None
    seed: Seed | None = None

    @property
    def measures_baseline(self) -> bool:
        """True where the baseline is long enough to take a tempo from."""
        return self.baseline_s >= safety.MIN_MEASURING_BASELINE_S

    def stages(self) -> tuple[Stage, ...]:
        """Baseline, cued part, fade, carry-over."""
        cued_s = (self.cued_minutes or 0.0) * 60
        return (
            Stage("baseline", StageKind.QUIET, self.baseline_s),
            Stage("cued", StageKind.CUED, cued_s),
            Stage("fade", StageKind.FADE, self.fade_s if cued_s else 0.0),
            Stage("carry-over", StageKind.QUIET, self.carry_over_s if cued_s else 0.0),
        )

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:
        """Tempo and cued part belong together; shares of a baseline need one."""
        self._check_tempo(refuse)
        self._check_policy(patient, refuse)
        unlocked = patient.tempo_unlocked_by is not None
        tempo_given = self.tempo_spm is not None
        if patient.freezer and tempo_given and not unlocked and not self.measures_baseline:
            refuse(
                "tempo_spm",
                "needs a baseline for a patient who is marked as a freezer: baseline_s is "
                f"{self.baseline_s:g}, but must be at least {safety.MIN_MEASURING_BASELINE_S:g} s.",
            )
        for field in ("tempo_percent_of_baseline", "ramp_to_percent"):
            _check_percent(field, getattr(self, field), patient, refuse)

    def _check_tempo(self, refuse: Refuse) -> None:
        cued = self.cued_minutes is not None
        tempo_given = self.tempo_spm is not None
        percent_given = self.tempo_percent_of_baseline is not None
        if tempo_given and percent_given:
            refuse(
                "tempo_percent_of_baseline",
                "stands beside walk.tempo_spm; give one of the two.",
            )
        if cued and not (tempo_given or percent_given):
            refuse(
                "cued_minutes",
                "asks for cues, but no tempo is given; add tempo_spm or tempo_percent_of_baseline.",
            )
        if not cued and (tempo_given or percent_given):
            refuse(
                "tempo_spm" if tempo_given else "tempo_percent_of_baseline",
                "gives a tempo, but cued_minutes is missing; add it.",
            )
        if percent_given and not self.measures_baseline:
            refuse(
                "tempo_percent_of_baseline",
                f"needs a baseline: baseline_s is {self.baseline_s:g}, but must be at least "
                f"{safety.MIN_MEASURING_BASELINE_S:g} s.",
            )

    def _check_policy(self, patient: PatientFlags, refuse: Refuse) -> None:
        for field, policies in _POLICY_OF_FIELD.items():
            if getattr(self, field) is not None and self.policy not in policies:
                names = " or ".join(f'"{policy}"' for policy in policies)
                refuse(field, f'belongs to the policy {names}, but policy is "{self.policy}".')
        if self.policy in _NEEDS_BASELINE and not self.measures_baseline:
            refuse(
                "policy",
                f'is "{self.policy}", which starts from the patient\'s own cadence: baseline_s is '
                f"{self.baseline_s:g}, but must be at least {safety.MIN_MEASURING_BASELINE_S:g} s.",
            )
        raises = self.policy is WalkPolicy.PROGRESSIVE
        if raises and patient.freezer and patient.tempo_unlocked_by is None:
            refuse(
                "policy",
                'is "progressive", which raises the tempo, but the patient is marked as a freezer; '
                "choose another or set patient.tempo_unlocked_by.",
            )


def _check_percent(
    field: str, percent: float | None, patient: PatientFlags, refuse: Refuse
) -> None:
    allowed = safety.percent_of_baseline(patient.tempo_unlocked_by is not None, patient.freezer)
    if percent is not None and percent not in allowed:
        who = "for a patient who is marked as a freezer, " if patient.freezer else ""
        refuse(
            field,
            f"is {percent:g}, but {who}without a therapist's unlock {allowed.low:g} to "
            f"{allowed.high:g} percent is allowed; choose a value in between or set "
            "patient.tempo_unlocked_by.",
        )
