"""Every address of the console, for every role and nobody: who comes in, what stays as it was."""

import asyncio
import re
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from andante_host.console.audit import STRANGERS_REFUSALS_PER_MIN
from andante_host.console.principal import Principal, Role
from support.console import Visitor
from support.console_doors import LETTERS, become, doors, token_header, whole

# Who may come in at which address: T therapist, C clinician, A administrator, V a patient's tablet,
# - nobody. An address that is in no list fails the test: decide for whom it is, then write it down.
_FOR = {
    "TCAV-": """
        GET /
        GET /login
        POST /login
        GET /login/second-factor
        POST /login/second-factor
        POST /logout
        GET /setup
        POST /setup
        GET /static/{file_path:path}
        GET /{path:path}
        HEAD /static/{file_path:path}
    """,
    "TCAV": """
        GET /live/events
    """,
    "TCA": """
        GET /api/v1/docs
        GET /api/v1/openapi.json
        GET /header/device
        GET /account
        POST /account/end-other-logins
        POST /account/password
        GET /account/second-factor
        POST /account/second-factor
        POST /account/second-factor/confirm
        GET /api/v1/device
        GET /api/v1/device/events
        GET /live
    """,
    "CA": """
        GET /api/v1/audit
        GET /audit
        GET /audit/download
    """,
    "TA": """
        POST /device/take-over
    """,
    "TC": """
        GET /api/v1/sessions
        GET /api/v1/sessions/{file:str}
        GET /api/v1/sessions/{file:str}/files/{kind:str}
        GET /api/v1/sessions/{file:str}/measures
        GET /api/v1/sessions/{file:str}/notes
        POST /api/v1/sessions/{file:str}/notes
        GET /api/v1/sessions/{file:str}/self-reports
        GET /api/v1/trends/{code:str}
        GET /sessions
        GET /sessions/download
        POST /sessions/download
        GET /sessions/{file:str}
        GET /sessions/{file:str}/download/{what:str}
        POST /sessions/{file:str}/notes
        GET /sessions/{file:str}/report.html
        GET /sessions/{file:str}/report.pdf
        GET /trends/{code:str}
    """,
    "A": """
        GET /api/v1/backups
        POST /api/v1/backups
        GET /api/v1/backups/{name:str}
        GET /api/v1/health
        POST /api/v1/health/check
        GET /admin
        GET /admin/backup
        POST /admin/backup
        POST /admin/backup/restore
        POST /admin/backup/{name:str}/delete
        GET /admin/backup/{name:str}/download
        POST /admin/backup/{name:str}/restore
        POST /admin/check
        GET /admin/network
        GET /admin/tokens
        POST /admin/tokens
        POST /admin/tokens/{token_id:str}/revoke
        GET /admin/users
        POST /admin/users
        GET /admin/users/{user_id:str}
        POST /admin/users/{user_id:str}/disable
        POST /admin/users/{user_id:str}/enable
        POST /admin/users/{user_id:str}/password
        POST /admin/users/{user_id:str}/role
        POST /admin/users/{user_id:str}/second-factor
        POST /admin/users/{user_id:str}/without-second-factor
        GET /api/v1/tokens
        POST /api/v1/tokens
        DELETE /api/v1/tokens/{token_id:str}
        GET /api/v1/users
        POST /api/v1/users
        POST /api/v1/users/{user_id:str}/disable
        POST /api/v1/users/{user_id:str}/enable
        POST /api/v1/users/{user_id:str}/password
        POST /api/v1/users/{user_id:str}/role
        POST /api/v1/users/{user_id:str}/second-factor
    """,
    "T": """
        POST /api/v1/device/ask
        POST /api/v1/device/dizzy
        POST /api/v1/device/hold
        POST /api/v1/device/note
        POST /api/v1/device/nudge
        POST /api/v1/device/pause
        POST /api/v1/device/release
        POST /api/v1/device/resume
        POST /api/v1/device/self-report
        POST /api/v1/device/start
        POST /api/v1/device/stop
        POST /api/v1/device/unlock
        GET /api/v1/patients
        POST /api/v1/patients
        GET /api/v1/patients/{code:str}
        PUT /api/v1/patients/{code:str}
        POST /api/v1/patients/{code:str}/archive
        GET /api/v1/patients/{code:str}/notes
        POST /api/v1/patients/{code:str}/notes
        GET /api/v1/patients/{code:str}/plans
        POST /api/v1/patients/{code:str}/plans
        POST /api/v1/patients/{code:str}/plans/baseline
        POST /api/v1/patients/{code:str}/plans/toml
        POST /api/v1/patients/{code:str}/restore
        GET /api/v1/plans/{plan_id:str}
        GET /api/v1/plans/{plan_id:str}/as-started
        POST /api/v1/plans/{plan_id:str}/copy
        POST /api/v1/plans/{plan_id:str}/retire
        GET /api/v1/plans/{plan_id:str}/toml
        GET /api/v1/recordings
        PUT /api/v1/recordings/{name:str}
        DELETE /api/v1/recordings/{name:str}
        GET /api/v1/templates
        POST /device/ask
        POST /device/command
        POST /device/hold
        POST /device/release
        POST /exercise/begin
        GET /patients
        GET /patients/new
        POST /patients/new
        GET /patients/{code:str}
        GET /patients/{code:str}/after
        POST /patients/{code:str}/after
        POST /patients/{code:str}/archive
        POST /patients/{code:str}/baseline/{exercise:str}
        GET /patients/{code:str}/edit
        POST /patients/{code:str}/edit
        POST /patients/{code:str}/notes
        GET /patients/{code:str}/plans/new
        GET /patients/{code:str}/plans/new/{template_key:str}
        POST /patients/{code:str}/plans/new/{template_key:str}
        GET /patients/{code:str}/plans/{plan_id:str}
        GET /patients/{code:str}/plans/{plan_id:str}/plan.toml
        POST /patients/{code:str}/plans/{plan_id:str}/retire
        GET /patients/{code:str}/plans/{plan_id:str}/start
        POST /patients/{code:str}/plans/{plan_id:str}/start
        POST /patients/{code:str}/restore
        GET /recordings
        POST /recordings
        POST /recordings/{name:str}/remove
    """,
    "V": """
        GET /exercise
        POST /exercise/after
        POST /exercise/again
        POST /exercise/back
        POST /exercise/before
        POST /exercise/dizzy
        POST /exercise/leave
        POST /exercise/start
        GET /exercise/state
        POST /exercise/stop
    """,
}
_STREAMS = {"/live/events", "/api/v1/device/events"}
"""They do not end, so who may come in is not let in here."""
_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_API = "/api/"
_PROGRAMS = {letter: role for letter, role in LETTERS.items() if letter != "V"}
"""No token can have the role of a patient's tablet."""


def _table() -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    for letters, addresses in _FOR.items():
        for line in addresses.strip().splitlines():
            method, path = line.split()
            assert (method, path) not in table
            table[method, path] = letters
    return table


def _filled(path: str) -> str:
    return _PARAMETER.sub(lambda found: f"no-such-{found.group(1).replace('_', '-')}", path)


def test_every_address_is_in_the_table_and_none_is_there_that_is_gone(visitor: Visitor) -> None:
    assert set(doors(visitor)) == set(_table())


def test_each_guard_lets_in_whom_the_table_says(visitor: Visitor) -> None:
    table = _table()
    app = visitor.client.app
    handlers = {
        (str(method), route.path): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }

    async def all_in() -> dict[tuple[str, str], str]:
        return {
            door: "".join(
                [
                    letter
                    for letter, role in LETTERS.items()
                    if await _comes_in(handlers[door], app, role)
                ]
            )
            for door in table
        }

    assert asyncio.run(all_in()) == table


def test_who_is_not_let_in_is_told_so_is_logged_and_changes_nothing(visitor: Visitor) -> None:
    refused = 0
    last = max((entry.entry for entry in visitor.services.audit.newest(1)), default=0)
    tokens = {letter: token_header(visitor, role) for letter, role in _PROGRAMS.items()}
    for letter, role in LETTERS.items():
        become(visitor, role)
        form = {"_csrf_token": visitor.csrf_token()}
        before = whole(visitor.services.database)
        for (method, path), letters in _table().items():
            if letter in letters or (path.startswith(_API) and letter not in tokens):
                continue
            if path.startswith(_API):
                what: dict[str, Any] = {"headers": tokens[letter]}
            else:
                what = {} if method == "GET" else {"data": form}
            answer = visitor.client.request(method, _filled(path), follow_redirects=False, **what)
            where = f"{method} {path} by {role or 'nobody'}"
            if role is not None:
                assert answer.status_code == 403, where
            elif method == "GET" and not path.startswith(_API):
                assert (answer.status_code, answer.headers["location"]) == (303, "/login"), where
            else:
                assert answer.status_code == 401, where
            assert "content-security-policy" in answer.headers, where
            refused += 1
        assert whole(visitor.services.database) == before, role
    entries = visitor.services.audit.newest(10_000)
    listed = [one for one in entries if one.outcome == "refused" and one.entry > last]
    of_people = [entry for entry in listed if entry.who != "-"]
    assert len(of_people) == sum(
        letter not in letters
        for (_, path), letters in _table().items()
        for letter in "TCAV"
        if not (path.startswith(_API) and letter == "V")
    )
    # Of nobody's, a minute's worth is listed singly.
    assert len(listed) - len(of_people) == STRANGERS_REFUSALS_PER_MIN + 1
    assert refused > 300


def test_no_get_changes_anything(visitor: Visitor) -> None:
    tokens = {letter: token_header(visitor, role) for letter, role in _PROGRAMS.items()}
    for letter, role in LETTERS.items():
        become(visitor, role)
        visitor.get("/login")
        before = whole(visitor.services.database)
        for (method, path), letters in _table().items():
            if method != "GET" or letter not in letters or path in _STREAMS:
                continue
            if path.startswith(_API) and letter not in tokens:
                continue
            headers = tokens[letter] if path.startswith(_API) else {}
            answer = visitor.get(_filled(path), headers=headers)
            assert answer.status_code < 500, f"{path} by {role or 'nobody'}"
            assert whole(visitor.services.database) == before, path


async def _comes_in(handler: Any, app: Litestar, role: Role | None) -> bool:
    principal = None
    if role is not None:
        code = "P-1" if role is Role.PATIENT_VIEW else None
        principal = Principal("id", "name", role, "key", patient_code=code)
    scope: Any = {
        "type": "http",
        "path": "/",
        "method": "GET",
        "headers": [],
        "user": principal,
        "litestar_app": app,
        "app": app,
        "state": {},
    }
    try:
        await handler.authorize_connection(ASGIConnection(scope))
    except (NotAuthorizedException, PermissionDeniedException):
        return False
    return True
