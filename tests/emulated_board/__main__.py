"""The emulated board from the command line: `python -m emulated_board --help`, with `tests` on
the path."""

from contextlib import closing
from pathlib import Path

import click

from andante.errors import AndanteError, BoardError
from andante.signal_file import read_force
from andante.timebase import NS_PER_S, MonotonicClock
from emulated_board.chip import CLOCK_HZ, Chip, firmware_elf, why_no_chip, why_no_firmware
from emulated_board.real_time import pty_port
from emulated_board.session import play as play_recording

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """The sensor board's real firmware on an emulated ATmega328P."""


@main.command()
@click.argument("force", type=_FILE)
@click.option("--out", "session", type=_FILE, required=True, help="The session file to make.")
def play(force: Path, session: Path) -> None:
    """Play the force file FORCE through the chip as fast as it runs.

    \b
    Example:
      python -m emulated_board play walk.csv --out walk.andante
    """
    recording = read_force(force)
    with closing(Chip(_elf())) as chip:
        link_counts = play_recording(recording, session, chip)
        counts = chip.counts
    load_percent = 100 * (1 - counts.slept_cycles / counts.cycle)
    click.echo(
        f"{session}: {link_counts.events_received} events in "
        f"{counts.cycle / CLOCK_HZ:.0f} s of the chip's time; its processor was busy for "
        f"{load_percent:.0f} % of it."
    )


@main.command()
@click.option("--force", type=_FILE, help="A force file to play at the feet, from the start on.")
def port(force: Path | None) -> None:
    """Run the chip in real time behind a pseudo-terminal until Ctrl-C.

    \b
    Example:
      python -m emulated_board port --force walk.csv
      andante run plan.toml --port PATH        (in another window, with the path it says)
    """
    recording = None if force is None else read_force(force)
    clock = MonotonicClock()
    with closing(Chip(_elf())) as chip, pty_port(chip, clock) as (pty, board):
        if recording is not None:
            board.connect(recording, clock.now_ns())
        click.echo(f"The emulated board is at {pty.path}; Ctrl-C ends it.")
        try:
            while True:
                clock.sleep_until_ns(clock.now_ns() + NS_PER_S)
        except KeyboardInterrupt:
            click.echo("")


def _elf() -> Path:
    missing = why_no_chip() or why_no_firmware()
    if missing is not None:
        raise BoardError(f"The board cannot be emulated: {missing}.")
    return firmware_elf()


if __name__ == "__main__":
    try:
        main(prog_name="python -m emulated_board", standalone_mode=True)
    except AndanteError as error:
        raise SystemExit(str(error)) from None
