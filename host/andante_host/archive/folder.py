"""Which session files there are. Names from outside are looked up here and nowhere else."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from andante.errors import AndanteError
from andante.session.file import SUFFIX
from andante.timebase import NS_PER_S

JOURNAL = "-wal"
FRESH_S = 30.0
"""The engine commits every quarter of a second: a journal that rested longer is written no more."""
_BEGINNING_BYTES = (0, 4096)
"""A session file before its journal is there: nothing in it, or SQLite's first page."""


class ArchiveError(AndanteError):
    """Something about kept sessions that cannot be done, in one sentence."""


class NoSuchSessionError(ArchiveError):
    """A name that no session file of the folder has."""


@dataclass(frozen=True)
class FoundFile:
    """A session file as it lies there; sizes and times include its journal, if it has one.

    One that is running must not be opened, not even to read: SQLite then refuses the engine the
    folding in of the journal, at once and without waiting, and the session ends with an error.
    """

    name: str
    size_bytes: int
    modified_ns: int
    has_journal: bool
    is_running: bool


class SessionFolder:
    """The folder that the engine writes to. Links are never followed, folders never entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self, now_s: float) -> dict[str, FoundFile]:
        """Every session file by its name; `now_s`: seconds since 1970, as files are dated.

        Raises ArchiveError where the folder cannot be read.
        """
        seen: dict[str, os.stat_result] = {}
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith((SUFFIX, SUFFIX + JOURNAL)):
                        try:
                            seen[entry.name] = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:  # a journal that was folded in just now
                            continue
        except OSError as error:
            raise ArchiveError(
                f"The folder of sessions {self._folder} cannot be read ({error.strerror}); tell "
                "whoever looks after the device."
            ) from None
        return {
            name: _found(name, status, seen.get(name + JOURNAL), now_s)
            for name, status in seen.items()
            if is_plain(name) and stat.S_ISREG(status.st_mode)
        }

    def file(self, name: str, now_s: float) -> FoundFile:
        """One of them. Raises NoSuchSessionError, also for every name that could lead elsewhere."""
        path = self.path(name)
        try:
            status = path.lstat()
            journal_status = _status_if_there(path.with_name(name + JOURNAL))
        except OSError:
            raise _no_such(name) from None
        if not stat.S_ISREG(status.st_mode):
            raise _no_such(name)
        return _found(name, status, journal_status, now_s)

    def path(self, name: str) -> Path:
        """Where a file of this name would be. Raises NoSuchSessionError for a name that is none."""
        if not is_plain(name):
            raise _no_such(name)
        return self._folder / name


def is_plain(name: str) -> bool:
    """Whether a name is a session file's, in the folder itself and fit to be shown and sent."""
    return (
        name.endswith(SUFFIX)
        and len(name) > len(SUFFIX)
        and not name.startswith(".")
        and "/" not in name
        and "\\" not in name
        and name.isprintable()
    )


def _status_if_there(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:  # also where it was folded in just now
        return None


def _found(
    name: str, status: os.stat_result, journal: os.stat_result | None, now_s: float
) -> FoundFile:
    modified_ns = max(status.st_mtime_ns, journal.st_mtime_ns if journal else 0)
    return FoundFile(
        name=name,
        size_bytes=status.st_size + (journal.st_size if journal else 0),
        modified_ns=modified_ns,
        has_journal=journal is not None,
        is_running=(journal is not None or status.st_size in _BEGINNING_BYTES)
        and abs(now_s - modified_ns / NS_PER_S) < FRESH_S,
    )


def _no_such(name: str) -> NoSuchSessionError:
    shown = name if name.isprintable() else "of that name"
    return NoSuchSessionError(f"There is no session {shown}; choose one from the list.")
