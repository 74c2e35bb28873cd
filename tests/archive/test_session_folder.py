"""Which files are sessions, and that no name leads out of their folder."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante.timebase import NS_PER_S
from andante_host.archive.folder import (
    FRESH_S,
    JOURNAL,
    ArchiveError,
    NoSuchSessionError,
    SessionFolder,
    is_plain,
)

NOW_S = 1_700_000_000.0


def _file(path: Path, age_s: float = 1_000.0, size_bytes: int = 10) -> Path:
    path.write_bytes(b"x" * size_bytes)
    modified_ns = round((NOW_S - age_s) * NS_PER_S)
    os.utime(path, ns=(modified_ns, modified_ns))
    return path


def test_only_plain_session_files_are_listed(tmp_path: Path) -> None:
    outside = _file(tmp_path / "secret.andante")
    folder = tmp_path / "sessions"
    folder.mkdir()
    _file(folder / "walk.andante")
    _file(folder / "Übung zwei.andante")
    _file(folder / ".hidden.andante")
    _file(folder / "walk.andante.truth.json")
    (folder / "folder.andante").mkdir()
    (folder / "link.andante").symlink_to(outside)
    found = SessionFolder(folder).files(NOW_S)
    assert sorted(found) == ["walk.andante", "Übung zwei.andante"]


@pytest.mark.parametrize(
    "name", ["link.andante", "folder.andante", "../secret.andante", "gone.andante", ".andante"]
)
def test_what_is_not_listed_cannot_be_asked_for(tmp_path: Path, name: str) -> None:
    _file(tmp_path / "secret.andante")
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / "folder.andante").mkdir()
    (folder / "link.andante").symlink_to(tmp_path / "secret.andante")
    with pytest.raises(NoSuchSessionError):
        SessionFolder(folder).file(name, NOW_S)


@given(name=st.text() | st.text(alphabet="./\\\0\n\x7fab").map(lambda text: f"{text}.andante"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_name_stays_in_the_folder_or_is_refused(tmp_path: Path, name: str) -> None:
    folder = SessionFolder(tmp_path)
    if is_plain(name):
        path = folder.path(name)
        assert path.parent == tmp_path
        assert Path(os.path.normpath(path)) == path
    else:
        with pytest.raises(NoSuchSessionError) as told:
            folder.path(name)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("age_s", "running"), [(0.0, True), (FRESH_S - 1, True), (FRESH_S + 1, False)]
)
def test_a_journal_that_is_written_means_a_running_session(
    tmp_path: Path, age_s: float, running: bool
) -> None:
    _file(tmp_path / "walk.andante")
    _file(tmp_path / f"walk.andante{JOURNAL}", age_s, size_bytes=7)
    folder = SessionFolder(tmp_path)
    for found in (folder.files(NOW_S)["walk.andante"], folder.file("walk.andante", NOW_S)):
        assert found.is_running == running
        assert found.has_journal
        assert found.size_bytes == 17
        assert found.modified_ns == round((NOW_S - age_s) * NS_PER_S)


@pytest.mark.parametrize(("size_bytes", "running"), [(0, True), (4096, True), (8192, False)])
def test_a_file_that_only_begins_is_running(tmp_path: Path, size_bytes: int, running: bool) -> None:
    _file(tmp_path / "walk.andante", age_s=0.1, size_bytes=size_bytes)
    assert SessionFolder(tmp_path).files(NOW_S)["walk.andante"].is_running == running


def test_a_session_that_waits_without_a_journal_is_not_running(tmp_path: Path) -> None:
    _file(tmp_path / "walk.andante", age_s=0.0)
    assert not SessionFolder(tmp_path).files(NOW_S)["walk.andante"].is_running


def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be read"):
        SessionFolder(tmp_path / "none").files(NOW_S)


def test_a_journal_that_is_folded_in_just_then_leaves_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path / "walk.andante")
    journal = _file(tmp_path / f"walk.andante{JOURNAL}")
    lstat = Path.lstat

    def folded_in_before(path: Path) -> os.stat_result:
        if path == journal:
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", folded_in_before)
    assert not SessionFolder(tmp_path).file("walk.andante", NOW_S).has_journal
