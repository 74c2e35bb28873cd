"""What `andante-host report` and `andante-host trend` do, apart from their options."""

from collections.abc import Callable, Sequence
from pathlib import Path

from andante_host.report.files import write_plots
from andante_host.report.page import render, write_text
from andante_host.report.pdf import write_pdf
from andante_host.report.plots.pictures import pictures
from andante_host.report.plots.style import Picture, style
from andante_host.report.view import View, view_of


def report(session: Path, out: Path, plots: Path | None = None) -> list[Path]:
    """Write the report of a session: HTML, or a PDF where `out` ends in `.pdf`.

    With `plots`, every picture too, as PNG and CSV. Returns what was written. Raises AndanteError.
    """
    return report_of(view_of(session), out, plots)


def report_of(view: View, out: Path, plots: Path | None = None, by_two: bool = False) -> list[Path]:
    """`report` of a session that has been analysed; `by_two`: drawn on two processor cores."""
    with style():
        shown = pictures(view)
        return _write(render(view, shown, by_two), shown, out, plots, view.analysis.data.path.stem)


def trend(
    paths: Sequence[Path],
    out: Path,
    plots: Path | None = None,
    mixed: bool = False,
    on_file: Callable[[Path], None] = lambda _: None,
) -> list[Path]:
    """Write the page of one patient's sessions; `paths` are files and folders.

    As `report` for the rest; `mixed` allows several patient codes. Raises AndanteError.
    """
    from andante_host.report.trend import gather
    from andante_host.report.trend_page import chapters, render_trend

    patient = gather(paths, mixed, on_file)
    with style():
        found = chapters(patient)
        shown = [picture for chapter in found for picture in chapter.pictures]
        return _write(render_trend(patient, found), shown, out, plots, "trend")


def _write(
    page: str, shown: Sequence[Picture], out: Path, plots: Path | None, stem: str
) -> list[Path]:
    if out.suffix.lower() == ".pdf":
        write_pdf(page, out)
    else:
        write_text(out, page)
    return [out, *(write_plots(shown, plots, stem) if plots is not None else [])]
