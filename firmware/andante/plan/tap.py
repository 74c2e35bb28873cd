"""A plan's [tap] table: tapping, drumming and playing."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from andante import safety
from andante.plan.parts import (
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

TappingTempo = Annotated[float, within(safety.TAPPING_TEMPO_BPM)]
QuietSeconds = Annotated[float, within(safety.QUIET_TAPPING_S)]
Pads = Annotated[int, Meta(ge=1, le=4, description="pads")]
Rounds = Annotated[int, Meta(ge=1, le=40, description="rounds")]
Beats = Annotated[int, Meta(ge=2, le=8, description="beats")]


class TapTask(StrEnum):
    """What the patient does with the pads."""

    PACED = "paced"
    CONTINUATION = "continuation"
    UNPACED = "unpaced"
    SCREEN = "screen"
    CIRCLE = "circle"
    ECHO = "echo"
    MIRROR = "mirror"
    FOLLOW = "follow"
    FREE = "free"


USUAL_BPM = 100.0
"""600 ms, the inter-stimulus interval of most tapping studies (Repp 2005)."""
USUAL_MINUTES = 1.0
USUAL_QUIET_S = 30.0
USUAL_ROUNDS = 8
USUAL_BEATS = 4

_OWN_PACE = (TapTask.UNPACED, TapTask.FOLLOW, TapTask.FREE)
_BARS = (TapTask.ECHO, TapTask.MIRROR)
_TASKS_OF_FIELD = {
    "tempo_bpm": tuple(task for task in TapTask if task not in _OWN_PACE),
    "cued_minutes": tuple(task for task in TapTask if task not in (*_BARS, TapTask.UNPACED)),
    "quiet_s": (TapTask.CONTINUATION, TapTask.UNPACED, TapTask.SCREEN, TapTask.CIRCLE),
    "rounds": (TapTask.CIRCLE, *_BARS),
    "bar_beats": _BARS,
    "seed": (TapTask.ECHO,),
    "fade_s": (TapTask.PACED,),
    "carry_over_s": (TapTask.PACED,),
}


class TapPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """Tapping, drumming and playing. Fields that a task does not use must stay away.

    `quiet_s`: how long to go on without the beat. A `circle` of two to four `pads` and an `echo`
    go through `rounds`; an echo's or mirror's bar has `bar_beats`.
    """

    task: TapTask = TapTask.PACED
    tempo_bpm: TappingTempo | None = None
    cued_minutes: CuedMinutes | None = None
    quiet_s: QuietSeconds | None = None
    pads: Pads = 1
    rounds: Rounds | None = None
    bar_beats: Beats | None = None
    seed: Seed | None = None
    fade_s: FadeSeconds = 0.0
    carry_over_s: CarryOverSeconds = 0.0

    @property
    def beat_bpm(self) -> float:
        """The tempo asked for, or the usual one."""
        return self.tempo_bpm or USUAL_BPM

    @property
    def bar_s(self) -> float:
        """How long a bar of an echo or mirror lasts."""
        return (self.bar_beats or USUAL_BEATS) * 60 / self.beat_bpm

    def stages(self) -> tuple[Stage, ...]:
        """What the task is made of, in order."""
        cued = Stage("cued", StageKind.CUED, (self.cued_minutes or USUAL_MINUTES) * 60)
        quiet_s = self.quiet_s or USUAL_QUIET_S
        continuation = Stage("continuation", StageKind.QUIET, quiet_s)
        unpaced = Stage("unpaced", StageKind.QUIET, quiet_s)
        match self.task:
            case TapTask.CONTINUATION:
                return (cued, continuation)
            case TapTask.UNPACED:
                return (unpaced,)
            case TapTask.SCREEN:
                return (cued, continuation, unpaced)
            case TapTask.CIRCLE:
                mute = Stage("mute", StageKind.QUIET, quiet_s)
                return (cued, mute) * (self.rounds or 1)
            case TapTask.ECHO | TapTask.MIRROR:
                # A bar to count in, then two for every round.
                bars = 1 + 2 * (self.rounds or USUAL_ROUNDS)
                return (Stage(self.task, StageKind.CUED, bars * self.bar_s),)
            case TapTask.FOLLOW | TapTask.FREE:
                return (Stage(self.task, StageKind.CUED, cued.duration_s),)
        return (
            cued,
            Stage("fade", StageKind.FADE, self.fade_s),
            Stage("carry-over", StageKind.QUIET, self.carry_over_s),
        )

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:  # noqa: ARG002
        """Fields and task belong together."""
        for field, tasks in _TASKS_OF_FIELD.items():
            if getattr(self, field) and self.task not in tasks:
                names = ", ".join(f'"{task}"' for task in tasks)
                refuse(field, f'belongs to the tasks {names}, but task is "{self.task}".')
        if self.task is TapTask.CIRCLE and self.pads < 2:
            refuse("task", 'is "circle", which takes two to four pads; set pads.')
