"""The command `andante serve`."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import click

from andante.config import config_path, load_config
from andante.control import DEFAULT_SOCKET
from andante.controls.buttons import Buttons
from andante.errors import AndanteError
from andante.machine import this_machine
from andante.notify import Notifier
from andante.plan import load_plan
from andante.serve import Engine, ServeSettings
from andante.timebase import MonotonicClock


@click.command()
@click.option(
    "--socket",
    "socket_path",
    type=click.Path(path_type=Path),
    default=DEFAULT_SOCKET,
    show_default=True,
    envvar="ANDANTE_SOCKET",
    show_envvar=True,
    help="Where to listen.",
)
@click.option(
    "--port",
    metavar="DEV",
    envvar="ANDANTE_PORT",
    show_envvar=True,
    help="Serial device of the sensor board; else the one in the device file.",
)
@click.option(
    "--out",
    "out_dir",
    type=click.Path(path_type=Path),
    default=Path("sessions"),
    show_default=True,
    envvar="ANDANTE_SESSIONS",
    show_envvar=True,
    help="Where session files go.",
)
@click.option(
    "--button-plan",
    metavar="PLAN.toml",
    type=click.Path(path_type=Path),
    envvar="ANDANTE_BUTTON_PLAN",
    show_envvar=True,
    help="What a press of the start button begins.",
)
@click.option(
    "--attended",
    is_flag=True,
    envvar="ANDANTE_ATTENDED",
    show_envvar=True,
    help="Someone is beside the patient whenever the button begins a walk.",
)
def serve(
    socket_path: Path, port: str | None, out_dir: Path, button_plan: Path | None, attended: bool
) -> None:
    """Wait for sessions to be asked for, over a local socket or with the button.

    Ctrl-C, or a polite kill, ends a session under way cleanly, keeps its file, and then the engine.

    \b
    Examples:
      andante serve --port /dev/ttyUSB0 --out sessions
      andante serve --socket /tmp/andante.sock --button-plan docs/plans/walk.toml --attended
    """
    device = load_config(config_path(os.environ))
    settings = ServeSettings(
        socket_path=socket_path,
        out_dir=out_dir,
        port=port or device.board_port,
        device=device,
        button_plan=None if button_plan is None else load_plan(button_plan),
        button_attended=attended,
    )
    with ExitStack() as stack:
        button = _button(stack, is_needed=button_plan is not None)
        engine = Engine(settings, Notifier.from_environment(os.environ, os.getpid()), button=button)
        _end_on_signal(engine, stack)
        engine.run()


def _button(stack: ExitStack, is_needed: bool) -> Buttons | None:
    """The start/stop button and the encoder, on a Pi; a session can do without them."""
    if not is_needed and not this_machine().is_raspberry_pi:
        return None
    buttons = Buttons(MonotonicClock())
    stack.callback(buttons.stop)
    try:
        buttons.start()
    except AndanteError as error:
        if is_needed:
            raise
        click.echo(f"{error} The engine goes on without button and encoder.", err=True)
        return None
    return buttons


def _end_on_signal(engine: Engine, stack: ExitStack) -> None:
    """The first Ctrl-C (or a polite kill) ends the engine cleanly; a second one insists."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: FrameType | None) -> None:
        engine.ask_to_end()
        signal.signal(number, before[signal.Signals(number)])

    for number, handler in before.items():
        signal.signal(number, end)
        stack.callback(signal.signal, number, handler)
