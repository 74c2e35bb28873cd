"""A backup comes back only when everything about it is right, and then wholly."""

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from andante_host.console.backup import BackupError
from andante_host.console.services import Services
from support.backups import (
    Members,
    add_patient,
    backed_up,
    device,
    members,
    packed,
    patients,
    relisted,
    restore,
    state,
    trail,
    write_session,
)


def test_a_backup_comes_back(services: Services) -> None:
    session = services.settings.sessions_dir / "one.andante"
    content = session.read_bytes()
    data = backed_up(services)
    add_patient(services, "P-002")
    session.unlink()
    restored = restore(services, data)
    assert restored.added == ("one.andante",)
    assert patients(services) == ["P-001"]
    assert session.read_bytes() == content
    assert stat.S_IMODE(session.stat().st_mode) == 0o440
    add_patient(services, "P-003")
    services.database.close()
    again = Services.made(services.settings)
    assert patients(again) == ["P-001", "P-003"]
    again.database.close()


def test_the_state_of_before_is_kept_and_comes_back_too(services: Services) -> None:
    data = backed_up(services)
    add_patient(services, "P-002")
    aside = restore(services, data).aside
    assert aside.before_restore
    assert patients(services) == ["P-001"]
    restore(services, services.backups.path(aside.name).read_bytes())
    assert patients(services) == ["P-001", "P-002"]


def test_nothing_is_lost_from_the_audit_trail(services: Services) -> None:
    services.audit.add(None, "before the backup")
    services.audit.add(None, "before the backup")
    data = backed_up(services)
    services.audit.add(None, "after the backup", "P-001")
    before = trail(services)
    restore(services, data)
    assert trail(services) == before


def test_another_device_takes_it_and_keeps_its_own_trail_and_secret(
    services: Services, tmp_path: Path
) -> None:
    services.audit.add(None, "on the old device")
    data = backed_up(services)
    new = device(tmp_path / "new", "Ben")
    new.database.keep_setting("csrf_secret", "its own")
    new.audit.add(None, "on the new device")
    restore(new, data)
    assert [user.name for user in new.users.all()] == ["Ida"]
    assert [action for _, action, _ in trail(new)] == ["on the old device", "on the new device"]
    assert new.database.setting("csrf_secret") == "its own"
    assert (new.settings.sessions_dir / "one.andante").exists()
    new.database.close()


def test_a_session_that_differs_is_never_replaced(services: Services) -> None:
    path = services.settings.sessions_dir / "one.andante"
    data = backed_up(services)
    path.unlink()
    write_session(path, "another one of the same name")
    mine = path.read_bytes()
    restored = restore(services, data)
    assert (restored.added, restored.kept) == ((), ("one.andante",))
    assert path.read_bytes() == mine


def test_where_the_engines_folder_is_closed_sessions_go_elsewhere(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = services.settings.sessions_dir
    data = backed_up(services)
    (folder / "one.andante").unlink()
    # As the service finds it; root, who may run these tests, may write everywhere.
    monkeypatch.setattr("os.access", lambda *_: False)
    restored = restore(services, data)
    assert restored.elsewhere == services.settings.state_dir / "restored-sessions"
    assert list(folder.iterdir()) == []
    assert (restored.elsewhere / "one.andante").exists()


def without(name: str) -> Callable[[Members], Members]:
    """A backup that lacks a file."""
    return lambda content: {key: data for key, data in content.items() if key != name}


def with_file(name: str, data: bytes) -> Callable[[Members], Members]:
    """A backup with another file, and a manifest that names it."""
    return lambda content: relisted({**content, name: data})


def with_sql(sql: str) -> Callable[[Members], Members]:
    """A backup whose database was worked on, and a manifest that fits."""

    def change(content: Members) -> Members:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(content["console.db"])
            connection.executescript(sql)
            connection.commit()
            return relisted({**content, "console.db": connection.serialize()})

    return change


def torn(content: Members) -> Members:
    """A bit of a session is another one."""
    data = bytearray(content["sessions/one.andante"])
    data[2000] ^= 1
    return {**content, "sessions/one.andante": bytes(data)}


def damaged(content: Members) -> Members:
    """A database with a page of nonsense."""
    data = bytearray(content["console.db"])
    data[4096:8192] = b"\xa5" * 4096
    return relisted({**content, "console.db": bytes(data)})


REFUSED: dict[str, Callable[[Members], Members]] = {
    "no manifest": without("manifest.json"),
    "no database": lambda content: relisted(without("console.db")(content)),
    "a file is missing": without("sessions/one.andante"),
    "a file too many": lambda content: {**content, "sessions/two.andante": b"x"},
    "another content": torn,
    "damaged database": damaged,
    "a way out": with_file("sessions/../../out.andante", b"x"),
    "from the root": with_file("/etc/cron.d/evil.andante", b"x"),
    "a hidden file": with_file("sessions/.hidden.andante", b"x"),
    "not a session": with_file("sessions/two.andante", b"words"),
    "not a session's name": with_file("sessions/two.sh", b"x"),
    "a manifest of nonsense": lambda content: {**content, "manifest.json": b"{]"},
    "another kind": lambda content: {
        **content,
        "manifest.json": content["manifest.json"].replace(b"andante-backup", b"other-backup"),
    },
    "a newer form": lambda content: {
        **content,
        "manifest.json": content["manifest.json"].replace(
            b'"format_version": 1', b'"format_version": 2'
        ),
    },
    "another program's database": with_sql("PRAGMA application_id = 1"),
    "a newer database": with_sql("PRAGMA user_version = 1000"),
    "one more trigger": with_sql(
        "CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM patients; END"
    ),
    "one more view": with_sql("CREATE VIEW v AS SELECT * FROM users"),
    "a trail that can be changed": with_sql("DROP TRIGGER audit_keeps"),
    "nobody to look after it": with_sql("UPDATE users SET role = 'therapist'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_backup_with_a_fault_changes_nothing(target: tuple[Services, bytes], case: str) -> None:
    services, data = target
    content = members(data)
    changed = REFUSED[case](content)
    assert changed != content
    before = state(services)
    with pytest.raises(BackupError):
        restore(services, packed(changed))
    assert state(services) == before


def test_the_same_without_a_fault_is_taken(services: Services) -> None:
    """Else the cases above would prove nothing."""
    restore(services, packed(relisted(members(backed_up(services)))))
    restore(services, packed(with_sql("SELECT 1")(members(backed_up(services)))))


@pytest.mark.parametrize("data", [b"", b"words", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_refused(target: tuple[Services, bytes], data: bytes) -> None:
    before = state(target[0])
    with pytest.raises(BackupError, match="damaged"):
        restore(target[0], data)
    assert state(target[0]) == before


def test_a_zip_that_grows_is_stopped_at_its_stated_size(target: tuple[Services, bytes]) -> None:
    services, data = target
    content = members(data)
    manifest = json.loads(content["manifest.json"])
    manifest["entries"].append(
        {"name": "sessions/big.andante", "size_bytes": 100, "sha256": "0" * 64}
    )
    content["sessions/big.andante"] = bytes(20_000_000)
    content["manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(BackupError, match=r"big\.andante"):
        restore(services, packed(content))


def test_two_at_once_are_one_after_the_other(target: tuple[Services, bytes]) -> None:
    services, data = target
    with services.backups.alone():
        with pytest.raises(BackupError, match="already"):
            services.backups.make()
        with pytest.raises(BackupError, match="already"):
            restore(services, data)
