"""The page of one patient over weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from andante.plan import Exercise
from andante_host.report.answer import Answer, signed
from andante_host.report.figures import number
from andante_host.report.happened import asked
from andante_host.report.page import draw, template
from andante_host.report.plots.pictures import mark_simulated
from andante_host.report.plots.style import Picture
from andante_host.report.plots.trends import trend
from andante_host.report.trend import (
    FEELINGS,
    MEASURES,
    MIN_SESSIONS,
    Measure,
    Patient,
    SessionPoint,
    line_through,
    series_of,
)

UNKNOWN_CODE = "unknown"


@dataclass(frozen=True)
class Chapter:
    """One exercise: its sessions, its answers and its pictures."""

    title: str
    sessions: Sequence[SessionPoint]
    answers: Sequence[Answer]
    pictures: Sequence[Picture]


def chapters(patient: Patient) -> list[Chapter]:
    """One for each exercise, then how the patient felt; to be called inside `style()`."""
    found = [
        _chapter(str(exercise).capitalize(), str(exercise), MEASURES[exercise], sessions)
        for exercise in Exercise
        if exercise in MEASURES and (sessions := patient.of(exercise))
    ]
    felt = _chapter("How the patient felt", "felt", FEELINGS, patient.sessions)
    return [*found, felt] if felt.pictures else found


def render_trend(patient: Patient, found: Sequence[Chapter]) -> str:
    """The page; to be called inside `style()`."""
    return template("trend.html").render(
        patient=patient,
        first=patient.sessions[0].started,
        last=patient.sessions[-1].started,
        chapters=[(chapter, draw(chapter.pictures)) for chapter in found],
        unscored=[s for s in patient.sessions if s.exercise not in MEASURES],
        simulated=sum(session.simulated for session in patient.sessions),
        unknown=UNKNOWN_CODE in patient.codes,
        asked_words=_asked_words,
        least=MIN_SESSIONS,
    )


def _asked_words(session: SessionPoint) -> str:
    return asked(session.exercise, session.asked)


def _chapter(
    title: str, name: str, measures: Sequence[Measure], sessions: Sequence[SessionPoint]
) -> Chapter:
    pictures = []
    answers = []
    for measure in measures:
        picture = trend(measure, sessions, f"{name}-{measure.key}".replace("_", "-"))
        if picture is None:
            continue
        if any(session.simulated for session in sessions):
            mark_simulated(picture.figure, ("some or all sessions",))
        pictures.append(picture)
        answers.append(_answer(measure, sessions))
    return Chapter(title, sessions, answers, pictures)


def _answer(measure: Measure, sessions: Sequence[SessionPoint]) -> Answer:
    figures: list[str] = []
    sentences: list[str] = []
    for part in measure.parts:
        day, value = series_of(sessions, measure.key, part)
        if not value.size:
            continue
        span = " → ".join(number(float(v), measure.digits) for v in _ends(value))
        unit = "" if measure in FEELINGS else f" {measure.unit}"
        figures.append(f"{part}: {span}{unit}")
        sentences.append(f"{part.capitalize()}: {_trend_words(measure, day, value)}")
    return Answer(measure.title, figures[0], "\n".join(sentences))


def _ends(value: Any) -> list[float]:
    return [float(value[0]), float(value[-1])] if value.size > 1 else [float(value[0])]


def _trend_words(measure: Measure, day: Any, value: Any) -> str:
    span = " to ".join(number(v, measure.digits) for v in _ends(value))
    if value.size > 1 and np.ptp(value) == 0.0:
        return f"{number(float(value[0]), measure.digits)} in all {value.size} sessions."
    line = line_through(day, value)
    if line is None:
        return f"{span}; {value.size} of the {MIN_SESSIONS} sessions that a trend takes."
    digits = measure.digits + 1
    slope = (
        f"{signed(line.per_week, digits)} a week (95 % interval {signed(line.per_week_low, digits)}"
        f" to {signed(line.per_week_high, digits)})"
    )
    verdict = (
        ("it rose" if line.per_week > 0 else "it fell")
        if line.told
        else ("no trend that can be told from chance")
    )
    return f"{span} over {value.size} sessions, {slope}: {verdict}."
