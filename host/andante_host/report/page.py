"""The page: figures in plain words first, then pictures, then everything behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from andante.errors import SessionFileError
from andante_host.report.ahead import made_by_two
from andante_host.report.answers import answers
from andante_host.report.figures import (
    OUTPUT_COLUMNS,
    clock_text,
    number,
    output_rows,
    sections,
    timing_section,
)
from andante_host.report.happened import (
    asked,
    feelings,
    interventions,
    tempo_lines,
    tempo_unit,
)
from andante_host.report.plots.style import Picture
from andante_host.report.svg import inline_svg
from andante_host.report.view import View
from andante_host.report.words import latency_words, missing_words

_HERE = Path(__file__).parent
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Drawn:
    """A picture as the page carries it."""

    name: str
    title: str
    caption: str
    svg: Markup


def write_text(out: Path, page: str) -> None:
    """Write a page. Raises SessionFileError."""
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SessionFileError(
            f"The report {out} cannot be written: {error.strerror}; choose another place."
        ) from None


def render(view: View, shown: Sequence[Picture], by_two: bool = False) -> str:
    """The whole page: one file, no scripts, nothing from the network, every text escaped.

    `by_two`: `draw` on two processor cores. To be called inside `plots.style.style()`.
    """
    blocks, data = view.blocks, view.analysis.data
    plan, changes = data.header.plan, blocks["session"]["tempo_changes"]
    return template("report.html").render(
        view=view,
        blocks=blocks,
        session=blocks["session"],
        timing=blocks["timing"],
        answers=answers(view),
        asked=asked(view.exercise, plan),
        interventions=interventions(changes),
        tempo_lines=tempo_lines(changes, tempo_unit(view.exercise, plan)),
        feelings=feelings(data.self_reports),
        rate_columns=_rate_columns(view),
        pictures=draw(shown, by_two),
        sections=sections(blocks),
        output_columns=OUTPUT_COLUMNS,
        output_rows=output_rows(blocks["timing"]),
        timing_section=timing_section(blocks["timing"]),
        latency_words=latency_words(blocks),
        missing=missing_words(blocks),
    )


def template(name: str) -> Template:
    """A template of this folder, with the style sheet and the filters that all share."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock_text
    environment.filters["number"] = number
    environment.globals["css"] = Markup((_HERE / "report.css").read_text(encoding="utf-8"))
    return environment.get_template(name)


def draw(shown: Sequence[Picture], by_two: bool = False) -> list[Drawn]:
    """The pictures as SVG for the middle of a page; `by_two`: on two processor cores."""
    return made_by_two(_drawn, shown) if by_two else [_drawn(picture) for picture in shown]


def _drawn(picture: Picture) -> Drawn:
    svg = inline_svg(picture.figure, picture.name, picture.title)
    return Drawn(picture.name, picture.title, picture.caption, svg)


def _rate_columns(view: View) -> tuple[str, list[str]]:
    """The heading and, for each part, the patient's own tempo in it."""
    if view.blocks["gait"] is not None:
        block, key, unit, heading = "gait", "cadence_spm", "steps/min", "cadence"
    elif view.blocks["breathing"] is not None:
        block, key, unit, heading = "breathing", "breath_rate_brpm", "a minute", "own breathing"
    else:
        return "", ["" for _ in view.parts("gait")]
    return heading, [
        number(part.figures.get(key), 1, unit) if part.figures.get(key) is not None else "–"
        for part in view.parts(block)
    ]
