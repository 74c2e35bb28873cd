"""What a person may ask of a session under way, from a button, an encoder, the therapist's page or
a keyboard. Each command is carried out or answered with a reason; none is lost in silence.
"""

from enum import StrEnum
from typing import Annotated, Protocol

from msgspec import Meta, Struct

Role = Annotated[str, Meta(min_length=1, max_length=32)]
Words = Annotated[str, Meta(min_length=1, max_length=500)]


class Moment(StrEnum):
    """When a patient says how they feel."""

    BEFORE = "before"
    AFTER = "after"


class Item(StrEnum):
    """What a patient is asked, each from 0 to 10."""

    MOOD = "mood"
    PAIN = "pain"
    EFFORT = "effort"


class Command(Struct, frozen=True, forbid_unknown_fields=True, tag_field="command", kw_only=True):
    """Base of the commands; `source` says where it came from: `button`, `encoder`, `page`…"""

    source: Annotated[str, Meta(min_length=1, max_length=32)] = "page"


class Stop(Command, tag="stop", frozen=True):
    """End the session now: silent and dark within 100 ms."""


class Pause(Command, tag="pause", frozen=True):
    """Hold the exercise where it is, silent and dark, until `Resume`."""


class Resume(Command, tag="resume", frozen=True):
    """Go on where the pause began."""


class NudgeTempo(Command, tag="nudge_tempo", frozen=True):
    """Change the tempo or breathing rate by a share of the present one, within the limits."""

    percent: Annotated[float, Meta(ge=-20, le=20)]


class Unlock(Command, tag="unlock", frozen=True):
    """A therapist widens the patient's tempo limits. `role` names a role, never a person."""

    role: Role
    reason: Words


class Note(Command, tag="note", frozen=True):
    """Words for the session file."""

    role: Role
    text: Words


class SelfReport(Command, tag="self_report", frozen=True):
    """How the patient feels."""

    moment: Moment
    item: Item
    score: Annotated[int, Meta(ge=0, le=10)]


class Dizzy(Command, tag="dizzy", frozen=True):
    """The patient feels dizzy: ends the exercise at once and is logged."""


AnyCommand = Stop | Pause | Resume | NudgeTempo | Unlock | Note | SelfReport | Dizzy


class CommandSource(Protocol):
    """Where commands come from. Belongs to the runner's thread; never blocks."""

    def take_commands(self) -> list[AnyCommand]:
        """Commands since the last call, in order."""
        ...
