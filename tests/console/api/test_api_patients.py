"""Patients and plans over the API: the same rules as on the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante import safety
from andante.plan import Plan, parse_plan
from andante_host.console.plans.catalogue import TEMPLATES
from andante_host.console.principal import Role
from support.api import Program, programs

CODE = "P-017"
WALK = {"exercise": "walk", "walk": {"tempo_spm": 100, "cued_minutes": 5}}


def test_a_patient_is_added_changed_archived_and_brought_back(tmp_path: Path) -> None:
    with programs(tmp_path) as everyone:
        program = everyone[Role.THERAPIST]
        flags = {"freezer": True}
        made = program.post("/patients", {"code": CODE, "flags": flags, "goals": "to the shop"})
        assert made.status_code == 201
        assert made.json()["flags"]["freezer"] is True
        assert program.post("/patients", {"code": CODE.lower()}).status_code == 400
        change = {"flags": {"epilepsy": True}, "goals": "to the park"}
        assert program.put(f"/patients/{CODE}", change).json()["flags"] == {
            "freezer": False,
            "epilepsy": True,
            "hearing": False,
            "respiratory": False,
            "child": False,
        }
        program.post(f"/patients/{CODE}/archive")
        assert program.get("/patients").json()["items"] == []
        (archived,) = program.get("/patients?archived=true").json()["items"]
        assert archived["goals"] == "to the park"
        program.post(f"/patients/{CODE}/restore")
        assert [each["code"] for each in program.get("/patients").json()["items"]] == [CODE]


def test_notes_say_who_wrote_them(shared: Program) -> None:
    shared.post("/patients", {"code": "P-101"})
    shared.post("/patients/P-101/notes", {"text": "uses a stick\nindoors too"})
    (note,) = shared.get("/patients/P-101/notes").json()["items"]
    assert (note["who"], note["text"]) == ("program therapist's", "uses a stick\nindoors too")


def test_every_template_can_be_sent_back_as_a_plan(shared: Program) -> None:
    shared.post("/patients", {"code": "P-102"})
    found = shared.get("/templates?code=P-102").json()["items"]
    assert [each["key"] for each in found] == [template.key for template in TEMPLATES]
    for each in found:
        body = {"template": each["key"], "plan": each["plan"]}
        saved = shared.post("/patients/P-102/plans", body)
        assert saved.status_code == 201, saved.text
        toml = shared.get(f"/plans/{saved.json()['plan_id']}/toml").text
        assert isinstance(parse_plan(toml), Plan)


def test_limits_are_those_of_safety_and_of_the_patients_flags(shared: Program) -> None:
    shared.post("/patients", {"code": "P-103", "flags": {"freezer": True}})
    found = shared.get("/templates?code=P-103").json()["items"]
    walk = next(each for each in found if each["key"] == "walk")
    fields = {field["path"]: field for field in walk["fields"]}
    tempo = fields["walk.tempo_spm"]
    limit = safety.WALKING_TEMPO_SPM
    assert (tempo["low"], tempo["high"], tempo["unit"]) == (limit.low, limit.high, "steps/min")
    # In the plan's own unit, though a form asks for minutes.
    baseline = fields["walk.baseline_s"]
    assert (baseline["high"], baseline["unit"]) == (safety.BASELINE_S.high, "s")
    freezer = safety.FREEZER_PERCENT_OF_BASELINE
    share = fields["walk.tempo_percent_of_baseline"]["limits"]
    assert share.startswith(f"{freezer.low:g} to {freezer.high:g} %")


def test_a_plan_beyond_a_limit_is_refused_in_both_forms(shared: Program) -> None:
    shared.post("/patients", {"code": "P-104"})
    beyond = safety.WALKING_TEMPO_SPM.high + 1
    plan = {**WALK, "walk": {**WALK["walk"], "tempo_spm": beyond}}  # type: ignore[dict-item]
    answer = shared.post("/patients/P-104/plans", {"template": "walk", "plan": plan})
    assert answer.status_code == 400
    assert "walk.tempo_spm" in answer.json()["detail"]
    toml = f'exercise = "walk"\n[walk]\ntempo_spm = {beyond}\ncued_minutes = 5\n'
    answer = shared.post("/patients/P-104/plans/toml", {"template": "walk", "toml": toml})
    assert answer.status_code == 400
    assert "line 3: walk.tempo_spm" in answer.json()["detail"]
    assert shared.get("/patients/P-104/plans").json()["items"] == []


def test_a_copy_is_judged_by_the_other_patients_flags(tmp_path: Path) -> None:
    with programs(tmp_path) as everyone:
        program = everyone[Role.THERAPIST]
        program.post("/patients", {"code": CODE})
        program.post("/patients", {"code": "P-018"})
        program.post("/patients", {"code": "P-019", "flags": {"freezer": True}})
        saved = program.post(f"/patients/{CODE}/plans", {"template": "walk", "plan": WALK}).json()
        path = f"/plans/{saved['plan_id']}"
        assert program.post(f"{path}/copy", {"code": "P-018"}).json()["code"] == "P-018"
        refused = program.post(f"{path}/copy", {"code": "P-019"})
        assert refused.status_code == 400
        assert "freezer" in refused.json()["detail"]
        assert program.post(f"{path}/retire").json()["retired_utc"] is not None
        assert program.get(f"/patients/{CODE}/plans").json()["items"] == []
        (retired,) = program.get(f"/patients/{CODE}/plans?retired=true").json()["items"]
        assert retired["plan_id"] == saved["plan_id"]


def test_an_unlock_needs_a_reason_and_is_signed_by_the_tokens_role(shared: Program) -> None:
    shared.post("/patients", {"code": "P-106"})
    plan = {**WALK, "patient": {"tempo_unlocked_by": "the director"}}
    body: dict[str, Any] = {"template": "walk", "plan": plan}
    assert shared.post("/patients/P-106/plans", body).status_code == 400
    saved = shared.post("/patients/P-106/plans", {**body, "unlock_reason": "asked for"})
    assert saved.json()["plan"]["patient"] == {"tempo_unlocked_by": "therapist"}
    (note,) = shared.get("/patients/P-106/notes").json()["items"]
    assert "asked for" in note["text"]


# --- what must be refused, and never be a defect --------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "status_code"),
    [
        (b'{"code": "P-1"}', "text/plain", 415),
        (b'{"code": "P-1"}', "application/x-www-form-urlencoded", 415),
        (b'{"code": "P-1"}', "", 415),
        (b"", "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"code": "P-1", "name": "Ada"}', "application/json", 400),
        (b'{"code": "P-1", "goals": NaN}', "application/json", 400),
        (b'{"code": "P-1", "goals": "\\u0000"}', "application/json", 400),
        (b'{"code": "P-1", "goals": "\\ud800"}', "application/json", 400),
        (b'{"code": "P-1", "goals": "\xff"}', "application/json", 400),
        (b'{"code": "P-1", "flags": {"freezer": 1e999}}', "application/json", 400),
        (b'{"code": "P-1", "goals": "' + b"x" * 3_000 + b'"}', "application/json", 400),
        (b'{"code": "' + b"x" * 2_000_000 + b'"}', "application/json", 413),
        (b"[" * 100_000, "application/json", 400),
        (b'{"code": "P-1"', "application/json", 400),
    ],
)
def test_what_is_no_patient_is_refused_with_a_sentence(
    shared: Program, content: bytes, kind: str, status_code: int
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = shared.ask("POST", "/patients", content=content, headers=headers)
    assert answer.status_code == status_code
    told = answer.json()
    assert set(told) == {"status_code", "detail"}
    assert told["status_code"] == status_code
    assert "P-1" not in [each["code"] for each in shared.get("/patients").json()["items"]]


@pytest.mark.parametrize(
    "query", ["archive=true", "archived=true&archived=false", "archived=perhaps"]
)
def test_a_parameter_that_would_be_passed_over_is_refused(shared: Program, query: str) -> None:
    assert shared.get("/patients?archived=true").status_code == 200
    assert shared.get(f"/patients?{query}").status_code == 400


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(st.characters(), max_size=200))
def test_any_text_is_kept_as_it_is_or_refused(shared: Program, text: str) -> None:
    content = json.dumps({"text": text})
    headers = {"content-type": "application/json"}
    answer = shared.ask("POST", f"/patients/{CODE}/notes", content=content, headers=headers)
    if answer.status_code == 201:
        assert answer.json()["text"] == text.strip()
    else:
        assert answer.status_code == 400
        controls = any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)
        surrogates = any("\ud800" <= char <= "\udfff" for char in text)
        separators = any(char in "\u2028\u2029" for char in text)
        assert controls or surrogates or separators or not text.strip()


@pytest.fixture(name="shared", scope="module")
def one_for_all(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with programs(tmp_path_factory.mktemp("console")) as everyone:
        program = everyone[Role.THERAPIST]
        program.post("/patients", {"code": CODE})
        yield program
