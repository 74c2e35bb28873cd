"""The files that are installed on a Pi, by the tools that read them; none has seen a real Pi."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hardware.raspberry_pi.boot import Dac, Model
from hardware.raspberry_pi.installer import CONSOLE_UNIT, ENGINE_UNIT, FILES, VENV, Installer

from andante.realtime import LATENCY_REQUEST
from andante_host.cli_console import console as console_command
from andante_host.console.server import PING_S, SHUTDOWN_S

RECORDINGS = "var/lib/andante/sessions/recordings"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def staged(root: Path) -> Path:
    """Installed, with programs and the system's own targets in name."""
    Installer(root, lambda _: None).install(Model.PI_4, Dac.PCM5102A)
    for program in ("andante", "andante-host"):
        path = root / VENV / "bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    units = root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for target in ("sysinit", "basic", "shutdown", "multi-user", "network", "sound"):
        (units / f"{target}.target").write_text("[Unit]\n")
    (units / "system.slice").write_text("[Slice]\n")
    return root


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", [ENGINE_UNIT, CONSOLE_UNIT])
def test_systemd_understands_every_line_of_the_services(staged: Path, unit: str) -> None:
    check = ("systemd-analyze", "verify", "--man=no", f"--root={staged}", unit)
    assert run(*check) == ""
    with (staged / "etc/systemd/system" / unit).open("a") as file:
        file.write("[Service]\nNoSuchSetting=1\n")
    assert "NoSuchSetting" in run(*check)  # the check sees what is wrong


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", [ENGINE_UNIT, CONSOLE_UNIT])
def test_the_services_have_few_rights(staged: Path, unit: str) -> None:
    """systemd's own score, 0 to 10; 10 is a service with every right."""
    told = run("systemd-analyze", "security", "--offline=true", f"--root={staged}", unit)
    score = float(told.partition(f"exposure level for {unit}: ")[2].split()[0])
    assert score <= 2.0


def settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (FILES / "etc/systemd/system" / unit).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_hardening_leaves_pins_sound_and_real_time_alone() -> None:
    engine = settings_of(ENGINE_UNIT)
    taken_away = {"PrivateDevices", "DevicePolicy", "ProtectClock", "ProcSubset", "PrivateUsers"}
    assert not taken_away & set(engine)
    assert "RestrictRealtime" not in engine
    assert engine["LimitMEMLOCK"] == ["infinity"]
    assert int(engine["LimitRTPRIO"][0]) > 0
    assert engine["Type"] == ["notify"]
    assert engine["WatchdogSec"] == ["10"]
    assert engine["Restart"] == ["on-failure"]
    assert set(engine["SupplementaryGroups"][0].split()) == {"gpio", "spi", "audio", "dialout"}


def test_the_console_goes_last_and_has_no_right_but_its_ports() -> None:
    console = settings_of(CONSOLE_UNIT)
    assert console["CapabilityBoundingSet"] == ["CAP_NET_BIND_SERVICE"]
    assert console["AmbientCapabilities"] == ["CAP_NET_BIND_SERVICE"]
    assert console["ProtectSystem"] == ["strict"]
    # Of the engine's folders one alone, which tmpfiles makes.
    assert console["ReadWritePaths"] == [f"-/{RECORDINGS}"]
    assert "PrivateDevices" in console
    assert "RestrictRealtime" in console
    assert int(console["Nice"][0]) > 0
    assert int(console["CPUWeight"][0]) < 100 > int(console["IOWeight"][0])
    assert int(console["OOMScoreAdjust"][0]) > 0
    assert int(console["WatchdogSec"][0]) >= 5 * PING_S
    assert SHUTDOWN_S < 3 < int(console["TimeoutStopSec"][0])


def test_the_console_is_given_only_what_its_command_knows() -> None:
    known = {option.envvar for option in console_command.params}
    given = {line.partition("=")[0] for line in settings_of(CONSOLE_UNIT)["Environment"]}
    assert given - {"TMPDIR"} <= known
    assert "ANDANTE_CONSOLE_PORT" in given


@needs("systemd-sysusers")
def test_the_users_and_their_groups(staged: Path) -> None:
    run("systemd-sysusers", f"--root={staged}", "andante.conf")
    groups = {
        fields[0]: fields[3].split(",")
        for fields in (line.split(":") for line in (staged / "etc/group").read_text().split())
    }
    for group in ("gpio", "spi", "audio", "dialout"):
        assert groups[group] == ["andante"]
    assert groups["andante"] == ["andante-console"]
    shells = [
        line.rsplit(":", 1)[1] for line in (staged / "etc/passwd").read_text().split("\n")[:-1]
    ]
    assert all(shell.endswith("nologin") for shell in shells)


@needs("systemd-sysusers", "systemd-tmpfiles")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give folders to their users")
def test_the_folders_and_who_may_look_into_them(staged: Path) -> None:
    run("systemd-sysusers", f"--root={staged}", "andante.conf")
    run("systemd-tmpfiles", f"--root={staged}", "--create", "andante.conf")
    user, group = next(
        line.split(":")[2:4]
        for line in (staged / "etc/passwd").read_text().splitlines()
        if line.startswith("andante:")
    )
    for name, mode in {
        "run/andante": 0o750,
        "var/lib/andante": 0o750,
        "var/lib/andante/sessions": 0o2750,
        RECORDINGS: 0o2770,
    }.items():
        status = (staged / name).stat()
        assert stat.S_IMODE(status.st_mode) == mode
        assert (status.st_uid, status.st_gid) == (int(user), int(group))


@needs("udevadm", "unshare")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a /etc/udev of its own")
def test_udev_understands_every_rule() -> None:
    """udev reads the rules where they belong, but in a mount namespace of its own, with the
    group that the installer makes before.
    """
    rules = FILES / "etc/udev/rules.d/60-andante.rules"
    script = (
        "mount -t tmpfs none /etc/udev && mount -t tmpfs none /run && mkdir /etc/udev/rules.d && "
        "cp /etc/group /run/group && echo andante:x:994: >> /run/group && "
        "mount --bind /run/group /etc/group && "
        '{ cat "$0"; printf "%s" "$1"; } > /etc/udev/rules.d/60-andante.rules && '
        "udevadm test --action=add /sys/class/tty/tty 2>&1"
    )

    def complaints(more: str) -> list[str]:
        asked = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, rules, more],
            capture_output=True,
            text=True,
            check=False,
        )
        if "Reading rules file: /etc/udev/rules.d/60-andante.rules" not in asked.stdout:
            pytest.skip("udev cannot be asked in this container")
        return [
            line
            for line in asked.stdout.splitlines()
            if "60-andante.rules" in line and not line.startswith("Reading rules file")
        ]

    assert complaints("") == []
    assert len(complaints('NOSUCHKEY=="1", SYMLINK+="x"\n')) == 1


def test_every_serial_chip_gets_the_boards_name() -> None:
    rules = (FILES / "etc/udev/rules.d/60-andante.rules").read_text().splitlines()
    naming = [rule for rule in rules if 'SYMLINK+="andante-board"' in rule]
    for vendor, product in (("0403", "6001"), ("0403", "6015"), ("1a86", "7523")):
        assert any(vendor in rule and product in rule for rule in naming)
    priorities = {"ttyAMA0" in rule: rule for rule in naming}
    assert "link_priority=-10" in priorities[True]
    assert "link_priority=10" in priorities[False]
    assert any('ATTR{latency_timer}="1"' in rule and "ftdi_sio" in rule for rule in rules)


def test_the_engines_group_may_ask_for_wakeful_processors() -> None:
    rules = (FILES / "etc/udev/rules.d/60-andante.rules").read_text().splitlines()
    (rule,) = (rule for rule in rules if f'KERNEL=="{LATENCY_REQUEST.name}"' in rule)
    assert 'GROUP="andante"' in rule
    assert 'MODE="0660"' in rule
