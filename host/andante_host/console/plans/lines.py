"""A kept plan as a line of a list."""

from dataclasses import dataclass

from andante.errors import PlanError
from andante_host.console.plans.catalogue import EXERCISE_WORDS
from andante_host.console.plans.form import in_words
from andante_host.console.plans.service import Plans, SavedPlan
from andante_host.console.plans.words import summary


@dataclass(frozen=True)
class PlanLine:
    """`words` tell exercise, length and tempo; `sentence` why it cannot be started any more."""

    saved: SavedPlan
    words: str
    sentence: str = ""


def plan_line(plans: Plans, saved: SavedPlan) -> PlanLine:
    """One plan."""
    exercise = EXERCISE_WORDS[saved.exercise]
    try:
        return PlanLine(saved, f"{exercise}: {summary(plans.shown(saved))}")
    except PlanError as error:
        return PlanLine(saved, exercise, in_words(plans.template(saved.template), str(error)))
