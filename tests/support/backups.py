"""Devices with backups, and backups that somebody has worked on."""

import hashlib
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from andante.session.schema import APPLICATION_ID as SESSION_APPLICATION_ID
from andante_host.console.principal import Role
from andante_host.console.restore import Restored
from andante_host.console.services import Services
from support.console import PASSWORD, console_settings

Members = dict[str, bytes]


def write_session(path: Path, words: str) -> None:
    """A session's file, as far as a backup looks at it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {SESSION_APPLICATION_ID}")
        connection.execute("CREATE TABLE session (words TEXT)")
        connection.execute("INSERT INTO session VALUES (?)", (words,))
        connection.commit()
    path.chmod(0o440)


def members(data: bytes) -> Members:
    """What a ZIP holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(content: Members) -> bytes:
    """A ZIP of that."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in content.items():
            file.writestr(name, data)
    return buffer.getvalue()


def relisted(content: Members) -> Members:
    """With a manifest that fits, as somebody makes it who knows how."""
    manifest = json.loads(content["manifest.json"])
    manifest["entries"] = [
        {"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in content.items()
        if name != "manifest.json"
    ]
    return {**content, "manifest.json": json.dumps(manifest).encode()}


def device(folder: Path, administrator: str = "Ida") -> Services:
    """The parts without the web, with one user."""
    folder.mkdir(exist_ok=True)
    services = Services.made(console_settings(folder))
    services.users.add(administrator, Role.ADMINISTRATOR, PASSWORD)
    return services


def backed_up(services: Services) -> bytes:
    """A new backup's content."""
    return services.backups.path(services.backups.make().name).read_bytes()


def restore(services: Services, data: bytes) -> Restored:
    """As the page does it."""
    return services.restoring.restore(io.BytesIO(data))


def add_patient(services: Services, code: str) -> None:
    """Straight into the table."""
    services.database.write(
        "INSERT INTO patients (code, created_utc) VALUES (?, '2026-01-31T09:30:00Z')", (code,)
    )


def patients(services: Services) -> list[str]:
    """By code."""
    rows = services.database.rows("SELECT code FROM patients ORDER BY code")
    return [row["code"] for row in rows]


def trail(services: Services) -> list[tuple[str, str, str]]:
    """Oldest first."""
    return [(one.at_utc, one.action, one.subject) for one in reversed(services.audit.newest())]


def state(services: Services) -> object:
    """Everything that a refused backup must leave alone."""
    tables = ("users", "patients", "plans", "settings", "audit")
    rows = [
        [tuple(row) for row in services.database.rows(f"SELECT * FROM {name}")] for name in tables
    ]
    places = (services.settings.sessions_dir, services.settings.state_dir)
    return rows, [sorted(path.name for path in place.iterdir()) for place in places]
