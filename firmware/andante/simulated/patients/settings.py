"""The settings by name, and the one place that makes a patient for an exercise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from andante.errors import AndanteError
from andante.ports import TAP_CHANNELS, Cue
from andante.simulated.patients import habits as h
from andante.simulated.patients.breather import Breather
from andante.simulated.patients.echo import EchoDrummer, MirrorDrummer
from andante.simulated.patients.habits import BreathHabits, Habits
from andante.simulated.patients.mover import Task
from andante.simulated.patients.people import DrumCircle, SimulatedPatient
from andante.simulated.patients.truth import TrueBreath, TrueResponse
from andante.simulated.source import Source, TickClock

WALKING = frozenset({"walk", "stepping"})
BREATHING = frozenset({"breathe", "breathing"})
TAPPING = frozenset({"tap", "screen", *Task})


class Patient(Source, Protocol):
    """Somebody at the board's inputs who hears the cues and knows what they did."""

    @property
    def truth(self) -> Sequence[TrueResponse] | Sequence[TrueBreath]:
        """What was done so far, in order of time once `finish` was called."""
        ...

    def hear(self, cue: Cue) -> None:
        """A cue is coming; called when it is handed out, silent ones too."""
        ...

    def instruct(self, task: Task, from_ns: int) -> None:
        """Another task from `from_ns` on; without effect where the patient has only one."""
        ...

    def finish(self) -> None:
        """The session is over: complete `truth`."""
        ...

    def summary(self, start_ns: int) -> dict[str, Any]:
        """What was really done, as plain values; times from `start_ns`."""
        ...


@dataclass(frozen=True)
class Setting:
    """A kind of patient, who knows every exercise."""

    name: str
    description: str
    walker: Habits
    tapper: Habits
    breather: BreathHabits


SETTINGS = (
    Setting(
        "healthy",
        "moves and breathes with the cue, strides vary by 2 to 3 %",
        h.HEALTHY_WALKER,
        h.HEALTHY_TAPPER,
        h.HEALTHY_BREATHER,
    ),
    Setting(
        "parkinson",
        "strides vary more and remember less, the cue is answered more weakly",
        h.PARKINSON_WALKER,
        h.PARKINSON_TAPPER,
        h.PARKINSON_BREATHER,
    ),
    Setting(
        "stroke",
        "walks slowly, swings one leg longer, breathes less regularly",
        h.STROKE_WALKER,
        h.STROKE_TAPPER,
        h.STROKE_BREATHER,
    ),
    Setting(
        "brain-injury",
        "hardly locks to a beat, follows a breath in part and breathes too much",
        h.BRAIN_INJURY_WALKER,
        h.BRAIN_INJURY_TAPPER,
        h.BRAIN_INJURY_BREATHER,
    ),
    Setting(
        "does-not-follow",
        "healthy, but goes on in the own rhythm whatever the cues say; for tests",
        h.STUBBORN_WALKER,
        h.STUBBORN_TAPPER,
        h.STUBBORN_BREATHER,
    ),
)


def setting_named(name: str) -> Setting:
    """The setting of this name. Raises AndanteError in one sentence."""
    for setting in SETTINGS:
        if setting.name == name:
            return setting
    known = ", ".join(setting.name for setting in SETTINGS)
    raise AndanteError(f'There is no simulated patient "{name}"; choose one of {known}.')


def make_patient(
    exercise_or_task: str,
    setting: str,
    tick_clock: TickClock,
    start_ns: int,
    end_ns: int,
    seed: int,
    pads: int = 2,
) -> Patient:
    """A patient for an exercise (`walk`, `tap`, `breathe`), the rhythm of one (`stepping`,
    `breathing`) or a task of it (`screen`, any `Task`), active in [start_ns, end_ns).

    The same seed and the same cues give the same movements. A drummer without a task goes on when
    the beat has gone. `pads`: how many people are in a circle (2 to 4; ValueError otherwise), or
    over how many pads one person mirrors or plays freely; without meaning for the rest. Raises
    AndanteError where the setting or the exercise is unknown.
    """
    chosen = setting_named(setting)
    place = (tick_clock, start_ns, end_ns, seed)
    if exercise_or_task in WALKING:
        return SimulatedPatient(chosen.walker, *place)
    if exercise_or_task in BREATHING:
        return Breather(chosen.breather, *place)
    if exercise_or_task in TAPPING:
        return _drummer(chosen.tapper, _task_of(exercise_or_task), place, pads)
    raise AndanteError(
        f'There is no simulated patient for the exercise "{exercise_or_task}"; choose one of '
        f"{', '.join(sorted(WALKING | BREATHING | TAPPING))}."
    )


def tell_stages(patient: Patient, exercise_or_task: str, stages: Iterable[tuple[str, int]]) -> None:
    """Tell a patient beforehand, as the screen would, what to do in which stage.

    `stages`: each one's name and start in session time, in order. A stage that is called like a
    task (`continuation`, `unpaced`, `rest`…) is that task, any other one is the exercise's usual.
    """
    for name, start_ns in stages:
        patient.instruct(_task_of(name if name in set(Task) else exercise_or_task), start_ns)


def _task_of(exercise_or_task: str) -> Task:
    """The task itself; of a whole exercise the one that goes on when the beat has gone."""
    return Task(exercise_or_task) if exercise_or_task in set(Task) else Task.CONTINUATION


def _drummer(
    habits: Habits, task: Task, place: tuple[TickClock, int, int, int], pads: int
) -> Patient:
    if task is Task.CIRCLE:
        return DrumCircle(habits, *place, pads)
    if task in (Task.ECHO, Task.MIRROR) and not habits.heeds_cues:
        return SimulatedPatient(habits, *place, Task.UNPACED)
    if task is Task.ECHO:
        return EchoDrummer(habits, *place)
    if task in (Task.FREE, Task.MIRROR):
        shares = (habits.contact_shares[0] / pads,) * pads
        habits = replace(habits, limbs=TAP_CHANNELS[:pads], contact_shares=shares)
    if task is Task.MIRROR:
        return MirrorDrummer(habits, *place)
    return SimulatedPatient(habits, *place, task)
