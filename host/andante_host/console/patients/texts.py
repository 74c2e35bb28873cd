"""Text that people type, as it is kept."""

import unicodedata

from andante.errors import AndanteError

LONGEST_TEXT_CHARS = 2_000
"""Of goals and of a note."""


class TextError(AndanteError):
    """A text that cannot be kept."""


def plain_text(what: str, text: str, longest_chars: int = LONGEST_TEXT_CHARS) -> str:
    """Text as it is kept: line feeds and tabs, no other control characters. Raises TextError."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) != "Cc")
    if len(kept.strip()) > longest_chars:
        raise TextError(
            f"{what} cannot be longer than {longest_chars} characters; make it shorter."
        )
    return kept.strip()
