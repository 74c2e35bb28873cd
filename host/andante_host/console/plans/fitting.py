"""A plan made fit for a patient: their flags are always those of their record.

So a flag that is ticked today holds for every plan that was saved before.
"""

from typing import Any

import msgspec

from andante import safety
from andante.errors import PlanError
from andante.plan import (
    BreathePlan,
    Exercise,
    ListenPlan,
    Outputs,
    Plan,
    StageKind,
    plan_from_dict,
    stages_of,
)
from andante.plan.listen import ListenTo
from andante_host.console.patients.service import Flags, Patient
from andante_host.console.recordings.names import is_bare_name

_SHARES_PERCENT = ("tempo_percent_of_baseline", "ramp_to_percent")
NAME = "The plan"
"""What stands before the place in a PlanError's sentence."""


def fitted(raw: dict[str, Any], patient: Patient) -> Plan:
    """The plan for this patient. Raises PlanError in one sentence for what must not be run.

    `raw`: as `plan_from_dict` takes it. Code and the flags that a plan knows come from the
    patient, whatever stands in it; hearing and respiratory illness are minded here, since a plan
    does not know them.
    """
    known = raw.get("patient", {})
    flags = {"epilepsy": patient.flags.epilepsy, "freezer": patient.flags.freezer}
    own = {**known, **flags} if isinstance(known, dict) else known
    plan = plan_from_dict({**raw, "patient_code": patient.code, "patient": own}, NAME)
    _check_reaches(plan, patient.flags)
    _check_holds(plan, patient.flags)
    _check_recording(plan)
    return plan


def usual_values(template_plan: dict[str, Any], flags: Flags) -> dict[str, Any]:
    """A template's values as a new plan of this patient begins with them."""
    raw = {k: dict(v) if isinstance(v, dict) else v for k, v in template_plan.items()}
    raw["outputs"] = msgspec.to_builtins(_usual_outputs(plan_from_dict(raw, NAME), flags))
    walk = raw.get("walk", {})
    for field in _SHARES_PERCENT:
        if field in walk:
            walk[field] = _allowed_share_percent(walk[field], flags)
    return raw


def _allowed_share_percent(share_percent: float, flags: Flags) -> float:
    # Of a cadence of 100 steps/min a share in percent is the tempo itself.
    return safety.clamp_cue_tempo(share_percent, baseline_spm=100, freezer=flags.freezer).value


def _usual_outputs(plan: Plan, flags: Flags) -> Outputs:
    outputs = plan.outputs
    if flags.hearing and outputs.sound:
        outputs = msgspec.structs.replace(outputs, sound=False, led=True, haptic=True)
    if flags.epilepsy and not plan_is_breath(plan):
        outputs = msgspec.structs.replace(outputs, led=False, ring=False)
    return outputs


def _check_reaches(plan: Plan, flags: Flags) -> None:
    if all(stage.kind is StageKind.QUIET for stage in stages_of(plan)):
        return
    outputs = plan.outputs
    lit = (outputs.led or outputs.ring) and not (flags.epilepsy and not plan_is_breath(plan))
    heard = outputs.sound and not flags.hearing
    if lit or heard or outputs.haptic:
        return
    marked = [
        words
        for words, is_set in (("hard of hearing", flags.hearing), ("epilepsy", flags.epilepsy))
        if is_set
    ]
    whom = f", who is marked with {' and '.join(marked)}" if marked else ""
    raise PlanError(
        f"{NAME}: outputs.haptic is off, and no other cue would reach the patient{whom}; turn on "
        "vibration, or another output."
    )


def _check_holds(plan: Plan, flags: Flags) -> None:
    breathe = plan.part
    if not flags.respiratory or not isinstance(breathe, BreathePlan):
        return
    if breathe.hold_in_parts or breathe.hold_out_parts:
        field = "hold_in_parts" if breathe.hold_in_parts else "hold_out_parts"
        raise PlanError(
            f"{NAME}: breathe.{field} asks to hold the breath, which is not done with a patient "
            "who is marked with a respiratory illness; set it to 0."
        )


def _check_recording(plan: Plan) -> None:
    """A recording is one kept on the device, by its bare name: no way to other files."""
    listen = plan.part
    if not isinstance(listen, ListenPlan) or listen.recording is None:
        return
    for field in ("file", "beats_file"):
        name = getattr(listen.recording, field)
        if name is not None and not is_bare_name(name):
            raise PlanError(
                f"{NAME}: listen.recording.{field} is not the name of a file among the recordings "
                "on the device; give the name without a folder."
            )


def plan_is_breath(plan: Plan) -> bool:
    """Whether its cues are breaths, for which light glows, rather than beats and notes."""
    listen = plan.listen
    return plan.exercise is Exercise.BREATHE or (
        plan.exercise is Exercise.LISTEN and listen is not None and _meets_breathing(listen)
    )


def _meets_breathing(listen: ListenPlan) -> bool:
    return listen.to is ListenTo.BREATHING and listen.recording is None
