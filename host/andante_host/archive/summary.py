"""What is kept of each session so that nobody need open its file again to see it in a list."""

from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from andante.errors import AndanteError
from andante.session.file import SessionData
from andante.timebase import MS_PER_S, NS_PER_S, S_PER_MINUTE
from andante.version import installed_version
from andante_host.archive.certificate import Certificate, certificate_words
from andante_host.report.answer import Answer
from andante_host.report.happened import Feeling, asked, feelings, interventions
from andante_host.report.words import latency_words, missing_words

_FORM = 1
"""Counted up when what is kept, or how it is worked out, changes within a version."""
RUNNING = "This session is still running; its figures come when it has ended."
CUT_OFF = "This session was cut off before its end: its last second may be missing."
WAITING = "This session is being read; its figures come in a moment."


@cache
def measures_version() -> str:
    """What a kept summary was made by; one made by another is made anew."""
    return f"{installed_version()}/{_FORM}"


class State(StrEnum):
    """How far a session is."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CUT_OFF = "cut off"
    DAMAGED = "damaged"


class SpokenNote(Struct, frozen=True):
    """A remark made during the session, by role; `time_s` from its start."""

    time_s: float
    author_role: str
    text: str


class Baseline(Struct, frozen=True):
    """The patient's own tempo without a cue; None where the session does not tell it."""

    cadence_spm: float | None = None
    breath_rate_brpm: float | None = None
    tapping_bpm: float | None = None


class Value(Struct, frozen=True):
    """A figure to follow over weeks: `key` of `report.trend.MEASURES` or FEELINGS, in a part."""

    key: str
    part: str
    value: float


class Summary(Struct, frozen=True, kw_only=True):
    """A session in short. `sentence` says what is special about its state; empty if nothing.

    `answers` are the report's, most telling first. `started_utc` is None where the file does not
    say on which day it was. `values` are for trends.
    """

    file: str
    size_bytes: int
    state: State
    sentence: str = ""
    patient_code: str | None = None
    exercise: str | None = None
    task: str | None = None
    is_import: bool = False
    started_utc: datetime | None = None
    duration_s: float | None = None
    end_reason: str | None = None
    simulated_parts: tuple[str, ...] = ()
    scored: bool = True
    asked: str = ""
    answers: tuple[Answer, ...] = ()
    interventions: tuple[str, ...] = ()
    feelings: tuple[Feeling, ...] = ()
    spoken_notes: tuple[SpokenNote, ...] = ()
    missing: tuple[str, ...] = ()
    latency: str = ""
    certificate: Certificate | None = None
    baseline: Baseline = Baseline()
    values: tuple[Value, ...] = ()

    @property
    def simulated(self) -> bool:
        """True where any part of it was not real."""
        return bool(self.simulated_parts)

    @property
    def has_figures(self) -> bool:
        """True where it was read to its end."""
        return self.state in (State.FINISHED, State.CUT_OFF)


def summarise(path: Path, size_bytes: int) -> Summary:
    """Read and measure a session file. Never raises: what cannot be read is told as damaged.

    Not for a session under way: see `folder.FoundFile`.
    """
    try:
        return _measured(path, size_bytes)
    except AndanteError as error:
        return damaged(path.name, size_bytes, str(error).replace(f"{path.parent}/", ""))
    except Exception as error:  # noqa: BLE001 one bad file never hides the others
        reason = f"{path.name} cannot be measured ({type(error).__name__}: {error})."
        return damaged(path.name, size_bytes, reason)


def damaged(name: str, size_bytes: int, sentence: str) -> Summary:
    """What is listed of a file that cannot be read."""
    return Summary(file=name, size_bytes=size_bytes, state=State.DAMAGED, sentence=sentence)


def _measured(path: Path, size_bytes: int) -> Summary:
    from andante_host.report.answers import answers
    from andante_host.report.trend import point_of
    from andante_host.report.view import view_of

    view = view_of(path)
    blocks, data = view.blocks, view.analysis.data
    session = blocks["session"]
    header = _header(data)
    point = point_of(view.analysis)
    told = {} if point is None else point.values
    return Summary(
        **header,
        size_bytes=size_bytes,
        state=State.FINISHED if data.complete else State.CUT_OFF,
        sentence="" if data.complete else CUT_OFF,
        task=view.task,
        duration_s=session["duration_s"],
        end_reason=session["end_reason"],
        scored=view.scored,
        asked=asked(view.exercise, data.header.plan),
        answers=answers(view),
        interventions=tuple(interventions(session["tempo_changes"])),
        feelings=tuple(feelings(data.self_reports)),
        spoken_notes=tuple(
            SpokenNote(
                (note.time_ns - data.header.started_ns) / NS_PER_S, note.author_role, note.text
            )
            for note in data.notes
        ),
        missing=missing_words(blocks),
        latency=latency_words(blocks),
        certificate=certificate_words(blocks["timing"]),
        baseline=_baseline(blocks),
        values=tuple(Value(*place, value) for place, value in told.items()),
    )


def _header(data: SessionData) -> dict[str, Any]:
    header = data.header
    is_import = header.origin == "import"
    return {
        "file": data.path.name,
        "patient_code": header.patient_code,
        "exercise": header.exercise,
        "is_import": is_import,
        # A file of times does not say on which day they were taken.
        "started_utc": None if is_import else header.started_utc,
        "simulated_parts": header.simulated_parts,
    }


def _baseline(blocks: dict[str, Any]) -> Baseline:
    def of_part(block: str, part: str, key: str) -> float | None:
        found: float | None = ((blocks[block] or {}).get("phases", {}).get(part) or {}).get(key)
        return found

    unpaced_ms = ((blocks["tapping"] or {}).get("unpaced") or {}).get("interval_mean_ms")
    return Baseline(
        cadence_spm=of_part("gait", "baseline", "cadence_spm"),
        breath_rate_brpm=of_part("breathing", "baseline", "breath_rate_brpm"),
        tapping_bpm=S_PER_MINUTE * MS_PER_S / unpaced_ms if unpaced_ms else None,
    )
