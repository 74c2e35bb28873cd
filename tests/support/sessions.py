"""Session files with a known truth, written by the session's own writer. All simulated."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.ports import (
    Channel,
    ClockProbe,
    Cue,
    CueKind,
    CueReport,
    Edge,
    Fault,
    FaultKind,
    Response,
    SampleBlock,
)
from andante.session.certificate import certificate_of
from andante.session.file import Note, SessionHeader, TempoChange, load_session
from andante.session.writer import SessionWriter
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, seconds_to_ns

STARTED_NS = 1_000 * NS_PER_S
TICKS = TickClock(zero_ns=900 * NS_PER_S, rate_error_ppm=40.0)
SAMPLE_HZ = 100
BLOCK_SAMPLES = 25
_FOOT = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Walk:
    """What to simulate. Cues listed in `missed`, `doubtful` and `not_given` are by index."""

    baseline_s: float = 20.0
    cued_s: float = 60.0
    fade_s: float = 10.0
    carry_over_s: float = 10.0
    baseline_spm: float = 100.0
    tempo_spm: float = 110.0
    mean_asynchrony_ms: float = -20.0
    alpha: float = 0.5
    timekeeper_sd_ms: float = 10.0
    motor_sd_ms: float = 5.0
    missed: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    not_given: tuple[int, ...] = ()
    samples: bool = True
    finished: bool = True
    simulated_parts: tuple[str, ...] = ("sound", "led", "board", "patient")
    seed: int = 1


@dataclass(frozen=True)
class WalkTruth:
    """`asynchrony_ms` of every cue in the cued part and the fade, shape (cues,)."""

    path: Path
    asynchrony_ms: Floats
    cue_ns: npt.NDArray[np.int64]
    silent: npt.NDArray[np.bool_]


def linear_tapper(
    rng: np.random.Generator,
    count: int,
    alpha: float,
    timekeeper_sd_ms: float,
    motor_sd_ms: float,
) -> Floats:
    """Asynchronies of the linear phase-correction model, shape (count,), settled, around 0."""
    settling = 100
    timekeeper_ms = rng.normal(0.0, timekeeper_sd_ms, count + settling)
    motor_ms = rng.normal(0.0, motor_sd_ms, count + settling + 1)
    noise_ms = timekeeper_ms + np.diff(motor_ms)
    asynchrony_ms = np.zeros(count + settling)
    for n in range(count + settling - 1):
        asynchrony_ms[n + 1] = (1.0 - alpha) * asynchrony_ms[n] + noise_ms[n]
    return asynchrony_ms[settling:]


def write_walk(path: Path, walk: Walk | None = None) -> WalkTruth:
    """A walk to a steady beat, left and right in turn."""
    walk = walk or Walk()
    rng = np.random.default_rng(walk.seed)
    beat_ns = seconds_to_ns(60.0 / walk.tempo_spm)
    cued_ns = STARTED_NS + seconds_to_ns(walk.baseline_s)
    fade_ns = cued_ns + seconds_to_ns(walk.cued_s)
    carry_over_ns = fade_ns + seconds_to_ns(walk.fade_s)
    end_ns = carry_over_ns + seconds_to_ns(walk.carry_over_s)
    cue_ns = np.arange(cued_ns, carry_over_ns, beat_ns)
    silent = (cue_ns >= fade_ns) & (np.arange(cue_ns.size) % 2 == 1)
    asynchrony_ms = walk.mean_asynchrony_ms + linear_tapper(
        rng, cue_ns.size, walk.alpha, walk.timekeeper_sd_ms, walk.motor_sd_ms
    )

    writer = SessionWriter(path, _header(walk))
    for name, start_ns, stop_ns in (
        ("baseline", STARTED_NS, cued_ns),
        ("cued", cued_ns, fade_ns),
        ("fade", fade_ns, carry_over_ns),
        ("carry-over", carry_over_ns, end_ns),
    ):
        if stop_ns > start_ns:
            writer.begin_phase(name, start_ns)
    kinds = [CueKind.SILENT if quiet else CueKind.BEAT for quiet in silent]
    cues = [Cue(i, int(t), kind) for i, (t, kind) in enumerate(zip(cue_ns, kinds, strict=True))]
    writer.add_cues((cue, "cued" if cue.planned_ns < fade_ns else "fade") for cue in cues)
    beats = [cue for cue in cues if cue.kind is CueKind.BEAT]
    for output, spread_us in (("sound", 30.0), ("led", 200.0)):
        writer.add_cue_reports(
            _report(cue, output, spread_us * abs(rng.normal()), walk) for cue in beats
        )

    before_ns = _free_steps(rng, STARTED_NS, cued_ns, walk.baseline_spm)
    on_beat_ns = cue_ns + np.rint(asynchrony_ms * NS_PER_MS).astype(np.int64)
    after_ns = _free_steps(rng, carry_over_ns, end_ns, walk.tempo_spm)
    steps_ns = np.concatenate((before_ns, on_beat_ns, after_ns))
    foot = np.arange(steps_ns.size) % 2
    made = np.delete(np.arange(steps_ns.size), before_ns.size + np.array(walk.missed, dtype=int))
    writer.add_responses(_steps(steps_ns[made], foot[made]))
    if walk.samples:
        writer.add_samples(_force(steps_ns[made], foot[made], end_ns))
    writer.add_probes(_probes(rng, end_ns))
    writer.add_tempo_change(TempoChange(cued_ns, walk.tempo_spm, "110 % of the baseline cadence"))
    writer.add_tempo_change(TempoChange(carry_over_ns, None, "the plan's carry-over begins"))
    writer.add_fault(
        Fault(FaultKind.EVENTS_RECOVERED, cued_ns, "board", "2 steps came at the second try.", 2)
    )
    writer.add_note(Note(cued_ns, "therapist", "walks with a stick <left hand>"))
    writer.commit()
    if walk.finished:
        finish_as_recorded(writer, end_ns)
    else:
        writer.abandon()
    return WalkTruth(path, asynchrony_ms, cue_ns, silent)


def finish_as_recorded(writer: SessionWriter, end_ns: int) -> None:
    """Correct, certify and close, as the recorder does."""
    data = load_session(writer.path)
    writer.correct_responses(
        zip(
            data.responses.time_ns.tolist(),
            data.responses.uncertainty_us.tolist(),
            data.responses.index.tolist(),
            strict=True,
        )
    )
    writer.finish(end_ns, "finished", certificate_of(data))


def _header(walk: Walk) -> SessionHeader:
    return SessionHeader(
        origin="andante",
        exercise="walk",
        patient_code="P-007",
        plan={"exercise": "walk", "walk": {"tempo_spm": walk.tempo_spm}},
        started_utc=datetime(2025, 3, 4, 9, 30, tzinfo=UTC),
        started_ns=STARTED_NS,
        tick_hz=TICKS.tick_hz,
        simulated_parts=walk.simulated_parts,
        hardware={"board": "simulated board"},
        versions={"andante": "0.1.0"},
    )


def _report(cue: Cue, output: str, late_us: float, walk: Walk) -> CueReport:
    if cue.index in walk.not_given:
        return CueReport(cue.index, output, None, None, "the device was busy")
    fault = "an underrun near it" if cue.index in walk.doubtful else None
    return CueReport(cue.index, output, cue.planned_ns + round(late_us * 1_000), 20.0, fault)


def _free_steps(
    rng: np.random.Generator, start_ns: int, end_ns: int, cadence_spm: float
) -> npt.NDArray[np.int64]:
    step_s = 60.0 / cadence_spm
    count = int((end_ns - start_ns) / NS_PER_S / step_s) - 1
    steps_s = rng.normal(step_s, 0.015, max(count, 0)).cumsum()
    steps_ns: npt.NDArray[np.int64] = start_ns + np.rint(steps_s * NS_PER_S).astype(np.int64)
    return steps_ns


def _steps(steps_ns: npt.NDArray[np.int64], foot: npt.NDArray[np.int_]) -> list[Response]:
    """Contacts, and each foot's release at 62 % of its stride."""
    edges: list[tuple[int, Channel, Edge]] = []
    for number, channel in enumerate(_FOOT):
        contacts_ns = steps_ns[foot == number]
        releases_ns = contacts_ns[:-1] + (0.62 * np.diff(contacts_ns)).astype(np.int64)
        edges += [(int(t), channel, Edge.ON) for t in contacts_ns]
        edges += [(int(t), channel, Edge.OFF) for t in releases_ns]
    return [
        Response(
            channel=channel,
            edge=edge,
            epoch=0,
            event_seq=seq,
            ticks=TICKS.ticks_at(time_ns),
            time_ns=time_ns + 50_000,  # the live translation is a little off
            uncertainty_us=60.0,
        )
        for seq, (time_ns, channel, edge) in enumerate(sorted(edges))
    ]


def _force(
    steps_ns: npt.NDArray[np.int64], foot: npt.NDArray[np.int_], end_ns: int
) -> list[SampleBlock]:
    blocks = []
    for number, channel in enumerate(_FOOT):
        contacts_ns = steps_ns[foot == number]
        times_ns = np.arange(STARTED_NS, end_ns, NS_PER_S // SAMPLE_HZ)
        since_s = (times_ns - contacts_ns[np.searchsorted(contacts_ns, times_ns) - 1]) / NS_PER_S
        loaded = (since_s >= 0) & (since_s < 0.65)
        counts = np.where(loaded, 400.0 * np.sin(np.pi * since_s / 0.65), 0.0).astype(np.int16)
        period_ticks = TICKS.tick_hz // SAMPLE_HZ
        first_ticks = TICKS.ticks_at(STARTED_NS)
        for start in range(0, counts.size, BLOCK_SAMPLES):
            piece = counts[start : start + BLOCK_SAMPLES].tolist()
            blocks.append(
                SampleBlock(channel, 0, first_ticks + start * period_ticks, SAMPLE_HZ, piece)
            )
    return blocks


def _probes(rng: np.random.Generator, end_ns: int) -> list[ClockProbe]:
    probes = []
    for sent_ns in range(STARTED_NS - 5 * NS_PER_S, end_ns, NS_PER_S // 2):
        there_ns, back_ns = (round((0.3 + rng.exponential(0.4)) * NS_PER_MS) for _ in range(2))
        board_ns = sent_ns + there_ns
        ticks = TICKS.ticks_at(board_ns)
        probes.append(ClockProbe(0, sent_ns, ticks, ticks + 5, board_ns + 20_000 + back_ns))
    return probes
