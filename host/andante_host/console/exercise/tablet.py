"""What a patient's tablet is bound to and which of its screens is due. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from andante.commands import Item
from andante.control import DeviceState, Doing, SessionEnded
from andante.errors import AndanteError

_KEY = "exercise"


class TabletError(AndanteError):
    """Something about a patient's tablet that cannot be done, in one sentence."""


class Screen(StrEnum):
    """What the tablet shows."""

    BEFORE = "before"
    READY = "ready"
    RUNNING = "running"
    AFTER = "after"
    DONE = "done"
    BUSY = "busy"
    AWAY = "away"


class Tablet(Struct, frozen=True, kw_only=True):
    """Kept in the tablet's login.

    `attended`: the therapist said that someone is beside the patient. `before`: what the patient
    said before the exercise, None until they were asked. `started`: the exercise has been seen
    under way, and `file` is its session file's name. `after_asked`: the last questions are over.
    """

    plan_id: str
    attended: bool
    simulated: bool
    before: dict[Item, int] | None = None
    started: bool = False
    file: str | None = None
    after_asked: bool = False

    def again(self) -> "Tablet":
        """The same exercise from its beginning."""
        return Tablet(plan_id=self.plan_id, attended=self.attended, simulated=self.simulated)

    def seen_running(self, state: DeviceState) -> "Tablet":
        """It is under way, whoever started it."""
        path = None if state.facts is None else state.facts.path
        name = self.file if path is None else Path(path).name
        return msgspec.structs.replace(self, started=True, file=name)


def tablet_of(session: Mapping[str, Any]) -> Tablet:
    """From a login's data. Raises TabletError where this login is no patient's tablet."""
    try:
        return msgspec.convert(session[_KEY], Tablet)
    except (KeyError, msgspec.ValidationError):
        raise TabletError(
            "This tablet has no exercise; ask the therapist to hand it over again."
        ) from None


def keep_tablet(session: dict[str, Any], tablet: Tablet) -> None:
    """Into a login's data."""
    session[_KEY] = msgspec.to_builtins(tablet)


def screen_of(tablet: Tablet, code: str, state: DeviceState | None) -> Screen:
    """The screen that is due for this patient; `state` is None while the device is away."""
    if state is None:
        return Screen.AWAY
    if state.doing is not Doing.WAITING:
        return Screen.RUNNING if state.patient_code == code else Screen.BUSY
    if tablet.started:
        return Screen.DONE if tablet.after_asked else Screen.AFTER
    return Screen.BEFORE if tablet.before is None else Screen.READY


def file_of(tablet: Tablet, ended: SessionEnded | None) -> str | None:
    """The name of the file of the session that the tablet saw; None where none was recorded."""
    if tablet.file is not None:
        return tablet.file
    return None if ended is None or ended.path is None else Path(ended.path).name
