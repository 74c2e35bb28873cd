"""What may be a password, and how it is kept."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante_host.console.accounts import passwords
from andante_host.console.accounts.problem import AccountError

_HASHER, _NOBODYS = passwords._HASHER, passwords._NOBODYS


@pytest.fixture(scope="module", autouse=True)
def the_devices_own_hasher() -> Iterator[None]:
    """Instead of the quick one that the other tests use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", _HASHER)
        patch.setattr(passwords, "_NOBODYS", _NOBODYS)
        yield


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("seven77", "too short"),
        ("x" * 257, "too long"),
        ("password", "tried first"),
        ("PassWord1", "tried first"),
        ("iloveyou1", "tried first"),
        ("qwertyuiop", "tried first"),
        ("Anna.Bergmann", "name"),
        ("anna.bergmann123", "name"),
        ("Andante1", "name"),
        ("andante!!", "name"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, word: str) -> None:
    with pytest.raises(AccountError, match=word):
        passwords.check_new(password, "anna.bergmann")


@pytest.mark.parametrize(
    "password",
    [
        "eight ch",
        "x" * 256,
        "ünterwegs",
        "步行步行步行步行",
        "no digits and no capitals",
        "a" * 8 + "b",
    ],
)
def test_no_rule_is_about_which_characters(password: str) -> None:
    passwords.check_new(password, "anna.bergmann")


def test_at_least_three_thousand_long_enough_common_passwords_are_refused() -> None:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    long_enough = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= 8][:3000]
    assert len(long_enough) == 3000
    for one in long_enough:
        with pytest.raises(AccountError):
            passwords.check_new(one, "somebody")


def test_a_password_is_kept_as_argon2id_with_the_settings_that_owasp_names() -> None:
    kept = passwords.hashed("a slow walk in the park")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != passwords.hashed("a slow walk in the park")
    assert passwords.matches(kept, "a slow walk in the park")
    assert not passwords.matches(kept, "a slow walk in the Park")
    assert not passwords.matches(None, "nobody's")
    assert not passwords.needs_new_hash(kept)


def test_an_accent_is_the_same_however_the_keyboard_sends_it() -> None:
    assert passwords.matches(passwords.hashed("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_more_characters_than_may_be_never_match() -> None:
    longest = "y" * passwords.MAX_CHARS
    kept = passwords.hashed(longest)
    assert passwords.matches(kept, longest)
    assert not passwords.matches(kept, longest + "y")
    assert not passwords.matches(kept, longest + "y" * 100_000)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec=None), max_size=300), st.text(st.characters(codec=None)))
def test_any_text_is_either_refused_in_a_sentence_or_works(password: str, name: str) -> None:
    try:
        passwords.check_new(password, name)
    except AccountError:
        return
    assert passwords.matches(passwords.hashed(password), password)


def test_a_generated_password_may_be_a_password() -> None:
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        passwords.check_new(one, "anna")
