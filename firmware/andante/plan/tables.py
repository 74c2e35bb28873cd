"""The plan as a whole. Ranges come from `safety.py`."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from andante import safety
from andante.plan.breathe import BreathePlan
from andante.plan.listen import ListenPlan
from andante.plan.parts import ExercisePart, PatientFlags, within
from andante.plan.tap import TapPlan
from andante.plan.walk import WalkPlan

_PATIENT_CODE = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$(?!\n)"

Volume = Annotated[float, within(safety.VOLUME_PERCENT)]
PatientCode = Annotated[
    str, Meta(pattern=_PATIENT_CODE, description="letters, digits, - and _, at most 32; no name")
]


class Exercise(StrEnum):
    """What the patient does."""

    WALK = "walk"
    BREATHE = "breathe"
    TAP = "tap"
    LISTEN = "listen"


class BeatSound(StrEnum):
    """What a beat sounds like."""

    CLICK = "click"
    WOOD = "wood"
    DRUM = "drum"
    PLUCK = "pluck"


class Outputs(Struct, forbid_unknown_fields=True, frozen=True):
    """How cues reach the patient."""

    sound: bool = True
    led: bool = True
    ring: bool = False
    haptic: bool = False
    beat_sound: BeatSound = BeatSound.CLICK
    volume_percent: Volume = safety.DEFAULT_VOLUME_PERCENT


class Plan(Struct, forbid_unknown_fields=True, frozen=True):
    """One session as asked for."""

    exercise: Exercise
    patient_code: PatientCode = "unknown"
    walk: WalkPlan | None = None
    breathe: BreathePlan | None = None
    tap: TapPlan | None = None
    listen: ListenPlan | None = None
    outputs: Outputs = Outputs()
    patient: PatientFlags = PatientFlags()

    @property
    def part(self) -> ExercisePart | None:
        """The table of this plan's exercise, or None where it is missing."""
        part: ExercisePart | None = getattr(self, self.exercise)
        return part


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, for the session file."""
    plain: dict[str, Any] = msgspec.to_builtins(plan)
    return plain
