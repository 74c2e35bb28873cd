"""The API's description, for programs and for people. It holds no data and no secrets, yet only
somebody who is logged in or has a token gets it (ASVS 5.0, 13.4.5)."""

from functools import cache
from typing import Any

from anyio import to_thread
from litestar import MediaType, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.response import Template
from litestar.serialization import encode_json

from andante_host.console.api.answers import API
from andante_host.console.api.document import described
from andante_host.console.api.operations import operations
from andante_host.console.api.readable import pieces, sections_of, shapes_of
from andante_host.console.pages import page
from andante_host.console.principal import anyone_logged_in, principal_of
from andante_host.console.services import services_of


async def known_reader(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard: a token, as everywhere here, or else somebody logged in on the page."""
    if principal_of(connection) is None:
        session = connection.scope.get("session")
        if isinstance(session, dict) and "user_id" in session:
            users = services_of(connection).users
            principal = await to_thread.run_sync(users.principal_of_session, session)
            connection.scope["user"] = principal
    anyone_logged_in(connection, handler)


@cache
def the_document() -> dict[str, Any]:
    """The OpenAPI document, made once."""
    return described(operations)


@cache
def _to_read() -> dict[str, Any]:
    document = the_document()
    return {
        "paragraphs": document["info"]["description"].split("\n\n"),
        "sections": sections_of(document),
        "shapes": shapes_of(document),
        "pieces": pieces,
    }


@get("/openapi.json", media_type=MediaType.JSON, sync_to_thread=True)
def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document."""
    services_of(request).audit.add(request, "read the API's description")
    return Response(encode_json(the_document()), media_type=MediaType.JSON)


@get("/docs", sync_to_thread=True)
def reference_page(request: Request[Any, Any, Any]) -> Template:
    """The same for people to read."""
    return page(request, "api/reference.html", api=API, **_to_read())


reference = Router(
    API,
    route_handlers=[openapi_document, reference_page],
    guards=[known_reader],
)
