"""Plans: what is read, and the sentence for what cannot be."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante import safety
from andante.errors import PlanError
from andante.plan import StageKind, duration_s, load_plan, parse_plan, stages_of
from andante.plan.stages import REST, exercise_s

PLANS = sorted((Path(__file__).parents[1] / "docs" / "plans").glob("*.toml"))


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_every_shipped_plan_can_be_read(path: Path) -> None:
    assert duration_s(load_plan(path)) > 0


def test_the_stages_of_a_walk_follow_each_other() -> None:
    plan = parse_plan(
        'exercise = "walk"\n[walk]\nbaseline_s = 30\ntempo_spm = 100\ncued_minutes = 2\n'
        "fade_s = 20\ncarry_over_s = 40\n"
    )
    assert [(s.name, s.kind, s.duration_s) for s in stages_of(plan)] == [
        ("baseline", StageKind.QUIET, 30),
        ("cued", StageKind.CUED, 120),
        ("fade", StageKind.FADE, 20),
        ("carry-over", StageKind.QUIET, 40),
    ]


def test_a_session_that_starts_with_cues_gives_time_to_get_ready() -> None:
    plan = parse_plan('exercise = "walk"\n[walk]\ntempo_spm = 100\ncued_minutes = 1\n')
    assert [s.name for s in stages_of(plan)] == ["get-ready", "cued"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'exercise = "walk"\n\n[walk]\ntempo_spm = 400\ncued_minutes = 5\n',
            ["w.toml, line 4", "walk.tempo_spm is 400", "from 40 to 173 steps/min"],
        ),
        (
            'exercise = "walk"\n[walk]\ntempo_spm = "fast"\ncued_minutes = 5\n',
            ["line 3", "walk.tempo_spm is 'fast'", "a number from 40 to 173 steps/min"],
        ),
        (
            'exercise = "walk"\n[walk]\ntempo = 100\n',
            ["line 3", "walk.tempo is not a field", "tempo_spm"],
        ),
        ('exercise = "swim"\n', ["line 1", "exercise is 'swim'", '"walk" or "breathe"']),
        ("[walk]\n", ["the field exercise is missing"]),
        ('exercise = "walk"\n', ["there is no [walk] table"]),
        ('exercise = "walk"\nwalk = 3\n', ["line 2", "walk is 3", "a table with policy"]),
        ("exercise = \n", ["w.toml is not valid TOML", "line 1"]),
        ('exercise = "walk"\n[walk]\n', ["no length"]),
        ('exercise = "walk"\n[walk]\nbaseline_s = nan\n', ["line 3", "is nan", "0 to 600 s"]),
        ('exercise = "walk"\n[walk]\nbaseline_s = inf\n', ["line 3", "is inf", "0 to 600 s"]),
        (
            'exercise = "walk"\npatient_code = "Jane Doe"\n[walk]\nbaseline_s = 9\n',
            ["line 2", "'Jane Doe'", "no name"],
        ),
        (
            'exercise = "walk"\n[walk]\ntempo_spm = 100\n',
            ["line 3", "cued_minutes is missing"],
        ),
        (
            'exercise = "walk"\n[walk]\ncued_minutes = 5\n',
            ["line 3", "no tempo is given"],
        ),
        (
            'exercise = "walk"\n[walk]\nbaseline_s = 60\ntempo_spm = 100\n'
            "tempo_percent_of_baseline = 105\ncued_minutes = 5\n",
            ["line 5", "one of the two"],
        ),
        (
            'exercise = "walk"\n[walk]\nbaseline_s = 5\ntempo_percent_of_baseline = 105\n'
            "cued_minutes = 5\n",
            ["line 4", "baseline_s is 5", "at least 10 s"],
        ),
        (
            'exercise = "walk"\n[walk]\nbaseline_s = 60\ntempo_percent_of_baseline = 115\n'
            "cued_minutes = 5\n",
            ["line 4", "is 115", "unlock"],
        ),
        (
            'exercise = "walk"\n[walk]\nbaseline_s = 60\ntempo_percent_of_baseline = 105\n'
            "cued_minutes = 5\n[patient]\nfreezer = true\n",
            ["line 4", "freezer", "unlock"],
        ),
        (
            'exercise = "walk"\n[walk]\ntempo_spm = 90\ncued_minutes = 5\n'
            "[patient]\nfreezer = true\n",
            ["line 3", "freezer", "at least 10 s"],
        ),
        (
            'exercise = "walk"\n[walk]\nbaseline_s = 600\ntempo_spm = 100\ncued_minutes = 55\n',
            ["65.0 minutes", "at most 60"],
        ),
        (
            'exercise = "walk"\npatient_code = "P-1\\n"\n[walk]\nbaseline_s = 9\n',
            ["line 2", "no name"],
        ),
        (
            'exercise = "breathe"\n[breathe]\ncued_minutes = 5\nrate_brpm = 6\ninhale_parts = 0\n',
            ["line 5", "is 0", "number above 0 up to"],
        ),
        (
            'exercise = "tap"\n[tap]\ntask = "circle"\npads = 9\n',
            ["line 4", "is 9", "a whole number from"],
        ),
    ],
)
def test_a_bad_plan_says_where_what_and_what_is_allowed(text: str, says: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, "w.toml")
    sentence = str(caught.value)
    assert "w.toml" in sentence
    assert "\n" not in sentence.replace(text, "")
    for part in says:
        assert part in sentence


def test_an_unlock_by_a_role_allows_more() -> None:
    plan = parse_plan(
        'exercise = "walk"\n[walk]\nbaseline_s = 60\ntempo_percent_of_baseline = 115\n'
        'cued_minutes = 5\n[patient]\ntempo_unlocked_by = "therapist"\n'
    )
    assert plan.patient.tempo_unlocked_by == "therapist"


def test_a_plan_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="There is no plan"):
        load_plan(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="not a text file"):
        load_plan(tmp_path / "bytes.toml")
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(tmp_path)


@given(st.text())
def test_any_text_is_a_plan_or_a_sentence(text: str) -> None:
    with contextlib.suppress(PlanError):
        parse_plan(text)


@given(
    tempo=st.floats(allow_nan=True, allow_infinity=True),
    minutes=st.floats(allow_nan=True, allow_infinity=True),
)
def test_no_plan_leaves_the_limits(tempo: float, minutes: float) -> None:
    text = f'exercise = "walk"\n[walk]\ntempo_spm = {tempo}\ncued_minutes = {minutes}\n'
    try:
        plan = parse_plan(text)
    except PlanError:
        return
    assert plan.walk is not None
    assert plan.walk.tempo_spm is not None
    assert plan.walk.tempo_spm in safety.WALKING_TEMPO_SPM
    assert exercise_s(plan) <= safety.MAX_SESSION_S
    stretch_s = 0.0
    for stage in stages_of(plan)[1:]:
        stretch_s = 0.0 if stage.name == REST else stretch_s + stage.duration_s
        assert stretch_s <= safety.UNPAUSED_SESSION_S + 1e-6


def test_a_rest_lies_after_half_an_hour() -> None:
    plan = parse_plan(
        'exercise = "walk"\n[walk]\nbaseline_s = 60\ntempo_spm = 100\ncued_minutes = 40\n'
    )
    assert [(s.name, s.kind, s.duration_s) for s in stages_of(plan)] == [
        ("baseline", StageKind.QUIET, 60),
        ("cued", StageKind.CUED, 1740),
        (REST, StageKind.QUIET, safety.REST_S),
        ("cued", StageKind.CUED, 660),
    ]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("alpha = 0.3", ['belongs to the policy "adaptive"', 'policy is "fixed"']),
        ('policy = "matched"', ["own cadence", "at least 10 s"]),
        ('policy = "skipping"', ["fixed", "fading"]),
        ('policy = "fractal"\nvariation_sd_percent = 9', ["0.5 to 4 percent"]),
        ('policy = "ramp"\nbaseline_s = 30\nramp_to_percent = 118', ["unlock", "90 to 110"]),
    ],
)
def test_a_policy_and_its_fields_belong_together(field: str, says: list[str]) -> None:
    text = f'exercise = "walk"\n[walk]\ntempo_spm = 100\ncued_minutes = 5\n{field}\n'
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    for part in says:
        assert part in str(caught.value)
