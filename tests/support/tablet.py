"""A patient's tablet before an engine whose sessions a test makes and ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from httpx import Response

from andante.commands import AnyCommand
from andante.control import Doing, SessionEnded
from andante.session.live import Facts
from andante_host.console.patients.service import Flags
from andante_host.console.plans.service import SavedPlan
from andante_host.console.principal import Principal, Role
from support.console import Visitor, console
from support.control import Counter, counter_at

CODE = "P-7"
FILE = "2025-03-04-P-7.andante"
STRANGER = 99
"""A connection to the engine that is not the console's."""
THERAPIST = Principal(user_id="t", name="therapist", role=Role.THERAPIST, key="k")


@dataclass
class TabletHouse:
    """A browser with a therapist's login, a patient with plans, and an engine's desk."""

    visitor: Visitor
    plan: SavedPlan
    counter: Counter

    def begin_anew(self) -> None:
        """Nothing runs, nobody holds the device, and the browser is the therapist's again."""
        self.counter.desk.leave(STRANGER)
        if self.counter.desk.state.doing is not Doing.WAITING:
            self.end()
        for way in ("/exercise/leave", "/logout"):
            self.visitor.post(way)
        self.visitor.client.cookies.clear()
        self.visitor.log_in(Role.THERAPIST)
        self.counter.starts.clear()
        self.commands()

    def hand_over(self, **changes: Any) -> Response:
        """As the patient's page does."""
        fields = {"code": CODE, "plan_id": self.plan.plan_id, "attended": "yes"}
        return self.visitor.post("/exercise/begin", {**fields, **changes})

    def hand_over_to(self, code: str, template: str, flags: Flags | None = None) -> Response:
        """Another patient's plan, without the tick that somebody is beside them."""
        plan = _planned(self.visitor, code, template, flags)
        return self.hand_over(code=code, plan_id=plan.plan_id, attended="")

    def screen(self) -> str:
        """Which one is due."""
        answer = self.visitor.get("/exercise/state")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["screen"])

    def start(self) -> Response:
        """Press Start; the engine takes it up a moment later."""

        def take_up() -> None:
            clock = self.visitor.services.clock
            deadline_ns = clock.now_ns() + 5_000_000_000
            while not self.counter.starts and clock.now_ns() < deadline_ns:
                clock.sleep_until_ns(clock.now_ns() + 5_000_000)
            self.counter.desk.tell_session(Doing.STARTING, self.plan.exercise, CODE, False)

        thread = Thread(target=take_up)
        thread.start()
        answer = self.visitor.post("/exercise/start")
        thread.join()
        return answer

    def run(self, code: str = CODE) -> None:
        """A session is under way, and the console has heard of it."""
        facts = Facts(path=f"/var/lib/{FILE}", board="a twin", outputs={}, simulated_parts=())
        self.counter.desk.tell_session(Doing.RUNNING, self.plan.exercise, code, False, facts)
        self.wait_until(Doing.RUNNING)

    def end(self, path: str | None = f"/var/lib/{FILE}") -> None:
        """It is over, and the console has heard of it."""
        self.counter.publish(SessionEnded(path=path, end_reason="finished"))
        self.counter.desk.end_session()
        self.wait_until(Doing.WAITING)

    def commands(self) -> list[AnyCommand]:
        """What has come for the runner since the last call."""
        return self.counter.desk.take_commands()

    def wait_until(self, doing: Doing, simulated_patient: bool = False) -> None:
        """Until the console has heard that the engine does this; fails after some seconds."""
        device, clock = self.visitor.services.device, self.visitor.services.clock
        deadline_ns = clock.now_ns() + 5_000_000_000
        wanted = (doing, simulated_patient)
        while (state := device.state) is None or (state.doing, state.simulated_patient) != wanted:
            assert clock.now_ns() < deadline_ns, f"the console never heard of {wanted}"
            clock.sleep_until_ns(clock.now_ns() + 5_000_000)


@contextmanager
def tablet_house(folder: Path) -> Iterator[TabletHouse]:
    """All of it. The visitor is still the therapist."""
    with counter_at(folder / "engine.sock") as counter, console(folder, Role.THERAPIST) as visitor:
        house = TabletHouse(visitor, _planned(visitor, CODE, "breathe-fixed"), counter)
        house.wait_until(Doing.WAITING)
        yield house


@contextmanager
def handed_over_without_engine(folder: Path) -> Iterator[Visitor]:
    """A patient's tablet in a house whose device is off."""
    with console(folder, Role.THERAPIST) as visitor:
        plan = _planned(visitor, CODE, "breathe-fixed")
        visitor.post("/exercise/begin", {"code": CODE, "plan_id": plan.plan_id})
        yield visitor


def _planned(visitor: Visitor, code: str, template: str, flags: Flags | None = None) -> SavedPlan:
    services = visitor.services
    patient = services.patients.find(code) or services.patients.add(code, flags)
    raw = services.plans.new(template, patient)
    return services.plans.save(code, template, "", raw, THERAPIST)
