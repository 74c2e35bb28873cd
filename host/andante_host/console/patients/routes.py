"""The pages of patients: the list, one patient, new, changed, archived."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response, Template
from litestar.status_codes import HTTP_400_BAD_REQUEST

from andante.commands import Moment
from andante.errors import AndanteError
from andante_host.archive.folder import NoSuchSessionError
from andante_host.archive.summary import Summary
from andante_host.console.errors import answer_to_refusal
from andante_host.console.pages import AnyRequest, go_to, page, say
from andante_host.console.patients.flags import FLAGS, FlagWords, words_of
from andante_host.console.patients.service import Flags, Patient, UnknownPatientError
from andante_host.console.patients.texts import LONGEST_TEXT_CHARS
from andante_host.console.plans.lines import PlanLine, plan_line
from andante_host.console.plans.own_tempo import own_tempos
from andante_host.console.plans.service import SavedPlan, UnknownPlanError
from andante_host.console.principal import Principal, Role, principal_of, requires
from andante_host.console.services import Services, TheServices
from andante_host.console.sessions.archive import Wanted

PATIENTS = "/patients"
SESSIONS_SHOWN = 5
_SESSIONS_SEARCHED = 50
"""How far back an own tempo is looked for."""

Posted = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def answer_to_unknown(request: AnyRequest, _: AndanteError) -> Response[Any]:
    """There is no such patient or plan: the page for an address that leads nowhere."""
    return answer_to_refusal(request, NotFoundException())


NOT_FOUND: dict[Any, Any] = {
    UnknownPatientError: answer_to_unknown,
    UnknownPlanError: answer_to_unknown,
    NoSuchSessionError: answer_to_unknown,
}


def asking(request: AnyRequest) -> Principal:
    """Who asks; the guard has seen to it that there is somebody."""
    principal = principal_of(request)
    assert principal is not None
    return principal


@get("/", sync_to_thread=True)
def patients_page(
    request: AnyRequest,
    services: TheServices,
    q: FromQuery[str] = "",
    archived: FromQuery[bool] = False,
) -> Template:
    """The list, with what to go on with."""
    patients = services.patients.all(q.strip(), archived)
    services.audit.add(request, "list patients", detail=f"search {q}" if q else "")
    last_plans = services.plans.last_of_each()
    last_sessions: dict[str, Summary] = {}
    for session in services.archive.sessions():
        if session.patient_code is not None:
            last_sessions.setdefault(session.patient_code, session)
    rows = [
        _row(services, patient, last_sessions.get(patient.code), last_plans.get(patient.code))
        for patient in patients
    ]
    unread = services.archive.unread_count()
    return page(request, "patients/list.html", rows=rows, q=q, archived=archived, unread=unread)


@dataclass(frozen=True)
class _Row:
    """A line of the list: the patient, their last session and the plan to go on with."""

    patient: Patient
    flags: list[FlagWords]
    session: Summary | None
    line: PlanLine | None


def _row(
    services: Services, patient: Patient, session: Summary | None, last: SavedPlan | None
) -> _Row:
    line = None if last is None else plan_line(services.plans, last)
    return _Row(patient, words_of(patient.flags), session, line)


@get("/new", sync_to_thread=False)
def new_page(request: AnyRequest) -> Template:
    """A code, flags, goals."""
    return _form(request, "patients/new.html", code="", flags=Flags(), goals="")


@post("/new", sync_to_thread=True)
def add(request: AnyRequest, data: Posted, services: TheServices) -> Template | Redirect:
    """A new patient."""
    code, flags, goals = data.get("code", "").strip(), _flags(data), data.get("goals", "")
    try:
        patient = services.patients.add(code, flags, goals)
    except AndanteError as error:
        # What was typed may be a name, so it is kept nowhere.
        services.audit.add(request, "add patient", outcome="refused")
        return _form(
            request,
            "patients/new.html",
            HTTP_400_BAD_REQUEST,
            code=code,
            flags=flags,
            goals=goals,
            sentence=str(error),
        )
    services.audit.add(request, "add patient", patient.code, detail=_flag_names(flags))
    return go_to(f"{PATIENTS}/{patient.code}")


@get("/{code:str}", sync_to_thread=True)
def patient_page(request: AnyRequest, code: FromPath[str], services: TheServices) -> Template:
    """Everything of a patient: plans, own tempo, sessions, goals, notes."""
    patient = services.patients.get(code)
    services.audit.add(request, "see patient", patient.code)
    sessions = services.archive.sessions(Wanted(code=patient.code), _SESSIONS_SEARCHED)
    last = services.plans.last(patient.code)
    return page(
        request,
        "patients/patient.html",
        patient=patient,
        flags=words_of(patient.flags),
        lines=[
            plan_line(services.plans, saved) for saved in services.plans.of_patient(patient.code)
        ],
        retired=services.plans.of_patient(patient.code, retired=True),
        last=None if last is None else plan_line(services.plans, last),
        notes=services.patients.notes(patient.code),
        sessions=sessions[:SESSIONS_SHOWN],
        unread=services.archive.unread_count(),
        own=own_tempos(sessions, services.settings.try_out),
        felt=_felt(services, patient, sessions[:SESSIONS_SHOWN]),
        longest_chars=LONGEST_TEXT_CHARS,
    )


@get("/{code:str}/edit", sync_to_thread=True)
def edit_page(request: AnyRequest, code: FromPath[str], services: TheServices) -> Template:
    """Flags and goals."""
    patient = services.patients.get(code)
    services.audit.add(request, "see patient", patient.code)
    return _form(
        request, "patients/edit.html", code=patient.code, flags=patient.flags, goals=patient.goals
    )


@post("/{code:str}/edit", sync_to_thread=True)
def change(
    request: AnyRequest, code: FromPath[str], data: Posted, services: TheServices
) -> Template | Redirect:
    """Other flags and goals."""
    flags, goals = _flags(data), data.get("goals", "")
    before = services.patients.get(code)
    try:
        patient = services.patients.change(before.code, flags, goals)
    except AndanteError as error:
        services.audit.add(request, "change patient", before.code, "refused", str(error))
        return _form(
            request,
            "patients/edit.html",
            HTTP_400_BAD_REQUEST,
            code=before.code,
            flags=flags,
            goals=goals,
            sentence=str(error),
        )
    detail = f"{_flag_names(before.flags)} -> {_flag_names(flags)}"
    services.audit.add(request, "change patient", patient.code, detail=detail)
    say(request, "Kept. The flags hold for every plan of this patient from now on.")
    return go_to(f"{PATIENTS}/{patient.code}")


@post("/{code:str}/notes", sync_to_thread=True)
def add_note(
    request: AnyRequest, code: FromPath[str], data: Posted, services: TheServices
) -> Redirect:
    """Write something down."""
    patient = services.patients.get(code)
    try:
        services.patients.add_note(patient.code, data.get("text", ""), asking(request).name)
    except AndanteError as error:
        services.audit.add(request, "add note", patient.code, "refused", str(error))
        say(request, str(error), bad=True)
    else:
        services.audit.add(request, "add note", patient.code)
    return go_to(f"{PATIENTS}/{patient.code}#notes")


@post("/{code:str}/archive", sync_to_thread=True)
def archive(request: AnyRequest, code: FromPath[str], services: TheServices) -> Redirect:
    """Out of the list."""
    patient = services.patients.archive(code)
    services.audit.add(request, "archive patient", patient.code)
    say(request, f"{patient.code} is in the archive; everything is kept.")
    return go_to(PATIENTS)


@post("/{code:str}/restore", sync_to_thread=True)
def restore(request: AnyRequest, code: FromPath[str], services: TheServices) -> Redirect:
    """Back into the list."""
    patient = services.patients.restore(code)
    services.audit.add(request, "restore patient", patient.code)
    return go_to(f"{PATIENTS}/{patient.code}")


def _felt(
    services: Services, patient: Patient, sessions: list[Summary]
) -> dict[str, list[tuple[str, str]]]:
    """What was told after each session, by its file: (item, score), from wherever it is kept."""
    felt = {
        session.file: [(f.item, f.after) for f in session.feelings if f.after.isdigit()]
        for session in sessions
    }
    for report in services.self_reports.of_patient(patient.code):
        if report.file in felt and report.moment is Moment.AFTER:
            kept = [told for told in felt[report.file] if told[0] != report.item]
            felt[report.file] = [*kept, (str(report.item), str(report.score))]
    return felt


def _form(
    request: AnyRequest, template: str, status_code: int = 200, sentence: str = "", **values: Any
) -> Template:
    return page(
        request,
        template,
        status_code,
        sentence=sentence,
        flag_words=FLAGS,
        longest_chars=LONGEST_TEXT_CHARS,
        **values,
    )


def _flags(data: dict[str, str]) -> Flags:
    return Flags(**{words.name: data.get(words.name) == "on" for words in FLAGS})


def _flag_names(flags: Flags) -> str:
    return ", ".join(words.name for words in words_of(flags)) or "no flags"


patients_router = Router(
    PATIENTS,
    route_handlers=[
        patients_page,
        new_page,
        add,
        patient_page,
        edit_page,
        change,
        add_note,
        archive,
        restore,
    ],
    guards=[requires(Role.THERAPIST)],
    exception_handlers=NOT_FOUND,
)
