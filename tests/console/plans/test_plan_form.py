"""Forms: what is typed becomes a plan within the limits, or a sentence at its field."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante import safety
from andante.errors import PlanError
from andante.plan import plan_from_dict
from andante.plan.stages import exercise_s
from andante_host.console.patients.service import Flags, Patient
from andante_host.console.plans import form
from andante_host.console.plans.catalogue import TEMPLATES, Template, template_of
from andante_host.console.plans.fields import FIELDS, limits_in_words, value_at
from andante_host.console.plans.fitting import fitted, usual_values

ALL = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)


def the(key: str) -> Template:
    template = template_of(key)
    assert template is not None
    return template


def typed_as_shown(template: Template, flags: Flags) -> dict[str, str]:
    """What a browser sends of a form that nobody touched."""
    typed = form.Typed(usual_values(template.plan, flags), template.title)
    shown = form.shown(template, typed, flags)
    return {path: field.value for path, field in shown.items() if field.value}


@ALL
def test_an_untouched_form_is_the_template(template: Template) -> None:
    base = usual_values(template.plan, Flags())
    typed = form.read(template, base, typed_as_shown(template, Flags()))
    assert typed.errors == {}
    assert plan_from_dict(typed.raw) == plan_from_dict(base)


def test_minutes_in_the_form_are_seconds_in_the_plan() -> None:
    template = the("walk")
    posted = typed_as_shown(template, Flags()) | {"walk.baseline_s": "1,5", "walk.fade_s": ""}
    typed = form.read(template, template.plan, posted)
    assert typed.raw["walk"]["baseline_s"] == 90
    assert "fade_s" not in typed.raw["walk"]
    assert template.plan["walk"]["fade_s"] == 60  # the catalogue stays as it is


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("walk.tempo_spm", "fast", "not a number"),
        ("walk.tempo_spm", "400", "400 steps/min is not allowed; 40 to 173 steps/min is."),
        ("walk.baseline_s", "15", "15 min is not allowed; 0 to 10 min is."),
        ("walk.cued_minutes", "nan", "not a number"),
        ("walk.cued_minutes", "1e1", "not a number"),
        ("walk.cued_minutes", "-1", "0.1 to 60 min"),
        ("outputs.volume_percent", "101", "0 to 100 %"),
        ("outputs.beat_sound", "gong", "Choose one of click"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_in_its_unit(path: str, text: str, says: str) -> None:
    template = the("walk")
    posted = typed_as_shown(template, Flags()) | {path: text}
    typed = form.read(template, template.plan, posted)
    assert says in typed.errors[path]
    shown = form.shown(template, typed, Flags())[path]
    assert (shown.value, shown.error) == (text, typed.errors[path])


def test_a_whole_number_is_asked_for_where_there_are_no_halves() -> None:
    typed = form.read(the("tap-circle"), the("tap-circle").plan, {"tap.pads": "2.5"})
    assert "whole number" in typed.errors["tap.pads"]


def test_more_than_a_whole_breath_of_nothing() -> None:
    typed = form.read(
        the("breathe-fixed"), the("breathe-fixed").plan, {"breathe.inhale_parts": "0"}
    )
    assert typed.errors["breathe.inhale_parts"] == (
        "0 parts is not allowed; more than 0, up to 20 parts is."
    )


@pytest.mark.parametrize(
    ("changes", "flags", "path", "says"),
    [
        (
            {"walk.tempo_spm": "100"},
            Flags(),
            "walk.tempo_percent_of_baseline",
            "“Tempo as a share of the own cadence” stands beside “or tempo in steps a minute”",
        ),
        (
            {"walk.tempo_percent_of_baseline": "115"},
            Flags(),
            "walk.tempo_percent_of_baseline",
            "choose a value in between or set “Unlock”",
        ),
        (
            {"walk.tempo_percent_of_baseline": "105"},
            Flags(freezer=True),
            "walk.tempo_percent_of_baseline",
            "90 to 100 percent",
        ),
        (
            {"walk.baseline_s": "0"},
            Flags(),
            "walk.tempo_percent_of_baseline",
            "“Walk without cues first” is 0",
        ),
        ({"walk.tempo_percent_of_baseline": ""}, Flags(), "walk.cued_minutes", "no tempo is given"),
        ({"outputs.sound": "", "outputs.led": ""}, Flags(), "outputs.haptic", "turn on vibration"),
    ],
)
def test_the_plans_own_refusal_is_said_at_its_field_in_the_forms_words(
    changes: dict[str, str], flags: Flags, path: str, says: str
) -> None:
    template = the("walk")
    typed = form.read(template, template.plan, typed_as_shown(template, Flags()) | changes)
    patient = Patient(code="P-1", flags=flags, goals="", created_utc="", archived_utc=None)
    with pytest.raises(PlanError) as caught:
        fitted(typed.raw, patient)
    assert form.put_error(typed, template, str(caught.value)) == ""
    assert says in typed.errors[path]
    assert "_" not in typed.errors[path]


def test_a_refusal_of_the_whole_plan_is_said_above_the_form() -> None:
    template = the("walk")
    typed = form.read(template, template.plan, {})
    sentence = form.put_error(typed, template, "The plan: the plan has no length; give baseline_s.")
    assert sentence == "The plan has no length; give “Walk without cues first”."


@pytest.mark.parametrize(
    ("key", "path", "flags", "words"),
    [
        (
            "walk",
            "walk.tempo_percent_of_baseline",
            Flags(),
            "90 to 110 %; 80 to 120 % with the unlock",
        ),
        (
            "walk",
            "walk.tempo_percent_of_baseline",
            Flags(freezer=True),
            "90 to 100 %; 80 to 120 % with the unlock",
        ),
        ("listen-stepping", "listen.target_per_minute", Flags(), "40 to 173 steps/min"),
        ("listen-breathing", "listen.target_per_minute", Flags(), "4.5 to 20 breaths/min"),
        ("breathe-fixed", "breathe.rate_brpm", Flags(), "4.5 to 20 /min"),
    ],
)
def test_limits_beside_a_field_are_this_patients(
    key: str, path: str, flags: Flags, words: str
) -> None:
    assert limits_in_words(FIELDS[path], the(key).plan, flags) == words


def test_who_unlocks_is_asked_of_walks_and_holds_only() -> None:
    assert form.can_unlock_tempo(the("walk"))
    assert not form.can_unlock_tempo(the("tap"))
    assert form.can_unlock_holds(the("breathe-fixed"), Flags())
    assert not form.can_unlock_holds(the("breathe-fixed"), Flags(respiratory=True))
    typed = form.read(the("walk"), the("walk").plan, {"unlock_tempo": "on"})
    assert value_at(typed.raw, "patient.tempo_unlocked_by") is not None
    typed = form.read(the("walk"), typed.raw, {})
    assert value_at(typed.raw, "patient.tempo_unlocked_by") is None


NUMBERS = st.floats().map(str) | st.integers(-10, 300).map(str) | st.just("")
ANYTHING = st.text(max_size=12) | NUMBERS


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_whatever_is_typed_makes_no_plan_outside_the_limits(data: st.DataObject) -> None:
    template = data.draw(st.sampled_from(TEMPLATES))
    flags = Flags(**{name: data.draw(st.booleans()) for name in Flags.__struct_fields__})
    patient = Patient(code="P-1", flags=flags, goals="", created_utc="", archived_utc=None)
    posted = typed_as_shown(template, flags)
    names = [*form.paths_of(template), form.UNLOCK_HOLDS, "patient.freezer", "walk.policy"]
    for name in data.draw(st.lists(st.sampled_from(names), max_size=4)):
        posted[name] = data.draw(ANYTHING)
    typed = form.read(template, usual_values(template.plan, flags), posted)
    for path, shown in form.shown(template, typed, flags).items():
        assert shown.value == posted.get(path, "").strip()
    if typed.errors:
        return
    sentence = ""
    try:
        plan = fitted(typed.raw, patient)
    except PlanError as error:
        sentence = str(error)
    if sentence:
        assert form.put_error(typed, template, sentence) or typed.errors
        return
    assert exercise_s(plan) <= safety.MAX_SESSION_S
    assert (plan.patient.epilepsy, plan.patient.freezer) == (flags.epilepsy, flags.freezer)
    assert plan.outputs.volume_percent in safety.VOLUME_PERCENT
    walk, breathe = plan.walk, plan.breathe
    if walk is not None and walk.tempo_spm is not None:
        assert walk.tempo_spm in safety.WALKING_TEMPO_SPM
    if walk is not None and walk.tempo_percent_of_baseline is not None:
        share = safety.percent_of_baseline(unlocked=False, freezer=flags.freezer)
        assert walk.tempo_percent_of_baseline in share
    if breathe is not None:
        assert breathe.rate_brpm is None or breathe.rate_brpm in safety.BREATHING_RATE_BRPM
        holds = breathe.hold_in_parts or breathe.hold_out_parts
        assert not holds or (breathe.holds_unlocked_by is not None and not flags.respiratory)
