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


_ELSEWHERE = {
    **{name: f"andante_host.cli_tables:{name}" for name in ("batch", "compare", "export")},
    "console": "andante_host.cli_console:console",
}


@click.group(
    cls=PlainGroup, elsewhere=_ELSEWHERE, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="andante", prog_name="andante-host")
def main() -> None:
    """How well cues and responses met: figures and reports from session files.

    \b
    Examples:
      andante-host metrics walk.andante
      andante-host report walk.andante --out walk.html
      andante-host trend sessions/P-007/
      andante-host import events.csv --out tapping.andante
      andante-host detect force.csv --json
      andante-host compare monday.andante friday.andante
      andante-host batch sessions/
      andante-host export walk.andante --to csv --out walk-csv
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
@click.option("--out", type=_FILE, help="Default: SESSION with .html (or .pdf) at its end.")
@click.option("--pdf", is_flag=True, help="A PDF in place of the page.")
@click.option("--plots", type=_FILE, metavar="DIR", help="Every picture as PNG and CSV, too.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def report(session: Path, out: Path | None, pdf: bool, plots: Path | None, force: bool) -> None:
    """Write the report of SESSION: one HTML file that needs no network and no scripts.

    \b
    Examples:
      andante-host report walk.andante
      andante-host report walk.andante --out /tmp/walk.html --force
      andante-host report walk.andante --pdf
      andante-host report walk.andante --plots pictures/
    """
    from andante_host.report.ahead import no_garbage_collected, spare_documentation, view_ahead

    out = _page(session.with_suffix(""), out, pdf)
    _refuse_overwriting(session, out, force)
    with no_garbage_collected():
        with view_ahead(session) as ahead:
            spare_documentation()
            from andante_host.report import commands

            view = ahead.result()
        for path in commands.report_of(view, out, plots, by_two=True):
            click.echo(path)


@main.command()
@click.argument("sessions", type=_FILE, nargs=-1, required=True)
@click.option("--out", type=_FILE, help="Default: trend.html (or .pdf) in this folder.")
@click.option("--pdf", is_flag=True, help="A PDF in place of the page.")
@click.option("--plots", type=_FILE, metavar="DIR", help="Every picture as PNG and CSV, too.")
@click.option("--mixed", is_flag=True, help="Allow sessions of several patient codes.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def trend(
    sessions: tuple[Path, ...],
    out: Path | None,
    pdf: bool,
    plots: Path | None,
    mixed: bool,
    force: bool,
) -> None:
    """Write one patient's SESSIONS over weeks as one page; name files or folders.

    \b
    Examples:
      andante-host trend sessions/P-007/
      andante-host trend monday.andante friday.andante --out P-007.html
    """
    from andante_host.report import commands

    out = _page(Path("trend"), out, pdf)
    for session in sessions:
        _refuse_overwriting(session, out, force)
    for path in commands.trend(sessions, out, plots, mixed):
        click.echo(path)


@main.command(name="import")
@click.argument("file", type=_FILE)
@click.option("--out", type=_FILE, required=True, help="The session file to write.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--unit", type=click.Choice(["s", "ms", "us"]), help="CSV: what the times count.")
@click.option("--left", metavar="NAME", help="WFDB, XDF: the signal under the left foot.")
@click.option("--right", metavar="NAME", help="WFDB, XDF: the signal under the right foot.")
@click.option("--belt", metavar="NAME", help="WFDB, XDF: the signal of a breathing belt.")
@click.option("--cues", metavar="PLACE", help="XDF: STREAM=MARKER; MIDI: track:1, channel:10.")
@click.option("--taps", metavar="PLACE", help="XDF: STREAM=MARKER.")
@click.option("--pitch", "pitches", multiple=True, metavar="NOTE=tap1", help="MIDI: a pad's note.")
@click.option("--bpm", type=click.FloatRange(1, 1_000), help="MIDI: the tempo if it has none.")
def import_(
    file: Path,
    out: Path,
    force: bool,
    unit: str | None,
    left: str | None,
    right: str | None,
    belt: str | None,
    cues: str | None,
    taps: str | None,
    pitches: tuple[str, ...],
    bpm: float | None,
) -> None:
    """Make a session from somebody else's FILE: a CSV, also gzipped, a WFDB record, XDF or MIDI.

    \b
    The columns of a CSV say what it is:
      event,time_s[,channel]   cues and responses
      time_s,left,right        force under the feet
      time_s,belt              a breathing belt
    Of the other kinds you say what is what; without that, what the file holds is listed.

    \b
    Examples:
      andante-host import events.csv --out tapping.andante
      andante-host import events.csv --unit ms --out tapping.andante
      andante-host import force.csv.gz --out walk.andante
      andante-host import gait.hea --left "Left" --right "Right" --out walk.andante
      andante-host import lab.xdf --cues Beats=beat --taps Pad=tap --out tapping.andante
      andante-host import drum.mid --cues track:1 --pitch 38=tap1 --out drum.andante
    """
    from andante_host.imports.content import ImportOptions, Unit
    from andante_host.imports.importer import import_file
    from andante_host.imports.midi import pads_of

    _refuse_overwriting(file, out, force)
    options = ImportOptions(
        unit=None if unit is None else Unit(unit),
        left=left,
        right=right,
        belt=belt,
        cues=cues,
        taps=taps,
        pitches=pads_of(pitches),
        bpm=bpm,
    )
    click.echo(f"{import_file(file, out, MonotonicClock(), options)} imported into {out}")


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


def _page(stem: Path, out: Path | None, pdf: bool) -> Path:
    """Where a page goes that was asked for under `out`, or under the name `stem`."""
    if out is None:
        return stem.with_name(f"{stem.name}.{'pdf' if pdf else 'html'}")
    if pdf and out.suffix.lower() != ".pdf":
        raise AndanteError(f"--pdf writes a PDF and {out} does not end in .pdf; rename it.")
    return out


def _refuse_overwriting(source: Path, out: Path, force: bool) -> None:
    if out.resolve() == source.resolve():
        raise AndanteError(f"{out} is the file to read; choose another name for --out.")
    if out.exists() and not force:
        raise AndanteError(f"{out} exists already; choose another name or add --force.")
