"""The audit trail: who saw, took and did what, in UTC. Rows are only ever added."""

import threading
import unicodedata
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection

from andante.timebase import Clock
from andante_host.console.database import Database
from andante_host.console.principal import Principal, principal_of

_MOST_CHARS = 500
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
STRANGERS_REFUSALS_PER_MIN = 60
"""More than that is a flood: it must not fill the card, nor hide among itself what came before."""
_NS_PER_MIN = 60_000_000_000
NOBODY = "-"
_REFUSED = "refused"
_HAS_REFUSED = "a refusal is in the audit trail"


@dataclass(frozen=True)
class Entry:
    """One line of the trail."""

    entry: int
    at_utc: str
    who: str
    role: str
    address: str
    action: str
    subject: str
    outcome: str
    detail: str


def one_line(text: str) -> str:
    """Text as it may stand in a log: control characters shown, nothing that breaks a line."""
    shown = "".join(
        f"\\x{ord(char):02x}" if unicodedata.category(char) in _UNFIT else char for char in text
    )
    return shown if len(shown) <= _MOST_CHARS else shown[: _MOST_CHARS - 1] + "…"


class Audit:
    """Adds to the trail and reads it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._minute = 0
        self._refusals = 0

    def add(
        self,
        connection: ASGIConnection[Any, Any, Any, Any] | None,
        action: str,
        subject: str = "",
        outcome: str = "done",
        detail: str = "",
        principal: Principal | None = None,
    ) -> None:
        """Add a line about a request (None: the console itself did it).

        `action`: a short verb phrase, such as `log in` or `download session`. `subject`: a patient
        code, a file or a user. `outcome`: `done` or `refused`. `principal`: where it is not yet, or
        no longer, the request's own, or where the request is out of reach: its address is then the
        principal's.
        """
        who = principal or (None if connection is None else principal_of(connection))
        client = None if connection is None else connection.client
        if connection is not None and outcome == _REFUSED:
            connection.state[_HAS_REFUSED] = True
        address = client.host if client else who.address if who else None
        self._database.write(
            "INSERT INTO audit (at_utc, who, role, address, action, subject, outcome, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                utc_text(self._clock),
                one_line(who.name) if who else NOBODY,
                who.role if who else NOBODY,
                address or NOBODY,
                *(one_line(text) for text in (action, subject, outcome, detail)),
            ),
        )

    def add_refusal(
        self, connection: ASGIConnection[Any, Any, Any, Any], action: str, detail: str
    ) -> None:
        """Add a line about a request that was not let in, with why.

        Of visitors who are not logged in at most 60 a minute are listed singly.
        """
        if principal_of(connection) is None:
            with self._lock:
                minute = self._clock.now_ns() // _NS_PER_MIN
                self._refusals = self._refusals + 1 if minute == self._minute else 1
                self._minute = minute
                number = self._refusals
            if number == STRANGERS_REFUSALS_PER_MIN + 1:
                action, detail = "many refusals", "more of this minute are not listed singly"
            elif number > STRANGERS_REFUSALS_PER_MIN:
                return
        self.add(connection, action, outcome=_REFUSED, detail=detail)

    def has_refused(self, connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
        """Whether the trail tells already that this request was refused."""
        return bool(connection.state.get(_HAS_REFUSED))

    def newest(
        self, count: int = 200, before_entry: int | None = None, containing: str = ""
    ) -> list[Entry]:
        """Lines, newest first; those older than `before_entry`, those that contain some words."""
        found = self._database.rows(
            "SELECT * FROM audit WHERE (? IS NULL OR entry < ?) AND (? = '' OR instr(lower("
            "who || ' ' || role || ' ' || address || ' ' || action || ' ' || subject || ' ' || "
            "outcome || ' ' || detail), lower(?))) ORDER BY entry DESC LIMIT ?",
            (before_entry, before_entry, containing, containing, count),
        )
        return [Entry(**dict(row)) for row in found]


def utc_text(clock: Clock) -> str:
    """Now, as the database keeps times."""
    return f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
