"""Trends from kept summaries: the report's own words, and pictures without inline styles."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from andante_host.archive.charts import Trend, trend_of, without_styles
from andante_host.archive.summary import Summary, summarise
from andante_host.report.trend import gather, series_of
from support.reports import write_weeks


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weeks(tmp_path_factory.mktemp("weeks"), 5)


@pytest.fixture(scope="module")
def trend(weeks: Path) -> Trend:
    return trend_of(_summaries(weeks))


def _summaries(folder: Path) -> list[Summary]:
    return [summarise(path, 1) for path in sorted(folder.iterdir(), reverse=True)]


def test_the_table_beside_a_picture_holds_the_trends_figures(trend: Trend, weeks: Path) -> None:
    (walk,) = trend.chapters
    chart = next(chart for chart in walk.charts if chart.name == "walk-cadence-spm")
    assert chart.columns == ("part", "day", "cadence_spm")
    day, cadence_spm = series_of(gather([weeks]).of("walk"), "cadence_spm", "cued")
    shown = [row[1:] for row in chart.rows if row[0] == "cued"]
    np.testing.assert_allclose(np.array(shown, dtype=float), np.column_stack((day, cadence_spm)))
    assert trend.session_count == 5
    assert trend.simulated_count == 5


def test_the_words_are_those_of_the_report(trend: Trend) -> None:
    (walk,) = trend.chapters
    tempo = next(answer for answer in walk.answers if answer.question == "Tempo")
    assert "it rose" in tempo.sentence


def test_pictures_are_well_formed_and_need_no_inline_style(trend: Trend) -> None:
    for chart in trend.chapters[0].charts:
        root = ET.fromstring(chart.svg)  # also where an attribute came twice
        assert "style" not in chart.svg
        lines = [each for each in root.iter() if each.get("stroke-width")]
        assert lines
        assert root.get("fill") == "currentColor"  # of words that are black by default
        assert {each.get("fill") for each in root.iter("text")} <= {None, "currentColor"}
        assert all(
            re.fullmatch(r"[\d.]+px", each.get("font-size", "")) for each in root.iter("text")
        )


def test_styles_become_attributes() -> None:
    found = without_styles(
        '<svg viewBox="0 0 1 1"><style type="text/css">*{a: b}</style>'
        "<text style=\"font: 8px 'DejaVu Sans'; text-anchor: middle; fill: #222222\">a</text>"
        '<path style="fill: none; stroke-dasharray: 1,2"/></svg>'
    )
    assert '<text font-size="8px" text-anchor="middle" fill="currentColor">a</text>' in found
    assert '<path fill="none" stroke-dasharray="1,2"/>' in found
    assert "<style" not in found


def test_no_session_with_a_date_is_an_empty_trend() -> None:
    assert trend_of([]) == Trend(0, 0, ())
