"""A patient's own tempo, as their last session without a cue showed it."""

import copy
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from andante.plan import BreathePolicy, Exercise
from andante_host.archive.summary import Summary

_DIGITS = 1


class OwnTempo(Struct, frozen=True, kw_only=True):
    """Steps or breaths a minute without a cue, and the session that it was measured in."""

    exercise: Exercise
    per_minute: float
    file: str
    date: str
    simulated: bool

    @property
    def unit(self) -> str:
        """Of `per_minute`."""
        return "steps/min" if self.exercise is Exercise.WALK else "breaths/min"


def own_tempos(sessions: Iterable[Summary], simulated_too: bool) -> dict[Exercise, OwnTempo]:
    """The newest of each kind. `sessions`: one patient's, newest first.

    `simulated_too`: also those of simulated patients, which tell nothing of a real one.
    """
    found: dict[Exercise, OwnTempo] = {}
    for session in sessions:
        if session.simulated and not simulated_too:
            continue
        baseline = session.baseline
        for exercise, per_minute in (
            (Exercise.WALK, baseline.cadence_spm),
            (Exercise.BREATHE, baseline.breath_rate_brpm),
        ):
            if per_minute is not None and session.started_utc is not None:
                found.setdefault(
                    exercise,
                    OwnTempo(
                        exercise=exercise,
                        per_minute=round(per_minute, _DIGITS),
                        file=session.file,
                        date=f"{session.started_utc:%Y-%m-%d}",
                        simulated=session.simulated,
                    ),
                )
    return found


def with_own_tempo(raw: dict[str, Any], own: OwnTempo) -> dict[str, Any]:
    """A plan's values that begin at the patient's own tempo, where they name a tempo.

    A share of the cadence that the session itself measures gives way to steps a minute.
    """
    changed = copy.deepcopy(raw)
    walk, breathe = changed.get("walk", {}), changed.get("breathe", {})
    if "cued_minutes" in walk:
        walk.pop("tempo_percent_of_baseline", None)
        walk["tempo_spm"] = own.per_minute
    if breathe.get("policy") == BreathePolicy.FIXED:
        breathe["rate_brpm"] = own.per_minute
    return changed
