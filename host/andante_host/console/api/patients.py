"""Patients and the notes on them, over the API."""

from typing import Annotated, Any

from litestar import Request, Router, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND
from msgspec import Meta, Struct

from andante.plan.tables import PatientCode
from andante_host.console.api.answers import (
    LINES,
    MAX_QUERY_CHARS,
    allowed,
    asking,
    reading,
    writing,
)
from andante_host.console.patients.service import Flags, Patient, PatientNote
from andante_host.console.patients.texts import LONGEST_TEXT_CHARS
from andante_host.console.principal import Role
from andante_host.console.services import TheServices

AnyRequest = Request[Any, Any, Any]
Goals = Annotated[
    str,
    Meta(
        max_length=LONGEST_TEXT_CHARS,
        pattern=LINES,
        description="what the training is for; no name",
    ),
]
Code = Annotated[
    str,
    PathParameter(
        description="a patient's code; great and small letters are the same",
        min_length=1,
        max_length=32,
    ),
]


class NewPatient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A patient to be added."""

    code: PatientCode
    flags: Flags = Flags()
    goals: Goals = ""


class PatientChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be known of a patient from now on: all of it, not a part."""

    flags: Flags
    goals: Goals


class NewNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be written down."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_TEXT_CHARS,
            pattern=LINES,
            description="no name, neither the patient's nor anybody else's",
        ),
    ]


class PatientList(Struct, frozen=True, kw_only=True):
    """Patients by their code."""

    items: list[Patient]


class PatientNoteList(Struct, frozen=True, kw_only=True):
    """Notes, newest first."""

    items: list[PatientNote]


@get("/", summary="List patients", responses=reading(), sync_to_thread=True)
def list_patients(
    request: AnyRequest,
    services: TheServices,
    containing: Annotated[
        str,
        QueryParameter(
            max_length=MAX_QUERY_CHARS, description="words that the code or the goals contain"
        ),
    ] = "",
    archived: Annotated[
        bool, QueryParameter(description="those in the archive, instead of those in the list")
    ] = False,
) -> PatientList:
    """The patients in the list, or those in the archive."""
    services.audit.add(request, "list patients")
    return PatientList(items=services.patients.all(containing, archived))


@post("/", summary="Add a patient", responses=writing(), sync_to_thread=True)
def add_patient(request: AnyRequest, data: JSONBody[NewPatient], services: TheServices) -> Patient:
    """A new patient, by code. 400 for a code that is taken."""
    patient = services.patients.add(data.code, data.flags, data.goals)
    services.audit.add(request, "add patient", patient.code)
    return patient


@get(
    "/{code:str}",
    summary="Get a patient",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def get_patient(request: AnyRequest, code: Code, services: TheServices) -> Patient:
    """A patient, in the list or in the archive."""
    patient = services.patients.get(code)
    services.audit.add(request, "look at patient", patient.code)
    return patient


@put(
    "/{code:str}",
    summary="Change a patient",
    responses=writing(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def change_patient(
    request: AnyRequest, code: Code, data: JSONBody[PatientChange], services: TheServices
) -> Patient:
    """Other flags and goals."""
    patient = services.patients.change(code, data.flags, data.goals)
    services.audit.add(request, "change patient", patient.code)
    return patient


@post(
    "/{code:str}/archive",
    summary="Archive a patient",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def archive_patient(request: AnyRequest, code: Code, services: TheServices) -> Patient:
    """Out of the list. Everything that is known stays."""
    patient = services.patients.archive(code)
    services.audit.add(request, "archive patient", patient.code)
    return patient


@post(
    "/{code:str}/restore",
    summary="Restore a patient",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def restore_patient(request: AnyRequest, code: Code, services: TheServices) -> Patient:
    """From the archive back into the list."""
    patient = services.patients.restore(code)
    services.audit.add(request, "restore patient", patient.code)
    return patient


@get(
    "/{code:str}/notes",
    summary="List the notes on a patient",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def list_notes(request: AnyRequest, code: Code, services: TheServices) -> PatientNoteList:
    """Everything that was written down, newest first."""
    notes = services.patients.notes(code)
    services.audit.add(request, "look at patient's notes", code)
    return PatientNoteList(items=notes)


@post(
    "/{code:str}/notes",
    summary="Add a note on a patient",
    responses=writing(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def add_note(
    request: AnyRequest, code: Code, data: JSONBody[NewNote], services: TheServices
) -> PatientNote:
    """Write something down. Notes are not changed afterwards."""
    note = services.patients.add_note(code, data.text, asking(request).name)
    services.audit.add(request, "add note on patient", note.code)
    return note


patients_api = Router(
    "/patients",
    route_handlers=[
        list_patients,
        add_patient,
        get_patient,
        change_patient,
        archive_patient,
        restore_patient,
        list_notes,
        add_note,
    ],
    tags=["patients"],
    **allowed(Role.THERAPIST),
)
