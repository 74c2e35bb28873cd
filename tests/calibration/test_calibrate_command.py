"""`andante calibrate` from the command line to the device file, on twins in simulated time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from andante import cli_device
from andante.cli_device import CalibrationParts
from andante.config import DeviceConfig, load_config, save_config
from andante.machine import Machine
from andante.plain_cli import PlainGroup
from andante.timebase import NS_PER_MS
from support.ears import EarRig, Hearing

MACHINE = Machine("Raspberry Pi 4 Model B Rev 1.4", is_raspberry_pi=True)
GOOD = {"sound": Hearing(4 * NS_PER_MS, 40.0), "led": Hearing(NS_PER_MS // 2, 10.0)}
LED_IS_POOR = {**GOOD, "led": Hearing(0, noise_us=3000.0)}

Run = Callable[..., Result]


@pytest.fixture
def device_file(tmp_path: Path) -> Path:
    return tmp_path / "device.toml"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, device_file: Path) -> Run:
    monkeypatch.setenv("ANDANTE_CONFIG", str(device_file))
    # Whatever sound server runs here, it is not what the twins play to.
    monkeypatch.setattr(cli_device, "device_identity", lambda output: output.description)

    def calibrate(hearings: dict[str, Hearing], *arguments: str, real: bool = True) -> Result:
        def open_parts(names: tuple[str, ...], *_: object) -> CalibrationParts:
            rig = EarRig({name: hearings[name] for name in names}, passes_for_real=real)
            return CalibrationParts(rig.clock, rig.link, tuple(rig.outputs), MACHINE)

        monkeypatch.setattr(cli_device, "open_parts", open_parts)
        group = PlainGroup(commands={"calibrate": cli_device.calibrate_command})
        return CliRunner().invoke(group, ["calibrate", *arguments])

    return calibrate


def test_what_is_good_is_kept_for_this_device_and_machine(run: Run, device_file: Path) -> None:
    done = run(GOOD, "--port", "/dev/board")
    assert done.exit_code == 0, done.output
    config = load_config(device_file)
    for name, true_ms in (("sound", 4.0), ("led", 0.5)):
        latency = config.latency_of(name, f"simulated {name}", MACHINE.name)
        assert latency is not None
        assert latency.latency_ms == pytest.approx(true_ms, abs=0.1)
    assert str(device_file) in done.output


def test_json_tells_figures_with_units(run: Run) -> None:
    done = run(GOOD, "sound", "--port", "/dev/board", "--json")
    told = json.loads(done.stdout)["outputs"]
    assert set(told) == {"sound"}
    assert told["sound"]["kept"] is True
    assert told["sound"]["latency_ms"] == pytest.approx(4.0, abs=0.1)
    assert told["sound"]["heard_count"] == 50
    assert told["sound"]["refusals"] == []


def test_what_is_poor_is_refused_and_what_is_good_beside_it_kept(
    run: Run, device_file: Path
) -> None:
    done = run(LED_IS_POOR, "--port", "/dev/board")
    assert done.exit_code == 1
    assert "Not kept: The latency scatters" in " ".join(done.output.split())
    assert [latency.output for latency in load_config(device_file).latencies] == ["sound"]


def test_a_poor_measurement_leaves_an_older_good_one_alone(run: Run, device_file: Path) -> None:
    run(GOOD, "led", "--port", "/dev/board")
    before = device_file.read_bytes()
    assert run(LED_IS_POOR, "led", "--port", "/dev/board").exit_code == 1
    assert device_file.read_bytes() == before


def test_nothing_measured_on_twins_is_kept(run: Run, device_file: Path) -> None:
    done = run(GOOD, "--port", "/dev/board", real=False)
    assert done.exit_code == 1
    assert "simulated" in done.output
    assert not device_file.exists()


def test_the_rest_of_the_device_file_stays(run: Run, device_file: Path) -> None:
    save_config(device_file, DeviceConfig(sound_device="hifiberry", board_port="/dev/ttyAMA0"))
    assert run(GOOD, "led").exit_code == 0
    config = load_config(device_file)
    assert (config.sound_device, config.board_port) == ("hifiberry", "/dev/ttyAMA0")
    assert len(config.latencies) == 1


def test_without_a_board_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_device, "board_ports", lambda *_: [])
    done = run(GOOD)
    assert done.exit_code == 1
    assert "--port" in done.output


def test_two_lights_at_once_are_refused(run: Run, device_file: Path) -> None:
    done = run({"led": Hearing(), "ring": Hearing()}, "led", "ring", "--port", "/dev/board")
    assert done.exit_code == 1
    assert "one after the other" in done.output
    assert not device_file.exists()


@pytest.mark.parametrize("command", [cli_device.check, cli_device.calibrate_command])
def test_help_has_examples(command: Command) -> None:
    assert "Examples:" in CliRunner().invoke(command, ["--help"]).output
