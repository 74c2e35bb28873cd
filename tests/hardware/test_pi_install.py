"""Installing on a Pi, in a folder that stands for its system; nothing here has seen a real Pi."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from hardware.raspberry_pi import __main__ as command_line
from hardware.raspberry_pi.boot import BEGIN, Dac, Model
from hardware.raspberry_pi.errors import InstallError
from hardware.raspberry_pi.installer import (
    CONSOLE_UNIT,
    ENGINE_UNIT,
    PROJECT,
    RECORD,
    VENV,
    Command,
    Installer,
)

from support.pi import COMMAND_LINE, CONFIG

# --- into a folder and out again ------------------------------------------------------------


def tree(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every file and folder: rights and content."""
    return {
        str(path.relative_to(root)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in root.rglob("*")
    }


class System:
    """An installer for a folder, and what it would have run."""

    def __init__(self, root: Path) -> None:
        self.commands: list[Command] = []
        self.installer = Installer(root, self.commands.append)

    def install(self, model: Model | None = Model.PI_4) -> list[Path]:
        return self.installer.install(model, Dac.PCM5102A)


def test_installing_lists_what_it_writes_and_writes_nothing_else(root: Path) -> None:
    before = tree(root)
    listed = {str(path) for path in System(root).install()}
    after = tree(root)
    changed = {
        name
        for name, (_, content) in after.items()
        if content is not None and before.get(name, (0, None))[1] != content
    }
    assert changed == listed | {str(RECORD)}
    assert "etc/systemd/system/andante-engine.service" in listed
    for name in listed - set(before):
        assert after[name][0] == 0o644


def test_installing_twice_is_installing_once(root: Path) -> None:
    first = System(root).install()
    once = tree(root)
    assert System(root).install() == first
    assert tree(root) == once


@pytest.mark.parametrize("model", [*Model, None])
def test_uninstalling_leaves_everything_as_before(root: Path, model: Model | None) -> None:
    before = tree(root)
    System(root).install(model=model)
    System(root).install(model=Model.PI_3)
    assert tree(root) != before
    System(root).installer.uninstall()
    assert tree(root) == before


def test_what_people_made_stays(root: Path) -> None:
    System(root).install()
    with (root / "boot/firmware/config.txt").open("a") as config:
        config.write("gpu_mem=64\n")
    (root / "etc/andante").mkdir()
    (root / "etc/andante/engine.env").write_text("ANDANTE_PORT=/dev/ttyUSB1\n")
    session = root / "var/lib/andante/sessions/one.andante"
    recording = session.parent / "recordings/our-song.flac"
    recording.parent.mkdir(parents=True)
    for path in (session, recording):
        path.touch()
    System(root).installer.uninstall()
    assert session.exists()
    assert recording.exists()
    assert (root / "etc/andante/engine.env").exists()
    config_text = (root / "boot/firmware/config.txt").read_text()
    assert config_text == CONFIG + "[all]\ngpu_mem=64\n"
    assert (root / "boot/firmware/cmdline.txt").read_text() == COMMAND_LINE


def test_the_programs_go_with_the_rest(root: Path) -> None:
    System(root).install()
    (root / VENV / "bin").mkdir(parents=True)
    (root / VENV / "bin/andante").touch()
    System(root).installer.uninstall()
    assert not (root / "opt").exists()


def test_an_older_systems_boot_folder(root: Path) -> None:
    shutil.rmtree(root / "boot/firmware")
    listed = System(root).install()
    assert Path("boot/config.txt") in listed
    assert BEGIN in (root / "boot/config.txt").read_text()


def test_a_system_without_boot_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="--model none"):
        System(tmp_path).install()
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_uninstall_is_one_sentence(root: Path) -> None:
    before = tree(root)
    with pytest.raises(InstallError, match="not installed"):
        System(root).installer.uninstall()
    assert tree(root) == before


def test_engine_and_console_are_both_services(root: Path) -> None:
    system = System(root)
    listed = system.install()
    for unit in (ENGINE_UNIT, CONSOLE_UNIT):
        assert Path("etc/systemd/system", unit) in listed
    assert ("systemctl", "enable", ENGINE_UNIT, CONSOLE_UNIT) in system.commands
    assert ("systemctl", "restart", ENGINE_UNIT, CONSOLE_UNIT) in system.commands


def test_commands_come_in_an_order_that_works(root: Path) -> None:
    system = System(root)
    system.install()
    names = [" ".join(command[:2]) for command in system.commands]
    users = names.index("systemd-sysusers /etc/sysusers.d/andante.conf")
    folders = names.index("systemd-tmpfiles --create")
    programs = names.index(f"/{VENV}/bin/pip install")
    assert users < folders < programs < names.index("systemctl restart")
    assert names.index("systemctl daemon-reload") < names.index("systemctl restart")
    assert "systemctl disable" in names  # Bluetooth's service, whose serial port is taken away
    again = System(root)
    again.installer.uninstall()
    assert again.commands[:2] == [
        ("systemctl", "stop", CONSOLE_UNIT, ENGINE_UNIT),
        ("systemctl", "disable", CONSOLE_UNIT, ENGINE_UNIT),
    ]
    assert ("systemctl", "enable", "hciuart.service") in again.commands


def test_nothing_is_started_or_stopped_in_an_image_that_is_being_made(root: Path) -> None:
    shutil.rmtree(root / "run/systemd")
    system = System(root)
    system.install()
    system.installer.uninstall()
    asked = {command[1] for command in system.commands if command[0] in ("systemctl", "udevadm")}
    assert asked == {"enable", "disable"}


def test_pip_gets_a_copy_that_builds_and_never_the_users_own_tree(root: Path) -> None:
    found: list[tuple[Path, set[str]]] = []

    def run(command: Command) -> None:
        if "pip" in command[0]:
            source = Path(command[-1].partition("[")[0])
            found.append((source, {path.name for path in source.iterdir()}))

    Installer(root, run).install(Model.PI_5, Dac.NONE)
    ((source, names),) = found
    assert not source.is_relative_to(PROJECT)
    assert names == {"setup.cfg", "pyproject.toml", "README.md", "LICENSE", "firmware", "host"}
    assert not source.exists()


def test_a_command_that_fails_can_be_tried_again(root: Path) -> None:
    before = tree(root)

    def fail(command: Command) -> None:
        if "pip" in command[0]:
            raise InstallError("pip failed.")

    with pytest.raises(InstallError, match="pip"):
        Installer(root, fail).install(Model.PI_4, Dac.NONE)
    System(root).install()
    System(root).installer.uninstall()
    assert tree(root) == before


# --- the command ----------------------------------------------------------------------------


def test_the_command_says_what_it_wrote_and_what_it_left_out(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["install", "--root", str(root), "--model", "3"]) == 0
    told = capsys.readouterr().out
    assert "/etc/udev/rules.d/60-andante.rules" in told
    assert "not run: systemctl daemon-reload" in told
    assert command_line.main(["uninstall", "--root", str(root)]) == 0
    assert command_line.main(["uninstall", "--root", str(root)]) == 1
    assert capsys.readouterr().err.startswith("Error: Andante is not installed")


def test_a_folder_needs_a_model(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert command_line.main(["install", "--root", str(root)]) == 1
    assert "--model" in capsys.readouterr().err
    assert tree(root) == before


def test_without_root_rights_the_system_is_not_touched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(command_line, "Installer", lambda *_: None)  # whatever happens
    assert command_line.main(["install"]) == 1
    assert "sudo" in capsys.readouterr().err
