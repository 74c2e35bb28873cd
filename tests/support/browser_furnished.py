"""A house that people have lived in: users, a patient, plans, and sessions of some weeks."""

import io
from dataclasses import dataclass, field

from andante.engine import RunOptions, run_session
from andante.plan import plan_from_dict
from andante_host.console.patients.service import Flags
from andante_host.console.principal import Principal, Role
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings
from support.browser import Visitor
from support.browser_house import House
from support.browser_people import Person
from support.reports import write_weeks
from support.sound_files import sound_bytes

CODE = "P-007"
OTHER_CODE = "P-012"
BREATHE = {"policy": "fixed", "rate_brpm": 6, "cued_minutes": 3}
WALK = {"baseline_s": 12, "tempo_percent_of_baseline": 100, "cued_minutes": 3}
RECORDING = "quiet-evening.flac"
_LOOK_EVERY_MS = 500
_MOST_LOOKS = 120


@dataclass
class Furnished:
    """Who and what is there: plans of CODE by template, names of session files, oldest first.

    One name is long, for whatever it has to fit into.
    """

    therapist: Person = field(default_factory=lambda: Person("anna", Role.THERAPIST))
    colleague: Person = field(default_factory=lambda: Person("benjamin-alexander", Role.THERAPIST))
    clinician: Person = field(default_factory=lambda: Person("carla", Role.CLINICIAN))
    administrator: Person = field(default_factory=lambda: Person("dora", Role.ADMINISTRATOR))
    plan_ids: dict[str, str] = field(default_factory=dict)
    other_plan_id: str = ""
    files: list[str] = field(default_factory=list)

    @property
    def people(self) -> tuple[Person, ...]:
        """One of each role, and a second therapist."""
        return self.therapist, self.colleague, self.clinician, self.administrator


def furnish(house: House) -> Furnished:
    """Fill the house before its console starts, which then is the only one to write there."""
    furnished = Furnished()
    settings = ConsoleSettings(
        state_dir=house.state_dir,
        sessions_dir=house.sessions_dir,
        engine_socket=house.socket_path,
        origin=house.origin,
    )
    services = Services.made(settings)
    try:
        for person in furnished.people:
            person.add_to(services)
        _add_patients(services, furnished)
        services.recordings.add(RECORDING, io.BytesIO(sound_bytes(length_s=200, silent=True)))
    finally:
        services.database.close()
    write_weeks(house.sessions_dir, 4, CODE)
    plan = plan_from_dict(
        {"exercise": "breathe", "patient_code": CODE, "breathe": BREATHE}, "The plan"
    )
    options = RunOptions(simulated_patient=True, at_full_speed=True, out_dir=house.sessions_dir)
    run_session(plan, options)
    furnished.files = [path.name for path in house.session_files()]
    return furnished


def _add_patients(services: Services, furnished: Furnished) -> None:
    services.patients.add(CODE, Flags(freezer=True), "Walk to the garden and back without a rest")
    services.patients.add(OTHER_CODE)
    anna = services.users.by_name(furnished.therapist.name)
    assert anna is not None
    principal = Principal(anna.user_id, anna.name, Role.THERAPIST, key="furnished")
    services.patients.add_note(CODE, "Walks with a stick on the left.", anna.name)
    for template, values in (("walk", WALK), ("breathe-fixed", BREATHE)):
        raw = {"exercise": template.partition("-")[0], template.partition("-")[0]: values}
        saved = services.plans.save(CODE, template, "", raw, principal)
        furnished.plan_ids[template] = saved.plan_id
    other = services.plans.save(
        OTHER_CODE, "breathe-fixed", "", {"exercise": "breathe", "breathe": BREATHE}, principal
    )
    furnished.other_plan_id = other.plan_id


def wait_until_read(visitor: Visitor) -> None:
    """Until the console has read every session that was there when it started."""
    page = visitor.go("/sessions")
    for _ in range(_MOST_LOOKS):
        if page.get_by_text("being read").count() == 0:
            return
        page.wait_for_timeout(_LOOK_EVERY_MS)
        page.reload()
    raise AssertionError("the console still reads its sessions")
