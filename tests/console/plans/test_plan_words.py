"""A plan in words: true to the stages that the engine will go through."""

from itertools import pairwise

import pytest

from andante.plan import duration_s, plan_from_dict, stages_of
from andante_host.console.plans.catalogue import TEMPLATES, Template, template_of
from andante_host.console.plans.words import (
    clock_words,
    minutes_in_words,
    outputs_in_words,
    parts_in_words,
    summary,
    unlocks_in_words,
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_the_words_go_from_the_first_second_to_the_last(template: Template) -> None:
    plan = plan_from_dict(template.plan)
    parts = parts_in_words(plan)
    assert len(parts) == len(stages_of(plan))
    assert parts[0].begins == "0:00"
    assert parts[-1].ends == clock_words(duration_s(plan))
    assert all(a.ends == b.begins for a, b in pairwise(parts))
    assert all(part.text.endswith(".") and "None" not in part.text for part in parts)
    assert summary(plan).startswith(minutes_in_words(plan))


def words_of(key: str) -> list[tuple[str, str, str]]:
    template = template_of(key)
    assert template is not None
    return [
        (part.begins, part.ends, part.text)
        for part in parts_in_words(plan_from_dict(template.plan))
    ]


def test_a_walk_minute_by_minute() -> None:
    assert words_of("walk") == [
        ("0:00", "2:00", "Walks at the own pace, without cues; the cadence is measured."),
        ("2:00", "12:00", "Walks to the beat: 105 % of the cadence just measured, steady."),
        ("12:00", "13:00", "The beat is thinned out until it is silent."),
        ("13:00", "15:00", "Walks on without cues, to see what stays."),
    ]


def test_a_breath_in_seconds() -> None:
    (_, paced) = words_of("breathe-fixed")
    assert paced[2] == "Breathes with the pacer, low and slow at 6 a minute (in 4 s, out 6 s)."
    steps = [text for _, _, text in words_of("breathe-stepped") if "pacer" in text]
    assert steps[-1] == "Breathes with the pacer at 4.5 a minute (in 5.3 s, out 8 s)."


def test_nobody_is_told_to_breathe_deep() -> None:
    for template in TEMPLATES:
        text = " ".join(text for _, _, text in words_of(template.key))
        assert "deep" not in (text + template.about).lower()


def test_a_rest_is_told() -> None:
    plan = plan_from_dict(
        {"exercise": "walk", "walk": {"baseline_s": 60, "tempo_spm": 100, "cued_minutes": 40}}
    )
    assert [(part.begins, part.ends) for part in parts_in_words(plan) if "Rest" in part.text] == [
        ("30:00", "32:00")
    ]


def test_dark_lamps_are_not_promised() -> None:
    walk = {"exercise": "walk", "walk": {"tempo_spm": 100, "cued_minutes": 5}}
    calm = {"patient": {"epilepsy": True}, "outputs": {"sound": False, "led": True}}
    assert outputs_in_words(plan_from_dict(walk)) == (
        "Cues: sound at 30 % of the device's volume, lamp."
    )
    assert "lamp dark" in outputs_in_words(plan_from_dict(walk | calm))
    breathe = {"exercise": "breathe", "breathe": {"rate_brpm": 6, "cued_minutes": 5}}
    assert "lamp glowing with the breath" in outputs_in_words(plan_from_dict(breathe | calm))
    baseline = {"exercise": "walk", "walk": {"baseline_s": 60}}
    assert outputs_in_words(plan_from_dict(baseline)) == "No cues are given."


def test_unlocks_are_told() -> None:
    plan = plan_from_dict(
        {
            "exercise": "walk",
            "walk": {"tempo_spm": 100, "cued_minutes": 5},
            "patient": {"tempo_unlocked_by": "therapist"},
        }
    )
    assert unlocks_in_words(plan) == [
        "Tempo unlocked by the therapist: 80 to 120 % of the own cadence."
    ]
