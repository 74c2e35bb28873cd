"""What a session tells, once, as it happens."""

from dataclasses import dataclass

from andante.commands import AnyCommand
from andante.ports import Fault
from andante.session.file import TempoChange
from andante.session.live import Facts


@dataclass(frozen=True)
class SessionBegun:
    """The session file is there and is being written."""

    facts: Facts


@dataclass(frozen=True)
class CommandTaken:
    """The runner has carried out a command; or not, and `refusal` says why in a sentence."""

    command: AnyCommand
    refusal: str | None = None


Told = SessionBegun | CommandTaken | TempoChange | Fault
"""Tempo changes and faults are those of the session file."""
