"""Installing on a Pi, in a folder that stands for its system; nothing here has seen a real Pi."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hardware.raspberry_pi import __main__ as command_line
from hardware.raspberry_pi.boot import (
    BEGIN,
    END,
    Dac,
    Model,
    model_of,
    settings_for,
    with_console,
    with_settings,
    without_console,
    without_settings,
)
from hardware.raspberry_pi.errors import InstallError
from hardware.raspberry_pi.installer import (
    CONSOLE_UNIT,
    ENGINE_UNIT,
    FILES,
    PROJECT,
    RECORD,
    VENV,
    Command,
    Installer,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.realtime import LATENCY_REQUEST
from andante_host.cli_console import console as console_command
from andante_host.console.server import PING_S, SHUTDOWN_S

CONFIG = "# mine\ndtparam=audio=on\n\n[cm4]\notg_mode=1\n"
COMMAND_LINE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"
DESCRIPTIONS = {
    "Raspberry Pi 3 Model B Rev 1.2": Model.PI_3,
    "Raspberry Pi 3 Model B Plus Rev 1.3": Model.PI_3,
    "Raspberry Pi 3 Model A Plus Rev 1.0": Model.PI_3,
    "Raspberry Pi Compute Module 3 Plus Rev 1.0": Model.PI_3,
    "Raspberry Pi 4 Model B Rev 1.5": Model.PI_4,
    "Raspberry Pi 400 Rev 1.0": Model.PI_4,
    "Raspberry Pi Compute Module 4 Rev 1.1": Model.PI_4,
    "Raspberry Pi 5 Model B Rev 1.0": Model.PI_5,
    "Raspberry Pi 500 Rev 1.0": Model.PI_5,
    "Raspberry Pi Compute Module 5 Rev 1.0": Model.PI_5,
    "Raspberry Pi Zero 2 W Rev 1.0": Model.ZERO_2,
}

pure = settings(deadline=None, max_examples=60)  # a busy machine is no finding

# --- boot settings --------------------------------------------------------------------------


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_every_model_is_known_by_its_own_words(description: str) -> None:
    assert model_of(description) is DESCRIPTIONS[description]


@pytest.mark.parametrize(
    "description",
    ["Raspberry Pi Zero W Rev 1.1", "Raspberry Pi 2 Model B Rev 1.1", "Raspberry Pi 50", "PC", ""],
)
def test_other_computers_are_named(description: str) -> None:
    with pytest.raises(InstallError, match="--model"):
        model_of(description)


def test_the_settings_are_those_of_the_sources() -> None:
    header_uart = {"enable_uart=1", "dtoverlay=disable-bt"}
    assert set(settings_for(Model.PI_4, Dac.PCM5102A)) == header_uart | {
        "dtparam=spi=on",
        "dtoverlay=hifiberry-dac",
        "core_freq=500",
        "core_freq_min=500",
    }
    for model in (Model.PI_3, Model.ZERO_2):
        assert set(settings_for(model, Dac.NONE)) == header_uart | {
            "dtparam=spi=on",
            "core_freq=250",
        }
    assert set(settings_for(Model.PI_5, Dac.MAX98357A)) == {
        "dtparam=spi=on",
        "dtoverlay=max98357a",
        "dtoverlay=uart0-pi5",
    }


models = st.sampled_from(Model)
dacs = st.sampled_from(Dac)
lines = st.lists(
    st.one_of(
        st.sampled_from(["[all]", "[pi4]", "[cm4]", "", "dtparam=spi=off", "# note", END]),
        st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")),
    )
)
texts = st.builds(
    lambda parts, end, last: end.join([*parts, ""]) + last,
    lines,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "no end"]),
).filter(lambda text: BEGIN not in text)


@pure
@given(texts, models, dacs)
def test_everybody_elses_lines_survive_to_the_byte(text: str, model: Model, dac: Dac) -> None:
    inside = with_settings(text, settings_for(model, dac))
    assert inside.startswith(text)
    assert without_settings(inside) == text


@pure
@given(texts, models, models, dacs)
def test_installing_again_leaves_the_newest_settings_alone(
    text: str, first: Model, second: Model, dac: Dac
) -> None:
    once = with_settings(text, settings_for(second, dac))
    twice = with_settings(with_settings(text, settings_for(first, dac)), settings_for(second, dac))
    assert twice == once


@pure
@given(texts, texts, models)
def test_lines_written_after_ours_survive_and_mean_the_same(
    text: str, later: str, model: Model
) -> None:
    inside = with_settings(text, settings_for(model, Dac.NONE))
    left = without_settings(inside + later)
    assert section_of_lines(left) == section_of_lines(text, "\n", "[all]\n", later)


def section_of_lines(*pieces: str) -> list[tuple[str, str]]:
    """Every line that sets something, with the filter that it stands under."""
    section, found = "[all]", []
    for line in "".join(pieces).splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif line.strip():
            found.append((section, line))
    return found


def test_our_lines_hold_whatever_filter_stands_before_them() -> None:
    inside = with_settings(CONFIG, settings_for(Model.PI_4, Dac.PCM5102A))
    ours = [found for found in section_of_lines(inside) if found[1] == "core_freq=500"]
    assert ours == [("[all]", "core_freq=500")]


def test_a_torn_block_is_left_to_a_person() -> None:
    with pytest.raises(InstallError, match="by hand"):
        without_settings(f"{BEGIN}\ndtparam=spi=on\nmine=1\n")


OTHER_WORDS = ["console=tty1", "quiet", ""]
CONSOLES = ["console=serial0,115200", "console=ttyAMA0,115200", "console=ttyS0"]


@pure
@given(
    st.lists(st.sampled_from(OTHER_WORDS)),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(CONSOLES)), unique_by=lambda c: c[1]),
    st.sampled_from(Model),
    st.sampled_from(["\n", ""]),
)
def test_the_command_line_comes_back_as_it_was(
    others: list[str], consoles: list[tuple[int, str]], model: Model, end: str
) -> None:
    others = ["root=/dev/x", *others]
    words = list(others)
    for place, console in consoles:
        words.insert(place, console)
    text = " ".join(words) + end
    without, taken = without_console(text, model)
    assert "console=ttyAMA0" not in without
    left = [word for word in without.removesuffix("\n").split(" ") if word not in CONSOLES]
    assert [word for word in left if word] == [word for word in others if word]
    assert with_console(without, taken) == text


def test_the_console_leaves_the_header_but_not_the_connector_of_a_pi_5() -> None:
    assert without_console(COMMAND_LINE, Model.PI_3)[0].startswith("console=tty1 ")
    assert without_console(COMMAND_LINE, Model.PI_5)[0] == COMMAND_LINE


# --- into a folder and out again ------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A new Raspberry Pi OS, as far as the installer looks at it."""
    root = tmp_path / "root"
    for name, text in {
        "boot/firmware/config.txt": CONFIG,
        "boot/firmware/cmdline.txt": COMMAND_LINE,
        "boot/config.txt": "# moved to firmware/\n",
        "etc/udev/rules.d/10-mine.rules": "# mine\n",
        "lib/systemd/system/hciuart.service": "[Service]\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "run/systemd/system").mkdir(parents=True)
    return root


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
    session.parent.mkdir(parents=True)
    session.touch()
    System(root).installer.uninstall()
    assert session.exists()
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


# --- the files, by the tools that read them --------------------------------------------------


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
    System(root).install()
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
    assert "ReadWritePaths" not in console
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
