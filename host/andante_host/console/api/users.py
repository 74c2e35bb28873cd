"""Users over the API: for administrators."""

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND
from msgspec import Meta, Struct

from andante_host.console.accounts import passwords
from andante_host.console.accounts.users import NAME_CHARS, REASON_CHARS, User
from andante_host.console.api.answers import (
    ONE_LINE,
    NotThereError,
    PersonsRole,
    allowed,
    reading,
    writing,
)
from andante_host.console.principal import Role
from andante_host.console.services import Services, TheServices

AnyRequest = Request[Any, Any, Any]
UserId = Annotated[str, PathParameter(description="a user's `user_id`", max_length=64)]


class NewUser(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is to log in on the page."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=NAME_CHARS,
            pattern=ONE_LINE,
            description="the name to log in with; great and small letters are the same",
        ),
    ]
    role: PersonsRole
    no_second_factor_reason: Annotated[
        Annotated[str, Meta(min_length=1, max_length=REASON_CHARS, pattern=ONE_LINE)] | None,
        Meta(description="why this user logs in without a second factor; null to ask for one"),
    ] = None


class NewRole(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user may from now on."""

    role: PersonsRole


class UserAnswer(Struct, frozen=True, kw_only=True):
    """A user, without secrets."""

    user_id: str
    name: str
    role: str
    has_second_factor: bool
    no_second_factor_reason: str | None
    must_change_password: bool
    created_utc: str
    disabled_utc: str | None


class UserWithPassword(Struct, frozen=True, kw_only=True):
    """A user and a first password, which has to be changed at the first login."""

    user: UserAnswer
    password: Annotated[str, Meta(description="given this once and never again")]


class UserList(Struct, frozen=True, kw_only=True):
    """Everybody, by name."""

    items: list[UserAnswer]


@get("/", summary="List users", responses=reading(), sync_to_thread=True)
def list_users(request: AnyRequest, services: TheServices) -> UserList:
    """Everybody, also those who are disabled."""
    services.audit.add(request, "list users")
    return UserList(items=[_answer(user) for user in services.users.all()])


@post("/", summary="Add a user", responses=writing(), sync_to_thread=True)
def add_user(
    request: AnyRequest, data: JSONBody[NewUser], services: TheServices
) -> UserWithPassword:
    """A new user with a first password. 400 for a name that is taken."""
    password = passwords.generated()
    reason = data.no_second_factor_reason
    user = services.users.add(data.name, Role(data.role), password, no_second_factor_reason=reason)
    detail = user.role if reason is None else f"{user.role}, without second factor: {reason}"
    services.audit.add(request, "add user", user.name, detail=detail)
    return UserWithPassword(user=_answer(user), password=password)


@post(
    "/{user_id:str}/disable",
    summary="Disable a user",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def disable_user(request: AnyRequest, user_id: UserId, services: TheServices) -> UserAnswer:
    """No login from now on. 400 for the last administrator."""
    return _changed(request, services, user_id, "disable user", services.users.disable)


@post(
    "/{user_id:str}/enable",
    summary="Enable a user",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def enable_user(request: AnyRequest, user_id: UserId, services: TheServices) -> UserAnswer:
    """A disabled user can log in again."""
    return _changed(request, services, user_id, "enable user", services.users.enable)


@post(
    "/{user_id:str}/role",
    summary="Change a user's role",
    responses=writing(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def change_role(
    request: AnyRequest, user_id: UserId, data: JSONBody[NewRole], services: TheServices
) -> UserAnswer:
    """Another role; the user has to log in again. 400 for the last administrator."""
    role = Role(data.role)
    return _changed(request, services, user_id, "change role", services.users.set_role, role)


@post(
    "/{user_id:str}/password",
    summary="Give a user a new first password",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def reset_password(request: AnyRequest, user_id: UserId, services: TheServices) -> UserWithPassword:
    """The user is logged out everywhere and has to change it at the next login."""
    password = passwords.generated()
    _existing(services, user_id)
    services.users.set_password(user_id, password)
    user = _existing(services, user_id)
    services.audit.add(request, "reset password", user.name)
    return UserWithPassword(user=_answer(user), password=password)


@post(
    "/{user_id:str}/second-factor",
    summary="Forget a user's second factor",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def reset_second_factor(request: AnyRequest, user_id: UserId, services: TheServices) -> UserAnswer:
    """A phone was lost: the user sets up another at the next login."""
    change = services.users.reset_second_factor
    return _changed(request, services, user_id, "reset second factor", change)


def _changed(
    request: AnyRequest,
    services: Services,
    user_id: str,
    action: str,
    change: Callable[..., None],
    *values: str,
) -> UserAnswer:
    _existing(services, user_id)
    change(user_id, *values)
    user = _existing(services, user_id)
    services.audit.add(request, action, user.name, detail=", ".join(values))
    return _answer(user)


def _existing(services: Services, user_id: str) -> User:
    user = services.users.by_id(user_id)
    if user is None:
        raise NotThereError("There is no such user; look at the list of users.")
    return user


def _answer(user: User) -> UserAnswer:
    return UserAnswer(**vars(user))


users_api = Router(
    "/users",
    route_handlers=[
        list_users,
        add_user,
        disable_user,
        enable_user,
        change_role,
        reset_password,
        reset_second_factor,
    ],
    tags=["administration"],
    **allowed(Role.ADMINISTRATOR),
)
