"""What tests of the report share: a session of any exercise, and pages taken apart."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from andante.ports import Channel, Cue, CueKind, CueReport, Edge, Response, SampleBlock
from andante.session.file import SelfReport, SessionHeader, TempoChange
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_S, seconds_to_ns
from andante_host.report.page import render
from andante_host.report.plots.pictures import pictures
from andante_host.report.plots.style import style
from andante_host.report.view import view_of
from support.sessions import STARTED_NS, TICKS, Walk, _probes, finish_as_recorded, write_walk

FIRST_DAY = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
BELT_HZ = 25


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(path: Path) -> str:
    """The report of a session file."""
    view = view_of(path)
    with style():
        return render(view, pictures(view))


def text_of(path: Path) -> str:
    """The words of the report of a session file, spaces evened out."""
    return " ".join(Tags(page_of(path)).text.split())


def write_weeks(folder: Path, count: int, code: str = "P-007") -> Path:
    """`count` walks of one patient, four days apart, each faster by a step a minute."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        walk = Walk(
            baseline_s=25.0,
            cued_s=25.0,
            fade_s=0.0,
            carry_over_s=0.0,
            baseline_spm=100.0 + number,
            tempo_spm=105.0 + number,
            samples=False,
            seed=number,
        )
        path = folder / f"{code}-{number}.andante"
        write_walk(path, walk)
        _redate(path, FIRST_DAY + timedelta(days=4 * number), code)
    return folder


def _redate(path: Path, started: datetime, code: str) -> None:
    path.chmod(0o644)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE session SET started_utc = ?, patient_code = ?", (started.isoformat(), code)
        )


class Session:
    """A session written part by part; all simulated."""

    def __init__(self, path: Path, exercise: str, plan: dict[str, Any]) -> None:
        header = SessionHeader(
            origin="andante",
            exercise=exercise,
            patient_code="P-009",
            plan={"exercise": exercise, exercise: plan},
            started_utc=FIRST_DAY,
            started_ns=STARTED_NS,
            tick_hz=TICKS.tick_hz,
            simulated_parts=("sound", "board", "patient"),
            hardware={"board": "simulated board"},
            versions={"andante": "0.1.0"},
        )
        self.path = path
        self.writer = SessionWriter(path, header)
        self._cues = 0
        self._seq = 0

    def phase(self, name: str, start_s: float) -> None:
        self.writer.begin_phase(name, at_ns(start_s))

    def cue(
        self, start_s: float, kind: CueKind, duration_s: float = 0.0, phase: str = "cued"
    ) -> None:
        cue = Cue(self._cues, at_ns(start_s), kind, duration_ns=seconds_to_ns(duration_s))
        self._cues += 1
        self.writer.add_cues([(cue, phase)])
        if kind not in (CueKind.SILENT, CueKind.EXPECTED):
            self.writer.add_cue_reports(
                [CueReport(cue.index, "sound", cue.planned_ns + 20_000, 20.0)]
            )

    def taps(self, times_s: list[float], channel: Channel = Channel.TAP_1) -> None:
        for time_s in times_s:
            response = Response(
                channel, Edge.ON, 0, self._seq, TICKS.ticks_at(at_ns(time_s)), at_ns(time_s), 60.0
            )
            self._seq += 1
            self.writer.add_responses([response])

    def belt(self, counts: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
        """From the start of the session at BELT_HZ."""
        self.writer.add_samples(
            [
                SampleBlock(
                    Channel.BELT,
                    0,
                    TICKS.ticks_at(STARTED_NS) + start * TICKS.tick_hz // BELT_HZ,
                    BELT_HZ,
                    np.rint(counts[start : start + 25]).astype(int).tolist(),
                )
                for start in range(0, counts.size, 25)
            ]
        )

    def tempo(self, time_s: float, tempo: float | None, reason: str) -> None:
        self.writer.add_tempo_change(TempoChange(at_ns(time_s), tempo, reason))

    def felt(self, moment: str, item: str, score: int) -> None:
        self.writer.add_self_report(SelfReport(STARTED_NS, moment, item, score))

    def finish(self, end_s: float) -> Path:
        self.writer.add_probes(_probes(np.random.default_rng(0), at_ns(end_s)))
        self.writer.commit()
        finish_as_recorded(self.writer, at_ns(end_s))
        return self.path


def at_ns(time_s: float) -> int:
    """Session time of a moment in seconds from the start."""
    return STARTED_NS + round(time_s * NS_PER_S)


_BREATHING_PLANS: dict[str, dict[str, Any]] = {
    "breathe": {"policy": "sliding"},
    "listen": {"to": "breathing", "target_per_minute": 6.0},
}


def write_breathing(path: Path, exercise: str = "breathe") -> Path:
    """A minute at the patient's own 15 a minute, then a pacer that is followed half a second late.

    24 breaths of 10 s, in for 4 and out for 6; the belt is half a cosine each way. The rate
    changes with every breath in name alone, as in the policy `sliding`.
    """
    breath_s, breaths, paced_s = 10.0, 24, 60.0
    session = Session(path, exercise, _BREATHING_PLANS[exercise])
    session.phase("baseline", 0.0)
    session.phase("cued" if exercise == "breathe" else "listening", paced_s)
    for breath in range(breaths):
        start_s = paced_s + breath * breath_s
        session.cue(start_s, CueKind.INHALE, 0.4 * breath_s)
        session.cue(start_s + 0.4 * breath_s, CueKind.EXHALE, 0.6 * breath_s)
        session.tempo(start_s, 60.0 / breath_s, f"breath {breath + 1} of {breaths}")
    end_s = paced_s + (breaths + 1) * breath_s
    session.tempo(end_s - breath_s, None, "the paced part is over")
    time_s = np.arange(0.0, end_s, 1.0 / BELT_HZ)
    late_s = time_s - paced_s - 0.5
    share = np.where(late_s < 0.0, time_s / 4.0, late_s / breath_s) % 1.0
    rising = 0.5 - 0.5 * np.cos(np.pi * share / 0.4)
    falling = 0.5 + 0.5 * np.cos(np.pi * (share - 0.4) / 0.6)
    session.belt(300.0 + 100.0 * np.where(share < 0.4, rising, falling))
    return session.finish(end_s)
