"""Which names a recording may have on the device, so that no system and no shell trips over one."""

import re
import unicodedata

from andante_host.console.recordings.problem import RecordingFileError

SOUND_SUFFIXES = (".wav", ".flac")
BEATS_SUFFIX = ".txt"
SUFFIXES = (*SOUND_SUFFIXES, BEATS_SUFFIX)
LONGEST_NAME_CHARS = 64
ALLOWED_WORDS = (
    f"up to {LONGEST_NAME_CHARS} letters without accents, digits, hyphens, underscores and dots, "
    "beginning with a letter or digit and ending in .wav, .flac or .txt"
)
_NAME = re.compile(r"[A-Za-z0-9](?:\.?[A-Za-z0-9_-])*", re.ASCII)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.ASCII | re.IGNORECASE)
"""What Windows keeps for devices, whatever the suffix."""
_ELSE = "recording"


def suffix_of(name: str) -> str:
    """The last dot and what follows it, in small letters; empty without a dot."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""


def is_bare_name(name: str) -> bool:
    """Whether it names a file in a folder and nothing outside it."""
    return name.isprintable() and not ({"/", "\\"} & set(name)) and name[:1] not in {"", "."}


def is_allowed(name: str) -> bool:
    """Whether a new file may be called so."""
    return (
        len(name) <= LONGEST_NAME_CHARS
        and _NAME.fullmatch(name) is not None
        and _RESERVED.fullmatch(name) is None
        and suffix_of(name) in SUFFIXES
    )


def check_name(name: str) -> None:
    """Raise RecordingFileError unless the name is allowed; says what is, and one that would do."""
    if is_allowed(name):
        return
    if suffix_of(name) not in SUFFIXES:
        raise RecordingFileError(
            "The name has to end in .wav or .flac for a recording, or in .txt for a file with its "
            "beats; choose such a file."
        )
    raise RecordingFileError(
        f"A recording cannot be called that here: a name has {ALLOWED_WORDS}. Give it another, "
        f"such as {fitting_name(name)}."
    )


def fitting_name(name: str) -> str:
    """An allowed name as near as can be to one whose suffix is allowed."""
    suffix = suffix_of(name)
    plain = unicodedata.normalize("NFKD", name[: len(name) - len(suffix)])
    plain = plain.encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9_]+", plain)
    stem = "-".join(words).lstrip("_-")[: LONGEST_NAME_CHARS - len(suffix)].rstrip("-")
    fitted = f"{stem or _ELSE}{suffix}"
    return fitted if is_allowed(fitted) else f"{_ELSE}-{fitted}"[-LONGEST_NAME_CHARS:]
