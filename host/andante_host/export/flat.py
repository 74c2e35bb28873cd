"""The measures of a session as one flat row. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from andante_host.export.cells import Cell

WORDS = frozenset({"absent", "formulas", "hardware", "notes", "reasons", "versions"})
"""Parts that explain figures and are none."""


def flat(blocks: Mapping[str, Any], before: str = "") -> dict[str, Cell]:
    """Every figure under the names of the parts it lies in, joined by points.

    `{"gait": {"cadence_spm": 100.0}}` becomes `{"gait.cadence_spm": 100.0}`. Lists and what only
    explains figures are left out; a null figure stays, a whole block that is null gives nothing.
    """
    row: dict[str, Cell] = {}
    for name, value in blocks.items():
        if isinstance(value, Mapping):
            if name not in WORDS:
                row |= flat(value, f"{before}{name}.")
        elif isinstance(value, str | int | float) or (value is None and before):
            row[f"{before}{name}"] = value
    return row


def columns_of(rows: Iterable[Mapping[str, Cell]]) -> list[str]:
    """The columns of rows that differ, each beside those it stands with in its own row.

    The same rows in the same order give the same columns. A part that is null in one row and holds
    figures in another gives the figures only.
    """
    columns: list[str] = []
    for names in dict.fromkeys(tuple(row) for row in rows):  # most sessions have the same
        after = 0
        for name in names:
            if name in columns:
                after = columns.index(name) + 1
            else:
                columns.insert(after, name)
                after += 1
    parts = {name[:end] for name in columns for end, sign in enumerate(name) if sign == "."}
    return [name for name in columns if name not in parts]
