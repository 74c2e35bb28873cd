"""The steps of a login, each with its limit; no web code."""

from andante.timebase import Clock
from andante_host.console.accounts import second_factor
from andante_host.console.accounts.users import (
    FIRST_PASSWORD_DAYS,
    NAME_CHARS,
    AccountError,
    User,
    Users,
)
from andante_host.console.database import Database
from andante_host.console.security.tries import (
    LOGIN_AS_NAME,
    LOGIN_FROM_ADDRESS,
    PASSWORD_AGAIN,
    SECOND_FACTOR,
    Tries,
    counted_address,
)

_PLACES_KEPT_S = 90 * 24 * 60 * 60


class Logins:
    """Checks passwords and codes.

    Wrong passwords are counted by address, and by name unless the user has logged in from the
    address before: whoever guesses somebody's password elsewhere on the network is slowed down at
    both, and cannot keep people out at the tablets they use.
    """

    def __init__(self, database: Database, clock: Clock, users: Users, tries: Tries) -> None:
        self._database = database
        self._clock = clock
        self._users = users
        self._tries = tries

    def with_password(self, name: str, password: str, host: str | None) -> User | None:
        """The user, or None for a wrong name or password.

        `host`: the address the try comes from. Raises TooManyRequestsException, and AccountError
        where a first password is right but too old.
        """
        address = counted_address(host)
        counted = [self._tries.take(LOGIN_FROM_ADDRESS, address)]
        known = self._users.by_name(name)
        if known is None or not self._has_been_at(known, address):
            who = name[:NAME_CHARS] if known is None else known.name
            counted.append(self._tries.take(LOGIN_AS_NAME, _countable(who)))
        user = self._users.with_password(name, password)
        if user is None:
            return None
        self._forgive(counted)
        if self._users.first_password_is_over(user.user_id):
            raise AccountError(
                f"This password was given to you more than {FIRST_PASSWORD_DAYS} days ago and no "
                "longer opens; ask an administrator for a new one."
            )
        return user

    def with_code(self, user_id: str, code: str) -> bool:
        """Whether it is the second factor's code now; one that was used opens nothing again.

        Raises TooManyRequestsException.
        """
        counted = self._tries.take(SECOND_FACTOR, user_id)
        kept = self._users.second_factor(user_id)
        if kept is None:
            return False
        secret, last_step = kept
        step = second_factor.matching_step(secret, code, self._clock.utc_now(), last_step)
        if step is None or not self._users.use_step(user_id, step):
            return False
        self._tries.forgive(counted)
        return True

    def own_password(self, user: User, password: str) -> bool:
        """Whether it is the password of somebody who is logged in already.

        Raises TooManyRequestsException.
        """
        counted = self._tries.take(PASSWORD_AGAIN, user.user_id)
        if self._users.with_password(user.name, password) is None:
            return False
        self._tries.forgive(counted)
        return True

    def confirm_second_factor(self, user_id: str, secret: str, code: str) -> bool:
        """Keep a new second factor if the code is its; whether it was."""
        step = second_factor.matching_step(secret, code, self._clock.utc_now())
        if step is None:
            return False
        self._users.set_second_factor(user_id, secret, step)
        return True

    def note_place(self, user_id: str, host: str | None) -> None:
        """The user is in, at this address."""
        now_s = self._clock.utc_now().timestamp()
        with self._database.changes() as connection:
            connection.execute(
                "DELETE FROM login_places WHERE at_s <= ?", (now_s - _PLACES_KEPT_S,)
            )
            connection.execute(
                "INSERT INTO login_places (user_id, address, at_s) VALUES (?, ?, ?) "
                "ON CONFLICT (user_id, address) DO UPDATE SET at_s = excluded.at_s",
                (user_id, counted_address(host), now_s),
            )

    def _has_been_at(self, user: User, address: str) -> bool:
        sql = "SELECT 1 FROM login_places WHERE user_id = ? AND address = ?"
        return self._database.row(sql, (user.user_id, address)) is not None

    def _forgive(self, counted: list[int]) -> None:
        for number in counted:
            self._tries.forgive(number)


def _countable(name: str) -> str:
    # As the database compares names: great and small letters are the same.
    return name.encode(errors="replace").decode().casefold()
