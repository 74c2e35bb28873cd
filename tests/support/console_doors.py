"""Who may do what on the console, and what a refused request must leave as it was."""

from collections.abc import Iterator

import msgspec

from andante_host.console.database import Database
from andante_host.console.principal import Role
from andante_host.console.security.sessions import COOKIE
from support.console import Visitor

LETTERS = {
    "T": Role.THERAPIST,
    "C": Role.CLINICIAN,
    "A": Role.ADMINISTRATOR,
    "V": Role.PATIENT_VIEW,
    "-": None,
}
"""Each kind of visitor by a letter; `-` is nobody."""
_DOMAIN = "andante.test"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def whole(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the trail's, wrong tries' and when a session was last used."""
    queries = {
        row["name"]: f'SELECT * FROM "{row["name"]}"'
        for row in database.rows(_TABLES)
        if row["name"] not in {"audit", "wrong_tries"}
    }
    queries["web_sessions"] = "SELECT key_hash, user_id, login_key, data FROM web_sessions"
    return {name: [tuple(row) for row in database.rows(sql)] for name, sql in queries.items()}


def begin_anew(visitor: Visitor) -> Visitor:
    """As a console that nobody has used: no logins, no wrong tries, no second factors."""
    visitor.client.cookies.clear()
    with visitor.services.database.changes() as connection:
        for table in ("web_sessions", "wrong_tries", "login_places"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute(
            "UPDATE users SET totp_secret = NULL, totp_last_step = 0, disabled_utc = NULL, "
            "no_second_factor_reason = 'a test user'"
        )
    return visitor


def become(visitor: Visitor, role: Role | None) -> None:
    """Another visitor at the same client: one with a login of this role, or nobody."""
    visitor.client.cookies.clear()
    if role is None:
        return
    person = Role.THERAPIST if role is Role.PATIENT_VIEW else role
    user = visitor.services.users.by_name(person)
    assert user is not None
    data = {"user_id": user.user_id, "logged_in": True, "key": f"key of {role}"}
    if role is Role.PATIENT_VIEW:
        data["patient_code"] = "P-1"
    session_id = role.encode().hex()
    if visitor.services.sessions.data_of(session_id) is None:
        facts = {
            "user_id": user.user_id,
            "login_key": data["key"],
            "address": "testclient",
            "browser": "a test",
        }
        visitor.services.sessions.begin(session_id, msgspec.json.encode(data), facts)
    visitor.client.cookies.set(COOKIE, session_id, domain=_DOMAIN)


def token_header(visitor: Visitor, role: Role | None) -> dict[str, str]:
    """What a program of this role sends under /api/; nothing for nobody."""
    if role is None:
        return {}
    _, secret = visitor.services.tokens.make("a test", role, 1, "administrator")
    # Its first use is noted; let that be over.
    assert visitor.services.tokens.principal(secret) is not None
    return {"authorization": f"Bearer {secret}"}


def doors(visitor: Visitor) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers."""
    for route in visitor.client.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield str(method), route.path
