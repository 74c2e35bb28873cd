"""The page: figures in plain words first, then pictures, then everything behind them."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from andante.errors import SessionFileError
from andante_host.analysis import Analysis, analyse_in_full
from andante_host.report import plots
from andante_host.report.figures import (
    OUTPUT_COLUMNS,
    number,
    output_rows,
    sections,
    timing_section,
)
from andante_host.report.svg import inline_svg
from andante_host.report.words import LATENCY_SENTENCE, answers, missing_words

_HERE = Path(__file__).parent
MAX_BYTES = 1_000_000


def write_report(session: Path, out: Path) -> None:
    """Write the report of a session file to `out`. Raises SessionFileError for either."""
    page = render(analyse_in_full(session))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SessionFileError(
            f"The report {out} cannot be written: {error.strerror}; choose another place."
        ) from None


def render(analysis: Analysis) -> str:
    """The whole page: one file, no scripts, nothing from the network, every text escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock_text
    environment.filters["number"] = number
    blocks = analysis.blocks
    return environment.get_template("report.html").render(
        blocks=blocks,
        session=blocks["session"],
        timing=blocks["timing"],
        css=Markup((_HERE / "report.css").read_text(encoding="utf-8")),
        answers=answers(blocks),
        pictures=_pictures(analysis),
        sections=sections(blocks),
        output_columns=OUTPUT_COLUMNS,
        output_rows=output_rows(blocks["timing"]),
        timing_section=timing_section(blocks["timing"]),
        latency_sentence=LATENCY_SENTENCE,
        missing=missing_words(blocks),
    )


def clock_text(time_s: float) -> str:
    """Seconds from the start as minutes and seconds: `3:07`; negative before it."""
    sign = "−" if round(time_s) < 0 else ""
    minutes, seconds = divmod(abs(round(time_s)), 60)
    return f"{sign}{minutes}:{seconds:02d}"


def _pictures(analysis: Analysis) -> list[dict[str, Any]]:
    found = []
    for name, title, draw, caption in (
        (
            "asynchrony",
            "Early or late, over the session",
            plots.asynchrony_plot,
            "Each dot is one response; below the line it came before the beat, above it after.",
        ),
        (
            "circle",
            "Where in the beat",
            plots.circle_plot,
            "One turn is one beat; late runs clockwise. The arrow is the mean: the closer its tip "
            "to the rim, the steadier.",
        ),
        ("intervals", "Step times", plots.interval_plot, plots.interval_caption),
    ):
        with plots.style():
            figure: Figure | None = draw(analysis)
            if figure is None:
                continue
            text = caption if isinstance(caption, str) else caption(analysis)
            svg = inline_svg(figure, name, title)
            found.append({"name": name, "title": title, "svg": svg, "caption": text})
    return found
