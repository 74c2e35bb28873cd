"""The audit trail for those who have to answer for it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from io import StringIO
from typing import Any

from litestar import Request, Router, get
from litestar.params import FromQuery
from litestar.response import Stream, Template

from andante_host.console.audit import Audit, Entry
from andante_host.console.pages import page
from andante_host.console.principal import Role, requires
from andante_host.console.services import TheServices
from andante_host.console.sessions import words
from andante_host.console.sessions.sending import Parcel, sent
from andante_host.export.cells import cell

AnyRequest = Request[Any, Any, Any]

ON_A_PAGE = 100
_AT_ONCE = 1_000


@get("/audit", sync_to_thread=True)
def audit_page(
    request: AnyRequest,
    services: TheServices,
    before: FromQuery[int | None] = None,
    containing: FromQuery[str] = "",
) -> Template:
    """Who saw, took and did what, newest first."""
    found = services.audit.newest(ON_A_PAGE + 1, before, containing.strip())
    services.audit.add(request, "look at audit trail", containing.strip())
    return page(
        request,
        "sessions/audit.html",
        entries=found[:ON_A_PAGE],
        more=len(found) > ON_A_PAGE,
        containing=containing.strip(),
        before=before,
        words=words,
    )


@get("/audit/download", sync_to_thread=True)
def audit_download(
    request: AnyRequest, services: TheServices, containing: FromQuery[str] = ""
) -> Stream:
    """All of it, or what contains some words, as CSV; newest first."""
    name = f"andante-audit-{services.clock.utc_now():%Y%m%d-%H%M%S}.csv"
    parcel = Parcel(name, "text/csv; charset=utf-8", csv_of(services.audit, containing.strip()))
    return sent(request, services, parcel, "download audit trail", containing.strip())


def csv_of(audit: Audit, containing: str) -> Iterator[bytes]:
    """The trail in pieces of at most _AT_ONCE lines, in UTF-8 with a line of names."""
    yield _lines([[field.name for field in fields(Entry)]])
    before: int | None = None
    while found := audit.newest(_AT_ONCE, before, containing):
        yield _lines([[cell(value) for value in astuple(entry)] for entry in found])
        before = found[-1].entry


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


trail_router = Router(
    "/",
    route_handlers=[audit_page, audit_download],
    guards=[requires(Role.CLINICIAN, Role.ADMINISTRATOR)],
)
