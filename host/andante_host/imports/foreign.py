"""Libraries that read other people's formats, their errors turned into one sentence."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andante.errors import SignalFileError

_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    struct.error,
)


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what a library raises over a broken file into SignalFileError.

    `kind` is what the file should be, as in "a MIDI file".
    """
    try:
        yield
    except SignalFileError:
        raise
    except FileNotFoundError as error:
        missing = error.filename or path
        raise SignalFileError(f"There is no file {missing}; check the name.") from None
    except OSError as error:
        raise SignalFileError(
            f"{path} cannot be read as {kind} ({error.strerror or error}); choose another file."
        ) from None
    except _BROKEN as error:
        raise SignalFileError(
            f"{path} is damaged or no {kind.partition(' ')[2]} ({error}); copy it again from its "
            "source."
        ) from None


def named(names: list[str], wanted: str, place: Path, what: str) -> int:
    """The position of `wanted` in `names`. Raises SignalFileError unless there is just one."""
    count = names.count(wanted)
    if count != 1:
        found = "no" if count == 0 else f"{count}"
        raise SignalFileError(
            f"{place} has {found} {what}{'s' * (count > 1)} named {wanted!r}; it has: "
            f"{', '.join(names) or 'none'}."
        )
    return names.index(wanted)
