"""The rows of somebody else's CSV, plain or gzipped, with the line each stands in."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from andante.errors import SignalFileError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def csv_rows(path: Path) -> Iterator[tuple[list[str], Iterator[tuple[int, list[str]]]]]:
    """The column names, in lower case, and the rows below with their line numbers.

    Empty lines are left out. Raises SignalFileError, also while the rows are taken, where the
    file is missing, empty, or not text.
    """
    try:
        with _open_text(path) as text:
            reader = csv.reader(text)
            header = next((row for row in reader if row), None)
            if header is None:
                raise SignalFileError(
                    f"{path} is empty; the first line should name the columns, as in event,time_s."
                )
            names = [name.strip().lower() for name in header]
            yield names, ((reader.line_num, row) for row in reader if row)
    except FileNotFoundError:
        raise SignalFileError(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise SignalFileError(f"{path} is a folder; name the file in it.") from None
    except (UnicodeDecodeError, csv.Error):
        raise SignalFileError(f"{path} is not a text file with comma-separated values.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise SignalFileError(f"{path} is a damaged gzip file; copy it again.") from None
    except OSError as error:
        raise SignalFileError(f"{path} cannot be read: {error.strerror}.") from None


def _open_text(path: Path) -> TextIO:
    with path.open("rb") as start:
        zipped = start.read(2) == _GZIP_MAGIC
    # utf-8-sig: spreadsheets like to put a byte-order mark in front.
    if zipped:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
