"""The pages about sessions: figures first, downloads that open again, and a trail of all of it."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from andante.timebase import NS_PER_S, MonotonicClock
from andante_host.archive.summary import Summary, summarise
from andante_host.cli import main
from andante_host.console.audit import Entry
from andante_host.console.principal import Role
from andante_host.console.sessions.archive import Wanted
from support.archive import page_when_ready, until_there
from support.console import Visitor, console
from support.reports import Tags, write_breathing, write_weeks
from support.sessions import Walk, write_walk

WALK = "P-007-0.andante"
BREATH = "breath.andante"
BROKEN = "broken.andante"
LARGEST_PAGE_BYTES = 150_000
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A clinician before a device with five walks, a breathing session and a broken file."""
    folder = tmp_path_factory.mktemp("clinic")
    with console(folder, Role.CLINICIAN) as visitor:
        write_weeks(folder / "sessions", 5)
        write_breathing(folder / "sessions" / BREATH)
        write_walk(folder / "sessions" / "real.andante", Walk(simulated_parts=()))
        (folder / "sessions" / BROKEN).write_bytes(b"broken")
        visitor.get("/sessions")
        until_there(lambda: None if visitor.services.archive.unread_count() else True)
        yield visitor


def last_lines(visitor: Visitor, count: int) -> list[Entry]:
    return list(reversed(visitor.services.audit.newest(count)))


def summary(visitor: Visitor, file: str) -> Summary:
    return visitor.services.archive.summary(file)


# --- pages ----------------------------------------------------------------------------------


def test_the_list_shows_what_was_measured_and_what_was_not(clinic: Visitor) -> None:
    text = clinic.get("/sessions").text
    assert "1 to 8 of 8" in text
    shown = summary(clinic, WALK)
    assert shown.answers[0].figure in text
    assert shown.certificate is not None
    assert shown.certificate.short in text
    assert text.count('<span class="badge warn">simulated</span>') == 6
    assert "broken.andante is not a session file" in text
    (entry,) = last_lines(clinic, 1)
    assert (entry.action, entry.subject) == ("look at sessions", "all patients")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=p-009", [BREATH]),
        ("code=P-007&simulated=real", ["real.andante"]),
        ("exercise=breathe&simulated=simulated", [BREATH]),
        ("exercise=nonsense&code=%20P-009%20", [BREATH]),
        ("code=P-1", []),
    ],
)
def test_the_list_is_filtered(clinic: Visitor, query: str, found: list[str]) -> None:
    text = clinic.get(f"/sessions?{query}").text
    assert re.findall(r'name="file" value="([^"]+)"', text) == found


def test_a_page_too_far_says_so_and_nonsense_is_refused(clinic: Visitor) -> None:
    assert "No session" in clinic.get("/sessions?page_number=9&code=P-007").text
    assert clinic.get("/sessions?page_number=x").status_code == 400
    assert clinic.get("/sessions?page_number=-4").status_code == 200


def test_a_session_has_its_figures_first_and_tells_what_it_cannot(clinic: Visitor) -> None:
    text = page_when_ready(clinic, f"/sessions/{WALK}").text
    plain = " ".join(Tags(text).text.split())
    shown = summary(clinic, WALK)
    assert shown.certificate is not None
    places = [
        plain.index(words)
        for words in (
            shown.answers[0].figure,
            shown.certificate.sentence,
            shown.latency,
            "Read the whole report",
        )
    ]
    assert places == sorted(places)
    assert "No patient was measured here." in plain
    assert all(answer.sentence.split("\n")[0] in plain for answer in shown.answers)
    (entry,) = last_lines(clinic, 1)
    assert (entry.action, entry.subject, entry.detail) == ("look at session", WALK, "P-007")


def test_a_damaged_file_has_a_page_and_can_be_taken(clinic: Visitor) -> None:
    text = clinic.get(f"/sessions/{BROKEN}").text
    assert "is not a session file" in text
    assert "Read the whole report" not in text
    assert clinic.get(f"/sessions/{BROKEN}/download/session").content == b"broken"
    answer = page_when_ready(clinic, f"/sessions/{BROKEN}/report.html")
    assert answer.status_code == 400
    assert "is not a session file" in answer.text


def test_a_note_is_kept_and_script_in_it_is_only_text(clinic: Visitor) -> None:
    answer = clinic.post(f"/sessions/{WALK}/notes", {"text": f"tired {SCRIPT}"})
    assert answer.headers["location"] == f"/sessions/{WALK}"
    text = clinic.get(f"/sessions/{WALK}").text
    assert SCRIPT not in text
    assert "tired &lt;script&gt;" in text
    assert "stick &lt;left hand&gt;" in text
    assert clinic.post(f"/sessions/{WALK}/notes", {"text": " "}).status_code == 400
    kept, _, refused = last_lines(clinic, 3)
    assert (kept.action, kept.outcome) == ("note on session", "done")
    assert refused.outcome == "refused"
    assert "empty" in refused.detail


def test_a_trend_is_drawn_without_inline_styles(clinic: Visitor) -> None:
    text = page_when_ready(clinic, "/trends/P-007").text
    assert text.count("<svg viewBox") >= 1
    assert " style=" not in text
    assert "<style" not in text
    assert "it rose" in text
    assert len(text.encode()) < LARGEST_PAGE_BYTES
    assert clinic.get("/trends/P-007?part=7").status_code == 404
    assert clinic.get("/trends/nobody").status_code == 404


def test_a_patient_without_sessions_has_a_trend_of_nothing_yet(clinic: Visitor) -> None:
    clinic.services.patients.add("P-900")
    answer = page_when_ready(clinic, "/trends/P-900")
    assert answer.status_code == 200
    assert "nothing yet" in answer.text


def test_while_sessions_are_read_the_trend_says_so(clinic: Visitor) -> None:
    clinic.services.patients.add("P-901")
    new = clinic.services.settings.sessions_dir / "new.andante"
    write_walk(new)
    answer = clinic.get("/trends/P-901")
    assert (answer.status_code, answer.headers["refresh"]) == (202, "2")
    assert "being read" in answer.text
    assert "nothing yet" not in answer.text
    assert "nothing yet" in page_when_ready(clinic, "/trends/P-901").text
    new.unlink()


@pytest.mark.parametrize("path", ["/sessions", f"/sessions/{WALK}", "/trends/P-007", "/audit"])
def test_pages_are_small_and_quick_and_carry_nothing_inline(clinic: Visitor, path: str) -> None:
    page_when_ready(clinic, path)
    clock = MonotonicClock()
    took_s = []
    for _ in range(5):
        began_ns = clock.now_ns()
        answer = clinic.get(path)
        took_s.append((clock.now_ns() - began_ns) / NS_PER_S)
    assert min(took_s) < 0.2
    tags = Tags(answer.text).tags
    assert not [attributes for _, attributes in tags if "style" in attributes]
    assert not [1 for tag, attributes in tags if tag == "script" and not attributes.get("src")]
    assert len(answer.content) < LARGEST_PAGE_BYTES


def test_sessions_are_for_therapists_and_clinicians_and_the_trail_for_others(
    tmp_path: Path,
) -> None:
    of_sessions = ("/sessions", f"/sessions/{WALK}", f"/sessions/{WALK}/download/pdf", "/trends/P")
    of_trail = ("/audit", "/audit/download")
    with console(tmp_path) as visitor:
        for path in of_sessions + of_trail:
            assert visitor.get(path).headers["location"] == "/login"
        visitor.log_in(Role.ADMINISTRATOR)
        for path in of_sessions:
            assert visitor.get(path).status_code == 403
        assert visitor.get("/audit").status_code == 200
        visitor.post("/logout")
        visitor.log_in(Role.THERAPIST)
        for path in of_trail:
            assert visitor.get(path).status_code == 403
        assert visitor.get("/sessions").status_code == 200


# --- taking along ---------------------------------------------------------------------------


def test_a_session_file_comes_as_it_is_and_opens_in_the_command(
    clinic: Visitor, tmp_path: Path
) -> None:
    answer = clinic.get(f"/sessions/{WALK}/download/session")
    original = clinic.services.settings.sessions_dir / WALK
    assert answer.content == original.read_bytes()
    assert answer.headers["content-length"] == str(original.stat().st_size)
    assert f'attachment; filename="{WALK}"' in answer.headers["content-disposition"]
    taken = tmp_path / WALK
    taken.write_bytes(answer.content)
    told = CliRunner().invoke(main, ["metrics", str(taken), "--json"])
    assert told.exit_code == 0
    cadence_spm = json.loads(told.stdout)["gait"]["phases"]["baseline"]["cadence_spm"]
    assert cadence_spm == summary(clinic, WALK).baseline.cadence_spm
    begun, done = last_lines(clinic, 2)
    assert [entry.outcome for entry in (begun, done)] == ["begun", "done"]
    assert {entry.action for entry in (begun, done)} == {"download session"}
    size_bytes = original.stat().st_size
    assert done.detail == f"{WALK}, {size_bytes} of {size_bytes} bytes"


def test_the_report_has_a_policy_of_its_own_and_no_script(clinic: Visitor) -> None:
    answer = page_when_ready(clinic, f"/sessions/{WALK}/report.html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert answer.headers["content-disposition"].startswith("inline")
    assert not [tag for tag, _ in Tags(answer.text).tags if tag in ("script", "link", "iframe")]
    assert last_lines(clinic, 1)[0].action == "look at report"
    taken = page_when_ready(clinic, f"/sessions/{WALK}/download/html")
    assert taken.content == answer.content
    assert taken.headers["content-disposition"].startswith("attachment")


def test_the_tables_come_with_their_dictionary(clinic: Visitor) -> None:
    answer = page_when_ready(clinic, f"/sessions/{WALK}/download/csv")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        package = json.loads(found.read("P-007-0/datapackage.json"))
        for resource in package["resources"]:
            first_line = found.read(f"P-007-0/{resource['path']}").splitlines()[0].decode()
            assert first_line.split(",") == [f["name"] for f in resource["schema"]["fields"]]
    assert package["patient_code"] == "P-007"


@pytest.mark.long
def test_the_report_comes_as_pdf(clinic: Visitor) -> None:
    answer = page_when_ready(clinic, f"/sessions/{WALK}/report.pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"


def test_many_come_as_one_zip_that_opens_again(clinic: Visitor, tmp_path: Path) -> None:
    files = [WALK, BREATH]
    answer = clinic.post("/sessions/download", {"file": files, "what": "session"})
    assert answer.status_code == 303
    answer = page_when_ready(clinic, answer.headers["location"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert sorted(found.namelist()) == sorted(files)
        found.extractall(tmp_path)
    for file in files:
        assert CliRunner().invoke(main, ["metrics", str(tmp_path / file)]).exit_code == 0
    *each, whole = last_lines(clinic, 4)
    assert [entry.subject for entry in each if entry.action == "download session"] == files
    assert whole.action == "download sessions"
    assert f"{len(answer.content)} bytes" in whole.detail


def test_a_zip_names_what_it_had_to_leave_out(clinic: Visitor) -> None:
    path = f"/sessions/download?what=html&file={WALK}&file={BROKEN}&file=none.andante"

    def whole() -> bytes | None:
        answer = page_when_ready(clinic, path)
        return answer.content

    with zipfile.ZipFile(io.BytesIO(until_there(whole))) as found:
        assert sorted(found.namelist()) == ["LEFT-OUT.txt", "P-007-0.html"]
        left_out = found.read("LEFT-OUT.txt").decode()
    assert "broken.andante: " in left_out
    assert "none.andante: There is no session" in left_out


def test_all_of_a_patient_come_without_ticking(clinic: Visitor) -> None:
    answer = clinic.get("/sessions/download?what=session&code=P-007")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        names = {each.file for each in clinic.services.archive.sessions(Wanted(code="P-007"))}
        assert set(found.namelist()) == names


def test_what_cannot_be_taken_is_said_in_a_sentence(clinic: Visitor) -> None:
    assert "No session is ticked" in clinic.post("/sessions/download", {"what": "csv"}).text
    assert clinic.get(f"/sessions/{WALK}/download/everything").status_code == 404
    assert clinic.get(f"/sessions/download?what=exe&file={WALK}").status_code == 404
    nothing = clinic.get("/sessions/download?what=session&file=none.andante")
    assert nothing.status_code == 400
    assert "None of these can be taken" in nothing.text
    many = "&".join(f"file={number}.andante" for number in range(51))
    assert "at most 50" in clinic.get(f"/sessions/download?what=pdf&{many}").text


@pytest.mark.parametrize(
    "name", ["../state/console.db", "..%2f..%2fconsole.db", "console.db", "%2e%2e", "a%00.andante"]
)
def test_no_address_leads_out_of_the_folder(clinic: Visitor, name: str) -> None:
    for path in (f"/sessions/{name}", f"/sessions/{name}/download/session"):
        assert clinic.get(path).status_code in (400, 404)


def test_a_name_that_is_none_is_in_the_trail(clinic: Visitor) -> None:
    assert clinic.get("/sessions/secret.andante").status_code == 404
    (entry,) = last_lines(clinic, 1)
    assert (entry.outcome, entry.action) == ("refused", "GET /sessions/secret.andante")


def test_a_note_without_its_token_is_refused(clinic: Visitor) -> None:
    before = clinic.services.archive.notes(WALK)
    answer = clinic.client.post(f"/sessions/{WALK}/notes", data={"text": "x"})
    assert answer.status_code == 403
    assert clinic.services.archive.notes(WALK) == before


def test_the_summary_is_that_of_the_file(clinic: Visitor) -> None:
    path = clinic.services.settings.sessions_dir / WALK
    assert summary(clinic, WALK) == summarise(path, path.stat().st_size)
