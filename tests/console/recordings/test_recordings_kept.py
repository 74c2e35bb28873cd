"""Recordings as they are kept: whole or not at all, never over another, in their own folder."""

import io
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from andante_host.console.recordings import service
from andante_host.console.recordings.problem import (
    RecordingFileError,
    RecordingNotNowError,
    RecordingTooLargeError,
    UnknownRecordingError,
)
from andante_host.console.recordings.service import RecordingFile, Recordings
from support.sound_files import BEATS, LENGTH_S, sound_bytes

FLAC = sound_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path)


def add(recordings: Recordings, name: str, content: bytes = FLAC) -> RecordingFile:
    return recordings.add(name, io.BytesIO(content))


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_recording_is_taken_listed_and_taken_away(recordings: Recordings, folder: Path) -> None:
    assert recordings.all() == []
    made = add(recordings, "our-song.flac")
    assert (made.name, made.kind, made.size_bytes) == ("our-song.flac", "FLAC", len(FLAC))
    assert made.minutes == pytest.approx(LENGTH_S / 60)
    beats = add(recordings, "our-song.txt", BEATS)
    assert (beats.kind, beats.minutes) == ("beats", None)
    assert recordings.all() == [made, beats]
    assert (recordings.sounds(), recordings.beats()) == (("our-song.flac",), ("our-song.txt",))
    assert recordings.sound_path("our-song.flac") == str(folder / "our-song.flac")
    assert (folder / "our-song.flac").read_bytes() == FLAC
    recordings.remove("our-song.flac", [])
    assert recordings.all() == [beats]
    assert files_in(folder) == ["our-song.txt"]


def test_the_engine_may_read_it_and_nobody_else(recordings: Recordings, folder: Path) -> None:
    before = os.umask(0o077)
    try:
        add(recordings, "a.flac")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a.flac").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["a.flac", "A.FLAC"])
def test_never_over_another(recordings: Recordings, folder: Path, name: str) -> None:
    add(recordings, "a.flac")
    with pytest.raises(RecordingNotNowError, match=f"There is a recording {name} already"):
        add(recordings, name, sound_bytes(length_s=8))
    assert (folder / "a.flac").read_bytes() == FLAC
    assert files_in(folder) == ["a.flac"]


def test_of_two_that_arrive_under_one_name_the_first_stays(
    recordings: Recordings, folder: Path
) -> None:
    other = sound_bytes(length_s=8)
    with recordings.arriving("a.flac") as first, recordings.arriving("a.flac") as second:
        second.write(other)
        first.write(FLAC)
        first.keep()
        with pytest.raises(RecordingNotNowError, match="already"):
            second.keep()
    assert (folder / "a.flac").read_bytes() == FLAC
    assert files_in(folder) == ["a.flac"]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.mp3", FLAC, RecordingFileError),
        ("../a.flac", FLAC, RecordingFileError),
        ("a.flac", b"", RecordingFileError),
        ("a.flac", FLAC[:-100], RecordingFileError),
        ("a.wav", FLAC, RecordingFileError),
        ("a.txt", BEATS * 40_000, RecordingTooLargeError),
    ],
)
def test_of_what_is_refused_nothing_stays(
    recordings: Recordings, folder: Path, name: str, content: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(recordings, name, content)
    assert files_in(folder) == []


def test_what_is_too_large_is_refused_as_it_comes(
    recordings: Recordings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LARGEST_RECORDING_BYTES", 1_000_000)
    with recordings.arriving("a.wav") as arriving:
        arriving.write(bytes(1_000_000))
        with pytest.raises(RecordingTooLargeError, match=r"at most 1\.0 MB are taken"):
            arriving.write(b"x")
    assert files_in(folder) == []


def test_nothing_half_written_is_offered(recordings: Recordings, folder: Path) -> None:
    with recordings.arriving("a.flac") as arriving:
        arriving.write(FLAC)
        assert len(files_in(folder)) == 1
        assert recordings.all() == []
        assert recordings.sounds() == ()
    assert files_in(folder) == []


def test_leftovers_of_a_power_cut_go_and_what_is_under_way_stays(
    recordings: Recordings, folder: Path
) -> None:
    folder.mkdir()
    (folder / ".arriving-before").write_bytes(FLAC)
    assert recordings.all() == []
    with recordings.arriving("a.flac") as first:
        first.write(FLAC)
        assert not (folder / ".arriving-before").exists()
        add(recordings, "b.flac")
        first.keep()
    (folder / ".arriving-after").write_bytes(FLAC)
    recordings.clear_unfinished()
    assert files_in(folder) == ["a.flac", "b.flac"]


def test_sessions_keep_their_room_on_the_disk(
    recordings: Recordings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes = [10**9]
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda at: real(at)._replace(free=free_bytes[0]))
    with recordings.arriving("a.wav") as arriving:
        arriving.write(bytes(20 << 20))
        free_bytes[0] = 499_999_999
        with pytest.raises(RecordingNotNowError, match=r"500\.0 MB have to stay free"):
            arriving.write(bytes(20 << 20))
    with pytest.raises(RecordingNotNowError, match="only 500"):
        add(recordings, "a.flac")
    assert files_in(folder) == []


def test_a_folder_without_rights_is_one_plain_sentence(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(RecordingNotNowError, match=r"a\.flac cannot be kept .*Permission denied"):
        add(recordings, "a.flac")


def test_a_full_device_takes_no_more(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_FILES", 2)
    add(recordings, "a.flac")
    add(recordings, "b.flac")
    with pytest.raises(RecordingNotNowError, match="There are 2 recordings on the device"):
        add(recordings, "c.flac")


def test_what_else_lies_in_the_folder_is_not_offered(
    recordings: Recordings, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir()
    (tmp_path / "secret.wav").write_bytes(FLAC)
    (folder / "linked.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "folder.wav").mkdir()
    (folder / "readme.md").touch()
    (folder / "by hand.flac").write_bytes(FLAC)
    (folder / "broken.flac").touch()
    assert recordings.sounds() == ("broken.flac", "by hand.flac")
    assert [file.minutes is None for file in recordings.all()] == [True, False]


@pytest.mark.parametrize("name", ["none.flac", "../one.andante", ".arriving-x", "", "/etc/passwd"])
def test_only_what_is_listed_is_taken_away(recordings: Recordings, name: str) -> None:
    with pytest.raises(UnknownRecordingError):
        recordings.remove(name, [])


def test_what_a_plan_plays_stays(recordings: Recordings, folder: Path) -> None:
    add(recordings, "a.flac")
    with pytest.raises(RecordingNotNowError, match=r"a\.flac stays: it is played in P-1: “Rest”"):
        recordings.remove("a.flac", ["P-1: “Rest”"])
    assert files_in(folder) == ["a.flac"]


def test_many_at_once_all_arrive(recordings: Recordings, folder: Path) -> None:
    names = [f"song-{number}.flac" for number in range(8)]
    threads = [threading.Thread(target=add, args=(recordings, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files_in(folder) == names
