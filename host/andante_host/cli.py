"""The command `andante-host`.

Each command imports what it needs when it runs: `metrics` must not wait for the libraries of
`report` or `detect`.
"""

from pathlib import Path

import click

from andante.errors import AndanteError
from andante.plain_cli import PlainGroup
from andante.timebase import MonotonicClock

_FILE = click.Path(path_type=Path)


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="andante", prog_name="andante-host")
def main() -> None:
    """How well cues and responses met: figures and reports from session files.

    \b
    Examples:
      andante-host metrics walk.andante
      andante-host report walk.andante --out walk.html
      andante-host import events.csv --out tapping.andante
      andante-host detect force.csv --json
    """


@main.command()
@click.argument("session", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--pairs", is_flag=True, help="With --json: list every matched pair.")
@click.option("--from", "from_s", type=float, metavar="S", help="Leave out what is before.")
@click.option("--to", "to_s", type=float, metavar="S", help="Leave out what is after.")
def metrics(
    session: Path, as_json: bool, pairs: bool, from_s: float | None, to_s: float | None
) -> None:
    """Print every measure of SESSION, with units.

    --from and --to count in seconds from the start of the session.

    \b
    Examples:
      andante-host metrics walk.andante
      andante-host metrics walk.andante --json --pairs
      andante-host metrics walk.andante --from 20 --to 320
    """
    import msgspec

    from andante_host.analysis import WHOLE, analyse

    window_s = (WHOLE[0] if from_s is None else from_s, WHOLE[1] if to_s is None else to_s)
    if not window_s[0] < window_s[1]:
        raise AndanteError(
            f"--from {window_s[0]:g} is not before --to {window_s[1]:g}; give a later end."
        )
    if pairs and not as_json:
        raise AndanteError("--pairs lists pairs in JSON; add --json.")
    blocks = analyse(session, pairs, window_s)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(blocks), indent=2))
        return
    from andante_host.report.terminal import as_text

    click.echo(as_text(blocks))


@main.command()
@click.argument("session", type=_FILE)
@click.option("--out", type=_FILE, help="Default: SESSION with .html at its end.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def report(session: Path, out: Path | None, force: bool) -> None:
    """Write the report of SESSION: one HTML file that needs no network and no scripts.

    \b
    Examples:
      andante-host report walk.andante
      andante-host report walk.andante --out /tmp/walk.html --force
    """
    from andante_host.report.page import write_report

    out = session.with_suffix(".html") if out is None else out
    _refuse_overwriting(session, out, force)
    write_report(session, out)
    click.echo(out)


@main.command(name="import")
@click.argument("file", type=_FILE)
@click.option("--out", type=_FILE, required=True, help="The session file to write.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def import_(file: Path, out: Path, force: bool) -> None:
    """Make a session from somebody else's FILE, a CSV, also gzipped.

    \b
    The columns say what it is:
      event,time_s[,channel]   cues and responses
      time_s,left,right        force under the feet
      time_s,belt              a breathing belt

    \b
    Examples:
      andante-host import events.csv --out tapping.andante
      andante-host import force.csv.gz --out walk.andante
    """
    from andante_host.imports.importer import import_file

    _refuse_overwriting(file, out, force)
    click.echo(f"{import_file(file, out, MonotonicClock())} imported into {out}")


@main.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def detect(file: Path, as_json: bool) -> None:
    """Find steps in a force FILE or breaths in a belt FILE, a CSV, also gzipped.

    \b
    Examples:
      andante-host detect force.csv --json
      andante-host detect belt.csv.gz
    """
    import msgspec

    from andante_host.detect.events import detect_file

    events = detect_file(file)
    if as_json:
        click.echo(msgspec.json.encode({"events": events}))
        return
    click.echo("kind     channel  time_s")
    for event in events:
        click.echo(f"{event.kind:<8} {event.channel:<8} {event.time_s:.4f}")


def _refuse_overwriting(source: Path, out: Path, force: bool) -> None:
    if out.resolve() == source.resolve():
        raise AndanteError(f"{out} is the file to read; choose another name for --out.")
    if out.exists() and not force:
        raise AndanteError(f"{out} exists already; choose another name or add --force.")
