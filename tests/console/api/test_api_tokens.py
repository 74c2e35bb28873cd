"""Tokens: who comes in with one, until when, and how one is made and revoked."""

from pathlib import Path

from andante_host.console.accounts.tokens import IDLE_MINUTES, LONGEST_DAYS, NAME_CHARS
from andante_host.console.principal import Role
from support.api import DAYS, programs
from support.clocks import WallClock
from support.console import console

_A_DAY_S = 24 * 60 * 60.0


def test_without_a_token_or_with_a_wrong_one_nobody_comes_in(tmp_path: Path) -> None:
    with programs(tmp_path) as everyone:
        program = everyone[Role.THERAPIST]
        path = "/api/v1/patients"
        for header in ({}, {"authorization": "Bearer andante_wrong"}, {"authorization": "Basic x"}):
            answer = program.client.get(path, headers=header)
            assert answer.status_code == 401
            assert answer.json()["status_code"] == 401
            assert answer.json()["detail"].endswith(".")
        assert program.get("/patients").status_code == 200


def test_a_login_on_the_page_opens_no_operation_but_the_description(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        assert visitor.get("/patients").status_code == 200
        assert visitor.get("/api/v1/patients").status_code == 401
        assert visitor.get("/api/v1/openapi.json").json()["info"]["title"] == "Andante"
        assert "/api/v1/patients/{code}" in visitor.get("/api/v1/docs").text
        visitor.post("/logout")
        for path in ("/api/v1/openapi.json", "/api/v1/docs"):
            assert visitor.get(path).status_code == 401


def test_a_token_ends_by_itself_and_by_being_revoked(tmp_path: Path) -> None:
    clock = WallClock()
    with programs(tmp_path, clock) as everyone:
        therapist, administrator = everyone[Role.THERAPIST], everyone[Role.ADMINISTRATOR]
        assert therapist.get("/patients").status_code == 200
        path = f"/tokens/{therapist.token_id}"
        assert administrator.ask("DELETE", path).status_code == 204
        assert therapist.get("/patients").status_code == 401
        assert administrator.ask("DELETE", path).status_code == 404
        clock.pass_s(DAYS * _A_DAY_S - 1)
        assert administrator.get("/tokens").status_code == 200
        clock.pass_s(1)
        assert administrator.get("/tokens").status_code == 401


def test_a_token_makes_none_that_outlives_it(tmp_path: Path) -> None:
    with programs(tmp_path, WallClock()) as everyone:
        administrator = everyone[Role.ADMINISTRATOR]
        new = {"name": "archive", "role": "administrator", "days": DAYS}
        made = administrator.post("/tokens", new)
        assert made.status_code == 201
        assert made.json()["token"]["made_by"] == "program administrator's"
        longer = administrator.post("/tokens", {**new, "days": DAYS + 1})
        assert longer.status_code == 400
        assert "lasts longer" in longer.json()["detail"]
        names = [token["name"] for token in administrator.get("/tokens").json()["items"]]
        assert names.count("archive") == 1
        assert made.json()["secret"] not in administrator.get("/tokens").text


def test_a_program_that_asks_nothing_is_taken_to_be_gone(tmp_path: Path) -> None:
    clock = WallClock()
    with programs(tmp_path, clock) as everyone:
        program = everyone[Role.THERAPIST]
        tokens = program.services.tokens
        assert not tokens.lives(program.token_id)
        program.get("/patients")
        clock.pass_s(IDLE_MINUTES * 60 - 1)
        assert tokens.lives(program.token_id)
        program.get("/patients")
        clock.pass_s(IDLE_MINUTES * 60 - 1)
        assert tokens.lives(program.token_id)
        clock.pass_s(1)
        assert not tokens.lives(program.token_id)


# --- the page -------------------------------------------------------------------------------------


def test_the_secret_is_shown_once_and_opens_the_api(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        fields = {"name": "research archive", "role": "clinician", "days": "30"}
        answer = visitor.post("/admin/tokens", fields)
        assert answer.status_code == 200
        secret = answer.text.split("<code>")[1].split("</code>")[0]
        headers = {"authorization": f"Bearer {secret}"}
        assert visitor.client.get("/api/v1/sessions", headers=headers).status_code == 200
        shown = visitor.get("/admin/tokens").text
        assert "research archive" in shown
        assert secret not in shown
        (entry,) = visitor.services.audit.newest(1, containing="make token")
        assert (entry.who, entry.subject) == ("administrator", "research archive")
        assert secret not in str(visitor.services.audit.newest(50))


def test_a_revoked_token_is_shown_as_such(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        token, _ = visitor.services.tokens.make("old", Role.CLINICIAN, 1, "administrator")
        path = f"/admin/tokens/{token.token_id}/revoke"
        for sentence in ("is revoked", "nothing to revoke"):
            assert visitor.post(path).headers["location"] == "/admin/tokens"
            assert sentence in visitor.get("/admin/tokens").text
        assert "/revoke" not in visitor.get("/admin/tokens").text


def test_what_no_token_can_be_is_refused(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        for change in (
            {"name": " "},
            {"name": "two\nlines"},
            {"name": "x" * (NAME_CHARS + 1)},
            {"role": "patient-view"},
            {"days": "0"},
            {"days": str(LONGEST_DAYS + 1)},
            {"days": "soon"},
        ):
            fields = {"name": "program", "role": "clinician", "days": "30", **change}
            assert visitor.post("/admin/tokens", fields).status_code == 400, change
        assert visitor.services.tokens.all() == []
