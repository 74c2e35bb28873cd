"""The audit trail on the page: newest first, searched, paged, and taken along."""

import csv
import io
from collections.abc import Iterator

import pytest

from andante_host.console.principal import Role
from andante_host.console.sessions import trail
from support.console import Visitor, console

FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def clinician(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with console(tmp_path_factory.mktemp("trail"), Role.CLINICIAN) as visitor:
        yield visitor


def _fill(visitor: Visitor, word: str, count: int) -> None:
    with visitor.services.database.changes():
        for number in range(count):
            visitor.services.audit.add(None, f"{word} {number}", f"P-{number % 3}")


def test_newest_first_and_older_on_the_next_page(clinician: Visitor) -> None:
    _fill(clinician, "act", trail.ON_A_PAGE + 5)
    text = clinician.get("/audit").text
    assert text.index(f">act {trail.ON_A_PAGE + 4}<") < text.index(">act 10<")
    assert ">act 4<" not in text
    link = text.split(">Older<")[0].rsplit('href="', 1)[1].split('"')[0]
    older = clinician.get(link.replace("&amp;", "&")).text
    assert ">act 4<" in older
    assert ">act 10<" not in older
    assert ">Older<" not in older


def test_words_are_searched_in_every_column(clinician: Visitor) -> None:
    _fill(clinician, "find", 9)
    clinician.services.audit.add(None, "forget", "P-9", outcome="refused", detail="<b>no</b>")
    text = clinician.get("/audit?containing=REFUSED").text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert ">find 1<" not in text
    assert "No line has these words" in clinician.get("/audit?containing=zebra-7").text


def test_looking_and_taking_are_in_the_trail_themselves(clinician: Visitor) -> None:
    clinician.get("/audit?containing=P-2")
    size_bytes = len(clinician.get("/audit/download?containing=act").content)
    done, begun, looked = clinician.services.audit.newest(3)
    assert (looked.action, looked.subject) == ("look at audit trail", "P-2")
    assert (begun.action, begun.subject, begun.outcome) == ("download audit trail", "act", "begun")
    assert (done.action, done.outcome) == ("download audit trail", "done")
    assert done.detail.endswith(f", {size_bytes} bytes")


def test_the_table_holds_every_line_and_no_formula(
    clinician: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_AT_ONCE", 4)
    _fill(clinician, "table", 9)
    clinician.services.audit.add(None, FORMULA, 'a,b\n"c"')
    answer = clinician.get("/audit/download")
    assert answer.headers["content-disposition"].startswith('attachment; filename="andante-')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    kept = clinician.services.audit.newest(10_000)
    # The download's own last line comes after its content.
    assert [int(row["entry"]) for row in rows] == [entry.entry for entry in kept[1:]]
    assert rows[1]["action"] == f"'{FORMULA}"
    assert rows[1]["subject"] == 'a,b\\x0a"c"'
