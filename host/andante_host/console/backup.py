"""Backups: the database and the session files in one ZIP, with a list of what is in it.

Made beside its place, safe on the disk, then renamed; only then does it exist. Sessions are stored
as they are, since packing them would take the processor from the engine.
"""

import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from andante.errors import AndanteError
from andante.timebase import Clock
from andante.version import installed_version
from andante_host.archive.folder import SessionFolder
from andante_host.console.database import Database
from andante_host.console.room import why_no_room

MANIFEST = "manifest.json"
DATABASE = "console.db"
SESSIONS = "sessions/"
KIND = "andante-backup"
FORMAT_VERSION = 1
_CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"andante-backup-(\d{8}-\d{6})(-before-restore)?(-\d+)?\.zip")
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_MAKING = ".making-"
_MOST_OF_A_NAME = 1_000

# A cookie's signature, logins and the first secret are good for this device and this hour only.
_NOT_KEPT = """
DELETE FROM web_sessions;
DELETE FROM settings WHERE key = 'csrf_secret' OR key LIKE 'first_run_%';
VACUUM;
"""


class BackupError(AndanteError):
    """A backup that cannot be made, found or restored, in one sentence."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself. `left_out`: sessions that were not complete at the time."""

    kind: str
    format_version: int
    made_utc: str
    made_by: str
    entries: list[Entry]
    left_out: list[str]


@dataclass(frozen=True)
class Backup:
    """A backup in the device's own folder."""

    name: str
    made_utc: datetime
    size_bytes: int
    before_restore: bool


class Backups:
    """Makes, lists and deletes them; `console.restore` brings them back."""

    def __init__(
        self, backups_dir: Path, sessions_dir: Path, database: Database, clock: Clock
    ) -> None:
        self._dir = backups_dir
        self._sessions_dir = sessions_dir
        self._database = database
        self._clock = clock
        self._busy = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One backup is made or restored at a time. Raises BackupError."""
        if not self._busy.acquire(blocking=False):
            raise BackupError(
                "A backup is being made or restored already; wait until it is done, then try again."
            )
        try:
            yield
        finally:
            self._busy.release()

    def make(self) -> Backup:
        """Back up everything. Raises BackupError, with nothing left behind."""
        with self.alone():
            return self._make(with_sessions=True)

    def make_before_restore(self) -> Backup:
        """The database alone, which is all that restoring replaces; inside `alone`."""
        return self._make(with_sessions=False)

    def all(self) -> list[Backup]:
        """Those there are, newest first."""
        if not self._dir.is_dir():
            return []
        found = [self._backup(path) for path in self._dir.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=lambda backup: (backup.made_utc, backup.name), reverse=True)

    def path(self, name: str) -> Path:
        """Where one lies. Raises BackupError for a name that is none's."""
        if name not in {backup.name for backup in self.all()}:
            raise BackupError("There is no backup of that name; choose one from the list.")
        return self._dir / name

    def delete(self, name: str) -> None:
        """Take one away. Raises BackupError."""
        self.path(name).unlink()

    def clear_unfinished(self) -> None:
        """What a backup left that was cut off by the power."""
        if self._dir.is_dir():
            for path in self._dir.glob(f"{_MAKING}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _backup(self, path: Path) -> Backup:
        found = _NAME.fullmatch(path.name)
        assert found is not None
        made = datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        return Backup(path.name, made, path.stat().st_size, found[2] is not None)

    def _make(self, with_sessions: bool) -> Backup:
        now = self._clock.utc_now()
        try:
            self._dir.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            sessions, left_out = self._sessions(now) if with_sessions else ([], [])
            self._check_room(sessions)
            handle, name = tempfile.mkstemp(dir=self._dir, prefix=_MAKING)
            made = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    self._write(file, now, sessions, left_out)
                    file.flush()
                    os.fsync(file.fileno())
                target = self._free_name(now, with_sessions)
                made.rename(target)
                sync_folder(self._dir)
            finally:
                made.unlink(missing_ok=True)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise BackupError(
                f"The backup could not be made ({reason}); nothing was changed. Look at the room "
                "on the disk, then try again."
            ) from None
        return self._backup(target)

    def _sessions(self, now: datetime) -> tuple[list[Path], list[str]]:
        """Complete session files, and the names of those that are not."""
        folder = SessionFolder(self._sessions_dir)
        found = folder.files(now.timestamp()) if self._sessions_dir.is_dir() else {}
        whole = [folder.path(name) for name in sorted(found) if not found[name].has_journal]
        return whole, sorted(name for name in found if found[name].has_journal)

    def _check_room(self, sessions: list[Path]) -> None:
        wanted_bytes = sum(path.stat().st_size for path in [self._database.path, *sessions])
        to_do = "download and delete older backups first"
        if sentence := why_no_room(self._dir, "the backup", wanted_bytes, to_do):
            raise BackupError(sentence)

    def _write(
        self, file: IO[bytes], now: datetime, sessions: list[Path], left_out: list[str]
    ) -> None:
        entries = []
        with (
            tempfile.TemporaryDirectory(dir=self._dir, prefix=_MAKING) as folder,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target,
        ):
            copy = Path(folder, DATABASE)
            self._database.copy_to(copy)
            with closing(sqlite3.connect(copy)) as connection:
                connection.executescript(_NOT_KEPT)
                connection.execute("PRAGMA journal_mode = DELETE")
            entries.append(_add(target, DATABASE, copy))
            for path in sessions:
                try:
                    entries.append(_add(target, SESSIONS + path.name, path))
                except FileNotFoundError:  # taken away meanwhile
                    left_out.append(path.name)
            manifest = Manifest(
                kind=KIND,
                format_version=FORMAT_VERSION,
                made_utc=f"{now:%Y-%m-%dT%H:%M:%SZ}",
                made_by=installed_version(),
                entries=entries,
                left_out=left_out,
            )
            text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
            target.writestr(MANIFEST, text)

    def _free_name(self, now: datetime, with_sessions: bool) -> Path:
        stem = f"{KIND}-{now:%Y%m%d-%H%M%S}" + ("" if with_sessions else "-before-restore")
        names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, _MOST_OF_A_NAME))
        return next(path for name in names if not (path := self._dir / f"{name}.zip").exists())


def _add(target: zipfile.ZipFile, name: str, path: Path) -> Entry:
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as source, target.open(entry, "w", force_zip64=True) as packed:
        while piece := source.read(_CHUNK_BYTES):
            packed.write(piece)
            digest.update(piece)
            size_bytes += len(piece)
    return Entry(name, size_bytes, digest.hexdigest())


def sync_folder(folder: Path) -> None:
    """Names in it are safe on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
