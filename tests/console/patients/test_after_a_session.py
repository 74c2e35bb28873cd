"""What follows a session: the own tempo that it showed, and how the patient felt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from andante.plan import Exercise
from andante_host.archive.summary import State
from andante_host.console.plans.own_tempo import own_tempos
from andante_host.console.principal import Role
from support.archive import until_there
from support.console import Visitor, console
from support.plan_forms import fields_of
from support.sessions import Walk, write_walk

FILE = "walk.andante"
CODE = "P-007"  # of support.sessions
SHORT = Walk(baseline_s=30.0, cued_s=20.0, fade_s=0.0, carry_over_s=0.0, samples=False)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder: Path = tmp_path_factory.mktemp("console")
    with console(folder, Role.THERAPIST, try_out=True) as visitor:
        write_walk(visitor.services.settings.sessions_dir / FILE, SHORT)
        visitor.services.patients.add(CODE)
        visitor.services.patients.add("P-2")
        archive = visitor.services.archive

        def measured() -> bool | None:
            return archive.summary(FILE).state == State.FINISHED or None

        until_there(measured)
        yield visitor


def test_the_own_cadence_is_the_sessions_own_and_offered_for_the_next_plan(
    after: Visitor,
) -> None:
    own = own_tempos(after.services.archive.sessions(), simulated_too=True)[Exercise.WALK]
    assert own.per_minute == pytest.approx(SHORT.baseline_spm, abs=3)
    shown = f"{own.per_minute} "
    page = after.get(f"/patients/{CODE}").text
    assert shown in page
    assert "simulated patient" in page
    form = after.get(f"/patients/{CODE}/plans/new/walk?own=true").text
    fields = fields_of(form)
    assert float(fields["walk.tempo_spm"]) == own.per_minute
    assert fields["walk.tempo_percent_of_baseline"] == ""
    assert after.post(f"/patients/{CODE}/plans/new/walk", fields).status_code == 303


def test_how_the_patient_feels_is_kept_beside_the_session(after: Visitor) -> None:
    at = f"/patients/{CODE}/after?file={FILE}"
    assert FILE in after.get(at).text
    before = (after.services.settings.sessions_dir / FILE).read_bytes()
    assert after.post(at, {"mood": "8", "pain": "1"}).headers["location"] == f"/patients/{CODE}"
    told = after.services.self_reports.of_session(FILE)
    assert {(report.item, report.score, report.who) for report in told} == {
        ("mood", 8, "therapist"),
        ("pain", 1, "therapist"),
    }
    assert (after.services.settings.sessions_dir / FILE).read_bytes() == before
    assert fields_of(after.get(at).text) == {"mood": "8", "pain": "1"}
    assert "mood 8, pain 1" in after.get(f"/patients/{CODE}").text
    assert after.services.audit.newest(containing="keep self-report")[0].detail == FILE


def test_a_score_off_the_scale_is_refused_and_nothing_lost(after: Visitor) -> None:
    answer = after.post(f"/patients/{CODE}/after?file={FILE}", {"mood": "99", "effort": "2"})
    assert answer.status_code == 400
    assert fields_of(answer.text) == {"effort": "2"}


@pytest.mark.parametrize("file", ["none.andante", "../walk.andante", "%2Fetc%2Fpasswd", ""])
def test_a_session_that_is_not_there(after: Visitor, file: str) -> None:
    at = f"/patients/{CODE}/after?file={file}"
    assert after.get(at).status_code == 404
    assert after.post(at, {"mood": "1"}).status_code == 404


def test_another_patients_session_is_refused(after: Visitor) -> None:
    at = f"/patients/P-2/after?file={FILE}"
    assert after.get(at).status_code == 400
    assert after.post(at, {"mood": "1"}).status_code == 400
    assert after.services.self_reports.of_patient("P-2") == []
