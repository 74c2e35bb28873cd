"""The rows of somebody else's CSV, plain or gzipped, with the line each stands in."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andante.errors import SignalFileError
from andante.signal_file import read_text

_EXPECTED = "a first line that names the columns, as in event,time_s"


@contextmanager
def csv_rows(path: Path) -> Iterator[tuple[list[str], Iterator[tuple[int, list[str]]]]]:
    """The column names, in lower case, and the rows below with their line numbers.

    Empty lines are left out. Raises SignalFileError, also while the rows are taken, where the
    file is missing, empty, or not text.
    """
    reader = csv.reader(io.StringIO(read_text(path, _EXPECTED), newline=""))
    try:
        header = next((row for row in reader if row), None)
        if header is None:
            raise SignalFileError(f"{path} is empty; it should begin with {_EXPECTED}.")
        names = [name.strip().lower() for name in header]
        yield names, ((reader.line_num, row) for row in reader if row)
    except csv.Error:
        raise SignalFileError(f"{path} is not a text file with comma-separated values.") from None
