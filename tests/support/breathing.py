"""Belts and pacers with known truth, and session files with them. All simulated."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.ports import Channel, Cue, CueKind, Edge, Response, SampleBlock
from andante.session.certificate import certificate_of
from andante.session.file import SessionHeader, load_session
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_S, seconds_to_ns
from andante_host.metrics.pacer import Pacer

Floats = npt.NDArray[np.float64]


def belt_level(time_s: Floats, inhale_s: float, exhale_s: float) -> Floats:
    """Half-cosines up and down between -1 and 1; an inhalation begins at 0."""
    into_s = time_s % (inhale_s + exhale_s)
    up = -np.cos(np.pi * into_s / inhale_s)
    down = np.cos(np.pi * (into_s - inhale_s) / exhale_s)
    return np.where(into_s < inhale_s, up, down)


def steady_pacer(
    inhale_s: float, exhale_s: float, breaths: int, start_s: float = 0.0, hold_s: float = 0.0
) -> Pacer:
    """Breaths all alike; with `hold_s` each is held that long at the bottom."""
    cycle_s = inhale_s + exhale_s + hold_s
    parts = [
        (kind, start_s + n * cycle_s + into_s, duration_s)
        for n in range(breaths)
        for kind, into_s, duration_s in (
            (CueKind.INHALE, 0.0, inhale_s),
            (CueKind.EXHALE, inhale_s, exhale_s),
            (CueKind.HOLD_OUT, inhale_s + exhale_s, hold_s),
        )
        if duration_s > 0
    ]
    kinds, starts_s, durations_s = zip(*parts, strict=True)
    return Pacer(
        np.array(kinds, str), np.array(starts_s), np.array(durations_s), np.zeros(len(parts))
    )


@dataclass(frozen=True)
class Recording:
    """What goes into a session file; times in seconds from its start."""

    exercise: str
    duration_s: float
    plan: dict[str, object]
    phases: tuple[tuple[str, float], ...] = (("cued", 0.0),)
    pacer: Pacer | None = None
    beats_s: tuple[float, ...] = ()
    samples: tuple[tuple[Channel, float, Floats], ...] = ()  # channel, rate in Hz, counts
    taps: tuple[tuple[Channel, Floats], ...] = ()


def write_recording(path: Path, recording: Recording) -> Path:
    """Write the session, on one clock for everything."""
    started_ns = 500 * NS_PER_S
    header = SessionHeader(
        origin="import",
        exercise=recording.exercise,
        patient_code="P-001",
        plan=recording.plan,
        started_utc=datetime(2025, 3, 4, 9, 30, tzinfo=UTC),
        started_ns=started_ns,
        tick_hz=NS_PER_S,
        simulated_parts=("patient",),
    )
    writer = SessionWriter(path, header)
    for name, start_s in recording.phases:
        writer.begin_phase(name, started_ns + seconds_to_ns(start_s))
    cues = [Cue(n, started_ns + seconds_to_ns(t)) for n, t in enumerate(recording.beats_s)]
    if recording.pacer is not None:
        columns = (
            recording.pacer.kind.tolist(),
            recording.pacer.start_s.tolist(),
            recording.pacer.duration_s.tolist(),
            recording.pacer.begin_share.tolist(),
        )
        cues += [
            Cue(
                n,
                started_ns + seconds_to_ns(start_s),
                CueKind(kind),
                duration_ns=seconds_to_ns(duration_s),
                begin_share=share,
            )
            for n, (kind, start_s, duration_s, share) in enumerate(zip(*columns, strict=True))
        ]
    writer.add_cues((cue, "cued") for cue in cues)
    for channel, rate_hz, counts in recording.samples:
        step = round(10 * rate_hz)
        writer.add_samples(
            SampleBlock(
                channel,
                0,
                started_ns + seconds_to_ns(first / rate_hz),
                rate_hz,
                np.rint(counts[first : first + step]).astype(int).tolist(),
            )
            for first in range(0, counts.size, step)
        )
    taps = sorted(
        (started_ns + seconds_to_ns(t), channel)
        for channel, times_s in recording.taps
        for t in times_s.tolist()
    )
    writer.add_responses(
        Response(channel, Edge.ON, 0, n, ticks=time_ns, time_ns=time_ns, uncertainty_us=10.0)
        for n, (time_ns, channel) in enumerate(taps)
    )
    writer.commit()
    end_ns = started_ns + seconds_to_ns(recording.duration_s)
    writer.finish(end_ns, "finished", certificate_of(load_session(path)))
    return path
