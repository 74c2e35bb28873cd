"""Names of recordings: nothing that a shell, another system or a folder would trip over."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante_host.console.recordings.names import (
    LONGEST_NAME_CHARS,
    SUFFIXES,
    check_name,
    fitting_name,
    is_allowed,
    is_bare_name,
    suffix_of,
)
from andante_host.console.recordings.problem import RecordingFileError

SUFFIX = st.sampled_from([*SUFFIXES, ".WAV", ".Flac"])
DANGEROUS = set(" \t\n\"'`$&|;<>()[]{}*?!~#%^=@,:\\/")
WINDOWS_DEVICES = (
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{n}{i}" for n in ("com", "lpt") for i in range(10)),
)


@pytest.mark.parametrize(
    "name",
    ["a.wav", "our-song.flac", "Our_Song-2.FLAC", "3.beats.txt", f"{'x' * 60}.wav", "a__--b.wav"],
)
def test_what_may_be(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".wav",
        ".hidden.wav",
        "-rf.wav",
        "_a.wav",
        "song",
        "song.mp3",
        "song.wav.exe",
        "our song.wav",
        "a..b.wav",
        "a..wav",
        "../a.wav",
        "/etc/a.wav",
        "a/b.wav",
        "a\\b.wav",
        "C:a.wav",
        "a\n.wav",
        "a\0.wav",
        "früh.wav",
        "$(reboot).wav",
        "<script>.wav",
        "CON.wav",
        "nul.txt",
        "com1.song.flac",
        f"{'x' * 61}.wav",
        "a" + "_" * 5_000 + "!.wav",
    ],
)
def test_what_may_not_be_is_one_sentence_with_what_may(name: str) -> None:
    with pytest.raises(RecordingFileError, match=r"letters without accents|end in \.wav"):
        check_name(name)


def test_the_sentence_names_one_that_would_do() -> None:
    with pytest.raises(RecordingFileError, match=r"such as Fruhling-Nr-1\.flac\."):
        check_name("Frühling, Nr. 1.flac")


@given(st.text(), SUFFIX)
def test_the_fitting_name_is_allowed_whatever_it_is_made_of(stem: str, suffix: str) -> None:
    fitted = fitting_name(stem + suffix)
    assert is_allowed(fitted)
    assert suffix_of(fitted) == suffix.lower()


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=70), SUFFIX)
def test_what_is_allowed_trips_nobody_up(stem: str, suffix: str) -> None:
    name = stem + suffix
    if not is_allowed(name):
        return
    assert is_bare_name(name)
    assert len(name) <= LONGEST_NAME_CHARS
    assert not DANGEROUS & set(name)
    assert name[0] not in ".-"
    assert ".." not in name
    assert name.partition(".")[0].lower() not in WINDOWS_DEVICES


@given(st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}"), fullmatch=True), SUFFIX)
def test_plain_words_are_allowed(stem: str, suffix: str) -> None:
    if not stem.lower().startswith(WINDOWS_DEVICES):
        assert is_allowed(stem + suffix)
