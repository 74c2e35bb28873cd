"""Tokens, over the API: for administrators."""

from typing import Annotated, Any

from litestar import Request, Router, delete, get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_404_NOT_FOUND
from msgspec import Meta, Struct

from andante_host.console.accounts.tokens import LONGEST_DAYS, NAME_CHARS, Token, TokenError
from andante_host.console.api.answers import (
    ONE_LINE,
    NotThereError,
    PersonsRole,
    allowed,
    asking,
    reading,
    writing,
)
from andante_host.console.principal import Role
from andante_host.console.services import TheServices


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=NAME_CHARS,
            pattern=ONE_LINE,
            description="which program it is for; not a person's name",
        ),
    ]
    role: Annotated[PersonsRole, Meta(description="whose rights it has")]
    days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS, description="how long it lasts, days")]


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """A token, without its secret."""

    token_id: str
    name: str
    role: str
    made_by: str
    created_utc: str
    expires_utc: str
    last_used_utc: Annotated[str | None, Meta(description="to about a minute")]
    revoked_utc: str | None


class MadeToken(Struct, frozen=True, kw_only=True):
    """A new token and its secret."""

    token: TokenAnswer
    secret: Annotated[str, Meta(description="given this once and never again")]


class TokenList(Struct, frozen=True, kw_only=True):
    """Every token, newest first."""

    items: list[TokenAnswer]


TokenId = Annotated[str, PathParameter(description="a token's `token_id`", max_length=64)]


@get("/", summary="List tokens", responses=reading(), sync_to_thread=True)
def list_tokens(request: Request[Any, Any, Any], services: TheServices) -> TokenList:
    """Every token, newest first, also those that are over. No secrets."""
    services.audit.add(request, "list tokens")
    return TokenList(items=[_answer(token) for token in services.tokens.all()])


@post("/", summary="Make a token", responses=writing(), sync_to_thread=True)
def make_token(
    request: Request[Any, Any, Any], data: JSONBody[NewToken], services: TheServices
) -> MadeToken:
    """A token with a role and an end, no later than that of the token that asks."""
    principal = asking(request)
    own = services.tokens.by_id(principal.key)
    assert own is not None
    if services.tokens.end_utc(data.days) > own.expires_utc:
        raise TokenError(
            f"This token ends at {own.expires_utc} and cannot make one that lasts longer; "
            "choose fewer days, or make it on the page Programs."
        )
    token, secret = services.tokens.make(data.name, Role(data.role), data.days, principal.name)
    services.audit.add(request, "make token", token.name, detail=f"{token.role}, {data.days} days")
    return MadeToken(token=_answer(token), secret=secret)


@delete(
    "/{token_id:str}",
    summary="Revoke a token",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def revoke_token(request: Request[Any, Any, Any], token_id: TokenId, services: TheServices) -> None:
    """End a token now; 404 where there is none that is not revoked yet."""
    if not services.tokens.revoke(token_id):
        raise NotThereError("There is no such token to revoke.")
    services.audit.add(request, "revoke token", token_id)


def _answer(token: Token) -> TokenAnswer:
    return TokenAnswer(**vars(token))


tokens_api = Router(
    "/tokens",
    route_handlers=[list_tokens, make_token, revoke_token],
    tags=["administration"],
    **allowed(Role.ADMINISTRATOR),
)
