"""What patients read, for every plan that there can be."""

import pytest

from andante.plan import plan_from_dict, stages_of
from andante_host.console.exercise.words import words_of
from andante_host.console.plans.catalogue import TEMPLATES, Template

LONGEST_CHARS = 45
"""What fits on one line of a tablet in large print."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_every_stage_has_a_short_sentence(template: Template) -> None:
    plan = plan_from_dict({**template.plan, "patient_code": "P-7"}, "The plan")
    words = words_of(plan)
    assert {stage.name for stage in stages_of(plan)} <= set(words.of_stage)
    for sentence in (words.task, *words.of_stage.values()):
        assert sentence.endswith(".")
        assert len(sentence) <= LONGEST_CHARS


def test_a_walk_is_told_part_by_part() -> None:
    walk = {"baseline_s": 30, "tempo_spm": 100, "cued_minutes": 1.5, "carry_over_s": 30}
    words = words_of(plan_from_dict({"exercise": "walk", "walk": walk}, "The plan"))
    assert words.of_stage == {
        "pause": "Pause.",
        "baseline": "Walk at your own pace.",
        "cued": "Walk with the beat.",
        "carry-over": "Keep on walking.",
    }
    assert words.minutes == 3  # 2.5


def test_rests_are_called_rests() -> None:
    breathe = {"policy": "stepped", "rest_s": 20}
    words = words_of(plan_from_dict({"exercise": "breathe", "breathe": breathe}, "The plan"))
    assert words.of_stage["rest between steps"] == "Rest."
    assert words.of_stage["get-ready"] == "Get ready."
    assert words.of_stage["step 1"] == "Breathe with the sound."


def test_a_baseline_alone_has_nothing_that_leads() -> None:
    plan = plan_from_dict({"exercise": "walk", "walk": {"baseline_s": 60}}, "The plan")
    assert words_of(plan).task == "Walk at your own pace."
