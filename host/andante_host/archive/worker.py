"""The process that does the archive's heavy work: `python -m andante_host.archive.worker`.

Reads a job a line, answers a line each, and ends when nobody speaks to it any more. It goes behind
everything else on the machine: least processor time, batch scheduling, the last at the disk (Linux
takes the place there from niceness, `man 2 ioprio_set`), and first to go when memory runs out.
"""

import os
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from andante.errors import AndanteError
from andante_host.archive.charts import trend_of
from andante_host.archive.jobs import (
    Answer,
    CouldNot,
    DrawTrend,
    Job,
    Made,
    Make,
    Summarise,
    Summarised,
)
from andante_host.archive.products import Kind
from andante_host.archive.summary import summarise
from andante_host.export.whole import whole_file

NICENESS = 19
_OUT_OF_MEMORY_FIRST = "1000"


def main() -> None:
    """Answer jobs until standard input ends."""
    give_way()
    # Whatever a library prints goes to the log and never into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    decoder = msgspec.json.Decoder(Job)
    with answers:
        for line in sys.stdin.buffer:
            answers.write(msgspec.json.encode(answer_to(decoder.decode(line))) + b"\n")


def give_way() -> None:
    """Put this process behind all others, as far as the system knows how and allows."""
    os.nice(NICENESS - os.nice(0))
    if hasattr(os, "sched_setscheduler"):
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_FIRST, encoding="ascii")


def answer_to(job: Job) -> Answer:
    """Do a job. Never raises: whatever goes wrong is the answer."""
    try:
        match job:
            case Summarise():
                return Summarised(summarise(Path(job.path), job.size_bytes))
            case Make():
                _make(job)
            case DrawTrend():
                with whole_file(Path(job.out)) as part:
                    part.write_bytes(msgspec.json.encode(trend_of(job.summaries)))
        return Made()
    except AndanteError as error:
        return CouldNot(str(error))
    except Exception as error:  # noqa: BLE001 the next job must still be done
        return CouldNot(f"It could not be made ({type(error).__name__}: {error}).")


def _make(job: Make) -> None:
    with whole_file(Path(job.out)) as part:
        _MAKERS[job.kind](Path(job.path), part)


def _whole_session(session: Path, out: Path) -> None:
    """A session with its journal folded in, for one that was cut off; every row, other bytes."""
    with (
        closing(sqlite3.connect(f"{session.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(out)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")


def _page(session: Path) -> str:
    from andante_host.report.page import render
    from andante_host.report.plots.pictures import pictures
    from andante_host.report.plots.style import style
    from andante_host.report.view import view_of

    view = view_of(session)
    with style():
        return render(view, pictures(view))


def _html(session: Path, out: Path) -> None:
    from andante_host.report.page import write_text

    write_text(out, _page(session))


def _pdf(session: Path, out: Path) -> None:
    from andante_host.report.pdf import write_pdf

    write_pdf(_page(session), out)


def _csv(session: Path, out: Path) -> None:
    from tempfile import TemporaryDirectory

    from andante_host.export.tables import export_csv

    with (
        TemporaryDirectory(dir=out.parent) as folder,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for file in export_csv(session, Path(folder) / session.stem):
            target.write(file, f"{session.stem}/{file.name}")


def _measures(session: Path, out: Path) -> None:
    from andante_host.analysis import analyse

    out.write_bytes(msgspec.json.format(msgspec.json.encode(analyse(session)), indent=2))


_MAKERS: dict[Kind, Callable[[Path, Path], None]] = {
    Kind.SESSION: _whole_session,
    Kind.HTML: _html,
    Kind.PDF: _pdf,
    Kind.CSV: _csv,
    Kind.MEASURES: _measures,
}

if __name__ == "__main__":
    main()
