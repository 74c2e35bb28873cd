"""Files of force and belt samples, and of a recording's beats, read into arrays.

Samples are text with commas, plain or gzipped, one header line: `time_s,left,right` for two feet in
any unit that rises with load (`time_s,left_counts,right_counts` for raw signed 12-bit counts), or
`time_s,belt` for a breathing belt. Times rise from row to row. An empty cell, `nan` or `NA` is a
gap and is kept as NaN; any other text, and a time that is missing, is an error.
"""

import gzip
import io
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.errors import RecordingError, SignalFileError

Floats = npt.NDArray[np.float64]

_TIME = "time_s"
_FORCE_HEADERS = (("left", "right"), ("left_counts", "right_counts"))
_BELT_HEADER = ("belt",)
_GZIP_MAGIC = b"\x1f\x8b"
_GAP_CELLS = {"", "nan", "na"}
_LONGEST_SHOWN = 40


@dataclass(frozen=True)
class ForceRecording:
    """Load under both feet; all arrays of shape (n,), n >= 2. NaN marks a gap.

    `rate_hz` is estimated from the times. `in_counts`: the columns are the signed 12-bit counts
    of a foot switch, -2048 to 2047; otherwise their unit is not known.
    """

    path: Path
    time_s: Floats
    left: Floats
    right: Floats
    rate_hz: float
    in_counts: bool


@dataclass(frozen=True)
class BeltRecording:
    """A breathing belt that rises on inhalation; arrays of shape (n,), n >= 2. NaN marks a gap."""

    path: Path
    time_s: Floats
    belt: Floats
    rate_hz: float


def read_signal(path: Path) -> ForceRecording | BeltRecording:
    """Read a force or a belt file, whichever its header says.

    Raises SignalFileError, in one sentence, for everything that is wrong with it.
    """
    header, columns = _read_columns(path)
    rate_hz = _rate_hz(columns[0])
    if header == _BELT_HEADER:
        return BeltRecording(path, columns[0], columns[1], rate_hz)
    in_counts = header == _FORCE_HEADERS[1]
    return ForceRecording(path, columns[0], columns[1], columns[2], rate_hz, in_counts)


def read_force(path: Path) -> ForceRecording:
    """Read a force file. Raises SignalFileError, also where the file holds a belt."""
    recording = read_signal(path)
    if not isinstance(recording, ForceRecording):
        raise SignalFileError(
            f"{path} holds a breathing belt; choose a file with the columns time_s,left,right."
        )
    return recording


def read_belt(path: Path) -> BeltRecording:
    """Read a belt file. Raises SignalFileError, also where the file holds forces."""
    recording = read_signal(path)
    if not isinstance(recording, BeltRecording):
        raise SignalFileError(
            f"{path} holds the forces of two feet; choose a file with the columns time_s,belt."
        )
    return recording


def _read_columns(path: Path) -> tuple[tuple[str, ...], list[Floats]]:
    lines = read_text(path, _expected()).splitlines()
    if not lines:
        raise SignalFileError(f"{path} is empty; it should begin with {_expected()}.")
    names = tuple(name.strip() for name in lines[0].split(","))
    header = names[1:]
    if names[0] != _TIME or header not in (*_FORCE_HEADERS, _BELT_HEADER):
        raise SignalFileError(f"{path}, line 1: found {_shown(lines[0])}, expected {_expected()}.")
    rows: list[list[float]] = []
    previous_s = -math.inf
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        row = _row(path, number, line, names)
        if row[0] <= previous_s:
            raise SignalFileError(
                f"{path}, line {number}: found the time {row[0]:g} s after {previous_s:g} s in the "
                "row before, expected times that rise from row to row."
            )
        previous_s = row[0]
        rows.append(row)
    if len(rows) < 2:
        found = "no samples" if not rows else "one sample"
        raise SignalFileError(f"{path} has {found} below its header; at least two rows are needed.")
    table = np.array(rows)
    if not np.isfinite(table[:, 1:]).any():
        raise SignalFileError(f"{path} has no sample in any row; every cell is a gap.")
    return header, [np.ascontiguousarray(column) for column in table.T]


def _row(path: Path, number: int, line: str, names: tuple[str, ...]) -> list[float]:
    cells = line.split(",")
    if len(cells) != len(names):
        raise SignalFileError(
            f"{path}, line {number}: found {len(cells)} value{'s' * (len(cells) != 1)}, expected "
            f"{len(names)}: {','.join(names)}."
        )
    try:
        row = [float(cell) for cell in cells]
        usable = math.isfinite(sum(row))
    except ValueError:
        usable = False
    if usable:
        return row
    return [_cell(path, number, cell, name) for cell, name in zip(cells, names, strict=True)]


def _cell(path: Path, number: int, cell: str, name: str) -> float:
    gap = cell.strip().lower() in _GAP_CELLS
    if gap and name != _TIME:
        return math.nan
    try:
        value = math.nan if gap else float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        allowed = "a number" if name == _TIME else "a number, or an empty cell for a gap"
        raise SignalFileError(
            f"{path}, line {number}: found {_shown(cell)} for {name}, expected {allowed}."
        )
    return value


def read_text(path: Path, expected: str) -> str:
    """The text of a plain or gzipped file in UTF-8, with or without a byte-order mark.

    `expected` completes the sentence of an error: what the file should begin with. Raises
    SignalFileError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SignalFileError(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise SignalFileError(f"{path} is a folder; name the file in it.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SignalFileError(
            f"{path} cannot be read ({reason}); choose a file that you may open."
        ) from None
    if data.startswith(_GZIP_MAGIC):
        try:
            with gzip.open(io.BytesIO(data)) as unpacked:
                data = unpacked.read()
        except (EOFError, OSError, zlib.error):
            raise SignalFileError(
                f"{path} is a damaged or cut-off gzip file; copy it again from its source."
            ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise SignalFileError(
            f"{path}, line {number}: found bytes that are not text, expected UTF-8 text that "
            f"begins with {expected}."
        ) from None


def read_beats_s(path: Path) -> Floats:
    """When the beats of a recording fall, in seconds, shape (n,), as `beats_in_s` finds them.

    Raises RecordingError, or SignalFileError where it is no text.
    """
    return beats_in_s(read_text(path, "a time in seconds"), str(path))


def beats_in_s(text: str, source: str) -> Floats:
    """Times in seconds, shape (n,), the first number of each line; other columns are labels.

    Empty lines and lines that begin with # count for nothing, so that the label tracks of common
    sound editors can be read. `source` names the text in a RecordingError.
    """
    times_s = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.replace(",", " ").replace("\t", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            time_s = float(words[0])
        except ValueError:
            time_s = math.nan
        if not math.isfinite(time_s):
            raise RecordingError(
                f"{source}, line {number}: found {_shown(words[0])}, expected a time in seconds."
            )
        times_s.append(time_s)
    return np.array(times_s)


def check_beats(beats_s: Floats, duration_s: float, source: str) -> None:
    """Raise RecordingError unless there are two beats or more, in order, inside the recording.

    `source` names where the beats come from.
    """
    if beats_s.size < 2:
        raise RecordingError(
            f"{source} gives {beats_s.size} beats, but at least two are needed; give their times."
        )
    wrong = np.flatnonzero(np.diff(beats_s) <= 0)
    if wrong.size:
        at = int(wrong[0])
        raise RecordingError(
            f"{source}: beat {at + 2} at {beats_s[at + 1]:g} s is not after the one before it at "
            f"{beats_s[at]:g} s; put the times in order."
        )
    if beats_s[0] < 0 or beats_s[-1] > duration_s:
        raise RecordingError(
            f"{source}: the beats go from {beats_s[0]:g} to {beats_s[-1]:g} s, but the recording "
            f"from 0 to {duration_s:.1f} s; use times within it."
        )


def _rate_hz(time_s: Floats) -> float:
    steps_s = np.diff(time_s)
    usual_s = float(np.median(steps_s))
    # Times are often rounded, so the median alone would be off; gaps would spoil the mean.
    return float(1.0 / np.mean(steps_s[steps_s <= 1.5 * usual_s]))


def _expected() -> str:
    wanted = [",".join((_TIME, *header)) for header in (*_FORCE_HEADERS, _BELT_HEADER)]
    return f"the header {wanted[0]} or {wanted[1]} (force) or {wanted[2]} (breathing belt)"


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
    return repr(short)
