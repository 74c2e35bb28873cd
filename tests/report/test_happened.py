"""Tempo changes, what the device did on its own, the plan and feelings, in words."""

from typing import Any

import pytest

from andante import safety
from andante.plan import Exercise
from andante.session.file import SelfReport
from andante_host.report.happened import (
    MOST_LINES,
    asked,
    feelings,
    interventions,
    tempo_lines,
    tempo_unit,
)


def _change(time_s: float, tempo: float | None, reason: str) -> dict[str, Any]:
    return {"time_s": time_s, "tempo_per_minute": tempo, "reason": reason}


def test_a_breath_by_breath_slide_is_one_line() -> None:
    changes = [_change(10.0 * n, 6.75 - n / 40, f"breath {n + 1} of 78") for n in range(78)]
    changes.append(_change(800.0, None, "the paced part is over"))
    first, last = tempo_lines(changes, "breaths/min")
    assert (first.first_s, first.last_s) == (0.0, 770.0)
    assert first.tempo == "6.8 to 4.8 breaths/min"
    assert first.words.startswith("78 times: breath 1 of 78, and so on to: breath 78 of 78")
    assert last.tempo == "no cues"


def test_single_changes_keep_their_lines_and_words() -> None:
    changes = [_change(0.0, 105.0, "tempo of the plan"), _change(60.0, None, "it is over")]
    assert [line.words for line in tempo_lines(changes, "steps/min")] == [
        "tempo of the plan",
        "it is over",
    ]


def test_changes_that_alternate_for_long_are_told_by_kind() -> None:
    changes = [
        _change(float(n), 6.0, f"held: at {n}/min" if n % 3 == 0 else f"along at {n}/min")
        for n in range(60)
    ]
    lines = tempo_lines(changes, "breaths/min")
    assert len(lines) == 2 <= MOST_LINES
    assert sum(int(line.words.split(" times")[0]) for line in lines) == 60


def test_the_words_of_the_limits_are_known_again() -> None:
    """The very sentences that `safety` writes."""
    for clamped in (
        safety.clamp_cue_tempo(150.0, 100.0),
        safety.clamp_cue_tempo(120.0, previous_spm=100.0),
        safety.clamp_tapping_tempo(300.0, 240.0),
        safety.clamp_breathing_rate(3.0),
    ):
        assert clamped.reason is not None
        changes = [_change(61.0, clamped.value, f"tempo of the plan, {clamped.reason}")]
        told = interventions(changes)
        assert len(told) == clamped.reason.count(" from ")
        assert all(words.startswith("The limits changed what was asked: ") for words in told)
        assert f"to {clamped.value:.1f} to stay within" in told[-1] or "at most" in told[-1]
        assert all(words.endswith("(at 1:01).") for words in told)


def test_holds_are_counted_and_plain_changes_are_not() -> None:
    changes = [
        _change(0.0, 100.0, "tempo of the plan"),
        _change(20.0, 100.0, "held: nothing has been felt for 2 s"),
        _change(50.0, 100.0, "held: nothing has been felt for 2 s"),
    ]
    assert interventions(changes) == [
        "The tempo was held: nothing has been felt for 2 s (at 0:20, 2 times in all)."
    ]
    assert interventions(changes[:1]) == []


@pytest.mark.parametrize(
    ("exercise", "plan", "words"),
    [
        ("walk", {"cued_minutes": 5, "tempo_percent_of_baseline": 105.0}, "105 % of the baseline"),
        ("walk", {"baseline_s": 300}, "own pace, without a beat"),
        ("breathe", {"policy": "guided-down", "rate_brpm": 6.0}, "never ahead of the patient, 6 "),
        (
            "tap",
            {"task": "echo", "tempo_bpm": 90.0},
            "Repeat a rhythm that the device plays, at 90",
        ),
        ("listen", {"to": "breathing", "target_per_minute": 6.0}, "patient's breathing is and"),
    ],
)
def test_the_plan_in_words(exercise: str, plan: dict[str, Any], words: str) -> None:
    assert words in asked(exercise, {"exercise": exercise, exercise: plan})


def test_a_file_without_a_plan_asks_for_nothing() -> None:
    assert asked(Exercise.WALK, {}) == ""


def test_units_of_tempi() -> None:
    assert tempo_unit("walk", {}) == "steps/min"
    assert tempo_unit("listen", {"listen": {"to": "breathing"}}) == "breaths/min"


def test_feelings_before_and_after_the_last_counts() -> None:
    reports = [
        SelfReport(1, "before", "pain", 7),
        SelfReport(2, "before", "pain", 6),
        SelfReport(3, "after", "mood", 8),
    ]
    assert [(f.item, f.before, f.after) for f in feelings(reports)] == [
        ("mood", "–", "8"),
        ("pain", "6", "–"),
    ]
