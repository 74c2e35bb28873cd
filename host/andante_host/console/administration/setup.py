"""The page of the first start, and what leads there until there is a user."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import MediaType, Request, Router, get, post
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.response.base import ASGIResponse
from litestar.response.redirect import ASGIRedirectResponse
from litestar.status_codes import (
    HTTP_303_SEE_OTHER,
    HTTP_400_BAD_REQUEST,
    HTTP_403_FORBIDDEN,
)
from litestar.types import ASGIApp, Receive, Scope, Send

from andante.errors import AndanteError
from andante_host.console.first_run import EXPIRES_AFTER_MINUTES
from andante_host.console.pages import go_to, page
from andante_host.console.security.authentication import API_PATH
from andante_host.console.security.tries import SETUP_FROM_ADDRESS, counted_address
from andante_host.console.services import Services, TheServices, services_of

SETUP_PATH = "/setup"
_STATIC_PATH = "/static/"

AnyRequest = Request[Any, Any, Any]


@dataclass
class SetUp:
    """What the form sends."""

    secret: str
    name: str
    password: str
    password_again: str


SetUpForm = Annotated[SetUp, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get(SETUP_PATH, sync_to_thread=True)
def set_up_page(request: AnyRequest, services: TheServices) -> Template:
    """Asks for the secret and for the first administrator's name and password."""
    _only_at_first(services)
    return _page(request)


@post(SETUP_PATH, sync_to_thread=True)
def set_up(request: AnyRequest, data: SetUpForm, services: TheServices) -> Template | Redirect:
    """Make the first administrator, who then logs in and adds a second factor."""
    _only_at_first(services)
    number = services.tries.take(
        SETUP_FROM_ADDRESS, counted_address(request.client.host if request.client else None)
    )
    try:
        if data.password != data.password_again:
            raise AndanteError("The two passwords are not the same; type both again.")
        user = services.first_run.make_administrator(data.secret, data.name.strip(), data.password)
    except AndanteError as error:
        services.audit.add(request, "first set-up", data.name, "refused", str(error))
        return _page(request, data.name, str(error), HTTP_400_BAD_REQUEST)
    services.tries.forgive(number)
    services.audit.add(request, "first set-up", user.name)
    return go_to("/login")


def _only_at_first(services: Services) -> None:
    if not services.first_run.is_open:
        raise NotFoundException


def _page(
    request: AnyRequest, name: str = "", sentence: str = "", status_code: int = 200
) -> Template:
    minutes = EXPIRES_AFTER_MINUTES
    return page(
        request, "setup.html", status_code, name=name, sentence=sentence, expires_minutes=minutes
    )


def first_run_gate(app: ASGIApp) -> ASGIApp:
    """Middleware: until there is a user, every page leads to the set-up, and programs are told."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        first_run = services_of(ASGIConnection(scope)).first_run
        if (
            path == SETUP_PATH
            or path.startswith(_STATIC_PATH)
            or not await to_thread.run_sync(lambda: first_run.is_open)
        ):
            await app(scope, receive, send)
        elif path.startswith(API_PATH):
            sentence = "This device is not set up yet; open its page in a browser."
            content = {"status_code": HTTP_403_FORBIDDEN, "detail": sentence}
            answer = ASGIResponse(
                body=msgspec.json.encode(content),
                status_code=HTTP_403_FORBIDDEN,
                media_type=MediaType.JSON,
            )
            await answer(scope, receive, send)
        else:
            await ASGIRedirectResponse(
                SETUP_PATH, status_code=HTTP_303_SEE_OTHER, media_type=MediaType.TEXT
            )(scope, receive, send)

    return middleware


setup_router = Router("/", route_handlers=[set_up_page, set_up])
