"""Recordings kept on the device, in one folder that the engine may read and only this knows.

What comes goes into a file that nobody sees, is checked to its end, and only then gets its name.
"""

import os
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal, Self

from msgspec import Struct

from andante_host.console.backup import sync_folder
from andante_host.console.recordings.content import check_content, minutes_of
from andante_host.console.recordings.names import (
    BEATS_SUFFIX,
    SOUND_SUFFIXES,
    SUFFIXES,
    check_name,
    is_bare_name,
    suffix_of,
)
from andante_host.console.recordings.problem import (
    RecordingFileError,
    RecordingNotNowError,
    RecordingTooLargeError,
    UnknownRecordingError,
)
from andante_host.console.room import Looks, megabytes, why_no_room
from andante_host.console.uploads import LARGEST_BEATS_BYTES, LARGEST_RECORDING_BYTES

FOLDER = "recordings"
"""Within the folder of session files."""
MOST_FILES = 500
_ARRIVING = ".arriving-"
_FILE_MODE = 0o640
"""The engine reads it through its group, which the folder gives to every file in it."""
_CHUNK_BYTES = 1 << 20


Kind = Literal["WAV", "FLAC", "beats"]
_KINDS: dict[str, Kind] = {".wav": "WAV", ".flac": "FLAC", BEATS_SUFFIX: "beats"}


class RecordingFile(Struct, frozen=True, kw_only=True):
    """A file among the recordings. `kind`: `beats` for the beats of one.

    `minutes`: how long it is; None for beats, and where it cannot be read.
    """

    name: str
    kind: Kind
    minutes: float | None
    size_bytes: int


class Recordings:
    """Lists, takes in and takes away."""

    def __init__(self, sessions_dir: Path) -> None:
        self._dir = sessions_dir / FOLDER
        self._lock = threading.Lock()
        self._checking = threading.Lock()
        self._under_way: set[str] = set()

    def sounds(self) -> tuple[str, ...]:
        """The names of recordings, in order."""
        return self._names(SOUND_SUFFIXES)

    def beats(self) -> tuple[str, ...]:
        """The names of files with beats, in order."""
        return self._names((BEATS_SUFFIX,))

    def all(self) -> list[RecordingFile]:
        """Every file, by name."""
        found = []
        for name in self._names(SUFFIXES):
            try:
                found.append(self._told(name))
            except FileNotFoundError:  # taken away just now
                continue
        return found

    def sound_path(self, name: str) -> str:
        """Where a recording lies, for the engine. Raises RecordingFileError."""
        return self._path_among(self.sounds(), "recording", name)

    def beats_path(self, name: str) -> str:
        """Where a file with beats lies, for the engine. Raises RecordingFileError."""
        return self._path_among(self.beats(), "file with beats", name)

    def add(self, name: str, file: IO[bytes]) -> RecordingFile:
        """Take in a file. Raises RecordingFileError, with nothing left behind."""
        with self.arriving(name) as arriving:
            while piece := file.read(_CHUNK_BYTES):
                arriving.write(piece)
            return arriving.keep()

    def arriving(self, name: str) -> "Arriving":
        """Begin to take in a file of that name. Raises RecordingFileError where it cannot be."""
        check_name(name)
        self._check_free(name)
        self.clear_unfinished()
        try:
            self._dir.mkdir(exist_ok=True)
            self.check_room()
            with self._lock:
                handle, path = tempfile.mkstemp(dir=self._dir, prefix=_ARRIVING)
                self._under_way.add(Path(path).name)
        except OSError as error:
            raise _cannot_be_kept(name, error) from None
        return Arriving(self, name, os.fdopen(handle, "wb"), Path(path))

    def remove(self, name: str, played_in: Sequence[str]) -> None:
        """Take one away for good. `played_in`: the plans in use that need it, in words.

        Raises UnknownRecordingError, and RecordingNotNowError where a plan needs it.
        """
        if name not in self._names(SUFFIXES):
            raise UnknownRecordingError(
                "There is no recording of that name on the device; choose one from the list."
            )
        if played_in:
            raise RecordingNotNowError(
                f"{name} stays: it is played in {', '.join(played_in)}. Retire or change what "
                "plays it first."
            )
        try:
            (self._dir / name).unlink(missing_ok=True)
        except OSError as error:
            raise RecordingNotNowError(
                f"{name} could not be taken away ({error.strerror}); tell whoever looks after the "
                "device."
            ) from None

    def clear_unfinished(self) -> None:
        """What was cut off by the power, and is not on its way now."""
        with self._lock:
            left = set(self._dir.glob(f"{_ARRIVING}*")) if self._dir.is_dir() else set()
            for path in left:
                if path.name not in self._under_way:
                    with suppress(OSError):  # nobody is offered it, and there may be room
                        path.unlink()

    def check_room(self) -> None:
        """Raises RecordingNotNowError where sessions would lose their room on the disk."""
        to_do = "take away recordings or backups that nobody needs"
        if sentence := why_no_room(self._dir, "the recording", 0, to_do):
            raise RecordingNotNowError(sentence)

    def take(self, path: Path, name: str) -> RecordingFile:
        """Check what has arrived and give it its name, never another's."""
        # One at a time: decoding is to leave a processor to everybody else.
        with self._checking:
            check_content(path, name)
        with self._lock:
            self._check_free(name)
            try:
                # Not a rename, which would replace what is there.
                (self._dir / name).hardlink_to(path)
            except FileExistsError:
                raise _is_there(name) from None
        sync_folder(self._dir)
        return self._told(name)

    def forget(self, path: Path) -> None:
        """Take away what has arrived, which has its name by now or gets none."""
        path.unlink(missing_ok=True)
        with self._lock:
            self._under_way.discard(path.name)

    def _names(self, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        try:
            with os.scandir(self._dir) as entries:
                names = [
                    entry.name
                    for entry in entries
                    if suffix_of(entry.name) in suffixes
                    and is_bare_name(entry.name)
                    and entry.is_file(follow_symlinks=False)
                ]
        except OSError:
            return ()
        return tuple(sorted(names))

    def _path_among(self, names: tuple[str, ...], what: str, name: str) -> str:
        if name not in names:
            raise RecordingFileError(
                f"The {what} {name} is not on the device; put it there on the page Recordings, or "
                "choose another in the plan."
            )
        return str(self._dir / name)

    def _check_free(self, name: str) -> None:
        names = self._names(SUFFIXES)
        # Other systems, where these may be copied to, know no large and small letters.
        if name.lower() in {each.lower() for each in names}:
            raise _is_there(name)
        if len(names) >= MOST_FILES:
            raise RecordingNotNowError(
                f"There are {MOST_FILES} recordings on the device, and no more are kept; take away "
                "those that nobody needs."
            )

    def _told(self, name: str) -> RecordingFile:
        path = self._dir / name
        kind = _KINDS[suffix_of(name)]
        return RecordingFile(
            name=name,
            kind=kind,
            minutes=None if kind == "beats" else minutes_of(path),
            size_bytes=path.stat().st_size,
        )


class Arriving:
    """A file on its way, to be used in `with`: kept by `keep`, else nothing of it stays."""

    def __init__(self, recordings: Recordings, name: str, file: IO[bytes], path: Path) -> None:
        self._recordings = recordings
        self._name = name
        self._file = file
        self._path = path
        self._taken_bytes = 0
        is_beats = suffix_of(name) == BEATS_SUFFIX
        self._most_bytes = LARGEST_BEATS_BYTES if is_beats else LARGEST_RECORDING_BYTES
        self._looks = Looks(recordings.check_room)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, piece: bytes) -> None:
        """The next bytes. Raises RecordingFileError where they are too many or find no room."""
        self._taken_bytes += len(piece)
        if self._taken_bytes > self._most_bytes:
            raise RecordingTooLargeError(
                f"{self._name} is too large: at most {megabytes(self._most_bytes)} are taken. Save "
                "it as FLAC, with 16 bits or in mono, or cut it."
            )
        self._looks.take(len(piece))
        try:
            self._file.write(piece)
        except OSError as error:
            raise _cannot_be_kept(self._name, error) from None

    def keep(self) -> RecordingFile:
        """All of it is there: check it and give it its name. Raises RecordingFileError."""
        if self._taken_bytes == 0:
            raise RecordingFileError(f"{self._name} is empty; choose the file once more.")
        try:
            os.fchmod(self._file.fileno(), _FILE_MODE)
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._recordings.take(self._path, self._name)
        except OSError as error:
            raise _cannot_be_kept(self._name, error) from None

    def close(self) -> None:
        """Over, in whichever way."""
        try:
            self._file.close()
        finally:
            self._recordings.forget(self._path)


def _is_there(name: str) -> RecordingNotNowError:
    return RecordingNotNowError(
        f"There is a recording {name} already, and it stays as it is; give the new one another "
        "name, or take the old one away first."
    )


def _cannot_be_kept(name: str, error: OSError) -> RecordingNotNowError:
    return RecordingNotNowError(
        f"{name} cannot be kept among the recordings ({error.strerror}); look at the room on the "
        "disk and at the rights of that folder."
    )
