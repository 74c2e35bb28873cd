"""Debian for arm64 as QEMU's raspi3b boots it: kernel, device tree, file system, trainer.

Built from the package sources that this machine's own apt and pip are set to, in a folder that
may be thrown away. Nothing is installed on this machine, and nothing of it needs root.
"""

import configparser
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from andante.errors import AndanteError

PROJECT = Path(__file__).parents[2]
CACHE = PROJECT / ".cache" / "emulated_pi"
GUEST = Path(__file__).parent / "guest"
TRAINER_SOURCES = (
    "firmware/andante",
    "host/andante_host",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)

PACKAGES = (
    "alsa-utils",  # its arecord takes the sound from the loopback
    "busybox-static",
    "kmod",
    "libgomp1",  # numpy's wheel wants it
    "python3",
    "python3-pyaudio",  # has no wheel for arm64
)
KERNEL = "linux-image-arm64"
# The SD card, rebooting, ext4 and the checksum it asks for, the sound loopback.
MODULES = ("bcm2835", "bcm2835_wdt", "ext4", "crc32c_generic", "snd-aloop")
DEVICE_TREE = "bcm2837-rpi-3-b.dtb"
REVISION = "0xa02082"  # of a Raspberry Pi 3B; a real one's boot loader passes it on
WITHOUT_WHEEL = ("pyaudio", "rpi-ws281x")  # the first is Debian's; the other drives SPI, not here
TARGET = {"platform_machine": "aarch64"}
GLIBC_MINORS = range(17, 37)  # manylinux_2_NN up to Debian 12's
UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/i18n", "usr/lib/udev")
SITE = "usr/lib/python3/dist-packages"

TOOLS = {
    "qemu-system-aarch64": "qemu-system-arm",
    "fdtput": "device-tree-compiler",
    "cpio": "cpio",
    "modinfo": "kmod",
    "mkfs.ext4": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
}
_SYSTEM_FOLDERS = "/usr/sbin:/sbin"  # not on everybody's PATH


class EmulationError(AndanteError):
    """The emulated Raspberry Pi cannot be built or run."""


@dataclass(frozen=True)
class Image:
    """What QEMU boots."""

    kernel: Path
    device_tree: Path
    initrd: Path


def tool(name: str) -> str:
    """The program's path. Raises EmulationError where it is not installed."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if path is None:
        raise EmulationError(f"The emulated Pi needs {name}; install {TOOLS[name]}.")
    return path


def run_tool(name: str, *arguments: str | Path, **options: object) -> str:
    """Run a tool and return what it printed. Raises EmulationError with its last words."""
    return _run([tool(name), *map(str, arguments)], **options)


def why_no_pi() -> str | None:
    """What is missing to build or run the emulated Pi, in words, or None."""
    if platform.freedesktop_os_release().get("ID") != "debian":
        return "the emulated Pi is made of Debian's packages, and this machine does not run Debian"
    missing = []
    for name, package in TOOLS.items():
        try:
            tool(name)
        except EmulationError:
            missing.append(package)
    if missing:
        return f"the emulated Pi needs Debian's {', '.join(sorted(set(missing)))}"
    return None


def image(say: Callable[[str], None] = lambda _: None) -> Image:
    """The image; built where the cache has none for these inputs. Raises EmulationError.

    `say` gets a sentence before whatever takes its time: the first time some 110 MB are
    downloaded. The trainer's part is made anew whenever the project's source has changed.
    """
    missing = why_no_pi()
    if missing is not None:
        raise EmulationError(f"The Raspberry Pi cannot be emulated: {missing}.")
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        requirements = _requirements()
        release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
        key = _digest([Path(__file__)], [release, *requirements])
        say_system = "Downloading and unpacking Debian for arm64."
        system = _cached(f"system-{key}", say_system, say, lambda at: _system(at, requirements))
        sources = [f for name in TRAINER_SOURCES for f in _files(PROJECT / name)]
        key = _digest([*sources, *_files(GUEST)], [key])
        say_trainer = "Building the trainer's package for it."
        trainer = _cached(f"trainer-{key}", say_trainer, say, lambda at: _trainer(at, system))
    return Image(system / "kernel", system / "pi.dtb", trainer / "initrd")


# --- the cache ------------------------------------------------------------------------------


def _cached(
    name: str, sentence: str, say: Callable[[str], None], build: Callable[[Path], None]
) -> Path:
    """The cache's folder `name`, made by `build` if need be; others of its kind go."""
    folder = CACHE / name
    if folder.is_dir():
        return folder
    say(sentence)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="building-") as building:
        made = Path(building) / "made"
        made.mkdir()
        build(made)
        for old in CACHE.glob(f"{name.partition('-')[0]}-*"):
            shutil.rmtree(old)
        made.rename(folder)
    return folder


def _digest(files: Iterable[Path], words: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join(words).encode())
    for file in files:
        digest.update(f"{file.relative_to(PROJECT)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)


def _run(command: Sequence[str], **options: object) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if ran.returncode:
        last = (ran.stderr or ran.stdout).strip().splitlines()[-1:] or ["nothing"]
        name = Path(command[0]).name
        raise EmulationError(
            f"The emulated Pi cannot be built: {name} failed and says: {last[0]} Look there first."
        )
    return str(ran.stdout)


# --- the system -----------------------------------------------------------------------------


def _system(made: Path, requirements: Sequence[str]) -> None:
    """Kernel, device tree and `system.cpio` into the folder `made`."""
    with tempfile.TemporaryDirectory(dir=made, prefix="parts-") as name:
        parts = Path(name)
        root, kernel = parts / "root", parts / "kernel"
        apt = _PrivateApt(parts / "apt")
        apt.unpack(apt.closure(PACKAGES), root)
        apt.unpack(apt.depends(KERNEL), kernel)
        _merge_usr(root)
        for unused in UNUSED:
            shutil.rmtree(root / unused, ignore_errors=True)
        _install_wheels(root, requirements, parts / "wheels")
        _copy_modules(kernel, root)
        _compile(root)
        shutil.move(next((kernel / "boot").glob("vmlinuz-*")), made / "kernel")
        _device_tree(next(kernel.rglob(DEVICE_TREE)), made / "pi.dtb")
        _pack(root, made / "system.cpio")


class _PrivateApt:
    """apt for arm64 with a state of its own, in which nothing is installed."""

    def __init__(self, folder: Path) -> None:
        self._archives = folder / "cache" / "archives"
        for needed in (folder / "lists" / "partial", self._archives / "partial"):
            needed.mkdir(parents=True)
        (folder / "status").touch()
        options = {
            "APT::Architecture": "arm64",
            "APT::Architectures": "arm64",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "",
            "Dir::State": folder,
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
        }
        self._options = [word for k, v in options.items() for word in ("-o", f"{k}={v}")]
        self._get("update")

    def _get(self, *words: str, **options: object) -> str:
        return run_tool("apt-get", "-qq", "-y", *self._options, *words, **options)

    def closure(self, packages: Sequence[str]) -> list[Path]:
        """Download the packages and all that they depend on."""
        self._get("install", "--download-only", *packages)
        return sorted(self._archives.glob("*.deb"))

    def depends(self, package: str) -> list[Path]:
        """Download what a package that is empty itself stands for, and nothing else."""
        cache = str(Path(tool("apt-get")).with_name("apt-cache"))
        printed = _run([cache, *self._options, "depends", package])
        names = re.findall(r"^\s*Depends: ([^<>\s]+)$", printed, re.MULTILINE)
        folder = self._archives.parent / package
        folder.mkdir()
        self._get("download", *names, cwd=folder)
        return sorted(folder.glob("*.deb"))

    @staticmethod
    def unpack(packages: Iterable[Path], root: Path) -> None:
        """Lay the packages' files into `root`; their scripts do not run."""
        for package in packages:
            run_tool("dpkg-deb", "-x", package, root)


def _merge_usr(root: Path) -> None:
    """/bin, /sbin and /lib as links into /usr, which no unpacked package makes."""
    for name in ("bin", "sbin", "lib"):
        if (root / name).is_dir() and not (root / name).is_symlink():
            shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(root / name)
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def _requirements() -> list[str]:
    """What the trainer needs on a Pi, as setup.cfg says, but for what pip would have to build."""
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    lines = setup["options"]["install_requires"] + setup["options.extras_require"]["pi"]
    needed = [Requirement(line) for line in lines.splitlines() if line.strip()]
    return sorted(
        f"{each.name}{each.specifier}"
        for each in needed
        if each.name not in WITHOUT_WHEEL and (each.marker is None or each.marker.evaluate(TARGET))
    )


def _install_wheels(root: Path, requirements: Sequence[str], folder: Path) -> None:
    version = next((root / "usr" / "bin").glob("python3.*")).name.removeprefix("python")
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in reversed(GLIBC_MINORS)]
    abi = "cp" + version.replace(".", "")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "download"]
    target = [f"--python-version={version}", "--implementation=cp", f"--abi={abi}", "--abi=none"]
    words = [*platforms, "--platform=manylinux2014_aarch64", *target, f"--dest={folder}"]
    _run([*pip, "--only-binary=:all:", *words, *requirements])
    for wheel in folder.glob("*.whl"):
        shutil.unpack_archive(wheel, root / SITE, "zip")
    for tests in (root / SITE / "numpy").rglob("tests"):
        shutil.rmtree(tests)


def _copy_modules(kernel: Path, root: Path) -> None:
    """The modules and what they depend on; the Pi makes their table when it boots."""
    tree = next((kernel / "lib" / "modules").iterdir())
    files = {file.name.partition(".ko")[0].replace("-", "_"): file for file in tree.rglob("*.ko*")}
    wanted = {name.replace("-", "_") for name in MODULES}
    copied: set[str] = set()
    while wanted - copied:
        name = min(wanted - copied)
        copied.add(name)
        for field in ("depends", "softdep"):
            words = run_tool("modinfo", "-F", field, files[name])
            found = (word.replace("-", "_") for word in re.split(r"[,\s]+", words))
            wanted.update(word for word in found if word in files)
        target = root / "usr/lib/modules" / tree.name / files[name].relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files[name], target)
    for table in ("modules.builtin", "modules.order"):
        shutil.copy(tree / table, root / "usr/lib/modules" / tree.name)


def _device_tree(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    run_tool("fdtput", "-r", target, "/soc/serial@7e201000/bluetooth")  # it claims the UART
    run_tool("fdtput", "-c", target, "/system")
    run_tool("fdtput", "-t", "x", target, "/system", "linux,revision", REVISION)


# --- the trainer ----------------------------------------------------------------------------


def _trainer(made: Path, system: Path) -> None:
    """`initrd`: the system, and after it the trainer as pip would install it, into `made`."""
    with tempfile.TemporaryDirectory(dir=made, prefix="parts-") as name:
        parts = Path(name)
        source, root = parts / "source", parts / "root"
        for wanted in TRAINER_SOURCES:
            target = source / wanted
            target.parent.mkdir(parents=True, exist_ok=True)
            for file in _files(PROJECT / wanted):
                copy = target / file.relative_to(PROJECT / wanted)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "wheel"]
        _run([*pip, "--no-deps", f"--wheel-dir={parts}", str(source)])
        shutil.unpack_archive(next(parts.glob("*.whl")), root / SITE, "zip")
        _compile(root)
        shutil.copytree(GUEST, root, dirs_exist_ok=True)
        _pack(root, parts / "trainer.cpio")
        with (made / "initrd").open("wb") as initrd:
            for part in (system / "system.cpio", parts / "trainer.cpio"):
                with part.open("rb") as archive:
                    shutil.copyfileobj(archive, initrd)


def _compile(root: Path) -> None:
    """Byte code for the Pi's Python, which is this Debian's own too: importing is slow enough."""
    mode = ("--invalidation-mode", "unchecked-hash")
    _run(["/usr/bin/python3", "-m", "compileall", "-q", *mode, "-j", "2", str(root / "usr/lib")])


def _pack(root: Path, archive: Path) -> None:
    names = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    packing = ("-o", "-H", "newc", "-R", "0:0", "--quiet", "-O", archive.resolve())
    run_tool("cpio", *packing, cwd=root, input=names)
