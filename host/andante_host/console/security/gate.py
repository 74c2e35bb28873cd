"""What is refused whoever asks: foreign hosts, other sites, odd addresses, bodies without room."""

import ipaddress
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.status_codes import HTTP_409_CONFLICT, HTTP_413_REQUEST_ENTITY_TOO_LARGE
from litestar.types import ASGIApp, Receive, Scope, Send

from andante_host.console.administration.network import own_names
from andante_host.console.room import LOOK_AFTER_BYTES, Looks, why_no_room
from andante_host.console.services import services_of

STRANGERS_BODY_BYTES = 16_000
"""Of a visitor who is not logged in: a login's form, or the first administrator's."""
_MOST_DIGITS = 18
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_OTHER_SITES = {"cross-site", "same-site"}


class BodyTooLarge(ClientException):
    """More was sent than may be."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE


class NoRoom(ClientException):
    """What is sent would take the disk from sessions."""

    status_code = HTTP_409_CONFLICT


def gate(app: ASGIApp) -> ASGIApp:
    """Middleware: a host that is not this device's, and changes that another site's page asks for.

    A foreign Host means that somebody else's name leads here (DNS rebinding). Browsers say in
    Sec-Fetch-Site where a request comes from; what is no browser has no cookie to misuse.
    """
    names = frozenset(own_names())

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        request: Request[Any, Any, Any] = Request(scope)
        origin = urlsplit(services_of(request).settings.origin).hostname
        if not _is_ours(request.headers.get("host", ""), names | {origin}, scope):
            raise ClientException(
                "This device has another name; use the address that its screen or label shows."
            )
        if not scope["path"].isprintable():
            raise ClientException("This address holds what no address of this device does.")
        came_from = request.headers.get("sec-fetch-site", "")
        if request.method not in _SAFE_METHODS and came_from in _OTHER_SITES:
            raise PermissionDeniedException(
                "Another site's page has asked for this; do it on the device's own page."
            )
        await app(scope, receive, send)

    return middleware


def small_from_strangers(app: ASGIApp) -> ASGIApp:
    """Middleware: whoever is not logged in cannot send much, whatever a route takes from others.

    Counts what arrives, so that a body without a stated length is held to it too.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("user") is not None:
            await app(scope, receive, send)
            return
        taken_bytes = 0

        async def receive_little() -> Any:
            nonlocal taken_bytes
            message: Any = await receive()
            taken_bytes += len(message.get("body", b""))
            if taken_bytes > STRANGERS_BODY_BYTES:
                raise BodyTooLarge("What was sent is too large; log in first, or send less.")
            return message

        await app(scope, receive_little, send)

    return middleware


def room_on_the_disk(app: ASGIApp) -> ASGIApp:
    """Middleware: a large body, which waits on the disk for its route, leaves sessions their room.

    What it says of its length is looked at first, and what arrives again and again.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        stated = Request[Any, Any, Any](scope).headers.get("content-length", "")
        stated_bytes = int(stated[:_MOST_DIGITS]) if stated.isdecimal() else 0
        if stated_bytes >= LOOK_AFTER_BYTES:
            _check_room(stated_bytes)
        looks = Looks(lambda: _check_room(0))

        async def receive_with_room() -> Any:
            message: Any = await receive()
            looks.take(len(message.get("body", b"")))
            return message

        await app(scope, receive_with_room, send)

    return middleware


def _check_room(wanted_bytes: int) -> None:
    folder = Path(tempfile.gettempdir())
    if sentence := why_no_room(folder, "what is sent", wanted_bytes, "take away what nobody needs"):
        raise NoRoom(sentence)


def _is_ours(host: str, names: frozenset[str | None], scope: Scope) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name in names:
        return True
    # By the address that the connection came in at: no name of somebody else's is involved.
    server = scope.get("server")
    try:
        asked, mine = ipaddress.ip_address(name or ""), ipaddress.ip_address((server or ("",))[0])
    except ValueError:
        return False
    return asked == mine
