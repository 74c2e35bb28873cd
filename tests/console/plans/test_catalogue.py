"""Templates: one for every exercise, policy and task, and for every example of the guide."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from andante import safety
from andante.errors import PlanError
from andante.plan import (
    BreathePlan,
    BreathePolicy,
    Exercise,
    ListenPlan,
    TapPlan,
    WalkPlan,
    WalkPolicy,
    plan_from_dict,
)
from andante.plan.listen import ListenTo
from andante.plan.tap import TapTask
from andante_host.console.patients.service import Flags, Patient
from andante_host.console.plans.catalogue import BASELINES, TEMPLATES, Template, template_of
from andante_host.console.plans.fields import FIELDS, OUTPUTS, value_at
from andante_host.console.plans.fitting import fitted, usual_values
from andante_host.console.plans.form import Typed, paths_of, read, shown

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "plans").glob("*.toml"))
PARTS = {
    Exercise.WALK: WalkPlan,
    Exercise.BREATHE: BreathePlan,
    Exercise.TAP: TapPlan,
    Exercise.LISTEN: ListenPlan,
}
ALL = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)


def patient(**flags: bool) -> Patient:
    return Patient(code="P-1", flags=Flags(**flags), goals="", created_utc="", archived_utc=None)


def test_every_exercise_policy_and_task_has_a_template() -> None:
    plans = [plan_from_dict(template.plan) for template in TEMPLATES]
    assert {plan.exercise for plan in plans} == set(Exercise)
    assert {plan.walk.policy for plan in plans if plan.walk} == set(WalkPolicy)
    assert {plan.breathe.policy for plan in plans if plan.breathe} == set(BreathePolicy)
    assert {plan.tap.task for plan in plans if plan.tap} == set(TapTask)
    assert {plan.listen.to for plan in plans if plan.listen} == set(ListenTo)
    assert any(plan.listen and plan.listen.recording for plan in plans)
    assert len({template.key for template in TEMPLATES}) == len(TEMPLATES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_plan_is_a_template(path: Path) -> None:
    template = template_of(path.stem)
    assert template is not None
    example = plan_from_dict(tomllib.loads(path.read_text()))
    assert plan_from_dict(template.plan) == example


@ALL
def test_a_form_shows_every_value_of_its_template(template: Template) -> None:
    """What a template sets and no field shows could never be changed: only what names it."""
    shown = set(paths_of(template))
    table = template.plan[template.exercise]
    set_paths = {f"{template.exercise}.{name}" for name in table}
    names_it = {"walk.policy", "breathe.policy", "tap.task", "listen.to", "listen.recording"}
    assert set_paths - shown <= names_it
    assert 1 <= len(template.simple) <= 6


def test_every_field_of_every_exercise_is_in_some_form() -> None:
    in_forms = {path for template in TEMPLATES for path in paths_of(template)}
    assert in_forms == set(FIELDS)
    asked_elsewhere = {
        "walk.policy",
        "breathe.policy",
        "breathe.holds_unlocked_by",  # a tick, with a reason
        "tap.task",
        "listen.to",
        "listen.recording",
    }
    for exercise in Exercise:
        fields = {f"{exercise}.{name}" for name in PARTS[exercise].__struct_fields__}
        assert fields - in_forms <= asked_elsewhere
    assert set(OUTPUTS) <= in_forms


def refusal_of(raw: dict[str, Any]) -> str:
    try:
        plan_from_dict(raw)
    except PlanError as error:
        return str(error)
    return ""


@ALL
def test_every_field_of_a_form_belongs_to_its_policy(template: Template) -> None:
    """Its highest value makes a plan, or is refused for another reason."""
    base = usual_values(template.plan, Flags())
    as_shown = {
        path: field.value
        for path, field in shown(template, Typed(base), Flags()).items()
        if field.value
    }
    for path in paths_of(template):
        limits = FIELDS[path].limits
        if limits is None:
            continue
        typed = read(template, base, as_shown | {path: f"{limits.high:.12g}"})
        assert typed.errors == {}
        assert "belongs to" not in refusal_of(typed.raw), path


@ALL
@pytest.mark.parametrize("flag", ["", *Flags.__struct_fields__])
def test_a_new_plan_can_be_run_with_any_flag(template: Template, flag: str) -> None:
    who = patient(**({flag: True} if flag else {}))
    raw = usual_values(template.plan, who.flags)
    if template.key == "walk-progressive" and flag == "freezer":
        with pytest.raises(PlanError, match="marked as a freezer"):
            fitted(raw, who)
        return
    plan = fitted(raw, who)
    assert plan.patient.epilepsy == (flag == "epilepsy")
    assert plan.patient.freezer == (flag == "freezer")
    if flag == "hearing":
        assert not plan.outputs.sound
    if flag == "freezer" and plan.walk and plan.walk.tempo_percent_of_baseline:
        allowed = safety.FREEZER_PERCENT_OF_BASELINE
        assert plan.walk.tempo_percent_of_baseline in allowed


def test_a_deaf_patient_with_epilepsy_feels_the_beat() -> None:
    who = patient(hearing=True, epilepsy=True)
    template = template_of("walk")
    assert template is not None
    plan = fitted(usual_values(template.plan, who.flags), who)
    assert (plan.outputs.sound, plan.outputs.led, plan.outputs.haptic) == (False, False, True)


def test_cues_that_reach_nobody_are_refused() -> None:
    template = template_of("walk")
    assert template is not None
    raw = {**template.plan, "outputs": {"sound": True, "led": True, "haptic": False}}
    assert fitted(raw, patient())
    assert fitted(raw, patient(hearing=True))
    assert fitted(raw, patient(epilepsy=True))
    with pytest.raises(PlanError, match="hard of hearing and epilepsy"):
        fitted(raw, patient(hearing=True, epilepsy=True))
    with pytest.raises(PlanError, match="no other cue would reach the patient;"):
        fitted({**raw, "outputs": {"sound": False, "led": False}}, patient())


def test_breath_glows_for_epilepsy_and_holds_stay_off_for_the_lungs() -> None:
    raw = {
        "exercise": "breathe",
        "breathe": {
            "cued_minutes": 5,
            "rate_brpm": 6,
            "hold_in_parts": 1,
            "holds_unlocked_by": "x",
        },
        "outputs": {"sound": False, "led": True},
    }
    assert fitted(raw, patient(epilepsy=True))
    with pytest.raises(PlanError, match=r"breathe\.hold_in_parts .* respiratory"):
        fitted(raw, patient(respiratory=True))


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.wav", "a/b.wav", "..", "", "a\\b", "a\nb"])
def test_a_recording_is_named_without_a_folder(name: str) -> None:
    template = template_of("listen-recording")
    assert template is not None
    listen = template.plan["listen"]
    for field in ("file", "beats_file"):
        recording: dict[str, Any] = {"file": "a.wav", "bpm": 72}
        if field == "beats_file":
            recording.pop("bpm")
        recording[field] = name
        with pytest.raises(PlanError, match=rf"recording\.{field} is not the name"):
            fitted({**template.plan, "listen": {**listen, "recording": recording}}, patient())


def test_a_patients_flags_are_those_of_the_record_whatever_a_plan_says() -> None:
    raw = {
        "exercise": "walk",
        "patient_code": "P-2",
        "walk": {"baseline_s": 60},
        "patient": {"epilepsy": False, "freezer": True},
    }
    plan = fitted(raw, patient(epilepsy=True))
    assert (plan.patient_code, plan.patient.epilepsy, plan.patient.freezer) == ("P-1", True, False)


def test_what_is_no_table_is_refused_in_a_sentence() -> None:
    with pytest.raises(PlanError, match="patient is 3"):
        fitted({"exercise": "walk", "walk": {"baseline_s": 60}, "patient": 3}, patient())


def test_baselines_are_plans_without_cues() -> None:
    for exercise, template in BASELINES.items():
        plan = plan_from_dict(template.plan)
        assert plan.exercise is exercise
        assert value_at(template.plan, f"{exercise}.cued_minutes") is None
