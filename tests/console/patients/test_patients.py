"""Patients: what is kept, what is refused, and what the pages say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante.errors import AndanteError, PlanError
from andante.plan import plan_from_dict
from andante_host.console.patients.flags import FLAGS
from andante_host.console.patients.service import (
    NEW,
    Flags,
    PatientError,
    Patients,
    UnknownPatientError,
    checked_code,
)
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.console import Visitor, console, console_settings


@pytest.fixture
def patients(tmp_path: Path) -> Iterator[Patients]:
    services = Services.made(console_settings(tmp_path))
    yield services.patients
    services.archive.close()
    services.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Visitor]:
    with console(tmp_path, Role.THERAPIST) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def therapist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One for all tests that bring their own codes."""
    with console(tmp_path_factory.mktemp("console"), Role.THERAPIST) as visitor:
        yield visitor


def test_a_patient_is_added_found_changed_archived_and_brought_back(patients: Patients) -> None:
    patients.add("P-17", Flags(epilepsy=True), "to the shop\r\nand back")
    assert patients.get("p-17").code == "P-17"
    assert patients.get("P-17").goals == "to the shop\nand back"
    patients.change("P-17", Flags(freezer=True), "home")
    assert patients.get("P-17").flags == Flags(freezer=True)
    patients.archive("P-17")
    assert patients.all() == []
    assert [patient.code for patient in patients.all(archived=True)] == ["P-17"]
    patients.restore("P-17")
    assert [patient.code for patient in patients.all("SHOP")] == []
    assert [patient.code for patient in patients.all("HOME")] == ["P-17"]


def test_a_code_is_given_once_whatever_its_letters_size(patients: Patients) -> None:
    patients.add("P-17")
    patients.archive("P-17")
    with pytest.raises(PatientError, match="P-17 already, in the archive"):
        patients.add("p-17")


def test_notes_say_who_and_when_newest_first(patients: Patients) -> None:
    patients.add("P-17")
    patients.add_note("P-17", "walked well", "anna")
    patients.add_note("p-17", "tired", "ben")
    assert [(note.who, note.text) for note in patients.notes("P-17")] == [
        ("ben", "tired"),
        ("anna", "walked well"),
    ]
    assert all(note.at_utc.endswith("Z") for note in patients.notes("P-17"))


def test_what_cannot_be_kept_is_refused_in_a_sentence(patients: Patients) -> None:
    patients.add("P-17")
    with pytest.raises(AndanteError, match="empty"):
        patients.add_note("P-17", " \n\t", "anna")
    with pytest.raises(AndanteError, match="2000 characters"):
        patients.add_note("P-17", "x" * 2_001, "anna")
    with pytest.raises(AndanteError, match="2000 characters"):
        patients.change("P-17", Flags(), "x" * 2_001)
    with pytest.raises(UnknownPatientError):
        patients.archive("P-18")


def test_a_name_is_refused_and_told_why(patients: Patients) -> None:
    with pytest.raises(PatientError, match="looks like a name, and no names are kept"):
        patients.add("Jane Doe")


@given(st.text(max_size=40))
def test_a_code_is_what_a_plan_takes_for_one(text: str) -> None:
    raw = {"exercise": "walk", "walk": {"baseline_s": 60}, "patient_code": text}
    try:
        checked_code(text)
    except PatientError:
        # “new” is the address of the form for a new patient.
        if text != NEW:
            with pytest.raises(PlanError):
                plan_from_dict(raw)
    else:
        assert plan_from_dict(raw).patient_code == text


def test_every_flag_has_its_words() -> None:
    assert [words.name for words in FLAGS] == list(Flags.__struct_fields__)


# --- pages --------------------------------------------------------------------------------------


def test_from_the_empty_list_to_a_patients_page(fresh: Visitor) -> None:
    assert "There are no patients yet" in fresh.get("/patients").text
    form = fresh.get("/patients/new").text
    assert all(words.consequence.split("“")[0].strip() in form for words in FLAGS)
    answer = fresh.post("/patients/new", {"code": "P-17", "freezer": "on", "goals": "stairs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/patients/P-17")
    page = fresh.get("/patients/P-17").text
    assert "Freezing of gait" in page
    assert "stairs" in page
    assert "P-17" in fresh.get("/patients").text


def test_a_name_in_the_form_is_shown_back_and_kept_nowhere(therapist: Visitor) -> None:
    answer = therapist.post("/patients/new", {"code": "Jane Doe", "goals": "stairs"})
    assert answer.status_code == 400
    assert "no names are kept" in answer.text
    assert "stairs" in answer.text
    entry = therapist.services.audit.newest(1)[0]
    assert (entry.action, entry.outcome) == ("add patient", "refused")
    assert not therapist.services.audit.newest(containing="Jane")


def test_flags_goals_notes_and_archive_by_form(therapist: Visitor) -> None:
    therapist.post("/patients/new", {"code": "G-1"})
    therapist.post("/patients/G-1/edit", {"hearing": "on", "goals": "garden"})
    therapist.post("/patients/G-1/notes", {"text": "slept badly"})
    page = therapist.get("/patients/G-1").text
    assert "Hard of hearing" in page
    assert "garden" in page
    assert "slept badly" in page
    assert therapist.post("/patients/G-1/archive").headers["location"] == "/patients"
    assert "/patients/G-1" not in therapist.get("/patients").text
    assert "/patients/G-1" in therapist.get("/patients?archived=true").text
    therapist.post("/patients/G-1/restore")
    assert "/patients/G-1" in therapist.get("/patients").text


def test_every_look_and_change_is_in_the_trail(fresh: Visitor) -> None:
    fresh.post("/patients/new", {"code": "P-17"})
    fresh.get("/patients/P-17")
    fresh.post("/patients/P-17/edit", {"epilepsy": "on"})
    fresh.post("/patients/P-17/notes", {"text": ""})
    fresh.post("/patients/P-17/notes", {"text": "x"})
    fresh.post("/patients/P-17/archive")
    told = [
        (entry.action, entry.outcome)
        for entry in reversed(fresh.services.audit.newest())
        if entry.subject == "P-17"
    ]
    assert told == [
        ("add patient", "done"),
        ("see patient", "done"),
        ("change patient", "done"),
        ("add note", "refused"),
        ("add note", "done"),
        ("archive patient", "done"),
    ]


def test_patients_are_for_therapists(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        visitor.services.patients.add("P-17")
        for role in (Role.CLINICIAN, Role.ADMINISTRATOR):
            visitor.log_in(role)
            assert visitor.get("/patients").status_code == 403
            assert visitor.get("/patients/P-17").status_code == 403
            assert visitor.post("/patients/P-17/archive").status_code == 403
            assert visitor.services.patients.get("P-17").archived_utc is None
            visitor.post("/logout")


@pytest.mark.parametrize("path", ["/patients/none", "/patients/none/edit", "/patients/%2e%2e"])
def test_an_unknown_patient_is_an_address_that_leads_nowhere(path: str, therapist: Visitor) -> None:
    assert therapist.get(path).status_code == 404


def test_who_does_not_type_a_name_for_a_code_types_it_elsewhere_in_vain(
    therapist: Visitor,
) -> None:
    """“new” is the address of the form; a patient of that code could never be seen."""
    answer = therapist.post("/patients/new", {"code": "new"})
    assert answer.status_code == 400
    assert "“new”" in answer.text


TEXTS = st.text(max_size=60) | st.sampled_from(
    ["<script>alert(1)</script>", '" onload="x', "{{ 7*7 }}", "'; DROP TABLE patients; --", "\x00"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=TEXTS, goals=TEXTS, note=TEXTS, words=TEXTS)
def test_no_text_in_any_field_breaks_a_page(
    therapist: Visitor, code: str, goals: str, note: str, words: str
) -> None:
    assert therapist.post("/patients/new", {"code": code, "goals": goals}).status_code in (303, 400)
    if therapist.services.patients.find("P-17") is None:
        therapist.services.patients.add("P-17")
    assert therapist.post("/patients/P-17/edit", {"goals": goals}).status_code == 303
    assert therapist.post("/patients/P-17/notes", {"text": note}).status_code == 303
    page = therapist.get("/patients/P-17")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert '" onload="x' not in page.text
    found = therapist.get("/patients", params={"q": words})
    assert found.status_code == 200
    assert "<script>alert" not in found.text
