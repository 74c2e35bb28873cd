"""The device's page: what is known, what is not known, and never more than that."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from andante.checks.finding import Verdict
from andante.checks.system import SESSION_BYTES_PER_HOUR
from andante.control import DeviceState, Doing
from andante.timebase import MonotonicClock, SimulatedClock
from andante_host.console.administration import computer
from andante_host.console.administration.device_check import DeviceCheck, DeviceCheckError
from andante_host.console.administration.network import reached
from andante_host.console.certificate import facts_of, own_files, renew_own
from andante_host.console.principal import Role
from andante_host.console.settings import ConsoleSettings
from support.console import console, console_settings

ANSWER = (
    'import sys; print(\'{"ok": false, "parts": [{"part": "sound", "verdict": "failed", '
    '"found": "No sound.", "to_do": "Plug it in.", "figures": {}}]}\'); sys.exit(1)'
)


class Engine:
    """As `services.device` shows it."""

    def __init__(self, doing: Doing | None) -> None:
        self.state = None if doing is None else DeviceState(doing=doing)


def check(
    folder: Path, doing: Doing | None, script: str = ANSWER, offered: bool = True
) -> DeviceCheck:
    """A check whose program is this script."""
    settings: ConsoleSettings = console_settings(folder, device_check=offered)
    program = (sys.executable, "-c", script)
    return DeviceCheck(settings, MonotonicClock(), Engine(doing), program)  # type: ignore[arg-type]


def test_the_page_says_what_is_away_and_what_is_not_known(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        text = visitor.get("/admin").text
        assert "No engine answers at" in text
        assert "not checked since the console was started" in text
        assert "hours of sessions" in text
        for version in computer.versions().values():
            assert version in text
        assert "not started with one" in text
        files = own_files(visitor.services.settings.state_dir)
        renew_own(files, reached(), datetime.now(UTC))
        assert facts_of(files.certificate).sha256 in visitor.get("/admin").text
        assert len(text.encode()) < 150_000


def test_a_service_that_may_not_look_says_who_can(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR, device_check=False) as visitor:
        text = visitor.get("/admin").text
        assert "sudo -u andante /opt/andante/venv/bin/andante check" in text
        assert "Check every part now" not in text
        answer = visitor.post("/admin/check")
        assert answer.status_code == 400
        (entry,) = visitor.services.audit.newest(1)
        assert (entry.action, entry.outcome) == ("check device", "refused")


@pytest.mark.parametrize("doing", [None, Doing.WAITING])
def test_what_the_check_finds_is_kept_with_its_time(tmp_path: Path, doing: Doing | None) -> None:
    checking = check(tmp_path, doing)
    assert checking.last is None
    found = checking.run()
    assert not found.ok
    assert [(one.part, one.verdict, one.to_do) for one in found.parts] == [
        ("sound", Verdict.FAILED, "Plug it in.")
    ]
    assert checking.last == found


@pytest.mark.parametrize("doing", [Doing.STARTING, Doing.RUNNING])
def test_nothing_is_checked_in_a_session(tmp_path: Path, doing: Doing) -> None:
    marker = tmp_path / "it ran"
    checking = check(tmp_path, doing, f"open({str(marker)!r}, 'w')")
    with pytest.raises(DeviceCheckError, match="session runs"):
        checking.run()
    assert not marker.exists()


@pytest.mark.parametrize("script", ["print('words')", "import sys; sys.exit(2)"])
def test_a_check_without_an_answer_is_one_sentence(tmp_path: Path, script: str) -> None:
    checking = check(tmp_path, None, script)
    with pytest.raises(DeviceCheckError, match="gave no answer"):
        checking.run()
    assert checking.last is None


def test_time_and_network_are_shown_and_not_changed(tmp_path: Path) -> None:
    clock = SimulatedClock(utc=datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    with console(tmp_path, Role.ADMINISTRATOR, clock) as visitor:
        text = visitor.get("/admin/network").text
        assert "2026-01-31 09:30:00 UTC" in text
        for name in reached().names:
            assert name == "localhost" or f"https://{name}" in text
        assert "It cannot change them" in text
        assert visitor.post("/admin/network").status_code == 405


def test_off_systemd_the_time_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert computer.time_settings() == computer.TimeSettings(None, None, None)


def test_systemds_words_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(
        "#!/bin/sh\necho Timezone=Europe/Paris\necho NTP=yes\necho NTPSynchronized=no\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert computer.time_settings() == computer.TimeSettings("Europe/Paris", False, True)


def test_a_folder_that_is_gone_is_a_failed_disk(tmp_path: Path) -> None:
    found = computer.room_for_sessions(tmp_path / "gone")
    assert found.verdict is Verdict.FAILED
    assert found.to_do is not None


def test_room_is_counted_in_hours_of_sessions(tmp_path: Path) -> None:
    found = computer.room_for_sessions(tmp_path)
    hours = found.figures["session_hours"]
    free_bytes = found.figures["free_bytes"]
    assert hours is not None
    assert free_bytes is not None
    assert hours == pytest.approx(free_bytes / SESSION_BYTES_PER_HOUR)


@pytest.mark.parametrize(
    ("on_for_s", "text"), [(59, "1 min"), (3_600, "1 h 0 min"), (90_061, "1 d 1 h 1 min")]
)
def test_how_long_it_has_been_on(monkeypatch: pytest.MonkeyPatch, on_for_s: int, text: str) -> None:
    clock = SimulatedClock(utc=datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    booted_s = clock.utc_now().timestamp() - on_for_s
    monkeypatch.setattr("psutil.boot_time", lambda: booted_s)
    assert computer.uptime_text(clock) == text
