"""What an attacker sends: refused with a proper status, logged, nothing changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar, Router, get

from andante_host.console.app import LARGEST_BODY_BYTES
from andante_host.console.audit import STRANGERS_REFUSALS_PER_MIN, one_line
from andante_host.console.principal import Role
from andante_host.console.security.csrf import CSRF_COOKIE
from andante_host.console.security.gate import STRANGERS_BODY_BYTES
from andante_host.console.security.headers import HEADERS, HTTPS_ONLY
from andante_host.console.security.sessions import COOKIE
from support.clocks import WallClock
from support.console import Visitor, console
from support.console_doors import become, begin_anew, token_header, whole

_SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}'
_DOMAIN = "andante.test"


@pytest.fixture
def visitor(shared: Visitor, clock: WallClock) -> Iterator[Visitor]:
    """An administrator; whatever is sent, all stays as it was."""
    # Of strangers, 60 refusals a minute are logged: each test has a minute of its own.
    clock.pass_s(60)
    begin_anew(shared)
    for role in (Role.CLINICIAN, Role.THERAPIST, Role.ADMINISTRATOR):
        become(shared, role)
    shared.get("/login")
    before = whole(shared.services.database)
    yield shared
    assert whole(shared.services.database) == before


def _refused(visitor: Visitor, answer: Response, status_code: int) -> None:
    """It was, every header is there, no detail leaks, and the trail says so."""
    assert answer.status_code == status_code
    for name in HEADERS:
        assert name in answer.headers
    assert HTTPS_ONLY[0] not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.text
    (entry,) = visitor.services.audit.newest(1)
    assert entry.outcome == "refused"
    assert entry.detail.startswith(str(status_code))


# --- requests that another site's page makes a browser send ---------------------------------


@pytest.mark.parametrize("token", [None, "", "0" * 128, "é" * 128, "x", "\x00"])
def test_a_change_without_a_right_csrf_token(visitor: Visitor, token: str | None) -> None:
    form = {"name": "mallory", "role": "administrator"}
    if token is not None:
        form["_csrf_token"] = token
    answer = visitor.client.post("/admin/users", data=form, follow_redirects=False)
    _refused(visitor, answer, 403)


def test_a_csrf_token_as_a_file_or_twice(visitor: Visitor) -> None:
    for options in (
        {"files": {"_csrf_token": ("token.txt", b"0" * 128)}, "data": {"name": "mallory"}},
        {"content": b"_csrf_token=a&_csrf_token=b", "headers": _FORM},
    ):
        answer = visitor.client.post("/admin/users", follow_redirects=False, **options)
        _refused(visitor, answer, 403)


def test_a_csrf_token_of_another_browser(visitor: Visitor) -> None:
    token = visitor.csrf_token()
    visitor.client.cookies.delete(CSRF_COOKIE)
    answer = visitor.client.post(
        "/admin/users", data={"_csrf_token": token, "name": "mallory"}, follow_redirects=False
    )
    _refused(visitor, answer, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_on_another_site(visitor: Visitor, site: str) -> None:
    answer = visitor.post("/admin/users", {"name": "mallory"}, headers={"sec-fetch-site": site})
    _refused(visitor, answer, 403)


def test_a_planted_csrf_cookie_gives_way_to_a_good_one(visitor: Visitor) -> None:
    for planted in ("x", "0" * 128, 'a"><script>'):
        visitor.client.cookies.set(CSRF_COOKIE, planted, domain=_DOMAIN)
        page = visitor.get("/login")
        assert f'content="{planted}"' not in page.text
        assert f"{CSRF_COOKIE}=" in page.headers["set-cookie"]
        visitor.client.cookies.delete(CSRF_COOKIE)


# --- names and cookies that are not ours ------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "andante.test.evil.example", "10.1.2.3", "andante.test@evil", "[", ""]
)
def test_a_host_name_that_is_not_this_devices(visitor: Visitor, host: str) -> None:
    _refused(visitor, visitor.get("/login", headers={"host": host}), 400)


@pytest.mark.parametrize("host", ["andante.test", "andante.test:8443", "localhost"])
def test_its_own_names_whatever_the_port(visitor: Visitor, host: str) -> None:
    assert visitor.get("/login", headers={"host": host}).status_code == 200


def test_a_forged_cookie_opens_no_page_and_no_api(visitor: Visitor) -> None:
    good = visitor.client.cookies[COOKIE]
    assert visitor.get("/api/v1/users").status_code == 401, "a login is no token"
    visitor.client.cookies.clear()
    visitor.client.cookies.set(
        COOKIE, good[:-1] + ("0" if good[-1] != "0" else "1"), domain=_DOMAIN
    )
    assert visitor.get("/admin").headers["location"] == "/login"
    (entry,) = visitor.services.audit.newest(1)
    assert (entry.who, entry.outcome) == ("-", "refused")


def test_ten_wrong_tokens_make_an_address_wait_but_never_a_right_token(visitor: Visitor) -> None:
    services = visitor.services
    before = services.tokens.all()
    right = token_header(visitor, Role.ADMINISTRATOR)
    made = {token.token_id for token in services.tokens.all()} - {one.token_id for one in before}
    wrong = {"authorization": "Bearer andante_guess"}
    for _ in range(10):
        _refused(visitor, visitor.get("/api/v1/users", headers=wrong), 401)
    answer = visitor.get("/api/v1/users", headers=wrong)
    _refused(visitor, answer, 429)
    assert int(answer.headers["retry-after"]) > 0
    assert visitor.get("/api/v1/users", headers=right).status_code == 200
    for token_id in made:
        services.database.write("DELETE FROM tokens WHERE token_id = ?", (token_id,))
    services.database.write("DELETE FROM wrong_tries")


# --- paths --------------------------------------------------------------------------------------

_CLIMBS = [
    "/static/..%2f..%2fstate%2fconsole.db",
    "/static/%2e%2e/%2e%2e/state/console.db",
    "/static/....//....//etc/passwd",
    "/static/..%5c..%5cconsole.db",
    "/static//etc/passwd",
    "/static/%00",
    "/sessions/..%2fstate%2fconsole.db",
    "/sessions/..%2f..%2fetc%2fpasswd/download/file",
    "/sessions/%2fetc%2fpasswd/report.html",
    "/admin/backup/..%2fconsole.db/download",
    "/admin/backup/%2e%2e%2fconsole.db/download",
]


@pytest.mark.parametrize("role", [None, Role.THERAPIST, Role.ADMINISTRATOR])
@pytest.mark.parametrize("path", _CLIMBS)
def test_a_path_that_climbs_out_finds_nothing(
    visitor: Visitor, path: str, role: Role | None
) -> None:
    become(visitor, role)
    before = len(visitor.services.audit.newest(10_000))
    answer = visitor.get(path)
    assert answer.status_code in {303, 400, 403, 404}
    assert "SQLite format" not in answer.text
    assert "root:" not in answer.text
    if ".." in path.replace("%2e", ".") or answer.status_code in {303, 403}:
        assert len(visitor.services.audit.newest(10_000)) > before, "somebody looked for files"


# --- bodies -------------------------------------------------------------------------------------

_FORM = {"content-type": "application/x-www-form-urlencoded"}
_BOUNDARY = {"content-type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", _FORM),
        (b"%", _FORM),
        (b"name=%ff%fe&password=%c3%28", _FORM),
        (b"name=%00&password=%00", _FORM),
        (b"name=a&name=b&password=c", _FORM),
        (b"name[]=a&password[x]=c", _FORM),
        (b"&&&===&;;", _FORM),
        (b"\xff\xfe\x00", _FORM),
        (b"", {"content-type": "multipart/form-data"}),
        (b"no boundary at all", _BOUNDARY),
        (b"--b\r\n\r\n", _BOUNDARY),
        (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--b--\r\n', _BOUNDARY),
        (
            b'--b\r\nContent-Disposition: form-data; name="name"\r\n'
            b"Content-Type: text/plain; charset=no-such\r\n\r\nx\r\n--b--\r\n",
            _BOUNDARY,
        ),
        (b"{", {"content-type": "application/json"}),
        (b"[[[[[[[[", {"content-type": "application/json"}),
        (b"<a/>", {"content-type": "text/xml"}),
        (b"x", {"content-type": "multipart/form-data; boundary="}),
        (b"x", {"content-type": b"\xff; =;;"}),
    ],
)
@pytest.mark.parametrize("in_header", [False, True])
def test_a_malformed_body_is_refused_and_never_a_defect(
    visitor: Visitor, body: bytes, headers: dict[str, Any], in_header: bool
) -> None:
    become(visitor, None)
    sent: dict[str, Any] = {**headers}
    if in_header:
        sent["x-csrftoken"] = visitor.csrf_token()
    for path in ("/login", "/login/second-factor"):
        answer = visitor.client.post(path, content=body, headers=sent, follow_redirects=False)
        assert answer.status_code in {400, 401, 403, 429} or (
            path != "/login" and answer.status_code == 303
        )
        assert "content-security-policy" in answer.headers


def _pieces(total_bytes: int) -> Iterator[bytes]:
    """Sent without a stated length."""
    yield b"name="
    sent_bytes = 5
    while sent_bytes < total_bytes:
        yield b"x" * 1000
        sent_bytes += 1000


def test_a_large_body_from_a_stranger(visitor: Visitor) -> None:
    become(visitor, None)
    for content in (b"name=" + b"x" * STRANGERS_BODY_BYTES, _pieces(STRANGERS_BODY_BYTES + 1)):
        answer = visitor.client.post("/login", content=content, headers=_FORM)
        _refused(visitor, answer, 413)


def test_a_large_body_from_somebody_who_is_logged_in(visitor: Visitor) -> None:
    for content in (b"name=" + b"x" * LARGEST_BODY_BYTES, _pieces(LARGEST_BODY_BYTES + 1000)):
        answer = visitor.client.post("/admin/users", content=content, headers=_FORM)
        _refused(visitor, answer, 413)


def test_a_large_body_for_a_program(visitor: Visitor) -> None:
    for content in (b" " * STRANGERS_BODY_BYTES + b"{}", _pieces(STRANGERS_BODY_BYTES + 1)):
        answer = visitor.client.post(
            "/api/v1/users", content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code in {401, 413}


# --- text that wants to be something else --------------------------------------------------------


def test_script_in_the_login_is_shown_as_text(visitor: Visitor) -> None:
    become(visitor, None)
    answer = visitor.log_in(_SCRIPT, "x")
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "{{ 7 * 7 }}" in answer.text


def test_script_in_an_address_is_shown_as_text(visitor: Visitor) -> None:
    answer = visitor.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_script_in_an_account_is_shown_as_text(tmp_path: Path) -> None:
    reason = "<b onclick=alert(3)>no phone</b>"
    with console(tmp_path) as visitor:
        visitor.services.users.add(
            _SCRIPT[:60], Role.CLINICIAN, "five words of no use", False, reason
        )
        visitor.client.headers["user-agent"] = _SCRIPT
        visitor.log_in(_SCRIPT[:60], "five words of no use")
        page = visitor.get("/account")
        assert page.status_code == 200
        for raw in ("<script>alert", "<img src=x", "<b onclick"):
            assert raw not in page.text
        become(visitor, Role.CLINICIAN)
        trail = visitor.get("/audit")
        assert trail.status_code == 200
        assert "<script>alert" not in trail.text


def test_no_text_breaks_a_line_of_the_trail(visitor: Visitor) -> None:
    visitor.get("/static/..%0aroot log in done%1b[2J%e2%80%ae%00")
    (entry,) = visitor.services.audit.newest(1)
    assert "\n" not in entry.action
    assert "\\x0aroot" in entry.action
    assert "\\x1b" in entry.action
    assert "\\x202e" in entry.action
    assert one_line("\ud800\r\u2028") == "\\xd800\\x0d\\x2028"
    assert len(one_line("x" * 10_000)) == 500


# --- floods --------------------------------------------------------------------------------------


def test_a_flood_of_refusals_neither_fills_the_card_nor_hides_a_known_persons(
    visitor: Visitor, clock: WallClock
) -> None:
    before = len(visitor.services.audit.newest(10_000))
    become(visitor, None)
    for _ in range(STRANGERS_REFUSALS_PER_MIN + 20):
        visitor.get("/admin")
    entries = visitor.services.audit.newest(10_000)
    assert len(entries) - before == STRANGERS_REFUSALS_PER_MIN + 1
    assert entries[0].action == "many refusals"
    become(visitor, Role.THERAPIST)
    visitor.get("/admin")
    assert visitor.services.audit.newest(1)[0].who == "therapist"
    become(visitor, None)
    clock.pass_s(60)
    visitor.get("/admin")
    assert visitor.services.audit.newest(1)[0].action == "GET /admin"


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/login", "/nowhere", "/static/andante.css", "/static/no", "/api/v1/no"]
)
def test_every_answer_has_the_headers(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "cache-control" in answer.headers
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_a_defect_is_a_plain_sentence_with_the_headers(tmp_path: Path) -> None:
    @get("/defect", sync_to_thread=False)
    def defect() -> None:
        raise RuntimeError("secret inside")

    with console(tmp_path) as visitor:
        app: Litestar = visitor.client.app
        app.register(Router("/", route_handlers=[defect]))
        answer = visitor.get("/defect")
        assert answer.status_code == 500
        assert "secret inside" not in answer.text
        assert "tell whoever looks after the device" in answer.text
        assert "content-security-policy" in answer.headers


def test_a_browser_is_bound_to_https_with_the_clinics_own_certificate_alone(
    tmp_path: Path,
) -> None:
    with console(tmp_path, certificate=tmp_path / "clinic.pem") as visitor:
        assert visitor.get("/login").headers[HTTPS_ONLY[0]] == HTTPS_ONLY[1]
