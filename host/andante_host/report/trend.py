"""One patient over weeks: figures of many sessions, and the straight line through them.

A line is fitted by least squares over days; its band is where the mean lies with 95 % confidence,
by Student's t with n - 2 degrees of freedom (Draper & Smith, Applied Regression Analysis, 1998,
chapter 1). It takes the sessions as independent of each other, which days apart they nearly are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.commands import Item, Moment
from andante.errors import AndanteError
from andante.plan import Exercise
from andante.session.file import SUFFIX, SelfReport
from andante_host.analysis import Analysis, analyse_in_full

MIN_SESSIONS = 4
CONFIDENCE_PERCENT = 95.0
S_PER_DAY = 86_400.0
DAYS_PER_WEEK = 7.0
PARTS = ("baseline", "cued", "carry-over")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Important:
    """A change of so much is important to patients, by this source."""

    change: float
    source: str


PAIN_IMPORTANT = Important(
    2.0,
    "about two points of an 11-point scale, in chronic pain (Farrar et al., Pain 94:149-158, 2001)",
)


@dataclass(frozen=True)
class Measure:
    """A figure to follow: `key` names it in a session's values, for each of `parts`."""

    key: str
    title: str
    unit: str
    digits: int
    parts: tuple[str, ...]
    remark: str = ""
    important: Important | None = None


MEASURES: dict[str, tuple[Measure, ...]] = {
    Exercise.WALK: (
        Measure("cadence_spm", "Tempo", "steps/min", 1, PARTS),
        Measure(
            "stride_time_cv_percent",
            "Rhythm: variation of the stride times",
            "% CV",
            2,
            PARTS,
            "The mean of left and right; less is more even.",
        ),
        Measure(
            "unevenness_percent",
            "Symmetry: difference of left and right step times",
            "% of their mean",
            1,
            PARTS,
            "0 is alike.",
        ),
        Measure("sd_asynchrony_ms", "Steadiness around the beat", "ms SD", 1, ("cued",)),
    ),
    Exercise.TAP: (
        Measure("sd_asynchrony_ms", "Steadiness around the beat", "ms SD", 1, ("cued",)),
        Measure(
            "interval_cv_percent",
            "Variation of intervals without a beat",
            "% CV",
            2,
            ("continuation", "unpaced"),
        ),
    ),
    Exercise.BREATHE: (
        Measure("breath_rate_brpm", "Breathing rate", "breaths/min", 1, PARTS),
        Measure(
            "in_tolerance_percent",
            "Breaths of the pacer that were met",
            "%",
            0,
            ("cued",),
        ),
    ),
}
FEELINGS = tuple(
    Measure(
        str(item),
        f"How the patient felt: {item}",
        "0 to 10",
        0,
        tuple(str(moment) for moment in Moment),
        important=PAIN_IMPORTANT if item is Item.PAIN else None,
    )
    for item in Item
)


@dataclass(frozen=True)
class SessionPoint:
    """One session: `values` by (key, part); what it does not tell is not in it."""

    file: str
    patient_code: str
    exercise: str
    started: datetime
    complete: bool
    simulated: bool
    asked: dict[str, Any]
    values: dict[tuple[str, str], float]


@dataclass(frozen=True)
class Line:
    """A straight line through figures over days, with its band; all NaN-free, shape (m,)."""

    day: Floats
    middle: Floats
    low: Floats
    high: Floats
    per_week: float
    per_week_low: float
    per_week_high: float

    @property
    def told(self) -> bool:
        """True where the interval of the slope leaves out 0."""
        return self.per_week_low * self.per_week_high > 0.0


@dataclass(frozen=True)
class Patient:
    """All sessions in order of time, and files left out with the reason."""

    sessions: tuple[SessionPoint, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The patient codes in these sessions."""
        return tuple(sorted({session.patient_code for session in self.sessions}))

    def of(self, exercise: str) -> tuple[SessionPoint, ...]:
        """The sessions of one exercise."""
        return tuple(session for session in self.sessions if session.exercise == exercise)


def gather(
    paths: Iterable[Path], mixed: bool = False, on_file: Callable[[Path], None] = lambda _: None
) -> Patient:
    """Read the sessions of one patient: files, and every session file in folders.

    A file that cannot be read or has no date is left out with its reason. Raises AndanteError
    where none is left, and, unless `mixed`, where they belong to several patient codes.
    """
    sessions: list[SessionPoint] = []
    left_out: list[tuple[str, str]] = []
    for path in _files(paths):
        on_file(path)
        try:
            point = point_of(analyse_in_full(path))
        except AndanteError as error:
            left_out.append((path.name, str(error)))
            continue
        if point is None:
            left_out.append((path.name, "It was imported and does not say on which day it was."))
        else:
            sessions.append(point)
    patient = Patient(tuple(sorted(sessions, key=lambda session: session.started)), tuple(left_out))
    if not sessions:
        why = f" The first: {left_out[0][1]}" if left_out else ""
        raise AndanteError(f"There is no session to show a trend of; name others.{why}")
    if len(patient.codes) > 1 and not mixed:
        raise AndanteError(
            f"These sessions belong to several patient codes ({', '.join(patient.codes)}); name "
            "those of one patient, or add --mixed to lay them together on purpose."
        )
    return patient


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.rglob(f"*{SUFFIX}"))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def point_of(analysis: Analysis) -> SessionPoint | None:
    """What a session tells for a trend; None where it does not say on which day it was."""
    blocks, header = analysis.blocks, analysis.data.header
    session = blocks["session"]
    if session["started_utc"] is None:
        return None
    return SessionPoint(
        file=analysis.data.path.name,
        patient_code=header.patient_code,
        exercise=header.exercise,
        started=header.started_utc,
        complete=session["complete"],
        simulated=session["simulated"],
        asked=header.plan,
        values=_values(blocks) | _feelings(analysis.data.self_reports),
    )


def _values(blocks: dict[str, Any]) -> dict[tuple[str, str], float]:
    values: dict[tuple[str, str], float | None] = {}
    lengths_s: dict[str, float] = {}
    for phase in blocks["session"]["phases"]:
        name, length_s = phase["name"], phase["end_s"] - phase["start_s"]
        if name in lengths_s:  # cut in two by a pause: nobody knows which is the better half
            continue
        lengths_s[name] = length_s
        gait = (blocks["gait"] or {}).get("phases", {}).get(name)
        if gait is not None:
            values["cadence_spm", name] = gait["cadence_spm"]
            feet = [gait[f"{foot}_stride_time_cv_percent"] for foot in ("left", "right")]
            if None not in feet:
                values["stride_time_cv_percent", name] = sum(feet) / 2
            percent = gait["step_time_asymmetry_percent"]
            values["unevenness_percent", name] = None if percent is None else abs(percent)
        breathing = (blocks["breathing"] or {}).get("phases", {}).get(name)
        if breathing is not None:
            values["breath_rate_brpm", name] = breathing["breath_rate_brpm"]
            values["in_tolerance_percent", name] = breathing["in_tolerance_percent"]
        tapping = (blocks["tapping"] or {}).get(name)
        if tapping is not None:
            values["interval_cv_percent", name] = tapping["interval_cv_percent"]
    if blocks["synchrony"] is not None and blocks["group"] is None:
        values["sd_asynchrony_ms", "cued"] = blocks["synchrony"]["sd_asynchrony_ms"]
    return {place: value for place, value in values.items() if value is not None}


def _feelings(reports: Sequence[SelfReport]) -> dict[tuple[str, str], float]:
    return {(report.item, report.moment): float(report.score) for report in reports}


def series_of(sessions: Sequence[SessionPoint], key: str, part: str) -> tuple[Floats, Floats]:
    """Days since the first of `sessions`, and the figure, shape (n,) each."""
    found = [
        ((session.started - sessions[0].started).total_seconds() / S_PER_DAY, value)
        for session in sessions
        if (value := session.values.get((key, part))) is not None
    ]
    days, values = zip(*found, strict=True) if found else ((), ())
    return np.array(days, dtype=np.float64), np.array(values, dtype=np.float64)


def line_through(day: Floats, value: Floats, count: int = 50) -> Line | None:
    """The least-squares line through figures, shape (n,), at `count` days between the ends.

    None with fewer than MIN_SESSIONS or where they are all of one day.
    """
    if day.size < MIN_SESSIONS or np.ptp(day) < 1.0:
        return None
    from scipy.special import stdtrit

    mean_day = float(day.mean())
    spread = float(((day - mean_day) ** 2).sum())
    slope = float(((day - mean_day) * (value - value.mean())).sum()) / spread
    left = value - (value.mean() + slope * (day - mean_day))
    sd = float(np.sqrt((left**2).sum() / (day.size - 2)))
    student = float(stdtrit(day.size - 2, 0.5 + CONFIDENCE_PERCENT / 200.0))
    at = np.linspace(day.min(), day.max(), count)
    middle = value.mean() + slope * (at - mean_day)
    half = student * sd * np.sqrt(1.0 / day.size + (at - mean_day) ** 2 / spread)
    slope_half = student * sd / float(np.sqrt(spread))
    low, high = slope - slope_half, slope + slope_half
    return Line(
        at,
        middle,
        middle - half,
        middle + half,
        slope * DAYS_PER_WEEK,
        low * DAYS_PER_WEEK,
        high * DAYS_PER_WEEK,
    )
