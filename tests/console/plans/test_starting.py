"""From the checklist to a session under way, at a real control socket."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from andante.commands import Item, Moment, SelfReport
from andante.control import DeviceState, Doing, Hold, Ok, encode_line
from andante.plan import plan_from_dict
from andante.timebase import NS_PER_MS, MonotonicClock
from andante_host.console.plans.service import SavedPlan
from andante_host.console.principal import Principal, Role
from support.console import Visitor, console
from support.control import Counter, counter_at
from support.plan_forms import fields_of

ANNA = Principal("1", "anna", Role.THERAPIST, "key")
WALK: dict[str, Any] = {
    "exercise": "walk",
    "walk": {"baseline_s": 60, "tempo_spm": 100, "cued_minutes": 5},
}
BREATHE: dict[str, Any] = {"exercise": "breathe", "breathe": {"rate_brpm": 6, "cued_minutes": 5}}
SOMEBODY_ELSE = 99
CLOCK = MonotonicClock()


@dataclass
class Room:
    """A therapist in front of a trainer."""

    visitor: Visitor
    trainer: Counter

    def plan(self, raw: dict[str, Any], key: str) -> SavedPlan:
        return self.visitor.services.plans.save("P-1", key, "", raw, ANNA)

    def start_at(self, saved: SavedPlan) -> str:
        return f"/patients/P-1/plans/{saved.plan_id}/start"


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_ns = CLOCK.now_ns() + 10_000 * NS_PER_MS
    while not is_so():
        assert CLOCK.now_ns() < deadline_ns, "the console did not see it"
        CLOCK.sleep_until_ns(CLOCK.now_ns() + 10 * NS_PER_MS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("house")
    with (
        counter_at(folder / "engine.sock") as trainer,
        console(folder, Role.THERAPIST) as visitor,
    ):
        visitor.services.patients.add("P-1")
        wait_until(lambda: visitor.services.device.connected)
        yield Room(visitor, trainer)


@pytest.fixture
def room(house: Room) -> Iterator[Room]:
    """The house as it is with nobody at the trainer."""
    yield house
    device = house.visitor.services.device
    house.visitor.post("/device/release")
    house.trainer.desk.leave(SOMEBODY_ELSE)
    house.trainer.desk.end_session()
    house.trainer.starts.clear()
    waiting = DeviceState(doing=Doing.WAITING)
    wait_until(lambda: device.state == waiting and device.holder_of() is None)


def test_a_walk_begins_once_someone_is_beside_the_patient(room: Room) -> None:
    saved = room.plan(WALK, "walk")
    at = room.start_at(saved)
    page = room.visitor.get(at).text
    assert "Someone is beside the patient" in page
    assert "Ready" in page
    answer = room.visitor.post(at)
    assert answer.status_code == 400
    assert "tick that this is so" in answer.text
    assert room.trainer.starts == []
    assert room.trainer.desk.state.holder is None
    answer = room.visitor.post(at, {"attended": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    (start,) = room.trainer.starts
    assert (start.attended, start.simulated_patient) == (True, False)
    assert plan_from_dict(start.plan) == room.visitor.services.plans.ready(saved)
    holder = room.visitor.services.device.holder_of()
    assert holder is not None
    assert (holder.name, holder.reason) == ("therapist", "walk with P-1")
    trail = [entry for entry in room.visitor.services.audit.newest() if entry.action == "start"]
    assert [(entry.subject, entry.outcome, entry.address) for entry in trail] == [
        ("P-1", "done", "testclient"),
        ("P-1", "refused", "testclient"),
    ]
    assert trail[0].detail == f"walk, {saved.title}"


def test_breathing_needs_nobody_beside(room: Room) -> None:
    at = room.start_at(room.plan(BREATHE, "breathe-fixed"))
    assert "beside the patient" not in room.visitor.get(at).text
    assert room.visitor.post(at).status_code == 303


def test_what_the_patient_says_before_reaches_the_session(room: Room) -> None:
    at = room.start_at(room.plan(BREATHE, "breathe-fixed"))
    assert room.visitor.post(at, {"mood": "3", "effort": "0", "pain": ""}).status_code == 303
    told = room.trainer.desk.take_commands()
    assert sorted(told, key=str) == sorted(
        [
            SelfReport(moment=Moment.BEFORE, item=Item.MOOD, score=3),
            SelfReport(moment=Moment.BEFORE, item=Item.EFFORT, score=0),
        ],
        key=str,
    )


def test_a_score_off_the_scale_starts_nothing_and_loses_nothing(room: Room) -> None:
    at = room.start_at(room.plan(WALK, "walk"))
    answer = room.visitor.post(at, {"attended": "on", "mood": "11", "pain": "4"})
    assert answer.status_code == 400
    assert "0 to 10" in answer.text
    assert room.trainer.starts == []
    fields = fields_of(answer.text)
    assert (fields["attended"], fields["pain"]) == ("on", "4")


def test_a_simulated_patient_only_where_that_is_tried_out(room: Room) -> None:
    at = room.start_at(room.plan(WALK, "walk"))
    assert "Simulated" not in room.visitor.get(at).text
    answer = room.visitor.post(at, {"attended": "on", "simulated": "on"})
    assert answer.status_code == 400
    assert room.trainer.starts == []


def test_trying_out_is_labelled_and_asked_for(tmp_path: Path) -> None:
    with (
        counter_at(tmp_path / "engine.sock") as trainer,
        console(tmp_path, Role.THERAPIST, try_out=True) as visitor,
    ):
        visitor.services.patients.add("P-1")
        wait_until(lambda: visitor.services.device.connected)
        room = Room(visitor, trainer)
        at = room.start_at(room.plan(WALK, "walk"))
        assert "board and patient are simulated" in visitor.get(at).text
        assert visitor.post(at, {"simulated": "on"}).status_code == 303
        assert [start.simulated_patient for start in trainer.starts] == [True]
        (entry,) = (line for line in visitor.services.audit.newest() if line.action == "start")
        assert "simulated patient" in entry.detail


def test_who_holds_the_device_and_why_and_nothing_is_lost(room: Room) -> None:
    saved = room.plan(WALK, "walk")
    at = room.start_at(saved)
    line = encode_line(Hold(role="therapist", holder="tablet 2", reason="walk with P-9"))
    assert room.trainer.desk.answer(SOMEBODY_ELSE, line) == Ok()
    (last,) = room.visitor.services.audit.newest(1)
    answer = room.visitor.post(at, {"attended": "on", "mood": "3"})
    assert answer.status_code == 409
    assert "tablet 2" in answer.text
    assert "walk with P-9" in answer.text
    assert fields_of(answer.text)["attended"] == "on"
    assert fields_of(answer.text)["mood"] == "3"
    assert room.trainer.starts == []
    assert room.visitor.services.plans.get(saved.plan_id).started_utc is None
    lines = [one for one in room.visitor.services.audit.newest() if one.entry > last.entry]
    assert [(one.action, one.outcome) for one in lines] == [("take the device", "refused")]


def test_a_device_taken_for_nothing_is_given_back(room: Room) -> None:
    at = room.start_at(room.plan(WALK, "walk"))
    room.trainer.begin()  # somebody started a session with the button
    answer = room.visitor.post(at, {"attended": "on"})
    assert answer.status_code == 409
    assert "under way" in answer.text
    assert room.visitor.services.device.holder_of() is None


def test_a_second_start_leaves_the_session_in_its_holders_hands(room: Room) -> None:
    at = room.start_at(room.plan(WALK, "walk"))
    assert room.visitor.post(at, {"attended": "on"}).status_code == 303
    assert room.trainer.desk.state.doing is Doing.STARTING
    assert room.visitor.post(at, {"attended": "on"}).status_code == 409
    assert room.visitor.services.device.holder_of() is not None


def test_a_baseline_is_one_tick_and_one_press(room: Room) -> None:
    assert room.visitor.post("/patients/P-1/baseline/walk").status_code == 400
    answer = room.visitor.post("/patients/P-1/baseline/walk", {"attended": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    (start,) = room.trainer.starts
    assert start.plan["walk"]["baseline_s"] == 300
    assert start.plan["walk"]["cued_minutes"] is None
    assert room.visitor.post("/patients/P-1/baseline/tap").status_code == 400
    assert room.visitor.post("/patients/P-1/baseline/swim").status_code == 404


def test_two_taps_from_the_list_to_the_last_plan(room: Room) -> None:
    saved = room.plan(WALK, "walk")
    assert f'href="{room.start_at(saved)}"' in room.visitor.get("/patients").text
    room.visitor.services.plans.retire(saved.plan_id)
    assert room.start_at(saved) not in room.visitor.get("/patients").text
    answer = room.visitor.post(room.start_at(saved), {"attended": "on"})
    assert answer.status_code == 400
    assert "retired" in answer.text


def test_an_engine_that_is_away_is_said(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        visitor.services.patients.add("P-1")
        saved = visitor.services.plans.save("P-1", "walk", "", WALK, ANNA)
        at = f"/patients/P-1/plans/{saved.plan_id}/start"
        assert "cannot be reached" in visitor.get(at).text
        assert visitor.post(at, {"attended": "on"}).status_code == 409
