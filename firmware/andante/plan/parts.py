"""What the exercises' tables in a plan have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from andante import safety

Refuse = Callable[[str, str], None]
"""Called with a field's name and what is wrong with it; raises PlanError with the place."""


def within(limit: safety.Range) -> Meta:
    """The range of a number in a plan, with its unit for the error."""
    return Meta(ge=limit.low, le=limit.high, description=limit.unit)


BaselineSeconds = Annotated[float, within(safety.BASELINE_S)]
CuedMinutes = Annotated[float, within(safety.CUED_MINUTES)]
FadeSeconds = Annotated[float, within(safety.FADE_S)]
CarryOverSeconds = Annotated[float, within(safety.CARRY_OVER_S)]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1, description="any whole number")]


class StageKind(StrEnum):
    """What the device does in a stage."""

    QUIET = "quiet"
    CUED = "cued"
    FADE = "fade"


@dataclass(frozen=True)
class Stage:
    """A part of the session with one name and one behaviour."""

    name: str
    kind: StageKind
    duration_s: float


class PatientFlags(Struct, forbid_unknown_fields=True, frozen=True):
    """What the device has to know of the patient to keep within limits."""

    epilepsy: bool = False
    freezer: bool = False
    tempo_unlocked_by: Annotated[str, Meta(max_length=32)] | None = None  # a role, not a person


class ExercisePart(Protocol):
    """The table of one exercise."""

    def stages(self) -> tuple[Stage, ...]:
        """The parts of the session in order; some may have no length."""
        ...

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:
        """Refuse what no single field can tell."""
        ...
