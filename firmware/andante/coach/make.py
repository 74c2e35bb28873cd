"""Which conductor leads which exercise. Pure."""

from andante.coach.beat import BeatConductor
from andante.coach.breathe import BreatheConductor
from andante.coach.conductor import Conductor
from andante.plan import Exercise, Plan


def make_conductor(plan: Plan, started_ns: int) -> Conductor:
    """The conductor of a plan's exercise; `started_ns` is the session's zero."""
    if plan.exercise is Exercise.BREATHE:
        return BreatheConductor(plan, started_ns)
    return BeatConductor(plan, started_ns)
