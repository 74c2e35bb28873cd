"""The page on which an administrator makes and revokes tokens."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from andante_host.console.accounts.tokens import LONGEST_DAYS, NAME_CHARS, TokenError
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import PEOPLE, Role, principal_of, requires
from andante_host.console.services import Services, TheServices

_HERE = "/admin/tokens"
_USUAL_DAYS = 90


@dataclass
class NewToken:
    """What the form sends."""

    name: str
    role: str
    days: int


NewTokenForm = Annotated[NewToken, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/", sync_to_thread=True)
def tokens_page(request: Request[Any, Any, Any], services: TheServices) -> Template:
    """All tokens, and the form for a new one."""
    services.audit.add(request, "list tokens")
    return _page(request, services)


@post("/", sync_to_thread=True)
def make_token(
    request: Request[Any, Any, Any], data: NewTokenForm, services: TheServices
) -> Template:
    """Make a token and show its secret, this once. Reloading asks before it makes another."""
    principal = principal_of(request)
    assert principal is not None
    if data.role not in PEOPLE:
        raise TokenError("No program can have this role; choose one of the list.")
    token, secret = services.tokens.make(data.name, Role(data.role), data.days, principal.name)
    services.audit.add(request, "make token", token.name, detail=f"{token.role}, {data.days} days")
    return _page(request, services, made=token, secret=secret)


@post("/{token_id:str}/revoke", sync_to_thread=True)
def revoke_token(
    request: Request[Any, Any, Any], token_id: FromPath[str], services: TheServices
) -> Redirect:
    """End a token now."""
    token = services.tokens.by_id(token_id)
    if token is None or not services.tokens.revoke(token_id):
        say(request, "There was nothing to revoke: this token has been revoked before.", bad=True)
    else:
        services.audit.add(request, "revoke token", token.name)
        say(request, f"The token of {token.name} is revoked; the program is refused from now on.")
    return go_to(_HERE)


def _page(request: Request[Any, Any, Any], services: Services, **made: Any) -> Template:
    tokens = services.tokens.all()
    return page(
        request,
        "admin/tokens.html",
        rows=[(token, services.tokens.is_over(token)) for token in tokens],
        roles=PEOPLE,
        longest_days=LONGEST_DAYS,
        usual_days=_USUAL_DAYS,
        name_chars=NAME_CHARS,
        **{"made": None, "secret": None, **made},
    )


tokens_pages = Router(
    _HERE,
    route_handlers=[tokens_page, make_token, revoke_token],
    guards=[requires(Role.ADMINISTRATOR)],
)
