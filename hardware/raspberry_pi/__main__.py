"""`python3 -m hardware.raspberry_pi install|uninstall`, from the project's root."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from hardware.raspberry_pi.boot import Dac, Model, model_of
from hardware.raspberry_pi.errors import InstallError
from hardware.raspberry_pi.installer import Command, Installer

_MODEL_FILE = Path("/proc/device-tree/model")
_AUTO, _NO_MODEL = "auto", "none"


def main(arguments: list[str] | None = None) -> int:
    """Install or uninstall; 0 only when that was done. Errors are one sentence."""
    asked = _parser().parse_args(arguments)
    root = Path(asked.root).resolve()
    live = root == Path("/")
    installer = Installer(root, _run if live else _show)
    try:
        if live and os.geteuid() != 0:
            raise InstallError(
                "Installing changes the system and needs root; run it again with sudo."
            )
        if asked.action == "install":
            paths = installer.install(_model(asked.model, live), Dac(asked.dac))
        else:
            paths = installer.uninstall()
    except InstallError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    for path in paths:
        print(f"/{path}")
    if live and asked.action == "install":
        print(
            "Installed. Restart the Pi once. `sudo cat /var/lib/andante-console/"
            "first-run-secret.txt` then gives the secret that sets the therapist's page up "
            "(docs/console-setup.md); hardware/raspberry_pi/CHECKLIST.md says what to look at."
        )
    elif live:
        print(
            "Uninstalled; sessions and recordings are kept in /var/lib/andante/sessions. Restart "
            "the Pi once."
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m hardware.raspberry_pi",
        description="Put the trainer into this Raspberry Pi's system, or take it out again.",
    )
    parser.add_argument("action", choices=("install", "uninstall"))
    parser.add_argument(
        "--root", default="/", help="a folder that stands for the system; nothing is run then"
    )
    parser.add_argument(
        "--model",
        choices=(_AUTO, *Model, _NO_MODEL),
        default=_AUTO,
        help="for the boot settings; none leaves them alone",
    )
    parser.add_argument(
        "--dac", choices=tuple(Dac), default=Dac.PCM5102A, help="the I2S sound chip's overlay"
    )
    return parser


def _model(asked: str, live: bool) -> Model | None:
    if asked == _NO_MODEL:
        return None
    if asked != _AUTO:
        return Model(asked)
    if not live:
        raise InstallError("Say for which model with --model; a folder cannot tell.")
    try:
        description = _MODEL_FILE.read_text(errors="replace").rstrip("\0\n ")
    except OSError:
        raise InstallError(
            "This is no Raspberry Pi; with --model none everything but boot settings is installed."
        ) from None
    return model_of(description)


def _show(command: Command) -> None:
    print("not run: " + " ".join(command))


def _run(command: Command) -> None:
    print("+ " + " ".join(command))
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallError(f"`{' '.join(command)}` failed ({error}); see above.") from None


if __name__ == "__main__":
    sys.exit(main())
