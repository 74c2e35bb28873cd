"""What an attacker sends as a recording: refused with a proper status, logged, nothing there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from andante_host.console import room, uploads
from andante_host.console.api.recordings import BYTES
from andante_host.console.principal import Role
from andante_host.console.security.gate import STRANGERS_BODY_BYTES
from support.clocks import WallClock
from support.console import Visitor
from support.console_doors import become, begin_anew, token_header, whole
from support.sound_files import sound_bytes

FLAC = sound_bytes()
SCRIPT = '"><script>alert(1)</script>{{ 7 * 7 }}.flac'
OTHERS = (Role.CLINICIAN, Role.ADMINISTRATOR)
CLIMBS = [
    "../a.flac",
    "..\\a.flac",
    "../../state/console.db",
    "/etc/cron.d/a.flac",
    "a/../../b.flac",
    "....//a.flac",
    ".arriving-a.flac",
    "%2e%2e%2fa.flac",
    "a.flac\x00.txt",
    "a.flac\r\nset-cookie: x=y",
    "one.andante",
]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file but the console's own state."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "state" not in path.relative_to(folder).parts
    }


@pytest.fixture
def therapist(shared: Visitor, clock: WallClock) -> Iterator[Visitor]:
    """Logged in; whatever is sent, no file and no row is there afterwards."""
    clock.pass_s(60)
    begin_anew(shared)
    become(shared, Role.THERAPIST)
    shared.get("/login")
    folder = shared.services.settings.sessions_dir.parent
    before, files = whole(shared.services.database), everything(folder)
    yield shared
    after = whole(shared.services.database)
    for table in ("tokens", "web_sessions"):  # the tests' own tokens and logins
        assert len(after.pop(table)) >= len(before.pop(table))
    assert after == before
    assert everything(folder) == files


def put(visitor: Visitor, name: str, content: Any = FLAC, **headers: str) -> Response:
    sent = {"content-type": BYTES, **token_header(visitor, Role.THERAPIST), **headers}
    return visitor.client.put(f"/api/v1/recordings/{name}", content=content, headers=sent)


def was_refused(visitor: Visitor, answer: Response, *status_codes: int) -> None:
    assert answer.status_code in status_codes, answer.text
    assert "content-security-policy" in answer.headers
    assert "Traceback" not in answer.text
    (entry,) = visitor.services.audit.newest(1)
    assert entry.outcome == "refused"
    assert "\n" not in entry.subject + entry.detail


@pytest.mark.parametrize("name", CLIMBS)
def test_a_name_that_climbs_in_a_form(therapist: Visitor, name: str) -> None:
    for fields, file_name in (({"name": name}, "a.flac"), ({}, name)):
        answer = therapist.post("/recordings", fields, files={"file": (file_name, FLAC)})
        was_refused(therapist, answer, 400)


@pytest.mark.parametrize(
    "name",
    [
        "..%2fa.flac",
        "%2e%2e%2f%2e%2e%2fstate%2fconsole.db",
        "..%5ca.flac",
        "%2fetc%2fcron.d%2fa.flac",
        ".arriving-a.flac",
        "a.flac%00.txt",
        "a.flac%0d%0aset-cookie:%20x=y",
        "%ff%fe.flac",
        "x" * 300 + ".flac",
    ],
)
def test_a_name_that_climbs_in_an_address(therapist: Visitor, name: str) -> None:
    assert put(therapist, name).status_code in {400, 404, 405}
    gone = therapist.client.delete(
        f"/api/v1/recordings/{name}", headers=token_header(therapist, Role.THERAPIST)
    )
    assert gone.status_code in {400, 404, 405}
    answer = therapist.post(f"/recordings/{name}/remove", {"sure": "yes"})
    assert answer.status_code in {400, 404}


def test_script_in_a_name_is_shown_as_text(therapist: Visitor) -> None:
    answer = therapist.post("/recordings", {"name": SCRIPT}, files={"file": ("a.flac", FLAC)})
    was_refused(therapist, answer, 400)
    assert "<script>alert" not in answer.text
    assert "49" not in answer.text.partition("cannot be called that")[2][:300]
    assert "<script>alert" not in put(therapist, "%3Cscript%3Ealert(1)%3C%2Fscript%3E.flac").text


@pytest.mark.parametrize("token", [None, "", "0" * 128])
def test_a_form_without_a_right_csrf_token(therapist: Visitor, token: str | None) -> None:
    fields = {} if token is None else {"_csrf_token": token}
    files = {"file": ("a.flac", FLAC)}
    sent = therapist.client.post("/recordings", data=fields, files=files, follow_redirects=False)
    was_refused(therapist, sent, 403)
    removed = therapist.client.post("/recordings/a.flac/remove", data={**fields, "sure": "yes"})
    was_refused(therapist, removed, 403)


def test_a_form_on_another_site(therapist: Visitor) -> None:
    answer = therapist.post(
        "/recordings", files={"file": ("a.flac", FLAC)}, headers={"sec-fetch-site": "cross-site"}
    )
    was_refused(therapist, answer, 403)


@pytest.mark.parametrize("role", [None, *OTHERS, Role.PATIENT_VIEW])
def test_a_file_of_somebody_who_may_not(therapist: Visitor, role: Role | None) -> None:
    become(therapist, role)
    answer = therapist.post("/recordings", files={"file": ("a.flac", FLAC)})
    was_refused(therapist, answer, *((401, 413) if role is None else (403,)))
    assert therapist.get("/recordings").status_code == (303 if role is None else 403)


@pytest.mark.parametrize("role", [None, *OTHERS])
def test_a_program_that_may_not(therapist: Visitor, role: Role | None) -> None:
    headers = {"content-type": BYTES, **token_header(therapist, role)}
    path = "/api/v1/recordings/a.flac"
    status_code = 401 if role is None else 403
    for method, content in (("PUT", b"fLaC"), ("DELETE", None)):
        answer = therapist.client.request(method, path, content=content, headers=headers)
        assert answer.status_code == status_code
    assert therapist.get(path.rpartition("/")[0], headers=headers).status_code == status_code


def test_a_login_is_no_token(therapist: Visitor) -> None:
    headers = {"content-type": BYTES}
    answer = therapist.client.put("/api/v1/recordings/a.flac", content=b"fLaC", headers=headers)
    was_refused(therapist, answer, 401)


def pieces(total_bytes: int) -> Iterator[bytes]:
    """Sent without a stated length."""
    for _ in range(total_bytes // 1_000_000 + 1):
        yield bytes(1_000_000)


def test_a_large_body_from_a_stranger(therapist: Visitor) -> None:
    become(therapist, None)
    for content in (bytes(STRANGERS_BODY_BYTES + 1), pieces(2_000_000)):
        answer = therapist.client.put(
            "/api/v1/recordings/a.flac", content=content, headers={"content-type": BYTES}
        )
        was_refused(therapist, answer, 401, 413)


def test_a_body_that_states_too_much_is_refused_before_it_comes(therapist: Visitor) -> None:
    stated = str(uploads.LARGEST_RECORDING_BYTES + 1)
    answer = put(therapist, "a.flac", b"fLaC", **{"content-length": stated})
    was_refused(therapist, answer, 413)


def test_a_body_that_never_ends(therapist: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "andante_host.console.recordings.service.LARGEST_RECORDING_BYTES", 20_000_000
    )
    was_refused(therapist, put(therapist, "a.flac", pieces(60_000_000)), 413)


def test_a_body_that_would_take_the_disk_from_sessions(
    therapist: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KEPT_FREE_BYTES", 10**18)
    for content in (bytes(17 << 20), pieces(17 << 20)):
        answer = put(therapist, "a.flac", content)
        assert answer.status_code == 409
        assert "have to stay free for sessions" in answer.json()["detail"]
    stated = {"content-length": str(17 << 20)}
    assert put(therapist, "a.flac", b"fLaC", **stated).status_code == 409, "before it has come"
    form = therapist.post("/recordings", files={"file": ("a.wav", bytes(17 << 20))})
    assert form.status_code == 409
    assert "have to stay free for sessions" in form.text


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "audio/flac", "application/json", "multipart/form-data; boundary=b"]
)
def test_a_body_that_says_it_is_something_else(therapist: Visitor, kind: str) -> None:
    answer = put(therapist, "a.flac", **{"content-type": kind})
    assert answer.status_code in {400, 415}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 100, b"\x7fELF" + bytes(500), FLAC[:900]])
def test_content_that_is_no_recording(therapist: Visitor, content: bytes) -> None:
    was_refused(therapist, put(therapist, "a.flac", content), 400)
    files = {"file": ("a.flac", content)}
    was_refused(therapist, therapist.post("/recordings", files=files), 400)
