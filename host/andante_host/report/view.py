"""What a report rests on: a session's analysis, and the signals that its pictures show."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.plan import Exercise
from andante.plan.tap import TapTask
from andante.ports import FOOT_CHANNELS, TAP_CHANNELS
from andante.session.file import NOT_GIVEN, SampleSeries, load_excerpt
from andante.timebase import NS_PER_S, seconds_to_ns
from andante_host.analysis import Analysis, analyse_in_full, pacer_of
from andante_host.found_events import belt_of
from andante_host.metrics.breathing import BeltRun
from andante_host.metrics.pacer import Pacer

Floats = npt.NDArray[np.float64]

UNSCORED_TASKS = (TapTask.MIRROR, TapTask.FOLLOW, TapTask.FREE)
EXCERPT_S = 10.0
"""How much of the force is read and drawn."""
_FORCE_CHANNELS = (*FOOT_CHANNELS, *TAP_CHANNELS)


@dataclass(frozen=True)
class Breathing:
    """The belt without its gaps, and starts of inhalations and exhalations, shape (n,) and (m,).

    All in seconds from the start of the session.
    """

    belt: list[BeltRun]
    inhales_s: Floats
    exhales_s: Floats


@dataclass(frozen=True)
class Part:
    """A part of the session with the figures of one block over it; the block may lack it."""

    name: str
    start_s: float
    end_s: float
    figures: dict[str, Any]

    @property
    def length_s(self) -> float:
        """How long the part lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class View:
    """One session, ready to be told and drawn. `force`: at least the excerpt, by channel."""

    analysis: Analysis
    force: dict[str, SampleSeries]
    breathing: Breathing | None
    pacer: Pacer | None

    @property
    def blocks(self) -> dict[str, Any]:
        """Every measure, as `analysis.analyse` gives them."""
        return self.analysis.blocks

    @property
    def exercise(self) -> str:
        """One of `andante.plan.Exercise`."""
        return self.analysis.data.header.exercise

    @property
    def task(self) -> str | None:
        """What was asked of a tapper; None in other exercises and where the file does not say."""
        task: str | None = (self.analysis.data.header.plan.get("tap") or {}).get("task")
        return task if self.exercise == Exercise.TAP else None

    @property
    def scored(self) -> bool:
        """False for what is played or listened to for its own sake."""
        return self.exercise != Exercise.LISTEN and self.task not in UNSCORED_TASKS

    @property
    def together(self) -> bool:
        """True where several people played."""
        return self.blocks["group"] is not None

    def parts(self, block: str) -> list[Part]:
        """The session's parts in order, each with the figures of `block` over it."""
        phases = self.blocks["session"]["phases"]
        by_name = (self.blocks[block] or {}).get("phases", {})
        names = [phase["name"] for phase in phases]
        keys = [
            name if names[:place].count(name) == 0 else f"{name} {names[:place].count(name) + 1}"
            for place, name in enumerate(names)
        ]
        # Where parts of one name share an entry, nobody knows whose figures it holds.
        unclear = {name for name, key in zip(names, keys, strict=True) if key not in by_name}
        return [
            Part(
                phase["name"],
                phase["start_s"],
                phase["end_s"],
                {} if phase["name"] in unclear else by_name[key] or {},
            )
            for phase, key in zip(phases, keys, strict=True)
        ]

    def longest(self, block: str, name: str) -> Part | None:
        """Of the parts of this name the longest: a pause cuts a part in two."""
        parts = [part for part in self.parts(block) if part.name == name]
        return max(parts, key=lambda part: part.length_s, default=None)

    @property
    def excerpt_s(self) -> tuple[float, float]:
        """[from, to) of the signals' excerpt: the middle of the session's longest part."""
        longest = max(self.parts("gait"), key=lambda part: part.length_s, default=None)
        middle_s = 0.0 if longest is None else (longest.start_s + longest.end_s) / 2
        return middle_s - EXCERPT_S / 2, middle_s + EXCERPT_S / 2

    def since_start_s(self, time_ns: npt.NDArray[np.int64]) -> Floats:
        """Seconds from the start of the session, in the shape of `time_ns`."""
        seconds: Floats = (time_ns - self.analysis.data.header.started_ns) / NS_PER_S
        return seconds


def view_of(path: Path) -> View:
    """Analyse a session file and read its signals. Raises SessionFileError."""
    analysis = analyse_in_full(path)
    data = analysis.data
    found = belt_of(data)
    view = View(
        analysis=analysis,
        force={},
        breathing=None if found is None else Breathing(*found),
        pacer=pacer_of(data),
    )
    samples = data.samples
    if not samples and data.header.exercise in (Exercise.WALK, Exercise.TAP):
        start_s, end_s = view.excerpt_s
        began_ns = data.header.started_ns
        window_ns = began_ns + seconds_to_ns(start_s), began_ns + seconds_to_ns(end_s)
        samples = load_excerpt(path, window_ns)
    force = {str(name): _known(samples[name]) for name in _FORCE_CHANNELS if name in samples}
    return replace(view, force=force)


def _known(series: SampleSeries) -> SampleSeries:
    known = series.time_ns != NOT_GIVEN
    return SampleSeries(series.time_ns[known], series.counts[known])
