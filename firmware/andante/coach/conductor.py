"""What the runner knows of an exercise, whichever it is. Pure.

A conductor is told what was felt and asked; at every turn it says which cues come next, what it
decided, and what is wrong. It lives in session time without pauses: the runner shifts for those.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from andante.coach.evidence import HeardCue
from andante.plan import Plan, stages_of
from andante.ports import Channel, Cue, Fault, FaultKind, Response, SampleBlock
from andante.timebase import NS_PER_MS
from andante.timeline.spans import StageSpan, cued_spans, lay_out

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


class Watch(Protocol):
    """What the patient does, as a conductor sees it; for the screen and the stale gate."""

    @property
    def response_count(self) -> int:
        """Steps, taps or breaths so far."""
        ...

    @property
    def last_asynchrony_ms(self) -> float | None:
        """Response minus cue of the last matched response; None where there is none."""
        ...

    @property
    def vector_length(self) -> float | None:
        """Synchrony so far, 0-1; None where it cannot be told."""
        ...

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The board's inputs that it goes by."""
        ...

    def recent_cues(self, count: int) -> Sequence[HeardCue]:
        """The last cues that the patient was asked to meet, oldest first; for the screen."""
        ...

    def own_per_minute(self) -> float | None:
        """The patient's own cadence, tapping tempo or breathing rate of late; None if unknown."""
        ...

    def stale_reason(self, now_ns: int) -> str | None:
        """Why nothing may be adapted to this now; None where it may."""
        ...


class Conductor(Protocol):
    """Leads one exercise from its first stage to its last. Belongs to the runner's thread."""

    @property
    def spans(self) -> tuple[StageSpan, ...]:
        """The stages with their places in session time."""
        ...

    @property
    def evidence(self) -> Watch:
        """What the patient did so far, for the screen."""
        ...

    @property
    def tempo_per_minute(self) -> float | None:
        """The tempo or rate at this moment; None where there is none."""
        ...

    @property
    def tempo_range(self) -> tuple[float, float] | None:
        """The lowest and highest tempo that nudges can reach; None where there is none to nudge."""
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

    def go_on(self, now_ns: int) -> None:
        """A pause, which withdrew every cue, is over: give anew what has a length."""
        ...

    def unlock(self, role: str, reason: str) -> None:
        """Widen the tempo limits; told at the next turn."""
        ...

    def advance(self, now_ns: int) -> Turn:
        """What is due at `now_ns`: cues up to the lead beyond it, decisions, faults."""
        ...


class BaseConductor:
    """What all conductors do alike: stages, decisions, unlocks, and the stale gate."""

    def __init__(self, plan: Plan, started_ns: int, watch: Watch) -> None:
        """`started_ns` is the session's zero."""
        self._plan = plan
        self._watch = watch
        self.spans = lay_out(stages_of(plan), started_ns)
        self._cued = cued_spans(self.spans)
        self._now_ns = started_ns
        self._turn = Turn()
        self._nudge_percent = 0.0
        self._unlocked_by = plan.patient.tempo_unlocked_by
        self._stale = False

    @property
    def tempo_per_minute(self) -> float | None:
        """The tempo or rate at this moment; None where there is none."""
        return None

    @property
    def tempo_range(self) -> tuple[float, float] | None:
        """The lowest and highest tempo that nudges can reach; None where there is none to nudge."""
        return None

    def nudge(self, percent: float) -> None:
        """Change the tempo by a share of the present one; told at the next turn."""
        self._nudge_percent += percent

    def go_on(self, now_ns: int) -> None:
        """Beats have no length: there is nothing to give anew."""

    def unlock(self, role: str, reason: str) -> None:
        """Widen the tempo limits; told at the next turn."""
        self._unlocked_by = role
        words = f"the {role} has unlocked the tempo limits: {reason}"
        self._decide(self._now_ns, self.tempo_per_minute, words)

    def _take_turn(self) -> Turn:
        turn, self._turn = self._turn, Turn()
        return turn

    def _decide(self, time_ns: int, tempo: float | None, reason: str) -> None:
        self._turn.decisions.append(Decision(time_ns, tempo, reason))

    def _may_adapt(self) -> bool:
        """The stale gate: where False the tempo is held, which is said when it begins and ends."""
        reason = self._watch.stale_reason(self._now_ns)
        if reason and not self._stale:
            self._fault(FaultKind.SENSOR_STALE, f"The tempo is held: {reason}.")
            self._decide(self._now_ns, self.tempo_per_minute, f"held: {reason}")
        elif self._stale and not reason:
            self._fault(FaultKind.SENSOR_FRESH, "The sensors are felt again.")
            self._decide(self._now_ns, self.tempo_per_minute, "the sensors are felt again")
        self._stale = reason is not None
        return reason is None

    def _fault(self, kind: FaultKind, text: str) -> None:
        self._turn.faults.append(Fault(kind, self._now_ns, "board", text))
