"""The patient's tablet from being handed over to being taken back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from andante.commands import Dizzy, Item, Moment, SelfReport, Stop
from andante_host.console.exercise import routes
from andante_host.console.exercise.routes import SOURCE
from andante_host.console.patients.service import Flags
from andante_host.console.principal import Role
from support.console import console
from support.device import wait_until
from support.tablet import (
    CODE,
    FILE,
    STRANGER,
    TabletHouse,
    handed_over_without_engine,
    tablet_house,
)

SCORES = {"mood": "6", "pain": "3", "effort": ""}
OTHERS_PAGES = ("/patients", f"/patients/{CODE}", "/live", "/sessions", "/audit", "/admin")
DONE = 303


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TabletHouse]:
    """Made once: the whole application takes a second to build."""
    with tablet_house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def house(shared_house: TabletHouse) -> TabletHouse:
    """As nobody had used it before."""
    shared_house.begin_anew()
    return shared_house


def test_a_therapist_hands_over_and_the_tablet_is_the_patients(house: TabletHouse) -> None:
    assert house.hand_over().headers["location"] == "/exercise"
    page = house.visitor.get("/exercise")
    assert page.status_code == 200
    assert "How are you now?" in page.text
    entry = next(
        each
        for each in house.visitor.services.audit.newest()
        if each.action == "hand over the tablet"
    )
    assert (entry.who, entry.subject) == ("therapist", CODE)


def test_a_patient_gets_at_nothing_else(house: TabletHouse) -> None:
    house.hand_over()
    for address in OTHERS_PAGES:
        assert house.visitor.get(address).status_code in (403, 404), address
    assert house.visitor.post("/device/hold", {"reason": "x"}).status_code == 403
    assert house.hand_over().status_code == 403
    assert house.visitor.get("/").headers["location"] == "/exercise"


def test_the_therapists_cookie_of_before_is_worth_nothing(house: TabletHouse) -> None:
    cookie = house.visitor.client.cookies["__Host-andante"]
    house.hand_over()
    house.visitor.client.cookies.clear()
    house.visitor.client.cookies.set("__Host-andante", cookie, domain="andante.test")
    assert house.visitor.get("/patients").headers["location"] == "/login"


def test_taking_it_back_needs_a_login(house: TabletHouse) -> None:
    house.hand_over()
    cookie = house.visitor.client.cookies["__Host-andante"]
    assert house.visitor.post("/exercise/leave").headers["location"] == "/login"
    house.visitor.client.cookies.set("__Host-andante", cookie, domain="andante.test")
    assert house.visitor.get("/exercise").headers["location"] == "/login"


def test_no_other_role_has_the_patients_page(tmp_path: Path) -> None:
    with console(tmp_path) as visitor:
        for role in (Role.CLINICIAN, Role.ADMINISTRATOR, Role.THERAPIST):
            visitor.log_in(role)
            assert visitor.get("/exercise").status_code == 403
            assert visitor.post("/exercise/start").status_code == 403
            begun = visitor.post("/exercise/begin", {"code": "P-7", "plan_id": "none"})
            assert begun.status_code == (400 if role is Role.THERAPIST else 403)
            visitor.post("/logout")


def test_a_plan_of_somebody_else_is_refused(house: TabletHouse) -> None:
    house.visitor.services.patients.add("P-8")
    answer = house.hand_over(code="P-8")
    assert answer.status_code == 400
    assert "another patient" in answer.text
    assert house.visitor.get("/").headers["location"] == "/patients"


def test_a_tablet_that_could_not_start_is_not_handed_over(house: TabletHouse) -> None:
    house.counter.desk.answer(
        STRANGER, b'{"command":"hold","role":"therapist","holder":"tablet 2","reason":"walk"}'
    )
    wait_until(lambda: house.visitor.services.device.holder_of() is not None)
    answer = house.hand_over()
    assert answer.status_code == 400
    assert "held by tablet 2" in answer.text
    assert "Before you start" in answer.text, "it is said on the page one came from"
    assert house.visitor.get("/").headers["location"] == "/patients"


def test_walking_needs_somebody_beside_the_patient(house: TabletHouse) -> None:
    answer = house.hand_over_to("P-10", "walk")
    assert answer.status_code == 400
    assert "beside the patient" in answer.text
    (plan,) = house.visitor.services.plans.of_patient("P-10")
    assert house.hand_over(code="P-10", plan_id=plan.plan_id).status_code == DONE


def test_a_patient_is_simulated_only_where_the_console_tries_out(house: TabletHouse) -> None:
    answer = house.hand_over(simulated="yes")
    assert answer.status_code == 400
    assert "try out" in answer.text


def test_the_whole_way(house: TabletHouse) -> None:
    visitor = house.visitor
    house.hand_over()
    assert house.screen() == "before"
    assert visitor.post("/exercise/before", SCORES).status_code == DONE
    assert house.screen() == "ready"
    assert house.start().status_code == DONE
    (start,) = house.counter.starts
    assert start.plan["patient_code"] == CODE
    assert start.plan["exercise"] == "breathe"
    assert start.attended
    assert not start.simulated_patient
    said = {(c.moment, c.item, c.score) for c in house.commands() if isinstance(c, SelfReport)}
    assert said == {(Moment.BEFORE, Item.MOOD, 6), (Moment.BEFORE, Item.PAIN, 3)}
    house.run()
    assert house.screen() == "running"
    assert visitor.post("/exercise/stop").status_code == DONE
    assert house.commands() == [Stop(source=SOURCE)]
    house.end()
    wait_until(lambda: visitor.services.device.holder_of() is None)
    assert house.screen() == "after"
    assert "It is over" in visitor.get("/exercise").text
    did = ("start", "stop", "release the device")
    trail = [entry for entry in visitor.services.audit.newest(50) if entry.action in did]
    assert [(entry.action, entry.subject) for entry in reversed(trail)][-3:] == [
        ("start", CODE),
        ("stop", CODE),
        ("release the device", ""),
    ], "a line each"
    assert {(entry.role, entry.address) for entry in trail[:3]} == {("patient-view", "testclient")}
    assert visitor.post("/exercise/after", {"mood": "8"}).status_code == DONE
    (kept,) = visitor.services.self_reports.of_session(FILE)
    assert (kept.code, kept.moment, kept.item, kept.score) == (CODE, "after", "mood", 8)
    assert house.screen() == "done"
    visitor.post("/exercise/again")
    assert house.screen() == "before"


def test_start_pressed_twice_starts_once_and_says_nothing_bad(house: TabletHouse) -> None:
    house.hand_over()
    house.visitor.post("/exercise/before")
    house.start()
    house.run()
    assert house.visitor.post("/exercise/start").status_code == DONE
    assert len(house.counter.starts) == 1


def test_dizzy_ends_it_and_says_so_to_the_engine(house: TabletHouse) -> None:
    house.hand_over()
    house.run()
    assert house.visitor.post("/exercise/dizzy").status_code == DONE
    assert house.commands() == [Dizzy(source=SOURCE)]
    trail = [entry.action for entry in house.visitor.services.audit.newest(2)]
    assert trail == ["dizzy", "hand over the tablet"], "one line each"


def test_stop_after_the_end_is_no_error(house: TabletHouse) -> None:
    house.hand_over()
    assert house.visitor.post("/exercise/stop").status_code == DONE


def test_a_session_that_the_therapist_started_is_followed_too(house: TabletHouse) -> None:
    house.hand_over()
    house.run()
    page = house.visitor.get("/exercise").text
    assert 'action="/exercise/stop"' in page
    assert 'action="/exercise/dizzy"' in page
    assert "This picture only follows them" in page
    house.end()
    assert house.screen() == "after"


def test_somebody_elses_session_is_not_shown(house: TabletHouse) -> None:
    house.hand_over()
    house.run(code="P-99")
    page = house.visitor.get("/exercise").text
    assert "in use for somebody else" in page
    assert "P-99" not in page


def test_a_device_that_is_held_is_not_taken(house: TabletHouse) -> None:
    house.hand_over()
    house.visitor.post("/exercise/before")
    house.counter.desk.answer(
        STRANGER, b'{"command":"hold","role":"therapist","holder":"tablet 2","reason":"walk"}'
    )
    assert house.visitor.post("/exercise/start").status_code == DONE
    page = house.visitor.get("/exercise").text
    assert "call your therapist" in page
    assert "tablet 2" not in page, "patients are not told of others"
    assert 'data-screen="ready"' in page, "it is said in place"
    assert house.counter.starts == []


def test_without_an_engine_the_page_says_that_it_sees_nothing(tmp_path: Path) -> None:
    with handed_over_without_engine(tmp_path) as visitor:
        page = visitor.get("/exercise").text
        assert "cannot see what the device does" in page
        assert "press the button on the device" in page
        assert visitor.get("/exercise/state").json() == {"screen": "away"}
        visitor.post("/exercise/before", SCORES)
        assert visitor.post("/exercise/start").status_code == DONE
        assert "engine cannot be reached" in visitor.get("/exercise").text


def test_what_was_said_before_is_not_lost_in_silence(
    house: TabletHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "UNDER_WAY_S", 0.1)
    house.hand_over()
    house.visitor.post("/exercise/before", SCORES)
    # The engine accepts the start and then never takes it up.
    assert house.visitor.post("/exercise/start").status_code == DONE
    assert house.commands() == []
    assert "could not be written down" in house.visitor.get("/exercise").text


def test_nothing_recorded_asks_nothing(house: TabletHouse) -> None:
    house.hand_over()
    house.visitor.post("/exercise/before")
    house.start()
    house.end(path=None)
    page = house.visitor.get("/exercise").text
    assert "Nothing was recorded" in page
    assert house.visitor.post("/exercise/after", {"mood": "8"}).status_code == 400


def test_a_score_off_the_scale_is_refused(house: TabletHouse) -> None:
    house.hand_over()
    for score in ("11", "-1", "x", "5.5", "<b>"):
        assert house.visitor.post("/exercise/before", {"mood": score}).status_code == 400
        assert house.screen() == "before"


@pytest.mark.parametrize(("epilepsy", "calm"), [(True, "yes"), (False, "no")])
def test_the_picture_of_a_patient_with_epilepsy_is_calm(
    house: TabletHouse, epilepsy: bool, calm: str
) -> None:
    code = f"P-calm-{calm}"
    assert house.hand_over_to(code, "breathe-fixed", Flags(epilepsy=epilepsy)).status_code == DONE
    house.run(code)
    found = re.search(r'data-calm="(\w+)"', house.visitor.get("/exercise").text)
    assert found is not None
    assert found[1] == calm


def test_every_change_needs_the_token(house: TabletHouse) -> None:
    house.hand_over()
    for way in ("before", "back", "start", "stop", "dizzy", "after", "again", "leave"):
        answer = house.visitor.client.post(f"/exercise/{way}", follow_redirects=False)
        assert answer.status_code == 403, way
