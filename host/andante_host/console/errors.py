"""What people and programs are told when something cannot be done: one plain sentence."""

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from litestar.status_codes import (
    HTTP_303_SEE_OTHER,
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_405_METHOD_NOT_ALLOWED,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
)

from andante.errors import AndanteError
from andante_host.console.audit import one_line
from andante_host.console.device.problem import DeviceError
from andante_host.console.pages import page
from andante_host.console.principal import AccountStepsToGo
from andante_host.console.security.authentication import API_PATH
from andante_host.console.services import services_of

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

_SENTENCES = {
    HTTP_404_NOT_FOUND: "There is nothing at this address; go back and choose again.",
    HTTP_405_METHOD_NOT_ALLOWED: "This address does not take that; go back and choose again.",
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: "What was sent is too large; send less.",
}
_SAFE_METHODS = {"GET", "HEAD"}
_CLIMBING = ("..", "\\", "\0")
"""What no link of ours has in its path: somebody is looking for files."""
_REFUSALS_LOGGED = {
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_429_TOO_MANY_REQUESTS,
}


def answer_to_refusal(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """For Litestar's own and our guards' refusals; those that could be attacks are logged."""
    status = error.status_code
    path = request.scope["path"]
    looks_at_page = not path.startswith(API_PATH) and request.method == "GET"
    if looks_at_page and isinstance(error, AccountStepsToGo):
        return Redirect("/account", status_code=HTTP_303_SEE_OTHER)
    climbs = status == HTTP_404_NOT_FOUND and any(part in path for part in _CLIMBING)
    if status in _REFUSALS_LOGGED or climbs:
        services = services_of(request)
        detail = f"{status} {error.detail}"
        services.audit.add_refusal(request, f"{request.method} {path}", detail)
    if looks_at_page and status == HTTP_401_UNAUTHORIZED:
        return Redirect("/login", status_code=HTTP_303_SEE_OTHER)
    headers = dict(error.headers or {})
    if status == HTTP_401_UNAUTHORIZED and path.startswith(API_PATH):
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(request, status, _sentence(error), headers)


def answer_to_our_error(request: AnyRequest, error: AndanteError) -> Response[Any]:
    """For what our own code refuses, which says why in a sentence.

    Of changes the trail says once that they were refused; the device writes down its own.
    """
    audit = services_of(request).audit
    told = isinstance(error, DeviceError) or audit.has_refused(request)
    if request.method not in _SAFE_METHODS and not told:
        audit.add_refusal(request, f"{request.method} {request.scope['path']}", str(error))
    return _answer(request, HTTP_400_BAD_REQUEST, str(error), {})


def answer_to_defect(request: AnyRequest, error: Exception) -> Response[Any]:
    """For what should not happen: named to the person, whole in the log."""
    where = one_line(f"{request.method} {request.scope['path']}")
    log.error("a defect at %s", where, exc_info=error)
    sentence = "Something went wrong here that should not; tell whoever looks after the device."
    return _answer(request, HTTP_500_INTERNAL_SERVER_ERROR, sentence, {})


def _sentence(error: HTTPException) -> str:
    if isinstance(error, ValidationException):
        return f"Something in what was sent cannot be used: {_fields(error)}."
    return _SENTENCES.get(error.status_code, str(error.detail))


def _fields(error: ValidationException) -> str:
    extra = error.extra if isinstance(error.extra, list) else []
    parts = [f"{item.get('key', 'it')}: {item.get('message', '')}" for item in extra]
    return "; ".join(parts) or str(error.detail)


def _answer(
    request: AnyRequest, status: int, sentence: str, headers: dict[str, str]
) -> Response[Any]:
    if request.scope["path"].startswith(API_PATH):
        content = {"status_code": status, "detail": sentence}
        return Response(content, status_code=status, headers=headers)
    heading = "No such page" if status == HTTP_404_NOT_FOUND else "This was not done"
    shown: Template = page(request, "error.html", status, heading=heading, sentence=sentence)
    shown.headers.update(headers)
    return shown
