"""Which conductor leads which exercise. Pure."""

from andante.coach import breath_policies
from andante.coach.beat import BeatConductor
from andante.coach.breathe import BreatheConductor
from andante.coach.conductor import Conductor
from andante.coach.listen import PreparedMusic, RecordingConductor, SettleConductor
from andante.coach.play import EchoConductor, FollowConductor, FreeConductor, MirrorConductor
from andante.plan import Exercise, ListenPlan, Plan, TapPlan
from andante.plan.listen import ListenTo
from andante.plan.tap import TapTask
from andante.timeline.breath_pacer import BreathPattern

_SETTLING_PARTS = BreathPattern(4.0, 0.0, 6.0, 0.0)


def make_conductor(plan: Plan, started_ns: int, music: PreparedMusic | None = None) -> Conductor:
    """The conductor of a plan's exercise; `started_ns` is the session's zero.

    `music`: the prepared recording of a plan that has one. Raises ValueError where it is missing.
    """
    if plan.exercise is Exercise.BREATHE and plan.breathe is not None:
        policy = breath_policies.policy_of(plan.breathe)
        return BreatheConductor(plan, started_ns, policy, plan.breathe.sound)
    if plan.exercise is Exercise.LISTEN and plan.listen is not None:
        return _listening(plan, plan.listen, started_ns, music)
    if plan.exercise is Exercise.TAP and plan.tap is not None:
        return _tapping(plan, plan.tap, started_ns)
    return BeatConductor(plan, started_ns)


def _listening(
    plan: Plan, listen: ListenPlan, started_ns: int, music: PreparedMusic | None
) -> Conductor:
    if listen.recording is not None:
        if music is None:
            raise ValueError("the plan's recording has not been prepared")
        return RecordingConductor(plan, started_ns, music)
    if listen.to is ListenTo.STEPPING:
        return SettleConductor(plan, started_ns)
    policy = breath_policies.Settling(
        _SETTLING_PARTS, listen.start_per_minute, listen.target_per_minute
    )
    return BreatheConductor(plan, started_ns, policy, listen.sound)


def _tapping(plan: Plan, tap: TapPlan, started_ns: int) -> Conductor:
    match tap.task:
        case TapTask.ECHO:
            return EchoConductor(plan, started_ns)
        case TapTask.MIRROR:
            return MirrorConductor(plan, started_ns)
        case TapTask.FOLLOW:
            return FollowConductor(plan, started_ns)
        case TapTask.FREE:
            return FreeConductor(plan, started_ns)
    return BeatConductor(plan, started_ns)
