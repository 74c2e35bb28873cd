"""What the runner knows of an exercise, whichever it is. Pure.

A conductor is told what was felt and asked; at every turn it says which cues come next, what it
decided, and what is wrong. It lives in session time without pauses: the runner shifts for those.
"""

from dataclasses import dataclass, field
from typing import Protocol

from andante.coach.evidence import Evidence
from andante.ports import Cue, Fault, Response, SampleBlock
from andante.timebase import NS_PER_MS
from andante.timeline.spans import StageSpan

LEAD_NS = 250 * NS_PER_MS
"""How far ahead of its time a cue is handed out (sound needs 130 ms)."""


@dataclass(frozen=True)
class Decision:
    """From `time_ns` on a tempo, or None where there are no cues, and why.

    The tempo counts steps, taps or breaths a minute, by the exercise.
    """

    time_ns: int
    tempo_per_minute: float | None
    reason: str


@dataclass
class Turn:
    """What a conductor has to say at one moment. Each cue comes with its stage's name."""

    cues: list[tuple[Cue, str]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    end_reason: str | None = None


class Conductor(Protocol):
    """Leads one exercise from its first stage to its last. Belongs to the runner's thread."""

    @property
    def spans(self) -> tuple[StageSpan, ...]:
        """The stages with their places in session time."""
        ...

    @property
    def evidence(self) -> Evidence:
        """What the patient did so far, for the screen."""
        ...

    @property
    def tempo_per_minute(self) -> float | None:
        """The tempo or rate at this moment; None where there is none."""
        ...

    def take_response(self, response: Response) -> None:
        """An edge from the board."""
        ...

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of a sensor's signal."""
        ...

    def nudge(self, percent: float) -> None:
        """Change the tempo by a share of the present one; told at the next turn."""
        ...

    def unlock(self, role: str, reason: str) -> None:
        """Widen the tempo limits; told at the next turn."""
        ...

    def advance(self, now_ns: int) -> Turn:
        """What is due at `now_ns`: cues up to the lead beyond it, decisions, faults."""
        ...
