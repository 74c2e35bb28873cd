"""Sessions: the list, one session with its figures first, notes, and a patient over weeks."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_202_ACCEPTED

from andante.plan import Exercise
from andante_host.archive.folder import NoSuchSessionError
from andante_host.archive.products import Kind
from andante_host.archive.summary import State
from andante_host.console.errors import answer_to_refusal
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import Role, principal_of, requires
from andante_host.console.services import Services, TheServices, services_of
from andante_host.console.sessions import words
from andante_host.console.sessions.archive import LONGEST_NOTE_CHARS, Wanted

AnyRequest = Request[Any, Any, Any]

ON_A_PAGE = 50
AGAIN_S = 2
"""A page that waits for the worker looks again after so long, by itself."""
READERS = (Role.THERAPIST, Role.CLINICIAN)
_SIMULATED = {"real": False, "simulated": True}


@dataclass
class Note:
    """What the form sends."""

    text: str = ""


NoteForm = Annotated[Note, Body(media_type=RequestEncodingType.URL_ENCODED)]


def waiting(request: AnyRequest, template: str, **context: Any) -> Template:
    """A page that says what is being worked out, and looks again by itself."""
    shown = page(request, template, HTTP_202_ACCEPTED, again_s=AGAIN_S, **context)
    shown.headers["refresh"] = str(AGAIN_S)
    return shown


def wanted_of(code: str, exercise: str, simulated: str) -> Wanted:
    """A filter from what an address says; what is empty or not known is any."""
    return Wanted(
        code=code.strip() or None,
        exercise=exercise if exercise in set(Exercise) else None,
        simulated=_SIMULATED.get(simulated),
    )


@get("/sessions", sync_to_thread=True)
def session_list(
    request: AnyRequest,
    services: TheServices,
    code: FromQuery[str] = "",
    exercise: FromQuery[str] = "",
    simulated: FromQuery[str] = "",
    page_number: FromQuery[int] = 1,
) -> Template:
    """Newest first, with the figures that matter, to look at or to take along."""
    archive = services.archive
    wanted = wanted_of(code, exercise, simulated)
    first = (max(page_number, 1) - 1) * ON_A_PAGE
    shown = archive.sessions(wanted, ON_A_PAGE, first)
    services.audit.add(request, "look at sessions", wanted.code or "all patients")
    return page(
        request,
        "sessions/list.html",
        sessions=shown,
        total=archive.count(wanted),
        unread=archive.unread_count(),
        codes=archive.codes(),
        exercises=list(Exercise),
        wanted=wanted,
        simulated=simulated,
        first=first,
        number=max(page_number, 1),
        on_a_page=ON_A_PAGE,
        words=words,
        kinds=_TAKEABLE,
    )


@get("/sessions/{file:str}", sync_to_thread=True)
def session_page(request: AnyRequest, services: TheServices, file: FromPath[str]) -> Template:
    """Figures first; then how well the device kept time, notes, and what can be taken along."""
    summary = services.archive.summary(file)
    context: dict[str, Any] = {"summary": summary, "words": words}
    if summary.state in (State.WAITING, State.RUNNING):
        return waiting(request, "sessions/waiting_session.html", **context)
    services.audit.add(request, "look at session", file, detail=summary.patient_code or "")
    return page(
        request,
        "sessions/session.html",
        notes=services.archive.notes(file),
        kinds=_TAKEABLE,
        longest_note_chars=LONGEST_NOTE_CHARS,
        **context,
    )


@post("/sessions/{file:str}/notes", sync_to_thread=True)
def add_note(
    request: AnyRequest, services: TheServices, file: FromPath[str], data: NoteForm
) -> Redirect:
    """Keep a remark beside the session."""
    principal = principal_of(request)
    assert principal is not None
    services.archive.add_note(file, principal.name, data.text)
    services.audit.add(request, "note on session", file)
    say(request, "The note is kept.")
    return go_to(request.url.path.removesuffix("/notes"))


def check_known(services: Services, code: str) -> None:
    """Whether there can be a trend of somebody. Raises NoSuchSessionError for an unknown code."""
    if services.patients.find(code) is None and not services.archive.sessions(Wanted(code=code), 1):
        raise NoSuchSessionError(f"There are no sessions of {code}; choose another patient.")


@get("/trends/{code:str}", sync_to_thread=True)
def trend_page(
    request: AnyRequest, services: TheServices, code: FromPath[str], part: FromQuery[int] = 0
) -> Template:
    """One patient over weeks, an exercise at a time."""
    archive = services.archive
    check_known(services, code)
    trend = archive.trend(code)
    if trend is None:
        return waiting(request, "sessions/waiting_trend.html", code=code)
    services.audit.add(request, "look at trend", code)
    chapter = trend.chapters[part] if 0 <= part < len(trend.chapters) else None
    if chapter is None and trend.chapters:
        raise NotFoundException("There is no such part of the trend.")
    sessions = archive.sessions(Wanted(code=code))
    left_out = [each for each in sessions if not each.has_figures or each.started_utc is None]
    return page(
        request,
        "sessions/trend.html",
        code=code,
        trend=trend,
        chapter=chapter,
        part=part,
        left_out=left_out,
        words=words,
    )


_TAKEABLE = (Kind.SESSION, Kind.CSV, Kind.HTML, Kind.PDF)


def no_such_session(request: AnyRequest, error: NoSuchSessionError) -> Response[Any]:
    """404, and a line in the trail: a name that is none may be somebody trying doors."""
    services_of(request).audit.add(
        request, f"{request.method} {request.url.path}", outcome="refused", detail=str(error)
    )
    return answer_to_refusal(request, NotFoundException(str(error)))


sessions_router = Router(
    "/",
    route_handlers=[session_list, session_page, add_note, trend_page],
    guards=[requires(*READERS)],
    exception_handlers={NoSuchSessionError: no_such_session},
)
