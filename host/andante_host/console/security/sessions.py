"""Who is logged in, kept on the server: Litestar's session backend over the console's database.

What Litestar's own leaves open is closed here: an id that the server did not give out is never
taken (session fixation), the id is changed at login, only a hash of it is stored, a session ends
after a time whatever is done with it, a request that was under way at the logout cannot bring it
back, and visitors who have not logged in get no cookie.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.middleware.session.server_side import (
    ServerSideSessionBackend,
    ServerSideSessionConfig,
)
from litestar.stores.base import Store
from litestar.types import Empty, Message, ScopeSession

from andante.timebase import Clock
from andante_host.console.database import Database

IDLE_TIMEOUT_S = 30 * 60
LONGEST_S = 12 * 60 * 60
"""However busy: one working day, after which everybody logs in anew (ASVS 5.0, 7.3.2)."""
COOKIE = "__Host-andante"
BY_ITSELF = {"by_itself": True}
"""`opt` of a route that pages ask by themselves, as for live events: it keeps no session alive."""
_STORE = "sessions"
_ID_BYTES = 32
_KEY_BYTES = 8
_SEEN_EVERY_S = 60
_BROWSER_CHARS = 200
_KEPT = "andante_session"
_NEW_ID = "andante_new_session_id"
_LIVES = "expires_s > ? AND seen_s <= ?"
"""Not past its end, and not from a future that a clock which was set back has left behind."""

AnyConnection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True)
class LoginFacts:
    """One of somebody's logins, as they are shown it."""

    key: str
    address: str
    browser: str
    began_s: float
    seen_s: float


@dataclass(frozen=True)
class _Kept:
    """A session that the request came with, as it was then."""

    session_id: str
    data: bytes


class SessionStore(Store):
    """Sessions in the table `web_sessions`. Times are of the wall clock, as they outlive a boot."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, session_id: str, data: bytes, facts: dict[str, Any]) -> None:
        """Keep a new session. `facts`: user_id, login_key (None before the login is complete),
        address and browser.
        """
        now_s = self._now_s()
        with self._database.changes() as connection:
            connection.execute("DELETE FROM web_sessions WHERE expires_s <= ?", (now_s,))
            connection.execute(
                "INSERT INTO web_sessions (key_hash, data, began_s, seen_s, expires_s, user_id, "
                "login_key, address, browser) VALUES (:key_hash, :data, :now_s, :now_s, "
                ":expires_s, :user_id, :login_key, :address, :browser)",
                {
                    "key_hash": _hash(session_id),
                    "data": data,
                    "now_s": now_s,
                    "expires_s": now_s + IDLE_TIMEOUT_S,
                    **facts,
                },
            )

    def change(self, session_id: str, data: bytes) -> None:
        """Other data for a session, if it still lives."""
        sql = "UPDATE web_sessions SET data = ? WHERE key_hash = ?"
        self._database.write(sql, (data, _hash(session_id)))

    def note_seen(self, session_id: str) -> None:
        """Somebody used it: its idle time begins anew. Written at most once a minute."""
        self._renew("key_hash = ?", _hash(session_id))

    def renew(self, login_key: str) -> None:
        """As if the principal with this key had just used the page.

        For who holds the device while an exercise runs: the page must still be able to stop it.
        """
        self._renew("login_key = ?", login_key)

    def lives(self, login_key: str) -> bool:
        """Whether the login of the principal with this key has not ended."""
        sql = f"SELECT 1 FROM web_sessions WHERE login_key = ? AND {_LIVES}"
        return self._database.row(sql, (login_key, *self._times())) is not None

    def of_user(self, user_id: str) -> list[LoginFacts]:
        """Somebody's logins, the last used first."""
        rows = self._database.rows(
            "SELECT login_key AS key, address, browser, began_s, seen_s FROM web_sessions "
            f"WHERE user_id = ? AND login_key IS NOT NULL AND {_LIVES} ORDER BY seen_s DESC",
            (user_id, *self._times()),
        )
        return [LoginFacts(**dict(row)) for row in rows]

    def data_of(self, session_id: str) -> bytes | None:
        """A session's data, or None where there is none or its time is over."""
        sql = f"SELECT data FROM web_sessions WHERE key_hash = ? AND {_LIVES}"
        row = self._database.row(sql, (_hash(session_id), *self._times()))
        return None if row is None else bytes(row["data"])

    def forget(self, session_id: str) -> None:
        """End a session."""
        self._database.write("DELETE FROM web_sessions WHERE key_hash = ?", (_hash(session_id),))

    async def set(
        self,
        key: str,
        value: str | bytes,
        expires_in: int | timedelta | None = None,  # noqa: ARG002
    ) -> None:
        """Litestar's way to change a session; when it ends is decided here."""
        data = value.encode() if isinstance(value, str) else value
        await to_thread.run_sync(self.change, key, data)

    async def get(
        self,
        key: str,
        renew_for: int | timedelta | None = None,  # noqa: ARG002
    ) -> bytes | None:
        """Litestar's way to read a session."""
        return await to_thread.run_sync(self.data_of, key)

    async def delete(self, key: str) -> None:
        """Litestar's way to end a session."""
        await to_thread.run_sync(self.forget, key)

    async def delete_all(self) -> None:
        """Forget all of them: everybody has to log in again."""
        await to_thread.run_sync(self._database.write, "DELETE FROM web_sessions")

    async def exists(self, key: str) -> bool:
        """Whether there is such a session."""
        return await self.get(key) is not None

    async def expires_in(self, key: str) -> int | None:
        """Seconds until it ends by itself; None where there is none."""
        sql = "SELECT expires_s FROM web_sessions WHERE key_hash = ?"
        row = await to_thread.run_sync(self._database.row, sql, (_hash(key),))
        return None if row is None else max(0, int(row["expires_s"] - self._now_s()))

    def _renew(self, which: str, value: str) -> None:
        now_s = self._now_s()
        sql = (
            "UPDATE web_sessions SET seen_s = ?, expires_s = min(? + ?, began_s + ?) "
            f"WHERE {which} AND seen_s <= ? AND {_LIVES}"
        )
        values = (now_s, now_s, IDLE_TIMEOUT_S, LONGEST_S, value, now_s - _SEEN_EVERY_S)
        due = f"SELECT 1 FROM web_sessions WHERE {which} AND seen_s <= ?"
        if self._database.row(due, (value, now_s - _SEEN_EVERY_S)) is not None:
            self._database.write(sql, (*values, *self._times()))

    def _times(self) -> tuple[float, float]:
        now_s = self._now_s()
        return now_s, now_s + _SEEN_EVERY_S

    def _now_s(self) -> float:
        return self._clock.utc_now().timestamp()


class SessionBackend(ServerSideSessionBackend):
    """Takes only ids that the server gave out; see the module."""

    async def load_from_connection(self, connection: AnyConnection) -> dict[str, Any]:
        """The session's data, empty for a stranger."""
        session_id = connection.cookies.get(self.config.key)
        if not session_id:
            return {}
        data = await to_thread.run_sync(_store(connection).data_of, session_id)
        if data is None:
            return {}
        connection.scope["state"][_KEPT] = _Kept(session_id, data)
        found: dict[str, Any] = self.deserialize_data(data)
        return found

    def get_session_id(self, connection: AnyConnection) -> str:
        """The id of a session that is known, or a new one."""
        state = connection.scope["state"]
        kept: _Kept | None = state.get(_KEPT)
        if kept is not None:
            return kept.session_id
        return str(state.setdefault(_NEW_ID, self.generate_session_id()))

    async def store_in_message(
        self, scope_session: ScopeSession, message: Message, connection: AnyConnection
    ) -> None:
        """Keep the session and send its cookie; nothing for a stranger."""
        store = _store(connection)
        kept: _Kept | None = connection.scope["state"].get(_KEPT)
        if scope_session is Empty or not scope_session:
            if kept is not None:
                await to_thread.run_sync(store.forget, kept.session_id)
                self._send_cookie(message, "null", lasts_s=0)
            return
        assert isinstance(scope_session, dict)
        data = self.serialize_data(scope_session, connection.scope)
        session_id = self.get_session_id(connection)
        if kept is None:
            facts = _facts(scope_session, connection)
            await to_thread.run_sync(store.begin, session_id, data, facts)
        else:
            if data != kept.data:
                await to_thread.run_sync(store.change, session_id, data)
            if not connection.route_handler.opt.get("by_itself"):
                await to_thread.run_sync(store.note_seen, session_id)
        self._send_cookie(message, session_id, self.config.max_age)

    def _send_cookie(self, message: Message, value: str, lasts_s: int) -> None:
        config = self.config
        cookie = Cookie(
            key=config.key,
            value=value,
            path=config.path,
            secure=config.secure,
            httponly=config.httponly,
            samesite=config.samesite,
            max_age=lasts_s,
        )
        headers = MutableScopeHeaders.from_message(message)
        headers.add("set-cookie", cookie.to_header(header=""))


@dataclass
class SessionConfig(ServerSideSessionConfig):
    """As Litestar's, with our backend and a cookie that only this origin gets, over HTTPS."""

    _backend_class = SessionBackend

    key: str = COOKIE
    session_id_bytes: int = _ID_BYTES
    max_age: int = IDLE_TIMEOUT_S
    secure: bool = True
    httponly: bool = True
    samesite: Any = "strict"
    exclude: str | list[str] | None = "^/static/"
    store: str = _STORE


async def begin_session(connection: AnyConnection, data: dict[str, Any]) -> None:
    """Somebody has logged in, or changed what a login is for: a new id for the session.

    One known before is worth nothing. `data`: user_id, logged_in, and what else belongs to it; a
    login without a `key` gets one.
    """
    state = connection.scope["state"]
    kept: _Kept | None = state.pop(_KEPT, None)
    state.pop(_NEW_ID, None)
    if kept is not None:
        await to_thread.run_sync(_store(connection).forget, kept.session_id)
    if data.get("logged_in"):
        data = {"key": secrets.token_hex(_KEY_BYTES), **data}
    connection.set_session(data)


def _store(connection: AnyConnection) -> SessionStore:
    store = connection.app.stores.get(_STORE)
    assert isinstance(store, SessionStore)
    return store


def _facts(session: dict[str, Any], connection: AnyConnection) -> dict[str, Any]:
    return {
        "user_id": session.get("user_id"),
        "login_key": session.get("key"),
        "address": connection.client.host if connection.client else "",
        "browser": connection.headers.get("user-agent", "")[:_BROWSER_CHARS],
    }


def _hash(session_id: str) -> str:
    # The id is random and long, so a plain hash cannot be turned back.
    return hashlib.sha256(session_id.encode()).hexdigest()
