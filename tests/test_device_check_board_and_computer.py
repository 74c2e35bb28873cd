"""The checks of the board, the clocks and the computer: what they find, and their verdicts."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from andante.board.link import BoardLink
from andante.checks.board import SyncLook, check_board, check_clocks
from andante.checks.finding import Finding, Verdict
from andante.checks.system import (
    SESSION_BYTES_PER_HOUR,
    UNLIMITED,
    check_disk,
    check_power,
    check_rights,
    check_temperature,
)
from andante.config import DeviceConfig
from andante.device_check import board_ports
from andante.errors import BoardError
from andante.realtime import Scheduling
from andante.timebase import NS_PER_MS, MonotonicClock, SimulatedClock
from support.board import SimulatedRig

# --- board and clocks -----------------------------------------------------------------------


def look_at(
    rig: SimulatedRig, ports: tuple[str, ...] = ("/dev/a",)
) -> tuple[Finding, SyncLook | None]:
    return check_board(ports, lambda _: rig.link, rig.clock)


def test_a_board_that_answers_is_named_with_its_firmware() -> None:
    finding, sync = look_at(SimulatedRig())
    assert finding.verdict is Verdict.OK
    assert "firmware 0.1.0" in finding.found
    assert "Simulated board" in finding.found
    assert finding.figures["frames_bad"] == 0
    assert sync is not None
    assert 0 < sync.uncertainty_us < 200
    assert sync.shortest_round_trip_us > 600  # twice the line's base delay


def test_a_bad_line_is_a_warning_with_its_count() -> None:
    finding, _ = look_at(SimulatedRig(damage_rate=0.002))
    assert finding.verdict is Verdict.WARNING
    bad = finding.figures["frames_bad"]
    assert bad is not None
    assert bad > 0


def test_no_port_is_missing_and_a_silent_one_has_failed() -> None:
    rig = SimulatedRig()
    assert look_at(rig, ())[0].verdict is Verdict.MISSING
    rig.line.vanish()
    finding, sync = look_at(rig)
    assert finding.verdict is Verdict.FAILED
    assert sync is None


def test_every_port_is_tried_until_one_has_a_board() -> None:
    rig, asked = SimulatedRig(), []

    class Mute(BoardLink):
        def start(self) -> None:
            raise BoardError("Nothing answers; check the cable.")

    def make(port: str) -> BoardLink:
        asked.append(port)
        return rig.link if port == "/dev/b" else Mute(rig.line, rig.clock)

    finding, _ = check_board(("/dev/a", "/dev/b", "/dev/c"), make, rig.clock)
    assert finding.verdict is Verdict.OK
    assert asked == ["/dev/a", "/dev/b"]


@pytest.mark.parametrize(
    ("source", "uncertainty_us", "verdict"),
    [
        ("arch_sys_counter", 30.0, Verdict.OK),
        ("tsc", None, Verdict.OK),
        ("hpet", 30.0, Verdict.WARNING),
        ("tsc", 900.0, Verdict.WARNING),
    ],
)
def test_clocks(
    source: str, uncertainty_us: float | None, verdict: Verdict, tmp_path: Path
) -> None:
    file = tmp_path / "current_clocksource"
    file.write_text(f"{source}\n")
    sync = None if uncertainty_us is None else SyncLook(uncertainty_us, 800.0)
    finding = check_clocks(file, sync)
    assert finding.verdict is verdict
    assert source in finding.found
    assert "unknown" in check_clocks(tmp_path / "none", None).found


def test_the_named_port_goes_before_the_configured_one() -> None:
    config = DeviceConfig(board_port="/dev/configured")
    assert board_ports("/dev/named", config) == ["/dev/named"]
    assert board_ports(None, config) == ["/dev/configured"]


# --- the computer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "verdict"), [(500.0, Verdict.OK), (5.0, Verdict.WARNING), (0.5, Verdict.FAILED)]
)
def test_room_on_the_disk(hours: float, verdict: Verdict, tmp_path: Path) -> None:
    free = round(hours * SESSION_BYTES_PER_HOUR)
    finding = check_disk(tmp_path / "not" / "yet", MonotonicClock(), lambda _: free)
    assert finding.verdict is verdict
    assert finding.figures["session_hours"] == pytest.approx(hours)
    assert list(tmp_path.iterdir()) == []


class SlowDisk(SimulatedClock):
    """A clock on which every sync takes as long as it is told."""

    def __init__(self, sync_ms: float, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(
            os, "fsync", lambda _: self.sleep_until_ns(self.now_ns() + round(sync_ms * NS_PER_MS))
        )


@pytest.mark.parametrize(
    ("sync_ms", "verdict"), [(20, Verdict.OK), (400, Verdict.WARNING), (1500, Verdict.FAILED)]
)
def test_how_long_the_disk_takes(
    sync_ms: float, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = check_disk(tmp_path, SlowDisk(sync_ms, monkeypatch), lambda _: 10**12)
    assert finding.verdict is verdict
    assert finding.figures["sync_max_ms"] == pytest.approx(sync_ms)


def test_a_folder_that_cannot_be_written_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(_fd: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "fsync", read_only)
    finding = check_disk(tmp_path, MonotonicClock(), lambda _: 10**12)
    assert finding.verdict is Verdict.FAILED
    assert "Read-only" in finding.found


@pytest.mark.parametrize(
    ("real_time", "locked", "awake", "said"),
    [
        (True, True, True, "granted and memory can be locked, and idle processors stay awake"),
        (True, True, None, "granted and memory can be locked."),
        (False, True, True, "No real-time priority (limit 0)"),
        (True, False, True, "Memory cannot be locked (limit 8192 KB)"),
        (True, True, False, "Idle processors cannot be kept awake"),
        (False, False, False, "memory cannot be locked"),
    ],
)
def test_real_time_rights(real_time: bool, locked: bool, awake: bool | None, said: str) -> None:
    finding = check_rights(Scheduling(real_time, locked, awake, ()), 0, 8 * 1024**2)
    assert said in finding.found
    granted = real_time and locked and awake is not False
    assert finding.verdict is (Verdict.OK if granted else Verdict.WARNING)
    assert (finding.to_do is None) == granted


def test_a_right_that_is_lost_without_a_limit_says_so() -> None:
    assert "limit none" in check_rights(Scheduling(True, False, True, ()), 99, UNLIMITED).found


@pytest.mark.parametrize(
    ("millidegrees", "verdict"),
    [
        ((45_000, 51_200), Verdict.OK),
        ((45_000, 74_000), Verdict.WARNING),
        ((81_000, 45_000), Verdict.FAILED),
        ((), Verdict.MISSING),
    ],
)
def test_temperature(millidegrees: tuple[int, ...], verdict: Verdict, tmp_path: Path) -> None:
    for number, reading in enumerate(millidegrees):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(f"{reading}\n")
    finding = check_temperature(tmp_path)
    assert finding.verdict is verdict
    if millidegrees:
        assert finding.figures["temperature_c"] == max(millidegrees) / 1000


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        ("0", Verdict.OK, "steady"),
        ("50000", Verdict.WARNING, "voltage is too low and the processor is throttled"),
        ("50005", Verdict.FAILED, "now"),
        ("80008", Verdict.FAILED, "soft temperature limit"),
        ("20000", Verdict.WARNING, "capped"),
        ("nonsense!", Verdict.MISSING, "No Raspberry Pi"),
    ],
)
@pytest.mark.parametrize("by_firmware", [False, True])
def test_power(told: str, verdict: Verdict, said: str, by_firmware: bool, tmp_path: Path) -> None:
    file = tmp_path / "get_throttled"
    ask: Callable[[], str | None] = lambda: None  # noqa: E731
    if by_firmware:
        ask = lambda: f"throttled=0x{told}"  # noqa: E731
    else:
        file.write_text(f"{told}\n")
    finding = check_power(file, ask)
    assert finding.verdict is verdict
    assert said in finding.found


def test_no_one_to_ask_about_power_is_missing(tmp_path: Path) -> None:
    assert check_power(tmp_path / "none", lambda: None).verdict is Verdict.MISSING
