"""Recorded sessions over the API: lists, figures, notes, files, trends."""

from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT
from msgspec import Meta, Struct

from andante.plan import Exercise
from andante_host.archive.charts import Trend
from andante_host.archive.products import Kind, product_at
from andante_host.archive.summary import Summary
from andante_host.console.api.answers import (
    LINES,
    MEDIA,
    Count,
    StillComingError,
    allowed,
    asking,
    reading,
    writing,
)
from andante_host.console.patients.self_reports import KeptReport
from andante_host.console.services import TheServices
from andante_host.console.sessions.archive import LONGEST_NOTE_CHARS, SessionNote, Wanted
from andante_host.console.sessions.routes import READERS, check_known
from andante_host.console.sessions.sending import parcel_of, sent

AnyRequest = Request[Any, Any, Any]
_MAX_OFFSET = 1_000_000
_MEDIA_TYPES = tuple(dict.fromkeys(product_at("", kind, Path()).media_type for kind in Kind))
"""Of what can be taken, whichever session it is of."""
FileName = Annotated[
    str, PathParameter(description="a session's `file`, as the list has it", max_length=255)
]
OptionalCode = Annotated[
    str | None, QueryParameter(max_length=32, description="only those of this patient")
]


class SessionList(Struct, frozen=True, kw_only=True):
    """Some of the sessions, newest first, those without a date last."""

    items: list[Summary]
    total_count: Annotated[int, Meta(description="how many the filter finds in all")]
    unread_count: Annotated[
        int, Meta(description="files that are still being read, which no filter finds yet")
    ]


class SessionNoteAnswer(Struct, frozen=True, kw_only=True):
    """A remark on a finished session; its file stays as it is."""

    note_id: int
    file: str
    at_utc: str
    who: str
    text: str


class SessionNoteList(Struct, frozen=True, kw_only=True):
    """Remarks, oldest first."""

    items: list[SessionNoteAnswer]


class NewSessionNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be remarked."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_NOTE_CHARS,
            pattern=LINES,
            description="no name, neither the patient's nor anybody else's",
        ),
    ]


class SelfReportList(Struct, frozen=True, kw_only=True):
    """How the patient felt, as far as it was asked after the session."""

    items: list[KeptReport]


@get(
    "/sessions", summary="List sessions", responses=reading(HTTP_409_CONFLICT), sync_to_thread=True
)
def list_sessions(
    request: AnyRequest,
    services: TheServices,
    code: OptionalCode = None,
    exercise: Annotated[
        Exercise | None, QueryParameter(description="only those of this exercise")
    ] = None,
    simulated: Annotated[
        bool | None,
        QueryParameter(description="only those with simulated parts, or only those without"),
    ] = None,
    count: Count = 100,
    offset: Annotated[
        int, QueryParameter(ge=0, le=_MAX_OFFSET, description="how many to pass over")
    ] = 0,
) -> SessionList:
    """Newest first. A session that is still being read has the state `waiting`."""
    wanted = Wanted(code=code, exercise=exercise, simulated=simulated)
    items = services.archive.sessions(wanted, count, offset)
    services.audit.add(request, "look at sessions", code or "all patients")
    return SessionList(
        items=items,
        total_count=services.archive.count(wanted),
        unread_count=services.archive.unread_count(),
    )


@get(
    "/sessions/{file:str}",
    summary="Get a session",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def get_session(request: AnyRequest, file: FileName, services: TheServices) -> Summary:
    """A session in short: what was done, and the answers that its report begins with."""
    summary = services.archive.summary(file)
    services.audit.add(request, "look at session", file, detail=summary.patient_code or "")
    return summary


@get(
    "/sessions/{file:str}/measures",
    summary="Get every measure of a session",
    responses=reading(HTTP_202_ACCEPTED, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    sync_to_thread=True,
)
def get_measures(request: AnyRequest, file: FileName, services: TheServices) -> dict[str, Any]:
    """The blocks `session`, `timing`, `synchrony`, `gait`, `breathing`, `group` and more, null
    where the session has none, as `andante-host metrics --json` prints them.
    """
    blocks = services.archive.measures(file)
    if blocks is None:
        raise StillComingError
    services.audit.add(request, "look at measures", file)
    return blocks


@get(
    "/sessions/{file:str}/files/{kind:str}",
    summary="Download a session, its tables or its report",
    responses=reading(HTTP_202_ACCEPTED, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    opt={MEDIA: _MEDIA_TYPES},
    sync_to_thread=True,
)
def download_file(
    request: AnyRequest,
    file: FileName,
    kind: Annotated[
        Kind,
        PathParameter(
            description="`session`: the session file itself; `csv`: tables with their data "
            "dictionary, zipped; `html`, `pdf`: the report; `measures`: as above, as a file"
        ),
    ],
    services: TheServices,
) -> Stream:
    """The file, streamed. What has to be made first is answered with 202 until it is there."""
    product = services.archive.product(file, kind)
    if product is None:
        raise StillComingError
    return sent(request, services, parcel_of(product), "download session", file)


@get(
    "/sessions/{file:str}/notes",
    summary="List the notes on a session",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def list_session_notes(
    request: AnyRequest, file: FileName, services: TheServices
) -> SessionNoteList:
    """What was remarked after the session, oldest first."""
    services.archive.summary(file)
    services.audit.add(request, "look at session's notes", file)
    return _notes(services.archive.notes(file))


@post(
    "/sessions/{file:str}/notes",
    summary="Add a note on a session",
    responses=writing(HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    sync_to_thread=True,
)
def add_session_note(
    request: AnyRequest, file: FileName, data: JSONBody[NewSessionNote], services: TheServices
) -> SessionNoteList:
    """Remark something; answers with all notes."""
    services.archive.add_note(file, asking(request).name, data.text)
    services.audit.add(request, "note on session", file)
    return _notes(services.archive.notes(file))


@get(
    "/sessions/{file:str}/self-reports",
    summary="List what the patient said after a session",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def list_self_reports(request: AnyRequest, file: FileName, services: TheServices) -> SelfReportList:
    """Mood, pain and effort, 0 to 10. What was asked before or during it is in its file."""
    services.archive.summary(file)
    services.audit.add(request, "look at self-reports", file)
    return SelfReportList(items=services.self_reports.of_session(file))


@get(
    "/trends/{code:str}",
    summary="Get a patient's trend",
    responses=reading(HTTP_202_ACCEPTED, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    sync_to_thread=True,
)
def get_trend(
    request: AnyRequest,
    code: Annotated[str, PathParameter(max_length=32, description="a patient's code")],
    services: TheServices,
) -> Trend:
    """What can be followed over weeks, as tables and pictures. Damaged, running and undated
    sessions are left out; of a patient without sessions nothing is told yet.
    """
    check_known(services, code)
    trend = services.archive.trend(code)
    if trend is None:
        raise StillComingError
    services.audit.add(request, "look at trend", code)
    return trend


def _notes(notes: list[SessionNote]) -> SessionNoteList:
    return SessionNoteList(items=[SessionNoteAnswer(**vars(note)) for note in notes])


sessions_api = Router(
    "/",
    route_handlers=[
        list_sessions,
        get_session,
        get_measures,
        download_file,
        list_session_notes,
        add_session_note,
        list_self_reports,
        get_trend,
    ],
    tags=["sessions"],
    **allowed(*READERS),
)
