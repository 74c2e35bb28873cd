"""Sessions over the API: the same figures and files as the page has."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from httpx import Response

from andante_host.analysis import analyse
from andante_host.console.principal import Role
from support.api import Program, programs
from support.archive import until_there
from support.reports import write_weeks

CODE = "P-007"
FILE = "P-007-0.andante"


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Role, Program]]:
    folder = tmp_path_factory.mktemp("console")
    write_weeks(folder / "sessions", 3)
    with programs(folder) as made:
        yield made


def when_ready(program: Program, path: str) -> Response:
    """The answer, asked again while it is 202."""

    def look() -> Response | None:
        answer = program.get(path)
        if answer.status_code == 202:
            assert answer.headers["retry-after"] == str(answer.json()["retry_after_s"])
            return None
        return answer

    return until_there(look)


def test_the_list_has_pages_and_filters(everyone: dict[Role, Program]) -> None:
    program = everyone[Role.CLINICIAN]
    until_there(lambda: True if program.get("/sessions").json()["unread_count"] == 0 else None)
    first = program.get(f"/sessions?code={CODE}&count=2").json()
    rest = program.get(f"/sessions?code={CODE}&count=2&offset=2").json()
    assert (first["total_count"], rest["total_count"]) == (3, 3)
    # Newest first.
    files = [session["file"] for session in first["items"] + rest["items"]]
    assert files == ["P-007-2.andante", "P-007-1.andante", FILE]
    assert program.get("/sessions?exercise=breathe").json()["total_count"] == 0
    assert program.get("/sessions?simulated=false").json()["total_count"] == 0
    assert first["items"][0]["simulated_parts"]


def test_the_measures_are_those_of_the_analysis(everyone: dict[Role, Program]) -> None:
    program = everyone[Role.CLINICIAN]
    answer = when_ready(program, f"/sessions/{FILE}/measures")
    path = program.services.settings.sessions_dir / FILE
    expected = json.loads(msgspec.json.encode(analyse(path)["gait"]))
    assert answer.json()["gait"] == expected
    (entry,) = program.services.audit.newest(1, containing="measures")
    assert (entry.who, entry.subject) == ("program clinician's", FILE)


def test_the_session_file_comes_as_it_is(everyone: dict[Role, Program]) -> None:
    program = everyone[Role.CLINICIAN]
    answer = when_ready(program, f"/sessions/{FILE}/files/session")
    assert answer.content == (program.services.settings.sessions_dir / FILE).read_bytes()
    assert answer.headers["content-type"] == "application/vnd.sqlite3"
    assert FILE in answer.headers["content-disposition"]
    (entry,) = program.services.audit.newest(1, containing="download session")
    assert str(len(answer.content)) in entry.detail


def test_tables_and_report_are_made_and_taken(everyone: dict[Role, Program]) -> None:
    program = everyone[Role.CLINICIAN]
    tables = when_ready(program, f"/sessions/{FILE}/files/csv")
    assert any(
        name.endswith(".csv") for name in zipfile.ZipFile(io.BytesIO(tables.content)).namelist()
    )
    report = when_ready(program, f"/sessions/{FILE}/files/html")
    assert CODE in report.text


def test_notes_and_scores_stay_beside_the_file(everyone: dict[Role, Program]) -> None:
    program = everyone[Role.THERAPIST]
    path = program.services.settings.sessions_dir / FILE
    before = path.read_bytes()
    assert program.post(f"/sessions/{FILE}/notes", {"text": "walked well"}).status_code == 201
    (note,) = program.get(f"/sessions/{FILE}/notes").json()["items"]
    assert (note["who"], note["text"]) == ("program therapist's", "walked well")
    assert program.get(f"/sessions/{FILE}/self-reports").json() == {"items": []}
    assert path.read_bytes() == before


def test_the_trend_has_every_session(everyone: dict[Role, Program]) -> None:
    trend = when_ready(everyone[Role.CLINICIAN], f"/trends/{CODE}").json()
    assert (trend["session_count"], trend["simulated_count"]) == (3, 3)
    assert trend["chapters"][0]["answers"]
    assert everyone[Role.CLINICIAN].get("/trends/nobody").status_code == 404


@pytest.mark.parametrize(
    ("name", "status_code"),
    [
        ("nothing.andante", 404),
        ("..%2Fconsole.db", 404),
        ("%2Fetc%2Fpasswd", 404),
        ("..", 404),
        ("%00.andante", 400),
        ("a%0Ab.andante", 400),
    ],
)
def test_a_name_that_is_no_sessions_leads_nowhere(
    everyone: dict[Role, Program], name: str, status_code: int
) -> None:
    program = everyone[Role.CLINICIAN]
    for what in ("", "/measures", "/files/session", "/notes"):
        answer = program.get(f"/sessions/{name}{what}")
        assert (answer.status_code, set(answer.json())) == (status_code, {"status_code", "detail"})


def test_a_damaged_file_is_told_and_does_not_hide_the_others(tmp_path: Path) -> None:
    write_weeks(tmp_path / "sessions", 1)
    (tmp_path / "sessions" / "broken.andante").write_bytes(b"not a session")
    with programs(tmp_path) as made:
        program = made[Role.CLINICIAN]
        until_there(lambda: True if program.get("/sessions").json()["unread_count"] == 0 else None)
        states = {each["file"]: each["state"] for each in program.get("/sessions").json()["items"]}
        assert states == {FILE: "finished", "broken.andante": "damaged"}
        assert when_ready(program, "/sessions/broken.andante/measures").status_code == 409
