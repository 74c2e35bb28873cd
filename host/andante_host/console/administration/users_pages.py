"""The pages on which an administrator looks after users; what changes is in `accounts.users`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from andante.errors import AndanteError
from andante_host.console.accounts import passwords
from andante_host.console.accounts.users import FIRST_PASSWORD_DAYS, NAME_CHARS, User
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import PEOPLE, Role, requires
from andante_host.console.services import Services, TheServices

USERS_PATH = "/admin/users"

AnyRequest = Request[Any, Any, Any]


@dataclass
class NewUser:
    """What the form for a new user sends. `reason` empty: a second factor is to be set up."""

    name: str
    role: Role
    reason: str = ""


@dataclass
class NewRole:
    """What the form for another role sends."""

    role: Role


@dataclass
class Reason:
    """Why a user logs in without a second factor; empty where one is to be asked for again."""

    reason: str = ""


@get("/", sync_to_thread=True)
def users_page(request: AnyRequest, services: TheServices) -> Template:
    """Everybody, and a form for one more."""
    users = services.users.all()
    return page(request, "admin/users.html", users=users, roles=PEOPLE, name_chars=NAME_CHARS)


@post("/", sync_to_thread=True)
def add_user(
    request: AnyRequest,
    data: Annotated[NewUser, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Template:
    """Add one; the first password is on this answer and nowhere else."""
    password = passwords.generated()
    reason = data.reason.strip() or None
    try:
        user = services.users.add(data.name, data.role, password, no_second_factor_reason=reason)
    except AndanteError as error:
        services.audit.add(request, "add user", data.name, "refused", str(error))
        raise
    detail = user.role if reason is None else f"{user.role}, without second factor: {reason}"
    services.audit.add(request, "add user", user.name, detail=detail)
    return _told(request, user, password, is_new=True)


@get("/{user_id:str}", sync_to_thread=True)
def user_page(request: AnyRequest, user_id: FromPath[str], services: TheServices) -> Template:
    """One user, and what can be changed."""
    user = _user(services, user_id)
    return page(request, "admin/user.html", user=user, roles=PEOPLE)


@post("/{user_id:str}/password", sync_to_thread=True)
def reset_password(request: AnyRequest, user_id: FromPath[str], services: TheServices) -> Template:
    """A new first password, shown on this answer and nowhere else."""
    password = passwords.generated()
    user = _change(
        request, services, user_id, "reset password", services.users.set_password, password
    )
    return _told(request, user, password, is_new=False)


@post("/{user_id:str}/role", sync_to_thread=True)
def change_role(
    request: AnyRequest,
    user_id: FromPath[str],
    data: Annotated[NewRole, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Redirect:
    """Another role."""
    user = _change(request, services, user_id, "change role", services.users.set_role, data.role)
    return _back(request, user_id, f"{user.name} is {data.role} now and has to log in again.")


@post("/{user_id:str}/disable", sync_to_thread=True)
def disable(request: AnyRequest, user_id: FromPath[str], services: TheServices) -> Redirect:
    """No login from now on."""
    user = _change(request, services, user_id, "disable user", services.users.disable)
    return _back(request, user_id, f"{user.name} can no longer log in.")


@post("/{user_id:str}/enable", sync_to_thread=True)
def enable(request: AnyRequest, user_id: FromPath[str], services: TheServices) -> Redirect:
    """Logins are possible again."""
    user = _change(request, services, user_id, "enable user", services.users.enable)
    return _back(request, user_id, f"{user.name} can log in again.")


@post("/{user_id:str}/second-factor", sync_to_thread=True)
def reset_second_factor(
    request: AnyRequest, user_id: FromPath[str], services: TheServices
) -> Redirect:
    """Forget the second factor: a phone was lost."""
    change = services.users.reset_second_factor
    user = _change(request, services, user_id, "reset second factor", change)
    return _back(request, user_id, f"The second factor of {user.name} is forgotten.")


@post("/{user_id:str}/without-second-factor", sync_to_thread=True)
def without_second_factor(
    request: AnyRequest,
    user_id: FromPath[str],
    data: Annotated[Reason, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Redirect:
    """Do without a second factor for a reason, or ask for one again."""
    reason = data.reason.strip() or None
    change = services.users.allow_without_second_factor
    action = "ask for a second factor" if reason is None else "allow without second factor"
    user = _change(request, services, user_id, action, change, reason)
    sentence = (
        f"{user.name} sets up a second factor at the next login."
        if reason is None
        else f"{user.name} may log in without a second factor."
    )
    return _back(request, user_id, sentence)


def _change(
    request: AnyRequest,
    services: Services,
    user_id: str,
    action: str,
    change: Callable[..., None],
    *values: object,
) -> User:
    """Carry out a change and log it, with its outcome; the user as before it."""
    user = _user(services, user_id)
    try:
        change(user_id, *values)
    except AndanteError as error:
        services.audit.add(request, action, user.name, "refused", str(error))
        raise
    detail = "" if action == "reset password" else ", ".join(map(str, filter(None, values)))
    services.audit.add(request, action, user.name, detail=detail)
    return user


def _told(request: AnyRequest, user: User, password: str, is_new: bool) -> Template:
    return page(
        request,
        "admin/password.html",
        user=user,
        password=password,
        days=FIRST_PASSWORD_DAYS,
        is_new=is_new,
    )


def _user(services: Services, user_id: str) -> User:
    user = services.users.by_id(user_id)
    if user is None:
        raise NotFoundException
    return user


def _back(request: AnyRequest, user_id: str, sentence: str) -> Redirect:
    say(request, sentence)
    return go_to(f"{USERS_PATH}/{user_id}")


users_router = Router(
    USERS_PATH,
    guards=[requires(Role.ADMINISTRATOR)],
    route_handlers=[
        users_page,
        add_user,
        user_page,
        reset_password,
        change_role,
        disable,
        enable,
        reset_second_factor,
        without_second_factor,
    ],
)
