"""CSV that a spreadsheet program shows and never runs.

A spreadsheet program takes a cell that begins with `=`, `+`, `-` or `@`, a tab or a line's end for
a formula (OWASP, "CSV Injection"). Such a cell of text gets an apostrophe before it; numbers are
left alone, so that negative asynchronies stay numbers.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

Cell = str | int | float | bool | Decimal | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Cell) -> str:
    """As written into a CSV: empty for what is not known, every digit of a number."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else str(value)
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table in UTF-8 with a line of names. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(names)
        writer.writerows([cell(value) for value in row] for row in rows)
