"""The console's own SQLite file. One connection does all writing, as SQLite 3.40 needs it."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from andante.errors import AndanteError
from andante_host.console.schema import APPLICATION_ID, STEPS

_FILE_MODE = 0o600


class ConsoleDatabaseError(AndanteError):
    """A console database that cannot be used."""


class Database:
    """Rows as `sqlite3.Row`. Any thread may call; writers and readers take turns."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, and bring it to the newest form.

        Raises ConsoleDatabaseError where it is not ours, damaged or newer than this program.
        """
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Made with its rights, so that it is never readable by others, not even at first.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise ConsoleDatabaseError(
                f"The console's database {path} cannot be used ({error}); restore a backup, or "
                "choose another folder with --state."
            ) from None

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def write(self, sql: str, values: Sequence[object] = ()) -> int:
        """One change by itself; how many rows it touched."""
        with self.changes() as connection:
            return connection.execute(sql, values).rowcount

    @contextmanager
    def changes(self) -> Iterator[sqlite3.Connection]:
        """Several changes that happen together or, on an exception, not at all."""
        with self._lock:
            nested = self._connection.in_transaction
            if nested:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """A consistent copy of the whole database as it is now, at `path`."""
        target = sqlite3.connect(path)
        try:
            with self._lock:
                self._connection.backup(target)
        finally:
            target.close()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile."""
        with self._lock:
            yield

    def take_over(self, path: Path) -> None:
        """Become what the database at `path` is, wholly or, on an exception, not at all.

        `path` has been checked and has the newest form. Raises sqlite3.Error.
        """
        source = sqlite3.connect(path)
        try:
            with self._lock:
                source.backup(self._connection)
        finally:
            source.close()

    def setting(self, key: str) -> str | None:
        """A setting by its key, or None."""
        found = self.row("SELECT value FROM settings WHERE key = ?", (key,))
        return None if found is None else str(found["value"])

    def keep_setting(self, key: str, value: str) -> None:
        """Keep a setting."""
        self.write(
            "INSERT INTO settings (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        application_id = _pragma(connection, "application_id")
        version = _pragma(connection, "user_version")
        is_new = application_id == 0 and version == 0 and not _has_tables(connection)
        if not is_new and application_id != APPLICATION_ID:
            raise sqlite3.DatabaseError("it is another program's file")
        if version > len(STEPS):
            raise sqlite3.DatabaseError("it was made by a newer version")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        for number, step in enumerate(STEPS[version:], start=version + 1):
            connection.executescript(
                f"BEGIN; {step}; PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {number}; COMMIT;"
            )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: Any = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return int(value)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
