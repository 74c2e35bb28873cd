"""Each check of `andante check` on twins: what it finds, its verdict, and what it says to do."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from andante import cli_device, device_check
from andante.board.link import BoardLink
from andante.checks.board import SyncLook, check_board, check_clocks
from andante.checks.finding import Finding, Verdict, finding_of_error, nothing_failed
from andante.checks.outputs import TRIAL_CUES, check_buttons, check_cues, check_sound
from andante.checks.system import (
    SESSION_BYTES_PER_HOUR,
    UNLIMITED,
    check_disk,
    check_power,
    check_rights,
    check_temperature,
)
from andante.config import DeviceConfig
from andante.device_check import PARTS, board_ports, read_buttons
from andante.errors import BoardError, OutputError
from andante.machine import Machine
from andante.plain_cli import PlainGroup
from andante.ports import CueReport, Fault, FaultKind
from andante.realtime import Scheduling
from andante.simulated.outputs import SimulatedOutput, mock_led_output, mock_pin_factory
from andante.timebase import NS_PER_MS, MonotonicClock, SimulatedClock
from support.board import SimulatedRig


class Faulty(SimulatedOutput):
    """A twin that does what it is told to do wrong."""

    def __init__(
        self,
        clock: SimulatedClock,
        late_ms: float = 0.0,
        gives: int = TRIAL_CUES,
        faults: tuple[Fault, ...] = (),
        refuses: str | None = None,
    ) -> None:
        super().__init__("led", clock)
        self.late_ms, self.gives, self.faults = late_ms, gives, faults
        self.refuses = refuses
        self.stopped = False

    def start(self) -> None:
        if self.refuses is not None:
            raise OutputError(self.refuses)

    def take_reports(self) -> list[CueReport]:
        late_ns = round(self.late_ms * NS_PER_MS)
        return [
            CueReport(r.cue_index, r.output, None, None, "no")
            if r.actual_ns is None or r.cue_index >= self.gives
            else CueReport(r.cue_index, r.output, r.actual_ns + late_ns, 1.0)
            for r in super().take_reports()
        ]

    def take_faults(self) -> list[Fault]:
        return list(self.faults)

    def stop(self) -> None:
        self.stopped = True
        super().stop()


def fault(kind: FaultKind, count: int = 1) -> Fault:
    return Fault(kind, 0, "sound", "Something happened.", count)


# --- sound ----------------------------------------------------------------------------------


def sound(expected: bool = True, sink: str | None = None, **wrong: Any) -> Finding:
    clock = SimulatedClock()
    output = Faulty(clock, **wrong)
    finding = check_sound(lambda: output, clock, expected, sink)
    assert output.stopped or sink is not None
    return finding


def test_a_sound_device_that_runs_is_named() -> None:
    finding = sound()
    assert finding.verdict is Verdict.OK
    assert "simulated led" in finding.found
    assert finding.figures["underrun_count"] == 0


def test_a_sound_device_that_runs_dry_is_a_warning_with_its_count() -> None:
    finding = sound(faults=(fault(FaultKind.SOUND_UNDERRUN, 3), fault(FaultKind.SOUND_UNDERRUN)))
    assert finding.verdict is Verdict.WARNING
    assert finding.figures["underrun_count"] == 4
    assert "4 times" in finding.found


def test_a_sound_device_that_stops_has_failed() -> None:
    finding = sound(faults=(fault(FaultKind.OUTPUT_FAILED),))
    assert finding.verdict is Verdict.FAILED
    assert finding.to_do is not None


@pytest.mark.parametrize(("expected", "verdict"), [(True, "failed"), (False, "missing")])
def test_a_sound_device_that_cannot_be_opened(expected: bool, verdict: str) -> None:
    finding = sound(expected, refuses="There is no sound device; connect one.")
    assert finding.verdict == verdict
    assert finding.found == "There is no sound device."
    assert finding.to_do == "Connect one."


def test_bluetooth_behind_the_sound_server_has_failed() -> None:
    finding = sound(expected=False, sink="bluez_output.00_11_22.1")
    assert finding.verdict is Verdict.FAILED
    assert "Bluetooth" in finding.found
    assert sound(sink="alsa_output.usb-dac").verdict is Verdict.OK


# --- light, touch, buttons ------------------------------------------------------------------


def trial(expected: bool = True, **wrong: Any) -> Finding:
    clock = SimulatedClock()
    output = Faulty(clock, **wrong)
    finding = check_cues("led", lambda: output, clock, expected)
    assert output.stopped
    return finding


def test_a_light_that_keeps_its_time_is_ok_and_left_to_the_eye() -> None:
    finding = trial()
    assert finding.verdict is Verdict.OK
    assert finding.figures["given_count"] == TRIAL_CUES
    assert finding.to_do is not None


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        ({"late_ms": 7.0}, Verdict.WARNING),
        ({"late_ms": -7.0}, Verdict.WARNING),
        ({"gives": 2}, Verdict.WARNING),
        ({"gives": 0}, Verdict.FAILED),
        ({"gives": 0, "faults": (fault(FaultKind.OUTPUT_FAILED),)}, Verdict.FAILED),
        ({"refuses": "The LED cannot be used (no pins); see to it."}, Verdict.FAILED),
    ],
)
def test_a_light_that_does_not(wrong: dict[str, Any], verdict: Verdict) -> None:
    finding = trial(**wrong)
    assert finding.verdict is verdict
    assert finding.to_do


def test_a_light_that_cannot_be_there_is_missing() -> None:
    assert trial(expected=False, refuses="No pins; see to it.").verdict is Verdict.MISSING


def test_the_real_led_class_on_mock_pins_is_ok() -> None:
    clock = MonotonicClock()
    for _ in range(3):  # a busy computer may miss a cue, and the check then says so
        finding = check_cues("led", lambda: mock_led_output(clock), clock, expected=True)
        if finding.figures["given_count"] == TRIAL_CUES:
            break
    assert finding.figures["given_count"] == TRIAL_CUES
    assert "GPIO 17" in finding.found


def test_a_button_at_rest_is_ok_and_one_that_is_held_has_failed() -> None:
    mock = pytest.importorskip("gpiozero.pins.mock", reason="needs gpiozero")

    class HeldPin(mock.MockPin):  # type: ignore[misc,name-defined]
        """A pin that somebody keeps at ground, whatever pulls it up."""

        def _set_pull(self, value: str) -> None:
            super()._set_pull(value)
            self._state = False

    at_rest = check_buttons(lambda: read_buttons(mock_pin_factory()), expected=True)
    assert at_rest.verdict is Verdict.OK
    factory = mock.MockFactory(pin_class=HeldPin)
    held = check_buttons(lambda: read_buttons(factory), expected=True)
    assert held.verdict is Verdict.FAILED
    assert "GPIO 22" in held.found


@pytest.mark.parametrize(("expected", "verdict"), [(True, "failed"), (False, "missing")])
def test_buttons_that_cannot_be_read(expected: bool, verdict: str) -> None:
    def refuse() -> dict[str, bool]:
        raise OutputError("The button cannot be read (no pins); see to it.")

    assert check_buttons(refuse, expected).verdict == verdict


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


# --- findings -------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(Verdict)))
def test_only_what_failed_makes_the_device_not_ready(verdicts: list[Verdict]) -> None:
    findings = [Finding("part", verdict, "Found.") for verdict in verdicts]
    assert nothing_failed(findings) is (Verdict.FAILED not in verdicts)


def test_an_error_without_advice_is_told_whole() -> None:
    finding = finding_of_error("led", OutputError("It is broken."), expected=True)
    assert (finding.found, finding.to_do) == ("It is broken.", None)


def test_every_part_is_checked_and_in_the_order_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = SimulatedRig()
    twins = {"SoundOutput": "sound", "LedOutput": "led", "RingOutput": "ring"}
    for made, name in {**twins, "HapticOutput": "haptic"}.items():
        monkeypatch.setattr(device_check, made, lambda *_, name=name, **__: _twin(name, rig))
    monkeypatch.setattr(device_check, "BoardLink", lambda *_: rig.link)
    monkeypatch.setattr(device_check, "default_sink_name", lambda: None)
    findings = list(
        device_check.check_device(
            rig.clock, DeviceConfig(), Machine("a test", True), ["/dev/a"], tmp_path, listen_s=1.0
        )
    )
    assert tuple(finding.part for finding in findings) == PARTS
    verdicts = {finding.part: finding.verdict for finding in findings}
    assert {verdicts[part] for part in ("sound", "led", "ring", "haptic", "board")} == {Verdict.OK}


def _twin(name: str, rig: SimulatedRig) -> SimulatedOutput:
    return SimulatedOutput(name, rig.clock)


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs `andante check` with findings of the test's own."""

    def run(verdict: Verdict, *arguments: str) -> Result:
        found = [
            Finding(part, verdict if part == "board" else Verdict.OK, "Found so.", "Do so.")
            for part in PARTS
        ]
        monkeypatch.setattr(cli_device, "check_device", lambda *_: iter(found))
        monkeypatch.setenv("ANDANTE_CONFIG", str(tmp_path / "device.toml"))
        group = PlainGroup(commands={"check": cli_device.check})
        return CliRunner().invoke(group, ["check", *arguments])

    return run


@pytest.mark.parametrize("verdict", Verdict)
def test_the_command_ends_with_0_only_where_nothing_failed(
    verdict: Verdict, outcome: Callable[..., Result]
) -> None:
    done = outcome(verdict)
    assert done.exit_code == (1 if verdict is Verdict.FAILED else 0)
    lines = done.output.splitlines()
    (board,) = [line for line in lines if line.startswith("board")]
    assert board.split()[1] == verdict
    assert ("Not ready: board." in done.output) == (verdict is Verdict.FAILED)


def test_the_table_fits_eighty_columns(outcome: Callable[..., Result]) -> None:
    assert max(map(len, outcome(Verdict.OK).output.splitlines())) <= 80


def test_json_holds_every_part_and_one_verdict_on_all(outcome: Callable[..., Result]) -> None:
    done = outcome(Verdict.FAILED, "--json")
    told = json.loads(done.output)
    assert done.exit_code == 1
    assert told["ok"] is False
    assert [part["part"] for part in told["parts"]] == list(PARTS)
    assert told["parts"][5]["verdict"] == "failed"
    assert json.loads(outcome(Verdict.WARNING, "--json").output)["ok"] is True


def test_a_device_file_that_cannot_be_understood_is_one_sentence(
    outcome: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "device.toml").write_text("board_port = 3\n")
    done = outcome(Verdict.OK)
    assert done.exit_code == 1
    assert done.output.startswith("Error: The device file")
    assert len(done.output.strip().splitlines()) == 1
