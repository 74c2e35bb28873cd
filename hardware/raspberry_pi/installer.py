"""What installing and uninstalling do, in a system or in a folder that stands for one."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hardware.raspberry_pi.boot import (
    Dac,
    Model,
    TakenWord,
    settings_for,
    with_console,
    with_settings,
    without_console,
    without_settings,
)
from hardware.raspberry_pi.errors import InstallError

FILES = Path(__file__).parent / "files"
PROJECT = Path(__file__).parents[2]
PREFIX = Path("opt/andante")
VENV = PREFIX / "venv"
RECORD = PREFIX / "installed.json"
ENGINE_UNIT = "andante-engine.service"
CONSOLE_UNIT = "andante-console.service"
BLUETOOTH_UNIT = "hciuart.service"
_BUILT_FROM = (
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "firmware/andante",
    "host/andante_host",
)
# Raspberry Pi OS 12 and newer keep the boot files in the first, older ones in the second.
_BOOT_FOLDERS = (Path("boot/firmware"), Path("boot"))

Command = tuple[str, ...]


@dataclass
class Record:
    """What an installation did, so that exactly that can be undone."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    console_words: list[TakenWord] = field(default_factory=list)
    bluetooth_disabled: bool = False


class Installer:
    """Puts the trainer into the system below `root`, and takes it out again."""

    def __init__(self, root: Path, run: Callable[[Command], None]) -> None:
        """`run` carries out a command on the live system, or only notes it where `root` is a
        folder that stands for a system; it raises InstallError where the command fails.
        """
        self._root = root
        self._run = run

    def install(self, model: Model | None, dac: Dac) -> list[Path]:
        """Install, or bring up to date; the files written, relative to the root.

        `model` None: no boot settings, on a computer that is no Raspberry Pi. Raises InstallError.
        """
        config = None if model is None else self._config_file()
        record = self._read_record() or Record()
        written = list(self._sources())
        for path in written:
            self._put(path, (FILES / path).read_bytes(), record)
        readme = PREFIX / "README.md"
        self._put(readme, (Path(__file__).parent / "README.md").read_bytes(), record)
        written.append(readme)
        if model is not None and config is not None:
            written += self._set_boot_files(config, settings_for(model, dac), model, record)
        self._write_record(record)
        self._do("systemd-sysusers", "/etc/sysusers.d/andante.conf")
        self._do("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/andante.conf")
        self._do("python3", "-m", "venv", f"/{VENV}")
        with _copied_project() as source:
            self._do(f"/{VENV}/bin/pip", "install", "--upgrade", f"{source}[pi,host,console]")
        units = (ENGINE_UNIT, CONSOLE_UNIT)
        self._do("systemctl", "enable", *units)
        if self._booted:
            self._do("udevadm", "control", "--reload")
            matches = [f"--subsystem-match={name}" for name in ("tty", "usb-serial", "misc")]
            self._do("udevadm", "trigger", *matches)
            self._do("systemctl", "daemon-reload")
            self._do("systemctl", "restart", *units)
        return sorted(written)

    def uninstall(self) -> list[Path]:
        """Undo an installation; the files taken away, relative to the root. Sessions stay.

        Raises InstallError where there is none.
        """
        record = self._read_record()
        if record is None:
            raise InstallError(f"Andante is not installed in {self._root}: no {RECORD} is there.")
        units = [Path(name).name for name in record.files if name.endswith(".service")]
        if self._booted:
            self._do("systemctl", "stop", *units)
        self._do("systemctl", "disable", *units)
        if record.bluetooth_disabled:
            self._do("systemctl", "enable", BLUETOOTH_UNIT)
        self._reset_boot_files(record)
        removed = [Path(name) for name in record.files]
        for path in removed:
            self._at(path).unlink(missing_ok=True)
        self._at(RECORD).unlink()
        if self._at(VENV).exists():
            shutil.rmtree(self._at(VENV))
        for folder in sorted(record.folders, key=len, reverse=True):
            self._remove_folder(Path(folder))
        if self._booted:
            self._do("udevadm", "control", "--reload")
            self._do("systemctl", "daemon-reload")
        return sorted(removed)

    @property
    def _booted(self) -> bool:
        """Whether systemd runs there, as sd_booted(3) finds out; not in an image being made."""
        return self._at(Path("run/systemd/system")).is_dir()

    # --- files ----------------------------------------------------------------------------

    def _at(self, path: Path) -> Path:
        return self._root / path

    def _sources(self) -> Iterator[Path]:
        return (path.relative_to(FILES) for path in sorted(FILES.rglob("*")) if path.is_file())

    def _put(self, path: Path, content: bytes, record: Record) -> None:
        """Write a file of ours, 0644, whole or not at all."""
        self._make_folders(path.parent, record)
        _replace(self._at(path), content)
        if str(path) not in record.files:
            record.files.append(str(path))

    def _make_folders(self, folder: Path, record: Record) -> None:
        for part in reversed((folder, *folder.parents)):
            if not self._at(part).is_dir():
                self._at(part).mkdir()
                self._at(part).chmod(0o755)
                record.folders.append(str(part))

    def _remove_folder(self, folder: Path) -> None:
        """Only where nobody has put anything into it since."""
        if self._at(folder).is_dir() and not any(self._at(folder).iterdir()):
            self._at(folder).rmdir()

    # --- boot files -----------------------------------------------------------------------

    def _boot_file(self, name: str) -> Path | None:
        for folder in _BOOT_FOLDERS:
            if self._at(folder / name).is_file():
                return folder / name
        return None

    def _config_file(self) -> Path:
        config = self._boot_file("config.txt")
        if config is None:
            raise InstallError(
                f"There is no boot/firmware/config.txt below {self._root}; is this a Raspberry "
                "Pi's system? With --model none boot settings are left alone."
            )
        return config

    def _set_boot_files(
        self, config: Path, lines: tuple[str, ...], model: Model, record: Record
    ) -> list[Path]:
        self._edit(config, lambda text: with_settings(text, lines))
        changed = [config]
        command_line = self._boot_file("cmdline.txt")
        if command_line is not None:
            _, taken = without_console(_read(self._at(command_line)), model)
            if taken:
                record.console_words += taken
                self._edit(command_line, lambda text: without_console(text, model)[0])
            if record.console_words:
                changed.append(command_line)
        # Without Bluetooth on the serial port its service would fail at every start.
        unit = Path("lib/systemd/system") / BLUETOOTH_UNIT
        if "dtoverlay=disable-bt" in lines and self._at(unit).exists():
            record.bluetooth_disabled = True
            self._do("systemctl", "disable", BLUETOOTH_UNIT)
        return changed

    def _reset_boot_files(self, record: Record) -> None:
        config = self._boot_file("config.txt")
        if config is not None:
            self._edit(config, without_settings)
        command_line = self._boot_file("cmdline.txt")
        if command_line is not None:
            self._edit(command_line, lambda text: with_console(text, record.console_words))

    def _edit(self, path: Path, change: Callable[[str], str]) -> None:
        old = _read(self._at(path))
        new = change(old)
        if new != old:
            _replace(self._at(path), new.encode("utf-8", "surrogateescape"))

    # --- the record, and commands ---------------------------------------------------------

    def _read_record(self) -> Record | None:
        path = self._at(RECORD)
        if not path.is_file():
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        words = [TakenWord(**word) for word in content.pop("console_words")]
        return Record(**content, console_words=words)

    def _write_record(self, record: Record) -> None:
        self._make_folders(PREFIX, record)
        text = json.dumps(asdict(record), indent=1) + "\n"
        _replace(self._at(RECORD), text.encode())

    def _do(self, *command: str) -> None:
        self._run(command)


@contextmanager
def _copied_project() -> Iterator[Path]:
    """What pip builds from, apart from the user's own tree: it leaves files there, root's here."""
    with tempfile.TemporaryDirectory(prefix="andante-install-") as folder:
        for name in _BUILT_FROM:
            source, target = PROJECT / name, Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        yield Path(folder)


def _read(path: Path) -> str:
    """A file's text with its own line ends, and bytes that are no UTF-8 kept as they are."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _replace(path: Path, content: bytes) -> None:
    """Write the new file whole and to the disk before it takes the old one's name."""
    temporary = path.with_name(f".{path.name}.andante-new")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InstallError(f"{path} cannot be written: {error.strerror}.") from None
