"""Bringing a backup back. Everything about it is checked before anything is changed.

What comes may be anybody's: names are looked up in a short list of what may be, sizes and hashes
are the manifest's, and the database must have our tables and nothing else before it is used.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from andante.session.schema import APPLICATION_ID as SESSION_APPLICATION_ID
from andante_host.archive.folder import is_plain
from andante_host.console.backup import (
    DATABASE,
    FORMAT_VERSION,
    KIND,
    MANIFEST,
    SESSIONS,
    Backup,
    BackupError,
    Backups,
    Entry,
    Manifest,
    sync_folder,
)
from andante_host.console.database import ConsoleDatabaseError, Database
from andante_host.console.principal import Role
from andante_host.console.room import why_no_room
from andante_host.console.schema import APPLICATION_ID, STEPS

_LARGEST_MANIFEST_BYTES = 20_000_000
_MOST_ENTRIES = 100_000
_CHUNK_BYTES = 1 << 20
_SQLITE_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68
"""In a database's first 100 bytes (SQLite's documentation, "Database File Format")."""
_HEADER_BYTES = 100
_RESTORING = ".restoring-"
_SESSION_MODE = 0o440
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
_AUDIT = "at_utc, who, role, address, action, subject, outcome, detail"


@dataclass(frozen=True)
class Restored:
    """What restoring did. `kept`: sessions that were here already, with other content.

    `elsewhere`: where sessions went that the console may not put into the engine's folder.
    """

    aside: Backup
    added: tuple[str, ...]
    kept: tuple[str, ...]
    elsewhere: Path | None


class Restoring:
    """Checks and restores."""

    def __init__(
        self, backups: Backups, state_dir: Path, sessions_dir: Path, database: Database
    ) -> None:
        self._backups = backups
        self._state_dir = state_dir
        self._sessions_dir = sessions_dir
        self._database = database

    def restore(self, file: IO[bytes]) -> Restored:
        """Replace the database by the backup's and add its sessions; everybody is logged out.

        The audit trail keeps what it has: what the backup's lacks is added to it. A session that
        is here with other content stays as it is. Raises BackupError with nothing changed.
        """
        with self._backups.alone(), self._unpacked(file) as folder:
            names = sorted(path.name for path in (folder / SESSIONS).iterdir())
            aside = self._backups.make_before_restore()
            try:
                target = self._sessions_target() if names else self._sessions_dir
                kept = [n for n in names if not _put_in(folder / SESSIONS / n, target / n)]
                if names:
                    sync_folder(target)
                self._replace_database(folder / DATABASE)
            except (OSError, sqlite3.Error) as error:
                raise BackupError(
                    f"The backup could not be restored ({error}); users, patients and plans are "
                    "as they were. Look at the room on the disk, then try again."
                ) from None
        return Restored(
            aside=aside,
            added=tuple(name for name in names if name not in kept),
            kept=tuple(kept),
            elsewhere=None if target == self._sessions_dir else target,
        )

    def clear_unfinished(self) -> None:
        """What restoring left that was cut off by the power."""
        for folder in self._state_dir.glob(f"{_RESTORING}*"):
            shutil.rmtree(folder)

    @contextmanager
    def _unpacked(self, file: IO[bytes]) -> Iterator[Path]:
        """A folder with a backup's files, every one checked. Raises BackupError."""
        with tempfile.TemporaryDirectory(dir=self._state_dir, prefix=_RESTORING) as name:
            folder = Path(name)
            (folder / SESSIONS).mkdir()
            try:
                with zipfile.ZipFile(file) as source:
                    manifest = _manifest(source)
                    self._check_room(manifest)
                    for entry in manifest.entries:
                        _unpack(source, entry, folder / entry.name)
            except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
                raise _broken(f"it is damaged, {error}") from None
            except OSError as error:
                raise BackupError(
                    f"The backup could not be unpacked ({error.strerror or error}); nothing was "
                    "changed."
                ) from None
            _check_database(folder / DATABASE)
            for path in (folder / SESSIONS).iterdir():
                _check_session(path)
            yield folder

    def _check_room(self, manifest: Manifest) -> None:
        # Unpacked, and then once more where it goes.
        wanted_bytes = 2 * sum(entry.size_bytes for entry in manifest.entries)
        to_do = "delete what nobody needs first"
        if sentence := why_no_room(self._state_dir, "what is restored", wanted_bytes, to_do):
            raise BackupError(sentence)

    def _sessions_target(self) -> Path:
        """The engine's folder where the console may write there; as the Pi's service it may not."""
        if os.access(self._sessions_dir, os.W_OK):
            return self._sessions_dir
        elsewhere = self._state_dir / "restored-sessions"
        elsewhere.mkdir(mode=0o700, exist_ok=True)
        return elsewhere

    def _replace_database(self, path: Path) -> None:
        secret = self._database.setting("csrf_secret")
        with self._database.still():
            theirs = closing(sqlite3.connect(path, isolation_level=None))
            with theirs as connection:
                connection.execute("BEGIN")
                _add_to_audit(connection, self._database)
                connection.execute("DELETE FROM web_sessions")
                if secret is not None:
                    connection.execute(
                        "INSERT OR REPLACE INTO settings VALUES ('csrf_secret', ?)", (secret,)
                    )
                connection.execute("COMMIT")
            self._database.take_over(path)


def _manifest(source: zipfile.ZipFile) -> Manifest:
    """The manifest, which names exactly the files there are. Raises BackupError."""
    infos = source.infolist()
    names = Counter(info.filename for info in infos)
    if len(infos) > _MOST_ENTRIES or MANIFEST not in names:
        raise _broken("it was not made by this program")
    if source.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST_BYTES:
        raise _broken("its list of files is too long")
    try:
        manifest = msgspec.json.decode(source.read(MANIFEST), type=Manifest)
    except msgspec.DecodeError:
        raise _broken("its list of files cannot be read") from None
    if manifest.kind != KIND:
        raise _broken("it was not made by this program")
    if manifest.format_version > FORMAT_VERSION:
        raise BackupError(
            "This backup was made by a newer version; bring this device up to date, then try again."
        )
    listed = Counter([MANIFEST, *(entry.name for entry in manifest.entries)])
    if listed != names or listed[DATABASE] != 1 or max(listed.values()) > 1:
        raise _broken("its list of files is not what it holds")
    for entry in manifest.entries:
        session = entry.name.removeprefix(SESSIONS)
        may_be = entry.name == DATABASE or (session != entry.name and is_plain(session))
        if not may_be or entry.size_bytes < 0:
            raise _broken("it holds something that is no session")
    return manifest


def _unpack(source: zipfile.ZipFile, entry: Entry, target: Path) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    with source.open(entry.name) as packed, target.open("xb") as file:
        while piece := packed.read(_CHUNK_BYTES):
            size_bytes += len(piece)
            if size_bytes > entry.size_bytes:
                break
            digest.update(piece)
            file.write(piece)
    if size_bytes != entry.size_bytes or digest.hexdigest() != entry.sha256:
        raise _broken(f"{Path(entry.name).name} is not as it was when the backup was made")


def _check_database(path: Path) -> None:
    """Ours, undamaged, with our tables and nothing else, and with somebody to look after it.

    Brings it to the newest form.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            # No view or trigger of theirs may do anything before it is known to be ours.
            connection.execute("PRAGMA trusted_schema = OFF")
            application_id = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if application_id != APPLICATION_ID:
                raise _broken("its database is another program's")
            if not 1 <= version <= len(STEPS):
                raise BackupError(
                    "This backup's database was made by a newer version; bring this device up to "
                    "date, then try again."
                )
            found = connection.execute(_SCHEMA).fetchall()
            with closing(sqlite3.connect(":memory:")) as ours:
                for step in STEPS[:version]:
                    ours.executescript(step)
                wanted = ours.execute(_SCHEMA).fetchall()
            if found != wanted:
                raise _broken("its database has other tables than ours")
            checks = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchone()
            if checks != ["ok"] or orphans is not None:
                raise _broken("its database is damaged")
            sql = "SELECT 1 FROM users WHERE role = ? AND disabled_utc IS NULL"
            if connection.execute(sql, (Role.ADMINISTRATOR,)).fetchone() is None:
                raise _broken("it has no administrator who could log in")
        Database(path).close()
    except (sqlite3.Error, ConsoleDatabaseError):
        raise _broken("its database is damaged") from None


def _check_session(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    stamp = int.from_bytes(header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4], "big")
    if not header.startswith(_SQLITE_MAGIC) or stamp != SESSION_APPLICATION_ID:
        raise _broken(f"{path.name} is no session file")


def _put_in(source: Path, target: Path) -> bool:
    """Add a session under its name, whole; never in place of another. False where that differs."""
    if target.exists():
        return _same(source, target)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=_RESTORING)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, source.open("rb") as packed:
            shutil.copyfileobj(packed, file, _CHUNK_BYTES)
            os.fchmod(file.fileno(), _SESSION_MODE)
            file.flush()
            os.fsync(file.fileno())
        try:
            # Not a rename, which would replace what the engine may have put there just now.
            target.hardlink_to(temporary)
        except FileExistsError:
            return _same(source, target)
    finally:
        temporary.unlink()
    return True


def _same(first: Path, second: Path) -> bool:
    return _sha256(first) == _sha256(second)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_to_audit(theirs: sqlite3.Connection, ours: Database) -> None:
    """Nothing is ever lost from the trail: what only ours has comes after what theirs has."""
    known = Counter(tuple(row) for row in theirs.execute(f"SELECT {_AUDIT} FROM audit"))
    for row in ours.rows(f"SELECT {_AUDIT} FROM audit ORDER BY entry"):
        line = tuple(row)
        if known[line] > 0:
            known[line] -= 1
        else:
            theirs.execute(f"INSERT INTO audit ({_AUDIT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)


def _broken(why: str) -> BackupError:
    return BackupError(f"This is no backup that can be restored: {why}. Nothing was changed.")
