"""The audit trail over the API."""

from typing import Annotated, Any

from litestar import Request, Router, get
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from andante_host.console.api.answers import MAX_QUERY_CHARS, Count, allowed, reading
from andante_host.console.principal import Role
from andante_host.console.services import TheServices

_LARGEST_ENTRY = 2**63 - 1


class EntryAnswer(Struct, frozen=True, kw_only=True):
    """Who saw, took or did what."""

    entry: int
    at_utc: str
    who: str
    role: str
    address: str
    action: str
    subject: str
    outcome: str
    detail: str


class EntryList(Struct, frozen=True, kw_only=True):
    """Lines of the trail, newest first."""

    items: list[EntryAnswer]
    next_before: Annotated[
        int | None, Meta(description="`before` of the lines that follow; null where there are none")
    ]


@get("/audit", summary="Read the audit trail", responses=reading(), sync_to_thread=True)
def read_trail(
    request: Request[Any, Any, Any],
    services: TheServices,
    before: Annotated[
        int | None,
        QueryParameter(ge=1, le=_LARGEST_ENTRY, description="only lines older than this entry"),
    ] = None,
    containing: Annotated[
        str,
        QueryParameter(
            max_length=MAX_QUERY_CHARS, description="words that a line contains, in any field"
        ),
    ] = "",
    count: Count = 100,
) -> EntryList:
    """Newest first, in pages. Reading the trail adds a line to it."""
    found = services.audit.newest(count + 1, before, containing.strip())
    services.audit.add(request, "look at audit trail", containing.strip())
    items = [EntryAnswer(**vars(entry)) for entry in found[:count]]
    return EntryList(items=items, next_before=items[-1].entry if len(found) > count else None)


audit_api = Router(
    "/",
    route_handlers=[read_trail],
    tags=["audit"],
    **allowed(Role.CLINICIAN, Role.ADMINISTRATOR),
)
