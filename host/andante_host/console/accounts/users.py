"""Users: therapists, clinicians, administrators, and what an administrator changes about them."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from andante.timebase import Clock
from andante_host.console.accounts import passwords
from andante_host.console.accounts.problem import AccountError
from andante_host.console.audit import utc_text
from andante_host.console.database import Database
from andante_host.console.principal import PEOPLE, Principal, Role

__all__ = ["NAME_CHARS", "AccountError", "User", "Users"]

NAME_CHARS = 64
REASON_CHARS = 200
FIRST_PASSWORD_DAYS = 7
"""A password that an administrator gave opens for so long (OWASP ASVS 5.0, 6.4.1)."""


@dataclass(frozen=True)
class User:
    """A user, without secrets."""

    user_id: str
    name: str
    role: str
    has_second_factor: bool
    no_second_factor_reason: str | None
    must_change_password: bool
    created_utc: str
    disabled_utc: str | None

    @property
    def must_set_second_factor(self) -> bool:
        """No second factor yet, and no administrator's reason to do without."""
        return not self.has_second_factor and not self.no_second_factor_reason


_COLUMNS = (
    "user_id, name, role, totp_secret IS NOT NULL AS has_second_factor, no_second_factor_reason, "
    "must_change_password, created_utc, disabled_utc"
)


class Users:
    """Keeps them. What changes who may come in also ends the user's logins."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        name: str,
        role: Role,
        password: str,
        must_change_password: bool = True,
        no_second_factor_reason: str | None = None,
    ) -> User:
        """A new user, who sets up a second factor at the first login or has a reason not to.

        Raises AccountError for a name that is taken or unfit, a role nobody has and a password
        that is too easily guessed.
        """
        name = _checked_name(name)
        _check_role(role)
        passwords.check_new(password, name)
        reason = None if no_second_factor_reason is None else _reason(no_second_factor_reason)
        user_id = uuid4().hex
        password_hash = passwords.hashed(password)
        with self._database.changes() as connection:
            if self.by_name(name) is not None:
                raise AccountError(f"There is a user {name} already; choose another name.")
            connection.execute(
                "INSERT INTO users (user_id, name, role, password_hash, must_change_password, "
                "no_second_factor_reason, created_utc, password_set_utc) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                (
                    user_id,
                    name,
                    role,
                    password_hash,
                    must_change_password,
                    reason,
                    utc_text(self._clock),
                ),
            )
        return self._existing(user_id)

    def all(self) -> list[User]:
        """Every user, by name."""
        return [
            _user(row) for row in self._database.rows(f"SELECT {_COLUMNS} FROM users ORDER BY name")
        ]

    def by_id(self, user_id: str) -> User | None:
        """A user, or None."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM users WHERE user_id = ?", (user_id,))
        return None if row is None else _user(row)

    def by_name(self, name: str) -> User | None:
        """A user, or None; great and small letters are the same."""
        sql = f"SELECT {_COLUMNS} FROM users WHERE name = ?"
        row = self._database.row(sql, (_normal_name(name),))
        return None if row is None else _user(row)

    def with_password(self, name: str, password: str) -> User | None:
        """The user of this name and password, who is not disabled; None else, as slowly."""
        row = self._database.row(
            "SELECT user_id, password_hash FROM users WHERE name = ? AND disabled_utc IS NULL",
            (_normal_name(name),),
        )
        known = None if row is None else row["password_hash"]
        if not passwords.matches(known, password) or row is None:
            return None
        if passwords.needs_new_hash(row["password_hash"]):
            sql = "UPDATE users SET password_hash = ? WHERE user_id = ? AND password_hash = ?"
            renewed = passwords.hashed(password)
            self._database.write(sql, (renewed, row["user_id"], row["password_hash"]))
        return self.by_id(row["user_id"])

    def first_password_is_over(self, user_id: str) -> bool:
        """Whether the user's password is a given one that was not changed in time."""
        row = self._database.row(
            "SELECT coalesce(password_set_utc, created_utc) AS set_utc FROM users "
            "WHERE user_id = ? AND must_change_password",
            (user_id,),
        )
        if row is None:
            return False
        given_for = self._clock.utc_now() - datetime.fromisoformat(row["set_utc"])
        return given_for > timedelta(days=FIRST_PASSWORD_DAYS)

    def principal_of_session(self, session: dict[str, Any]) -> Principal | None:
        """Who a session's data stands for; None where the user is gone or has steps to go."""
        user = self.by_id(str(session["user_id"]))
        if user is None or user.disabled_utc is not None or not session.get("logged_in"):
            return None
        patient_code = session.get("patient_code")
        return Principal(
            user_id=user.user_id,
            name=user.name,
            role=Role.PATIENT_VIEW if patient_code else Role(user.role),
            key=str(session["key"]),
            patient_code=patient_code,
            must_change_password=user.must_change_password,
            must_set_second_factor=user.must_set_second_factor,
        )

    def set_password(
        self,
        user_id: str,
        password: str,
        must_change_password: bool = True,
        spared_key: str | None = None,
    ) -> None:
        """Another password; ends the user's logins but the one whose principal's key is spared.

        Raises AccountError for a password that is too easily guessed.
        """
        user = self._existing(user_id)
        passwords.check_new(password, user.name)
        password_hash = passwords.hashed(password)
        with self._database.changes() as connection:
            connection.execute(
                "UPDATE users SET password_hash = ?, must_change_password = ?, "
                "password_set_utc = ? WHERE user_id = ?",
                (password_hash, must_change_password, utc_text(self._clock), user_id),
            )
            self.end_logins(user_id, spared_key)

    def set_role(self, user_id: str, role: Role) -> None:
        """Another role. Raises AccountError for the last administrator's."""
        _check_role(role)
        with self._database.changes() as connection:
            if role is not Role.ADMINISTRATOR:
                self._check_not_last_administrator(user_id)
            connection.execute("UPDATE users SET role = ? WHERE user_id = ?", (role, user_id))
            self.end_logins(user_id)

    def disable(self, user_id: str) -> None:
        """Let nobody in as this user; what they did stays on record.

        Raises AccountError for the last administrator.
        """
        with self._database.changes() as connection:
            self._check_not_last_administrator(user_id)
            connection.execute(
                "UPDATE users SET disabled_utc = ? WHERE user_id = ? AND disabled_utc IS NULL",
                (utc_text(self._clock), user_id),
            )
            self.end_logins(user_id)

    def enable(self, user_id: str) -> None:
        """Let a disabled user in again."""
        self._existing(user_id)
        self._database.write("UPDATE users SET disabled_utc = NULL WHERE user_id = ?", (user_id,))

    def set_second_factor(self, user_id: str, secret: str, used_step: int) -> None:
        """Keep a second factor that has been confirmed with the code of `used_step`."""
        self._existing(user_id)
        self._database.write(
            "UPDATE users SET totp_secret = ?, totp_last_step = ?, no_second_factor_reason = NULL "
            "WHERE user_id = ?",
            (secret, used_step, user_id),
        )

    def reset_second_factor(self, user_id: str) -> None:
        """A phone was lost: the user sets up another at the next login."""
        self._existing(user_id)
        with self._database.changes() as connection:
            connection.execute(
                "UPDATE users SET totp_secret = NULL, totp_last_step = 0 WHERE user_id = ?",
                (user_id,),
            )
            self.end_logins(user_id)

    def allow_without_second_factor(self, user_id: str, reason: str | None) -> None:
        """Let a user do without a second factor for a written reason; None asks for one again.

        A second factor that is there is asked for whatever the reason.
        """
        self._existing(user_id)
        written = None if reason is None else _reason(reason)
        sql = "UPDATE users SET no_second_factor_reason = ? WHERE user_id = ?"
        self._database.write(sql, (written, user_id))

    def second_factor(self, user_id: str) -> tuple[str, int] | None:
        """The secret and the last step used; None where there is none. Not for any page."""
        row = self._database.row(
            "SELECT totp_secret, totp_last_step FROM users "
            "WHERE user_id = ? AND totp_secret IS NOT NULL AND disabled_utc IS NULL",
            (user_id,),
        )
        return None if row is None else (row["totp_secret"], row["totp_last_step"])

    def use_step(self, user_id: str, step: int) -> bool:
        """Note a code's step as used; False where it, or a later one, was used already."""
        sql = "UPDATE users SET totp_last_step = ? WHERE user_id = ? AND totp_last_step < ?"
        return self._database.write(sql, (step, user_id, step)) == 1

    def end_logins(self, user_id: str, spared_key: str | None = None) -> int:
        """End the user's logins everywhere but the one with `spared_key`; how many there were."""
        sql = "DELETE FROM web_sessions WHERE user_id = ? AND login_key IS NOT ?"
        return self._database.write(sql, (user_id, spared_key or ""))

    def _existing(self, user_id: str) -> User:
        user = self.by_id(user_id)
        if user is None:
            raise AccountError("There is no such user; look at the list of users again.")
        return user

    def _check_not_last_administrator(self, user_id: str) -> None:
        if self._existing(user_id).role != Role.ADMINISTRATOR:
            return
        sql = "SELECT 1 FROM users WHERE role = ? AND disabled_utc IS NULL AND user_id <> ? LIMIT 1"
        if self._database.row(sql, (Role.ADMINISTRATOR, user_id)) is None:
            raise AccountError(
                "This is the last administrator, without whom nobody could look after the device; "
                "make somebody else an administrator first."
            )


def _checked_name(name: str) -> str:
    name = _normal_name(name)
    if not 1 <= len(name) <= NAME_CHARS or not name.isprintable():
        raise AccountError(
            f"A user's name has 1 to {NAME_CHARS} characters on one line; change it."
        )
    return name


def _normal_name(name: str) -> str:
    # A lone surrogate, as JSON may carry, is no character that a database can keep.
    return unicodedata.normalize("NFC", name).encode(errors="replace").decode().strip()


def _check_role(role: Role) -> None:
    if role not in PEOPLE:
        raise AccountError(f"Nobody can have the role {role}; choose one of the others.")


def _reason(text: str) -> str:
    reason = " ".join(text.encode(errors="replace").decode().split())
    if not reason or len(reason) > REASON_CHARS:
        raise AccountError(
            f"Give the reason in 1 to {REASON_CHARS} characters; others will read it."
        )
    return reason


def _user(row: Any) -> User:
    values = dict(row)
    for flag in ("has_second_factor", "must_change_password"):
        values[flag] = bool(values[flag])
    return User(**values)
