"""Which conductor leads which exercise. Pure."""

from andante.coach.beat import BeatConductor
from andante.coach.breathe import BreatheConductor
from andante.coach.conductor import Conductor
from andante.coach.play import EchoConductor, FollowConductor, FreeConductor, MirrorConductor
from andante.plan import Exercise, Plan
from andante.plan.tap import TapTask


def make_conductor(plan: Plan, started_ns: int) -> Conductor:
    """The conductor of a plan's exercise; `started_ns` is the session's zero."""
    if plan.exercise is Exercise.BREATHE:
        return BreatheConductor(plan, started_ns)
    task = plan.tap.task if plan.exercise is Exercise.TAP and plan.tap is not None else None
    match task:
        case TapTask.ECHO:
            return EchoConductor(plan, started_ns)
        case TapTask.MIRROR:
            return MirrorConductor(plan, started_ns)
        case TapTask.FOLLOW:
            return FollowConductor(plan, started_ns)
        case TapTask.FREE:
            return FreeConductor(plan, started_ns)
    return BeatConductor(plan, started_ns)
