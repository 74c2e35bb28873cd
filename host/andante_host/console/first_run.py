"""The first start: a secret from the device makes the first administrator, and then is gone.

There is no account to begin with (OWASP ASVS 5.0, 6.3.2). Whoever can read the device's own screen,
its journal or a file of the service's gets a secret that holds for half an hour and opens one page.
"""

import hashlib
import hmac
import logging
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from andante.errors import AndanteError
from andante.timebase import Clock
from andante_host.console.accounts.users import User, Users
from andante_host.console.database import Database
from andante_host.console.principal import Role

log = logging.getLogger(__name__)

EXPIRES_AFTER_MINUTES = 30
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that looks like another or like a digit."""
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1"})
_GROUPS, _GROUP_CHARS = 7, 4
"""Five bits a character: 140 bits."""
_HASH, _EXPIRES = "first_run_secret_hash", "first_run_expires_utc"
_FILE_MODE = 0o600


class FirstRunError(AndanteError):
    """A first administrator that cannot be made, in one sentence."""


class FirstRun:
    """Whether the console has users yet, and the way to the first."""

    def __init__(self, database: Database, clock: Clock, users: Users, state_dir: Path) -> None:
        self._database = database
        self._clock = clock
        self._users = users
        self._file = state_dir / "first-run-secret.txt"
        self._over = False

    @property
    def is_open(self) -> bool:
        """Whether there is no user yet. Users are never taken away, so that it closes for ever."""
        if not self._over:
            self._over = self._database.row("SELECT 1 FROM users LIMIT 1") is not None
        return not self._over

    def new_secret(self) -> str | None:
        """A secret in place of any before it, to be shown on the device; None where all is set up.

        It is also written to a file that only root and the console's user can read.
        """
        if not self.is_open:
            self._forget()
            return None
        groups = (
            "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS)
        )
        secret = "-".join(groups)
        expires = self._clock.utc_now() + timedelta(minutes=EXPIRES_AFTER_MINUTES)
        with self._database.changes():
            self._database.keep_setting(_HASH, _hash(secret))
            self._database.keep_setting(_EXPIRES, expires.isoformat())
        self._write_file(f"{secret}\nuntil {expires:%Y-%m-%d %H:%M} UTC\n")
        return secret

    def make_administrator(self, secret: str, name: str, password: str) -> User:
        """The first user. Raises FirstRunError, or AccountError for a name or password."""
        with self._database.changes():
            if not self.is_open:
                raise FirstRunError("There is an administrator already; log in, or ask for a user.")
            if not self._is_right(secret):
                raise FirstRunError(
                    "The secret is not right or its half hour is over; read it again, or restart "
                    "the console for a new one."
                )
            user = self._users.add(name, Role.ADMINISTRATOR, password, must_change_password=False)
        self._forget()
        return user

    def _is_right(self, secret: str) -> bool:
        kept, expires = self._database.setting(_HASH), self._database.setting(_EXPIRES)
        if kept is None or expires is None:
            return False
        in_time = self._clock.utc_now() < datetime.fromisoformat(expires)
        return hmac.compare_digest(kept, _hash(secret)) and in_time

    def _forget(self) -> None:
        self._database.write("DELETE FROM settings WHERE key IN (?, ?)", (_HASH, _EXPIRES))
        self._file.unlink(missing_ok=True)

    def _write_file(self, text: str) -> None:
        try:
            self._file.unlink(missing_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            log.warning("the secret was not written to %s: %s", self._file, error.strerror)


def _hash(secret: str) -> str:
    # As long and random as it is, a plain hash cannot be turned back.
    plain = secret.casefold().translate(_MISREAD)
    return hashlib.sha256("".join(char for char in plain if char.isalnum()).encode()).hexdigest()
