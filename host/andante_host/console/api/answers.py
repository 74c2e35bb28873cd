"""What the operations of the API have in common: kinds of text, paging, refusals."""

from typing import Annotated, Any, Literal

from litestar import Request
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.status_codes import (
    HTTP_202_ACCEPTED,
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_429_TOO_MANY_REQUESTS,
)
from msgspec import Meta, Struct

from andante.errors import AndanteError
from andante_host.console.principal import Principal, Role, principal_of, requires

API = "/api/v1"
ROLES = "roles"
MEDIA = "media_types"
TAKES = "takes"
"""What routes say of themselves in `opt`: who comes in, which media types an answer may have
instead of the route's own, and which a body has that is taken as it comes, byte by byte."""
MOST_ROWS = 500
MAX_QUERY_CHARS = 100
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]*$"


PersonsRole = Literal["therapist", "clinician", "administrator"]


class NotThereError(AndanteError):
    """What was asked for does not exist."""


class StillComingError(AndanteError):
    """What was asked for is being made, and is there in a moment."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why something was not done."""

    status_code: Annotated[int, Meta(ge=400, le=599, description="the HTTP status once more")]
    detail: Annotated[str, Meta(description="one sentence for a person")]


class Coming(Struct, frozen=True, kw_only=True):
    """It is being made; ask again."""

    status_code: Literal[202] = 202
    retry_after_s: Annotated[int, Meta(ge=1, description="as in the header Retry-After")]


_WHY = {
    HTTP_202_ACCEPTED: "It is being made; ask again.",
    HTTP_400_BAD_REQUEST: "What was sent cannot be used, or what it asks for is not allowed.",
    HTTP_401_UNAUTHORIZED: "There is no token, or it is unknown, revoked or past its end.",
    HTTP_403_FORBIDDEN: "This is not for the token's role.",
    HTTP_404_NOT_FOUND: "There is no such thing.",
    HTTP_409_CONFLICT: "As things are now, this cannot be done.",
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: "What was sent is too large.",
    HTTP_415_UNSUPPORTED_MEDIA_TYPE: "What was sent is not of the type that is taken here.",
    HTTP_429_TOO_MANY_REQUESTS: "Too many requests; wait a second.",
}
_ALWAYS = (
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_429_TOO_MANY_REQUESTS,
)
_WITH_BODY = (HTTP_413_REQUEST_ENTITY_TOO_LARGE, HTTP_415_UNSUPPORTED_MEDIA_TYPE)


def asking(request: Request[Any, Any, Any]) -> Principal:
    """Who asks, on a route that only lets in somebody."""
    principal = principal_of(request)
    assert principal is not None
    return principal


def allowed(*roles: Role) -> dict[str, Any]:
    """Keywords of a router or route: only these roles come in, and the document says so."""
    return {"guards": [requires(*roles)], "opt": {ROLES: roles}}


def reading(*more: int) -> dict[int, ResponseSpec]:
    """The answers, besides its own, of an operation that takes no body."""
    return {
        code: ResponseSpec(
            Coming if code == HTTP_202_ACCEPTED else Refusal,
            description=_WHY[code],
            generate_examples=False,
        )
        for code in sorted({*_ALWAYS, *more})
    }


def writing(*more: int) -> dict[int, ResponseSpec]:
    """The answers, besides its own, of an operation that takes a body."""
    return reading(*_WITH_BODY, *more)


Count = Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="how many at most")]
