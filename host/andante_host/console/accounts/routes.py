"""Logging in and out."""

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_200_OK, HTTP_401_UNAUTHORIZED

from andante_host.console.accounts.own_account import account_routes
from andante_host.console.accounts.problem import AccountError
from andante_host.console.accounts.users import User
from andante_host.console.pages import HOME, go_to, page
from andante_host.console.principal import principal_of
from andante_host.console.security.sessions import begin_session
from andante_host.console.services import Services, TheServices

SECOND_FACTOR_PATH = "/login/second-factor"
CODE_WITHIN_S = 5 * 60
"""From the password to the second factor's code; then the login begins anew."""
_A_WRONG_NAME = "a name that no user has"
"""Not the name itself: people type passwords into the wrong field."""

AnyRequest = Request[Any, Any, Any]


@dataclass
class Login:
    """What the form sends."""

    name: str
    password: str


@dataclass
class Code:
    """What the second form sends."""

    code: str


LoginForm = Annotated[Login, Body(media_type=RequestEncodingType.URL_ENCODED)]
CodeForm = Annotated[Code, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/", sync_to_thread=False)
def home(request: AnyRequest) -> Redirect:
    """Where the role begins, or the login."""
    principal = principal_of(request)
    return go_to("/login" if principal is None else HOME[principal.role])


@get("/login", sync_to_thread=False)
def login_page(request: AnyRequest) -> Template:
    """Name and password."""
    return page(request, "login.html", name="", sentence="")


@post("/login", status_code=HTTP_200_OK)
async def log_in(
    request: AnyRequest, data: LoginForm, services: TheServices
) -> Template | Redirect:
    """Check name and password, and begin a session or ask for the second factor."""
    sentence = "Name or password is not right; try again."
    try:
        user = await to_thread.run_sync(
            services.logins.with_password, data.name, data.password, _host(request)
        )
    except AccountError as error:
        user, sentence = None, str(error)
    if user is None:
        await to_thread.run_sync(_log_not_let_in, request, data.name, services)
        return page(request, "login.html", HTTP_401_UNAUTHORIZED, name=data.name, sentence=sentence)
    if user.has_second_factor:
        session = {
            "user_id": user.user_id,
            "logged_in": False,
            "password_at_s": services.clock.utc_now().timestamp(),
        }
        await begin_session(request, session)
        return go_to(SECOND_FACTOR_PATH)
    detail = f"without a second factor: {user.no_second_factor_reason or 'it is set up next'}"
    return await _let_in(request, services, user, detail)


@get(SECOND_FACTOR_PATH, sync_to_thread=True)
def second_factor_page(request: AnyRequest, services: TheServices) -> Template | Redirect:
    """The code that the user's app shows."""
    if _half_in(request, services) is None:
        return go_to("/login")
    return _code_page(request, services)


@post(SECOND_FACTOR_PATH, status_code=HTTP_200_OK)
async def check_second_factor(
    request: AnyRequest, data: CodeForm, services: TheServices
) -> Template | Redirect:
    """Check the code and begin the session."""
    user = await to_thread.run_sync(_half_in, request, services)
    if user is None:
        return go_to("/login")
    if not await to_thread.run_sync(services.logins.with_code, user.user_id, data.code):
        await to_thread.run_sync(
            services.audit.add, request, "log in: second factor", user.name, "refused"
        )
        return _code_page(
            request,
            services,
            "The code is not right, or was used before; wait for the next one and try again.",
            HTTP_401_UNAUTHORIZED,
        )
    return await _let_in(request, services, user, "with the second factor")


@post("/logout", sync_to_thread=True)
def log_out(request: AnyRequest, services: TheServices) -> Redirect:
    """End the session on the server."""
    if principal_of(request) is not None:
        services.audit.add(request, "log out")
    request.clear_session()
    return go_to("/login")


async def _let_in(request: AnyRequest, services: Services, user: User, detail: str) -> Redirect:
    session = {"user_id": user.user_id, "logged_in": True}
    await begin_session(request, session)

    def note() -> None:
        services.logins.note_place(user.user_id, _host(request))
        principal = services.users.principal_of_session(request.session)
        services.audit.add(request, "log in", user.name, detail=detail, principal=principal)

    await to_thread.run_sync(note)
    return go_to("/")


def _half_in(request: AnyRequest, services: Services) -> User | None:
    """Whose password was right a moment ago; None for nobody, or too long ago."""
    session = request.session
    if session.get("logged_in") is not False:
        return None
    since_s = services.clock.utc_now().timestamp() - session["password_at_s"]
    if not 0 <= since_s <= CODE_WITHIN_S:
        request.clear_session()
        return None
    return services.users.by_id(session["user_id"])


def _code_page(
    request: AnyRequest, services: Services, sentence: str = "", status_code: int = HTTP_200_OK
) -> Template:
    # Codes depend on the time: a device without network may have it wrong, and people can see so.
    now = f"{services.clock.utc_now():%H:%M}"
    return page(request, "second_factor.html", status_code, sentence=sentence, now_utc=now)


def _log_not_let_in(request: AnyRequest, name: str, services: Services) -> None:
    known = services.users.by_name(name)
    subject = _A_WRONG_NAME if known is None else known.name
    services.audit.add(request, "log in", subject, outcome="refused")


def _host(request: AnyRequest) -> str | None:
    return request.client.host if request.client else None


@get("/{path:path}", sync_to_thread=False)
def nowhere(path: FromPath[str]) -> None:
    """Any other address: not found, said on a page that knows who asks and leads on."""
    raise NotFoundException(f"nothing at {path}")


accounts_router = Router(
    "/",
    route_handlers=[
        home,
        login_page,
        log_in,
        second_factor_page,
        check_second_factor,
        log_out,
        *account_routes,
        nowhere,
    ],
)
