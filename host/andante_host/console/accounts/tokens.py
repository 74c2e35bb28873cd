"""Tokens for the clinic's own programs: a role, an end, and only a hash kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from andante.errors import AndanteError
from andante.timebase import Clock
from andante_host.console.audit import utc_text
from andante_host.console.database import Database
from andante_host.console.principal import PEOPLE, Principal, Role

_PREFIX = "andante_"
_SECRET_BYTES = 32
LONGEST_DAYS = 366
NAME_CHARS = 64
IDLE_MINUTES = 2
"""A program that asks nothing for so long is taken to be gone, and no longer holds the device."""
_USE_NOTED_EVERY = timedelta(seconds=30)
"""A program that asks often does not make the card write each time."""


class TokenError(AndanteError):
    """A token that cannot be made, in one sentence."""


@dataclass(frozen=True)
class Token:
    """A token without its secret."""

    token_id: str
    name: str
    role: str
    made_by: str
    created_utc: str
    expires_utc: str
    last_used_utc: str | None
    revoked_utc: str | None


_COLUMNS = "token_id, name, role, made_by, created_utc, expires_utc, last_used_utc, revoked_utc"


class Tokens:
    """Makes, lists, finds and revokes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def make(self, name: str, role: Role, days: int, made_by: str) -> tuple[Token, str]:
        """A new token and its secret, which is shown once and never again. Raises TokenError."""
        name = name.strip()
        if not (0 < len(name) <= NAME_CHARS and name.isprintable()):
            raise TokenError(
                f"The name of a program has 1 to {NAME_CHARS} characters on one line; change it."
            )
        if role not in PEOPLE:
            raise TokenError(f"No program can have the role {role}; choose one of the others.")
        if not 1 <= days <= LONGEST_DAYS:
            raise TokenError(
                f"A token lasts 1 to {LONGEST_DAYS} days, not {days}; choose a number in between."
            )
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        token_id = uuid4().hex
        self._database.write(
            "INSERT INTO tokens (token_id, name, role, token_hash, made_by, created_utc, "
            "expires_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                token_id,
                name,
                role,
                _hash(secret),
                made_by,
                utc_text(self._clock),
                self.end_utc(days),
            ),
        )
        made = self.by_id(token_id)
        assert made is not None
        return made, secret

    def end_utc(self, days: int) -> str:
        """When a token made now ends."""
        return _text(self._clock.utc_now() + timedelta(days=days))

    def all(self) -> list[Token]:
        """Every token, newest first."""
        found = self._database.rows(
            f"SELECT {_COLUMNS} FROM tokens ORDER BY created_utc DESC, token_id"
        )
        return [Token(**dict(row)) for row in found]

    def by_id(self, token_id: str) -> Token | None:
        """A token, or None."""
        sql = f"SELECT {_COLUMNS} FROM tokens WHERE token_id = ?"
        row = self._database.row(sql, (token_id,))
        return None if row is None else Token(**dict(row))

    def is_over(self, token: Token) -> bool:
        """Whether it opens nothing any more: revoked, or past its end."""
        return token.revoked_utc is not None or token.expires_utc <= utc_text(self._clock)

    def lives(self, token_id: str) -> bool:
        """Whether the program with this token is still there: the token is valid, and in use."""
        token = self.by_id(token_id)
        since = _text(self._clock.utc_now() - timedelta(minutes=IDLE_MINUTES))
        return token is not None and not self.is_over(token) and (token.last_used_utc or "") > since

    def revoke(self, token_id: str) -> bool:
        """End a token now. False where there is none to end."""
        return (
            self._database.write(
                "UPDATE tokens SET revoked_utc = ? WHERE token_id = ? AND revoked_utc IS NULL",
                (utc_text(self._clock), token_id),
            )
            > 0
        )

    def principal(self, secret: str) -> Principal | None:
        """Whom a token stands for; None for one that is unknown, revoked or past its end."""
        now = utc_text(self._clock)
        row = self._database.row(
            "SELECT token_id, name, role FROM tokens WHERE token_hash = ? "
            "AND revoked_utc IS NULL AND expires_utc > ?",
            (_hash(secret), now),
        )
        if row is None:
            return None
        self.note_use(row["token_id"])
        return Principal(
            user_id=row["token_id"],
            name=f"program {row['name']}",
            role=Role(row["role"]),
            key=row["token_id"],
            by_token=True,
        )

    def note_use(self, token_id: str) -> None:
        """A program has asked something, or is still listening."""
        sql = "SELECT 1 FROM tokens WHERE token_id = ? AND last_used_utc > ?"
        recent = _text(self._clock.utc_now() - _USE_NOTED_EVERY)
        if self._database.row(sql, (token_id, recent)) is None:
            sql = "UPDATE tokens SET last_used_utc = ? WHERE token_id = ?"
            self._database.write(sql, (utc_text(self._clock), token_id))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
