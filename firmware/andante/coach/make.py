"""Which conductor leads which exercise. Pure."""

from andante.coach.beat import BeatConductor
from andante.coach.conductor import Conductor
from andante.plan import Plan


def make_conductor(plan: Plan, started_ns: int) -> Conductor:
    """The conductor of a plan's exercise; `started_ns` is the session's zero."""
    return BeatConductor(plan, started_ns)
