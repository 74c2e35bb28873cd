"""The emulated Pi from the command line: `python -m emulated_pi --help`, with `tests` on the
path."""

from pathlib import Path

import click

from andante.errors import AndanteError
from andante.session.file import load_session
from emulated_pi.figures import report
from emulated_pi.image import image
from emulated_pi.walk import led_edges_of_walk


@click.group()
def main() -> None:
    """The whole trainer on an emulated Raspberry Pi."""


@main.command()
def build() -> None:
    """Build what QEMU boots, where it is not built already."""
    image(click.echo)


@main.command()
@click.option("--cues", type=int, default=200, show_default=True)
@click.option("--no-sound", is_flag=True, help="Leave the sound out.")
@click.option("--ring", is_flag=True, help="Ask for the LED ring as well.")
@click.option("--wall", is_flag=True, help="Idle time passes as on the wall: edges read sooner.")
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True)
def walk(cues: int, no_sound: bool, ring: bool, wall: bool, folder: Path) -> None:
    """Run a paced walk; the session and all else that it leaves go into the folder OUT."""
    done = led_edges_of_walk(folder, cues, sound=not no_sound, ring=ring, idle_leaps=not wall)
    click.echo(f"{done.session}\n{report(done, load_session(done.session))}")


if __name__ == "__main__":
    try:
        main(prog_name="python -m emulated_pi")
    except AndanteError as error:
        raise SystemExit(str(error)) from None
