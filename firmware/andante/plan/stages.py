"""A session's parts in order, with the rest that is due after half an hour. Pure."""

from andante import safety
from andante.errors import PlanError
from andante.plan.parts import Stage, StageKind
from andante.plan.tables import Plan

GET_READY = "get-ready"
GET_READY_S = 3.0
"""Quiet before a session that would otherwise start with a cue: the patient takes position."""
REST = "rest"


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The session's parts in order. Parts of no length are left out."""
    part = plan.part
    if part is None:
        raise PlanError(f'The plan has no table for its exercise "{plan.exercise}"; add one.')
    stages = [stage for stage in part.stages() if stage.duration_s > 0]
    if stages and stages[0].kind is not StageKind.QUIET:
        stages.insert(0, Stage(GET_READY, StageKind.QUIET, GET_READY_S))
    return tuple(_with_rests(stages))


def _with_rests(stages: list[Stage]) -> list[Stage]:
    """The same stages with a rest wherever half an hour has passed without one."""
    laid: list[Stage] = []
    since_rest_s = 0.0
    for stage in stages:
        left_s = stage.duration_s
        while since_rest_s + left_s > safety.UNPAUSED_SESSION_S:
            before_s = safety.UNPAUSED_SESSION_S - since_rest_s
            if before_s > 0:
                laid.append(Stage(stage.name, stage.kind, before_s))
            laid.append(Stage(REST, StageKind.QUIET, safety.REST_S))
            left_s, since_rest_s = left_s - before_s, 0.0
        laid.append(Stage(stage.name, stage.kind, left_s))
        since_rest_s += left_s
    return laid


def duration_s(plan: Plan) -> float:
    """How long the session will take."""
    return sum(stage.duration_s for stage in stages_of(plan))


def exercise_s(plan: Plan) -> float:
    """How long the patient is busy: the session without getting ready and rests."""
    return sum(s.duration_s for s in stages_of(plan) if s.name not in (GET_READY, REST))
