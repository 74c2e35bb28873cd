"""What a patient reads about an exercise: short, and in plain words."""

from msgspec import Struct

from andante.plan import GET_READY, Exercise, Plan, Stage, duration_s, stages_of
from andante.plan.listen import ListenTo
from andante.plan.parts import StageKind
from andante.plan.stages import REST
from andante.plan.tap import TapTask
from andante.timebase import S_PER_MINUTE

_PAUSE = "pause"
"""What the engine's progress says for a stage while it is paused."""


class Words(Struct, frozen=True, kw_only=True):
    """`name`: of the exercise; `task`: what to do while the device leads.

    `of_stage`: what to do in each stage, by its name. `minutes`: about how long all of it takes.
    """

    name: str
    task: str
    of_stage: dict[str, str]
    minutes: int


class _Sayings(Struct, frozen=True):
    name: str
    led: str
    before: str
    after: str


_OF_EXERCISE = {
    Exercise.WALK: _Sayings(
        "Walking", "Walk with the beat.", "Walk at your own pace.", "Keep on walking."
    ),
    Exercise.BREATHE: _Sayings(
        "Breathing", "Breathe with the sound.", "Breathe as you like.", "Breathe as you like."
    ),
    Exercise.TAP: _Sayings(
        "Tapping", "Tap with the beat.", "Tap at your own pace.", "Keep on tapping, just as before."
    ),
    Exercise.LISTEN: _Sayings("Listening", "Listen to the music.", "Listen.", "Listen."),
}
_OF_TASK = {
    TapTask.UNPACED: "Tap evenly, at your own pace.",
    TapTask.CIRCLE: "Tap with the beat, from pad to pad.",
    TapTask.ECHO: "Listen. Then tap what you heard.",
    TapTask.MIRROR: "Tap something. Then listen: it comes back.",
    TapTask.FOLLOW: "Tap. The music follows you.",
    TapTask.FREE: "Play as you like.",
}
_OF_MUSIC = {
    ListenTo.BREATHING: "Breathe as you like. The music goes with you.",
    ListenTo.STEPPING: "Step as you like. The music goes with you.",
}


def words_of(plan: Plan) -> Words:
    """What the patient of this plan reads."""
    sayings = _OF_EXERCISE[plan.exercise]
    led = sayings.led
    if plan.tap is not None:
        led = _OF_TASK.get(plan.tap.task, led)
    if plan.listen is not None:
        led = _OF_MUSIC[plan.listen.to]
    stages = stages_of(plan)
    of_stage = {_PAUSE: "Pause."}
    has_led = False
    for stage in stages:
        of_stage.setdefault(stage.name, _saying(stage, sayings, led, has_led))
        has_led = has_led or stage.kind is not StageKind.QUIET
    return Words(
        name=sayings.name,
        task=led if has_led else sayings.before,
        of_stage=of_stage,
        minutes=max(1, int(duration_s(plan) / S_PER_MINUTE + 0.5)),
    )


def _saying(stage: Stage, sayings: _Sayings, led: str, has_led: bool) -> str:
    if stage.name == GET_READY:
        return "Get ready."
    if stage.name.startswith(REST):
        return "Rest."
    if stage.kind is not StageKind.QUIET:
        return led
    return sayings.after if has_led else sayings.before
