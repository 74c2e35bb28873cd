"""How often something may be tried wrongly: kept in the database, so a restart forgets nothing."""

import ipaddress
import math
from dataclasses import dataclass

from litestar.exceptions import TooManyRequestsException

from andante.timebase import Clock
from andante_host.console.database import Database

_KEPT_S = 24 * 60 * 60
_IPV6_NETWORK_BITS = 64
"""One device has a whole such network of addresses to itself."""
_S_PER_MIN = 60


@dataclass(frozen=True)
class Limit:
    """At most `wrong` wrong tries of a `kind` within any `window_s` seconds."""

    kind: str
    wrong: int
    window_s: int


LOGIN_FROM_ADDRESS = Limit("log in from", 10, 5 * 60)
LOGIN_AS_NAME = Limit("log in as", 10, 5 * 60)
"""For a name that is tried from addresses where it has not been used; see `accounts.logins`."""
SECOND_FACTOR = Limit("second factor of", 10, 15 * 60)
PASSWORD_AGAIN = Limit("own password of", 10, 5 * 60)
TOKEN_FROM_ADDRESS = Limit("token from", 10, 5 * 60)
SETUP_FROM_ADDRESS = Limit("first-run secret from", 10, 5 * 60)


class Tries:
    """Counts tries. A try is counted before it is looked at, so that many at once do not pass."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, limit: Limit, who: str) -> int:
        """Count a try by `who`; its number, to `forgive` it by if it was right.

        Raises TooManyRequestsException, with the seconds to wait as Retry-After, where there were
        too many. Such a refused try is not counted: the wait has an end whatever is sent.
        """
        now_s = self._now_s()
        with self._database.changes() as connection:
            wait_s = self.wait_s(limit, who)
            if wait_s:
                raise too_many(wait_s)
            connection.execute("DELETE FROM wrong_tries WHERE at_s <= ?", (now_s - _KEPT_S,))
            sql = "INSERT INTO wrong_tries (kind, who, at_s) VALUES (?, ?, ?)"
            number: int | None = connection.execute(sql, (limit.kind, who, now_s)).lastrowid
        assert number is not None
        return number

    def forgive(self, number: int) -> None:
        """That one was right. Earlier wrong ones stay, else one good account could hide them."""
        self._database.write("DELETE FROM wrong_tries WHERE try_number = ?", (number,))

    def wait_s(self, limit: Limit, who: str) -> int:
        """Seconds until the next try; 0 where it may be now."""
        now_s = self._now_s()
        # The newest that count; one from the future is of a clock that was set back since.
        rows = self._database.rows(
            "SELECT at_s FROM wrong_tries WHERE kind = ? AND who = ? AND at_s > ? AND at_s <= ? "
            "ORDER BY at_s DESC LIMIT ?",
            (limit.kind, who, now_s - limit.window_s, now_s, limit.wrong),
        )
        if len(rows) < limit.wrong:
            return 0
        oldest_s: float = rows[-1]["at_s"]
        return max(1, math.ceil(oldest_s + limit.window_s - now_s))

    def _now_s(self) -> float:
        return self._clock.utc_now().timestamp()


def too_many(wait_s: int) -> TooManyRequestsException:
    """The refusal with how long to wait."""
    minutes = math.ceil(wait_s / _S_PER_MIN)
    words = "a minute" if minutes == 1 else f"{minutes} minutes"
    return TooManyRequestsException(
        f"Too many wrong tries; wait {words} and try again.",
        headers={"Retry-After": str(wait_s)},
    )


def counted_address(host: str | None) -> str:
    """What tries are counted by: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False))
    return str(address)
