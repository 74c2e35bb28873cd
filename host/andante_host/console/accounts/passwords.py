"""Passwords: how they are kept and what is asked of them (OWASP ASVS 5.0, 6.2 and 11.4.2)."""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from andante_host.console.accounts.problem import AccountError

MIN_CHARS = 8
MAX_CHARS = 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""Argon2id as OWASP's Password Storage Cheat Sheet has it for little memory."""
_NOBODYS = _HASHER.hash("nobody's")
_ONE_AT_A_TIME = threading.Lock()
"""Each takes 19 MiB and a core for a while: many logins at once must not starve the device."""
_OUR_NAME = "andante"
_GROUPS = 4
_GROUP_CHARS = 4
_EASY_TO_READ = "abcdefghjkmnpqrstuvwxyz23456789"


def check_new(password: str, user_name: str) -> None:
    """Whether it may be somebody's password. Raises AccountError with what to change.

    Long enough, not among the passwords that attackers try first, and more than the user's or this
    device's name; nothing is asked of which characters it is made.
    """
    text = _normal(password)
    if len(text) < MIN_CHARS:
        raise AccountError(
            f"The password is too short; use {MIN_CHARS} characters or more, such as a few words."
        )
    if len(text) > MAX_CHARS:
        raise AccountError(f"The password is too long; use at most {MAX_CHARS} characters.")
    small = text.casefold()
    if small in _common():
        raise AccountError(
            "This password is among those that are tried first; choose another, such as a few "
            "words that do not belong together."
        )
    rest = small
    for known in (_normal(user_name).casefold(), _OUR_NAME):
        rest = rest.replace(known, "") if known else rest
    if rest != small and len(rest) < MIN_CHARS:
        raise AccountError(
            "The password is little more than a name that everybody knows; choose another."
        )


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _ONE_AT_A_TIME:
        return _HASHER.hash(_bytes(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. Takes as long where there is no such user (None)."""
    try:
        with _ONE_AT_A_TIME:
            right = _HASHER.verify(password_hash or _NOBODYS, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    """Whether it was made with other settings than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def generated() -> str:
    """A first password to be told to somebody and changed by them: 79 bits, easy to read out."""
    groups = ("".join(map(secrets.choice, [_EASY_TO_READ] * _GROUP_CHARS)) for _ in range(_GROUPS))
    return "-".join(groups)


@cache
def _common() -> frozenset[str]:
    # Loaded when first needed, as it takes a while. Its first 30,000 hold more than 10,000 that
    # are long enough for us; ASVS asks for 3,000.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(one for one in FREQUENCY_LISTS["passwords"] if len(one) >= MIN_CHARS)


def _normal(password: str) -> str:
    # One keyboard sends an accented letter as one character, another as two.
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    # One character more than may be: it can match nothing, and costs no more than others.
    return _normal(password)[: MAX_CHARS + 1].encode("utf-8", "surrogatepass")
