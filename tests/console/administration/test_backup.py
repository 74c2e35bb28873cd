"""Backups: made whole, for the console's user alone; and the page that makes and restores them."""

import hashlib
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from andante_host.console.backup import BackupError
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.backups import Members, add_patient, backed_up, members, patients, write_session
from support.console import Visitor, console


def count_in(content: Members, table: str) -> int:
    """Rows in a table of a backup's database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(content["console.db"])
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_backup_holds_everything_with_its_hashes_and_no_secret_of_the_hour(
    services: Services,
) -> None:
    folder = services.settings.sessions_dir
    write_session(folder / "running.andante", "running")
    (folder / "running.andante-wal").touch()
    (folder / "notes.txt").write_text("mine")
    services.database.keep_setting("csrf_secret", "5ec3e7" * 8)
    content = members(backed_up(services))
    assert set(content) == {"manifest.json", "console.db", "sessions/one.andante"}
    assert content["sessions/one.andante"] == (folder / "one.andante").read_bytes()
    manifest = json.loads(content["manifest.json"])
    assert manifest["left_out"] == ["running.andante"]
    assert len(manifest["entries"]) == 2
    for entry in manifest["entries"]:
        data = content[entry["name"]]
        assert entry["size_bytes"] == len(data)
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert b"5ec3e7" not in content["console.db"]
    assert count_in(content, "users") == 1


def test_only_the_consoles_user_can_read_it(services: Services) -> None:
    path = services.backups.path(services.backups.make().name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_without_room_nothing_is_left_behind(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("andante_host.console.room.KEPT_FREE_BYTES", 10**18)
    with pytest.raises(BackupError, match="stay free"):
        services.backups.make()
    assert list(services.settings.backups_dir.iterdir()) == []


def test_what_a_power_cut_left_is_cleared(services: Services) -> None:
    kept = services.backups.make()
    folder = services.settings.backups_dir
    (folder / ".making-abc").touch()
    (folder / ".making-def").mkdir()
    (services.settings.state_dir / ".restoring-ghi").mkdir()
    services.backups.clear_unfinished()
    services.restoring.clear_unfinished()
    assert [path.name for path in folder.iterdir()] == [kept.name]
    assert not (services.settings.state_dir / ".restoring-ghi").exists()


@pytest.mark.parametrize("name", ["../console.db", "/etc/passwd", "console.db", "", "."])
def test_no_other_file_can_be_had(target: tuple[Services, bytes], name: str) -> None:
    backups = target[0].backups
    with pytest.raises(BackupError, match="no backup of that name"):
        backups.path(name)
    with pytest.raises(BackupError, match="no backup of that name"):
        backups.delete(name)


# --- on the page ------------------------------------------------------------------------------


def upload(visitor: Visitor, data: bytes, sure: str) -> tuple[int, str]:
    """Send one to be restored; the answer's status and text."""
    files = {"file": ("from-elsewhere.zip", data, "application/zip")}
    answer = visitor.post("/admin/backup/restore", {"sure": sure}, files=files)
    return answer.status_code, answer.text


def test_from_making_to_restoring_with_everybody_logged_out(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        services = visitor.services
        assert visitor.post("/admin/backup").status_code == 303
        (backup,) = services.backups.all()
        assert backup.name in visitor.get("/admin/backup").text
        data = visitor.get(f"/admin/backup/{backup.name}/download").content
        assert len(services.database.rows("SELECT 1 FROM web_sessions")) == 1
        assert count_in(members(data), "web_sessions") == 0
        assert data == services.backups.path(backup.name).read_bytes()
        add_patient(services, "P-001")
        assert upload(visitor, data, sure="")[0] == 400
        assert upload(visitor, b"words", sure="yes")[0] == 400
        assert patients(services) == ["P-001"]
        status, text = upload(visitor, data, sure="yes")
        assert (status, "is restored" in text) == (200, True)
        assert patients(services) == []
        assert services.database.rows("SELECT 1 FROM web_sessions") == []
        assert visitor.get("/admin").headers["location"] == "/login"
        found = [(one.action, one.outcome) for one in services.audit.newest(5, containing="backup")]
        assert found == [
            ("restore backup", "done"),
            ("restore backup", "refused"),
            ("POST /admin/backup/restore", "refused"),
            ("download backup", "done"),
            ("make backup", "done"),
        ]
        visitor.log_in("administrator")
        path = f"/admin/backup/{backup.name}"
        assert visitor.post(f"{path}/delete").status_code == 400
        assert visitor.post(f"{path}/delete", {"sure": "yes"}).status_code == 303
        assert [one.before_restore for one in services.backups.all()] == [True]


def test_backups_are_an_administrators(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        name = visitor.services.backups.make().name
        assert visitor.get(f"/admin/backup/{name}/download").status_code == 403
        for path in ("", "/restore", f"/{name}/restore", f"/{name}/delete"):
            assert visitor.post(f"/admin/backup{path}", {"sure": "yes"}).status_code == 403
        assert [one.name for one in visitor.services.backups.all()] == [name]
