"""The command `andante-host console`."""

import os
from pathlib import Path

import click

from andante.control import DEFAULT_SOCKET
from andante.errors import AndanteError

_PATH = click.Path(path_type=Path)
_DEFAULT_PORT = 8443
_HIGHEST_PORT = 65_535


def _default_state_dir() -> Path:
    """Where systemd says, else where people's programs keep what they remember."""
    by_systemd = os.environ.get("STATE_DIRECTORY")
    if by_systemd:
        return Path(by_systemd.split(":")[0])
    state_home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state_home) / "andante"


@click.command()
@click.option(
    "--state",
    "state_dir",
    type=_PATH,
    metavar="DIR",
    envvar="ANDANTE_CONSOLE_STATE",
    show_envvar=True,
    help="Users, patients, plans, certificate and backups. Default: the service's folder, else "
    "~/.local/state/andante.",
)
@click.option(
    "--sessions",
    "sessions_dir",
    type=_PATH,
    metavar="DIR",
    default=Path("sessions"),
    show_default=True,
    envvar="ANDANTE_SESSIONS",
    show_envvar=True,
    help="Where the engine puts session files.",
)
@click.option(
    "--socket",
    "engine_socket",
    type=_PATH,
    metavar="PATH",
    default=DEFAULT_SOCKET,
    show_default=True,
    envvar="ANDANTE_SOCKET",
    show_envvar=True,
    help="Where the engine listens.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    envvar="ANDANTE_CONSOLE_HOST",
    show_envvar=True,
    help="Listen on this address only. Default: on all of them.",
)
@click.option(
    "--port",
    type=click.IntRange(0, _HIGHEST_PORT),
    default=_DEFAULT_PORT,
    show_default=True,
    envvar="ANDANTE_CONSOLE_PORT",
    show_envvar=True,
    help="For HTTPS; there is no page over plain HTTP. The service on a Pi has 443.",
)
@click.option(
    "--redirect-port",
    type=click.IntRange(1, _HIGHEST_PORT),
    envvar="ANDANTE_CONSOLE_REDIRECT_PORT",
    show_envvar=True,
    help="Here plain HTTP is told to come over HTTPS. Default: nowhere.",
)
@click.option(
    "--origin",
    metavar="URL",
    envvar="ANDANTE_CONSOLE_ORIGIN",
    show_envvar=True,
    help="Scheme, name and port as browsers have them. Default: https://NAME.local[:PORT].",
)
@click.option(
    "--certificate",
    type=_PATH,
    metavar="FILE",
    envvar="ANDANTE_CONSOLE_CERTIFICATE",
    show_envvar=True,
    help="The clinic's own certificate with its chain, PEM. Default: the device makes one.",
)
@click.option(
    "--key",
    type=_PATH,
    metavar="FILE",
    envvar="ANDANTE_CONSOLE_KEY",
    show_envvar=True,
    help="The key of --certificate, PEM, without a password.",
)
@click.option(
    "--try-out",
    is_flag=True,
    envvar="ANDANTE_CONSOLE_TRY_OUT",
    show_envvar=True,
    help="Plans may be run on a simulated patient; every page says so.",
)
@click.option(
    "--device-check/--no-device-check",
    default=True,
    envvar="ANDANTE_CONSOLE_DEVICE_CHECK",
    show_envvar=True,
    help="Offer `andante check` on the page; not where this user may not open the parts.",
)
def console(
    state_dir: Path | None,
    sessions_dir: Path,
    engine_socket: Path,
    host: str | None,
    port: int,
    redirect_port: int | None,
    origin: str | None,
    certificate: Path | None,
    key: Path | None,
    try_out: bool,
    device_check: bool,
) -> None:
    """Serve the therapist's page over HTTPS until Ctrl-C or a polite kill.

    The first start prints a secret with which the first administrator is made on the page. It
    talks to the engine (`andante serve`) and can be started before it.

    \b
    Examples:
      andante-host console
      andante-host console --try-out --sessions sessions --socket /tmp/andante.sock
      andante-host console --port 443 --redirect-port 80
      andante-host console --certificate clinic.pem --key clinic-key.pem
    """
    from andante_host.console.administration.network import origin_of
    from andante_host.console.server import Listening, serve
    from andante_host.console.settings import ConsoleSettings

    if (certificate is None) != (key is None):
        raise AndanteError("A certificate and its key belong together; give both or neither.")
    settings = ConsoleSettings(
        state_dir=state_dir or _default_state_dir(),
        sessions_dir=sessions_dir,
        engine_socket=engine_socket,
        origin=origin or origin_of(port),
        try_out=try_out,
        certificate=certificate,
        key=key,
        device_check=device_check,
    )
    serve(settings, Listening(host=host, port=port, redirect_port=redirect_port), click.echo)
