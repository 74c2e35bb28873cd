"""One patient over weeks, from kept summaries: the report's answers and pictures for a page."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from andante_host.archive.summary import Summary
from andante_host.report.answer import Answer

_STYLE_SHEET = re.compile(r"<style.*?</style>", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_FONT = re.compile(r"(?:(?:normal|italic|bold|\d{3}) )*([\d.]+px) .*")
_INK = re.compile(r'"#(?:222222|8a5a00)"')
"""The colours of words and axes: on a page they follow its look, light or dark."""
# What the picture's own style sheet says of every line.
_ROOT = '<svg fill="currentColor" stroke-linejoin="round" stroke-linecap="butt" '


class Chart(Struct, frozen=True):
    """A picture as SVG, and what it shows as a table: one row for each session and part."""

    name: str
    title: str
    caption: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


class Chapter(Struct, frozen=True):
    """One exercise, or how the patient felt."""

    title: str
    answers: tuple[Answer, ...]
    charts: tuple[Chart, ...]


class Trend(Struct, frozen=True):
    """Everything that can be followed of one patient; of `session_count` sessions with a date."""

    session_count: int
    simulated_count: int
    chapters: tuple[Chapter, ...]


def trend_of(summaries: Sequence[Summary]) -> Trend:
    """Draw what these sessions of one patient code have in common; any order."""
    from andante_host.report.page import draw
    from andante_host.report.plots.style import style
    from andante_host.report.trend import Patient, SessionPoint
    from andante_host.report.trend_page import chapters

    points = [
        SessionPoint(
            file=each.file,
            patient_code=each.patient_code or "",
            exercise=each.exercise or "",
            started=each.started_utc,
            complete=not each.sentence,
            simulated=each.simulated,
            asked={},
            values={(value.key, value.part): value.value for value in each.values},
        )
        for each in summaries
        if each.started_utc is not None
    ]
    if not points:
        return Trend(0, 0, ())
    points.sort(key=lambda point: point.started)
    with style():
        found = [
            Chapter(
                chapter.title,
                tuple(chapter.answers),
                tuple(
                    Chart(
                        drawn.name,
                        drawn.title,
                        drawn.caption,
                        without_styles(str(drawn.svg)),
                        tuple(picture.table),
                        _rows(picture.table.values()),
                    )
                    for picture, drawn in zip(chapter.pictures, draw(chapter.pictures), strict=True)
                ),
            )
            for chapter in chapters(Patient(tuple(points), ()))
        ]
    return Trend(len(points), sum(point.simulated for point in points), tuple(found))


def without_styles(svg: str) -> str:
    """The same picture with its styles as attributes, as a page without inline styles needs it.

    Every property that matplotlib writes is also an attribute of SVG 1.1 (chapter 6.1). The family
    of letters is left to the page.
    """

    def as_attributes(match: re.Match[str]) -> str:
        found = []
        for part in match[1].split(";"):
            name, _, value = (piece.strip() for piece in part.partition(":"))
            if name == "font":
                name, value = "font-size", _FONT.sub(r"\1", value)
            if name and name != "font-family":
                found.append(f' {name}="{value}"')
        return "".join(found)

    plain = _STYLE.sub(as_attributes, _STYLE_SHEET.sub("", svg))
    return _INK.sub('"currentColor"', plain).replace("<svg ", _ROOT, 1)


def _rows(columns: Any) -> tuple[tuple[str | float, ...], ...]:
    return tuple(zip(*(np.asarray(column).tolist() for column in columns), strict=True))
