"""`andante check` as a whole: every part, one verdict on all, and what the command prints."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from andante import cli_device, device_check
from andante.checks.finding import Finding, Verdict, finding_of_error, nothing_failed
from andante.config import DeviceConfig
from andante.device_check import PARTS
from andante.errors import OutputError
from andante.machine import Machine
from andante.plain_cli import PlainGroup
from andante.simulated.outputs import SimulatedOutput
from support.board import SimulatedRig

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
