"""How patients felt, told after a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.commands import Item, Moment, SelfReport
from andante_host.console.patients.self_reports import (
    HIGHEST_SCORE,
    SelfReportError,
    SelfReports,
    commands_of,
    read_scores,
)
from andante_host.console.services import Services
from support.console import console_settings


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[SelfReports]:
    services = Services.made(console_settings(tmp_path))
    yield services.self_reports
    services.archive.close()
    services.database.close()


def test_the_newest_answer_counts(reports: SelfReports) -> None:
    reports.add("a.andante", "P-1", {Item.MOOD: 3, Item.PAIN: 0}, "anna")
    reports.add("a.andante", "P-1", {Item.MOOD: 7}, "ben")
    found = {report.item: (report.score, report.who) for report in reports.of_session("a.andante")}
    assert found == {Item.MOOD: (7, "ben"), Item.PAIN: (0, "anna")}
    assert [report.moment for report in reports.of_patient("P-1")] == [Moment.AFTER] * 2
    assert reports.of_session("b.andante") == []


def test_a_score_outside_the_scale_keeps_nothing(reports: SelfReports) -> None:
    with pytest.raises(SelfReportError, match="0 to 10"):
        reports.add("a.andante", "P-1", {Item.MOOD: 3, Item.PAIN: HIGHEST_SCORE + 1}, "anna")
    assert reports.of_session("a.andante") == []


def test_scores_become_the_engines_commands() -> None:
    assert commands_of({Item.EFFORT: 4}, Moment.BEFORE) == [
        SelfReport(moment=Moment.BEFORE, item=Item.EFFORT, score=4)
    ]


@given(st.dictionaries(st.sampled_from([*Item, "other"]), st.text(max_size=6)))
def test_any_form_gives_scores_on_the_scale_or_a_sentence(posted: dict[str, str]) -> None:
    try:
        scores = read_scores(posted)
    except SelfReportError:
        return
    assert all(0 <= score <= HIGHEST_SCORE for score in scores.values())
    assert set(scores) == {item for item in Item if posted.get(item, "").strip()}


@pytest.mark.parametrize("text", ["-1", "11", "3.0", "٣", "1e1", "ten", "999999"])
def test_what_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(SelfReportError, match="0 to 10"):
        read_scores({Item.PAIN: text})
