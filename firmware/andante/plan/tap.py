"""A plan's [tap] table."""

from typing import Annotated

from msgspec import Struct

from andante import safety
from andante.plan.parts import (
    CarryOverSeconds,
    CuedMinutes,
    FadeSeconds,
    PatientFlags,
    Refuse,
    Stage,
    StageKind,
    within,
)

TappingTempo = Annotated[float, within(safety.TAPPING_TEMPO_BPM)]


class TapPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """Tapping to a steady beat."""

    tempo_bpm: TappingTempo
    cued_minutes: CuedMinutes = 1.0
    fade_s: FadeSeconds = 0.0
    carry_over_s: CarryOverSeconds = 0.0

    def stages(self) -> tuple[Stage, ...]:
        """Cued part, fade, carry-over."""
        return (
            Stage("cued", StageKind.CUED, self.cued_minutes * 60),
            Stage("fade", StageKind.FADE, self.fade_s),
            Stage("carry-over", StageKind.QUIET, self.carry_over_s),
        )

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:
        """Nothing that a single field could not tell."""
