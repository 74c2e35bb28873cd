"""The commands `compare`, `batch` and `export` of `andante-host`."""

from pathlib import Path

import click

from andante.errors import AndanteError

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("first", type=_FILE, metavar="A")
@click.argument("second", type=_FILE, metavar="[B]", required=False)
@click.option(
    "--phase",
    "phases",
    multiple=True,
    metavar="NAME",
    help="Only this phase; given twice, the first of A and the second of B.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare(first: Path, second: Path | None, phases: tuple[str, ...], as_json: bool) -> None:
    """Lay two sessions A and B, or two phases of one session, side by side.

    Differences are B less A, with a 95 % interval from a block bootstrap where one can be had.

    \b
    Examples:
      andante-host compare monday.andante friday.andante
      andante-host compare monday.andante friday.andante --phase cued
      andante-host compare walk.andante --phase baseline --phase carry-over --json
    """
    import msgspec

    from andante_host import compare as comparing

    if len(phases) > 2:
        raise AndanteError("Two sides can have two phases at most; leave out a --phase.")
    if second is None and len(phases) != 2:
        raise AndanteError("Name a second session, or two phases of this one with --phase.")
    of_a, of_b = phases if len(phases) == 2 else (phases[:1] * 2 or (None, None))
    a = comparing.load_side(first, of_a)
    b = comparing.load_side(first if second is None else second, of_b)
    rows = comparing.compare(a, b)
    if as_json:
        answer = msgspec.json.encode(comparing.as_json(a, b, rows))
        click.echo(msgspec.json.format(answer, indent=2))
    else:
        click.echo(comparing.as_text(a, b, rows))


@click.command()
@click.argument("folder", type=_FILE)
@click.option("--out", type=_FILE, help="Default: measures, in the folder; two files are written.")
@click.option("--cores", type=click.IntRange(min=1), help="Default: as many as there are.")
@click.option("--force", is_flag=True, help="Replace the tables if they are there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def batch(
    ctx: click.Context,
    folder: Path,
    out: Path | None,
    cores: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Measure all sessions in FOLDER and write one table, OUT.csv and OUT.parquet.

    A session that cannot be measured is named at the end with its reason, the others are in the
    table all the same, and the exit status is then 1.

    \b
    Examples:
      andante-host batch sessions/
      andante-host batch sessions/ --out /tmp/ward --cores 2
    """
    import msgspec
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from andante_host.batch import measure_all, session_files, write_tables

    out = folder / "measures" if out is None else out
    for kind in ("csv", "parquet"):
        table = out.with_name(f"{out.name}.{kind}")
        if table.exists() and not force:
            raise AndanteError(f"{table} exists already; choose another --out or add --force.")
    files = session_files(folder)
    shown = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=as_json,
    )
    with shown as progress:
        task = progress.add_task("sessions", total=len(files))
        result = measure_all(folder, files, cores, lambda _: progress.advance(task))
    written = write_tables(result, out) if result.rows else []
    if as_json:
        answer = {
            "session_count": len(files),
            "measured_count": len(result.rows),
            "tables": [str(path) for path in written],
            "failures": [{"file": name, "reason": why} for name, why in result.failures],
        }
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    else:
        for path in written:
            click.echo(path)
        for name, why in result.failures:
            click.echo(f"{name}: {why}", err=True)
    if result.failures:
        if not as_json:
            click.echo(f"{len(result.failures)} of {len(files)} could not be measured.", err=True)
        ctx.exit(1)


@click.command()
@click.argument("session", type=_FILE)
@click.option("--to", "kind", type=click.Choice(["csv"]), required=True, help="The format.")
@click.option("--out", type=_FILE, required=True, help="The folder to make.")
def export(session: Path, kind: str, out: Path) -> None:  # noqa: ARG001 one format as yet
    """Write SESSION in a format that other programs read, into a new folder.

    csv: a table for each kind of thing in the session, the measures, and `datapackage.json`, a
    data dictionary (Frictionless Data Package) with every column's type, unit and meaning.

    \b
    Examples:
      andante-host export walk.andante --to csv --out walk-csv
    """
    from andante_host.export.tables import export_csv

    for path in export_csv(session, out):
        click.echo(path)
