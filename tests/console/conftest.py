"""What all tests of the console share."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from andante_host.console.accounts import passwords

_LEAST_MEMORY_KIB = 8


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords are hashed with the least work: thousands of tries here are about other things.

    `test_account_passwords.py` has the device's own hasher back.
    """
    quick = PasswordHasher(time_cost=1, memory_cost=_LEAST_MEMORY_KIB, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", quick)
        patch.setattr(passwords, "_NOBODYS", quick.hash("nobody's"))
        yield
