"""The page of one's own account: password, second factor, where one is logged in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_200_OK, HTTP_400_BAD_REQUEST, HTTP_401_UNAUTHORIZED

from andante_host.console.accounts import second_factor
from andante_host.console.accounts.passwords import MAX_CHARS, MIN_CHARS
from andante_host.console.accounts.problem import AccountError
from andante_host.console.accounts.users import User
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import PEOPLE, Principal, principal_of, requires
from andante_host.console.security.sessions import begin_session
from andante_host.console.services import Services, TheServices

ACCOUNT_PATH = "/account"
_FACTOR_PATH = f"{ACCOUNT_PATH}/second-factor"
_NOT_YOUR_PASSWORD = "That is not your password; type it again."
_PENDING = "new_second_factor"

AnyRequest = Request[Any, Any, Any]

_people = requires(*PEOPLE, with_steps_to_go=True)


@dataclass
class NewPassword:
    """What the form for another password sends."""

    password: str
    new_password: str
    new_password_again: str


@dataclass
class OwnPassword:
    """What a form sends that needs to know it is still the same person."""

    password: str


@dataclass
class Code:
    """What the form that confirms a second factor sends."""

    code: str


NewPasswordForm = Annotated[NewPassword, Body(media_type=RequestEncodingType.URL_ENCODED)]
OwnPasswordForm = Annotated[OwnPassword, Body(media_type=RequestEncodingType.URL_ENCODED)]
CodeForm = Annotated[Code, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get(ACCOUNT_PATH, guards=[_people], sync_to_thread=True)
def account_page(request: AnyRequest, services: TheServices) -> Template:
    """What there is to know and to change."""
    return _account_page(request, services)


@post(f"{ACCOUNT_PATH}/password", guards=[_people], status_code=HTTP_200_OK)
async def change_password(
    request: AnyRequest, data: NewPasswordForm, services: TheServices
) -> Template | Redirect:
    """Another password; ends one's other logins and gives this one a new cookie."""
    refusal = await to_thread.run_sync(_change_password, request, data, services)
    if refusal is not None:
        return refusal
    await begin_session(request, request.session)
    say(request, "Your password is changed, and your other logins have ended.")
    return go_to(ACCOUNT_PATH)


@post(_FACTOR_PATH, guards=[_people], status_code=HTTP_200_OK, sync_to_thread=True)
def begin_second_factor(
    request: AnyRequest, data: OwnPasswordForm, services: TheServices
) -> Template | Redirect:
    """Make a secret to be read into an app; it counts once a code of it has come back."""
    user = _user(request, services)
    if not services.logins.own_password(user, data.password):
        services.audit.add(request, "set up second factor", user.name, outcome="refused")
        return _account_page(request, services, _NOT_YOUR_PASSWORD, HTTP_401_UNAUTHORIZED)
    request.session[_PENDING] = second_factor.new_secret()
    return go_to(_FACTOR_PATH)


@get(_FACTOR_PATH, guards=[_people], sync_to_thread=True)
def second_factor_set_up(request: AnyRequest, services: TheServices) -> Template | Redirect:
    """The secret as a picture and as text, and a field for the first code."""
    if _PENDING not in request.session:
        return go_to(ACCOUNT_PATH)
    return _set_up_page(request, services)


@post(f"{_FACTOR_PATH}/confirm", guards=[_people], status_code=HTTP_200_OK)
async def confirm_second_factor(
    request: AnyRequest, data: CodeForm, services: TheServices
) -> Template | Redirect:
    """Keep the second factor if the code is its."""
    if _PENDING not in request.session:
        return go_to(ACCOUNT_PATH)
    refusal = await to_thread.run_sync(_confirm, request, data.code, services)
    if refusal is not None:
        return refusal
    kept = {key: value for key, value in request.session.items() if key != _PENDING}
    await begin_session(request, kept)
    say(request, "Your second factor is set up; the next login asks for its code.")
    return go_to(ACCOUNT_PATH)


@post(
    f"{ACCOUNT_PATH}/end-other-logins",
    guards=[_people],
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def end_other_logins(
    request: AnyRequest, data: OwnPasswordForm, services: TheServices
) -> Template | Redirect:
    """Log out everywhere else; whoever finds a tablet lying about cannot (ASVS 5.0, 7.5.2)."""
    principal, action = _principal(request), "end other logins"
    if not services.logins.own_password(_user(request, services), data.password):
        services.audit.add(request, action, principal.name, "refused", "wrong password")
        return _account_page(request, services, _NOT_YOUR_PASSWORD, HTTP_401_UNAUTHORIZED)
    count = services.users.end_logins(principal.user_id, principal.key)
    services.audit.add(request, action, principal.name, detail=f"{count} ended")
    say(request, "Your other logins have ended.")
    return go_to(ACCOUNT_PATH)


def _change_password(request: AnyRequest, data: NewPassword, services: Services) -> Template | None:
    """What is shown where it was not changed."""
    user, action = _user(request, services), "change own password"
    if not services.logins.own_password(user, data.password):
        services.audit.add(request, action, user.name, outcome="refused", detail="wrong password")
        return _account_page(request, services, _NOT_YOUR_PASSWORD, HTTP_401_UNAUTHORIZED)
    try:
        if data.new_password != data.new_password_again:
            raise AccountError("The two new passwords are not the same; type both again.")
        if data.new_password == data.password:
            raise AccountError("The new password is the old one; choose another.")
        services.users.set_password(
            user.user_id,
            data.new_password,
            must_change_password=False,
            spared_key=_principal(request).key,
        )
    except AccountError as error:
        services.audit.add(request, action, user.name, outcome="refused", detail=str(error))
        return _account_page(request, services, str(error), HTTP_400_BAD_REQUEST)
    services.audit.add(request, action, user.name)
    return None


def _confirm(request: AnyRequest, code: str, services: Services) -> Template | None:
    """What is shown where the code was not right."""
    user = _user(request, services)
    if not services.logins.confirm_second_factor(user.user_id, request.session[_PENDING], code):
        sentence = "The code is not right; wait for the next one in your app and try again."
        return _set_up_page(request, services, sentence, HTTP_400_BAD_REQUEST)
    services.audit.add(request, "set up second factor", user.name)
    return None


def _account_page(
    request: AnyRequest,
    services: Services,
    sentence: str = "",
    status_code: int = HTTP_200_OK,
) -> Template:
    principal = _principal(request)
    logins = [
        {
            "here": facts.key == principal.key,
            "address": facts.address,
            "browser": facts.browser or "unknown",
            "began_utc": _utc(facts.began_s),
            "seen_utc": _utc(facts.seen_s),
        }
        for facts in services.sessions.of_user(principal.user_id)
    ]
    return page(
        request,
        "account.html",
        status_code,
        sentence=sentence,
        user=_user(request, services),
        logins=logins,
        min_chars=MIN_CHARS,
        max_chars=MAX_CHARS,
    )


def _set_up_page(
    request: AnyRequest, services: Services, sentence: str = "", status_code: int = HTTP_200_OK
) -> Template:
    secret = request.session[_PENDING]
    return page(
        request,
        "second_factor_set_up.html",
        status_code,
        sentence=sentence,
        secret=second_factor.in_groups(secret),
        picture=second_factor.qr_svg(secret, _principal(request).name),
        now_utc=f"{services.clock.utc_now():%H:%M}",
    )


def _principal(request: AnyRequest) -> Principal:
    principal = principal_of(request)
    assert principal is not None
    return principal


def _user(request: AnyRequest, services: Services) -> User:
    user = services.users.by_id(_principal(request).user_id)
    assert user is not None
    return user


def _utc(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M}"


account_routes = [
    account_page,
    change_password,
    begin_second_factor,
    second_factor_set_up,
    confirm_second_factor,
    end_other_logins,
]
