"""The one place that wires a plan to real or simulated parts and runs it as a session."""

import gc
import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from andante import realtime
from andante.coach.listen import TRACK, PreparedMusic
from andante.coach.make import make_conductor
from andante.commands import CommandSource
from andante.cues.track import Track
from andante.errors import AndanteError, BoardError, SessionFileError
from andante.guard import Guard
from andante.machine import this_machine
from andante.music.prepare import PreparedTrack, prepare_recording
from andante.music.spec import RecordingSpec
from andante.plan import ListenPlan, Plan, plan_as_dict
from andante.ports import Fault
from andante.session.file import SUFFIX, SessionHeader
from andante.session.latency import HARDWARE_KEY, latencies_for_header
from andante.session.live import Facts
from andante.session.recorder import Recorder
from andante.session.runner import Progress, Runner
from andante.session.told import SessionBegun, Told
from andante.session.writer import SessionWriter
from andante.sound_path import device_identity
from andante.timebase import NS_PER_S, Clock
from andante.version import installed_version
from andante.wiring import Parts, build_parts
from andante.wiring import RunOptions as RunOptions

RECORDER_HANGS_NS = 3 * NS_PER_S
"""A disk that has taken nothing for so long is given up by the watchdog."""


@dataclass(frozen=True)
class SessionResult:
    """A session that has ended. `truth` is what a simulated patient really did."""

    path: Path
    end_reason: str
    truth: dict[str, Any] | None
    truth_path: Path | None


def run_session(
    plan: Plan,
    options: RunOptions,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_notice: Callable[[str], None] = lambda _: None,
    commands: Sequence[CommandSource] = (),
    on_look: Callable[[], None] = lambda: None,
    on_told: Callable[[Told], None] = lambda _: None,
    is_watched: Callable[[], bool] = lambda: True,
) -> SessionResult:
    """Run one session from first line to last.

    `on_notice` gets sentences for a person; `commands` are asked fifty times a second, and
    `on_look` is called as often while cues and recorder are alive. `on_told` hears, in order, that
    the file is there, which commands were taken, and tempo changes and faults as they come.
    `is_watched`: whether progress is to tell the latest cues, breaths and traces.
    Raises AndanteError in one sentence; whatever was recorded until then is kept.
    """
    prepared = prepared_track(plan, options.music_dir)
    if prepared is not None:
        options = replace(options, tracks={TRACK: Track(prepared.path)})
    with ExitStack() as stack:
        wanted = options.real_time and not options.at_full_speed
        scheduling = stack.enter_context(realtime.running(wanted))
        parts = build_parts(plan, options, stack)
        parts.start(stack, on_notice)
        guard = parts.start_guard(stack, on_notice)
        for loss in scheduling.losses:
            on_notice(loss)
        started_ns = parts.clock.now_ns()
        path = _new_path(options.out_dir, plan, parts.clock)
        header = _header(plan, parts, options, str(scheduling), started_ns)
        recorder = Recorder(lambda: SessionWriter(path, header))
        recorder.start()
        on_told(SessionBegun(_facts(path, header)))

        def take_faults(faults: Sequence[Fault]) -> None:
            for fault in faults:
                recorder.record(SessionWriter.add_fault, fault)
                on_told(fault)

        take_faults(parts.faults)
        music = None
        if prepared is not None:
            music = PreparedMusic(prepared.beat_times_s, prepared.duration_s)
        conductor = make_conductor(plan, started_ns, music)
        parts.connect(conductor.spans)

        runner = Runner(
            conductor,
            parts.clock,
            parts.outputs,
            parts.board,
            recorder,
            started_ns,
            on_cue=parts.on_cue,
            on_progress=on_progress,
            commands=commands,
            on_look=_SignsOfLife(recorder, parts.clock, guard, take_faults, on_look).look,
            on_told=on_told,
            is_watched=is_watched,
        )
        # Whatever was made until now is left out of garbage collection: a collection in the
        # middle of a session would hold up every thread, the sound's too.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        realtime.raise_this_thread(realtime.ThreadRole.RUNNER)
        try:
            end_reason = runner.run()
        except SessionFileError:
            raise
        except BaseException as error:
            recorder.finish(parts.clock.now_ns(), f"cut off by an error: {error!r}")
            raise
        truth = parts.finish()
        recorder.finish(parts.clock.now_ns(), end_reason)
    truth_path = None
    if truth is not None:
        truth_path = path.with_suffix(".truth.json")
        truth_path.write_bytes(msgspec.json.format(msgspec.json.encode(truth)) + b"\n")
    return SessionResult(path, end_reason, truth, truth_path)


class _SignsOfLife:
    """Tells the guard that the cues go on, and the watchdog that the recorder does too."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        guard: Guard | None,
        take_faults: Callable[[Sequence[Fault]], None],
        on_look: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._guard = guard
        self._take_faults = take_faults
        self._on_look = on_look
        self._rounds = -1
        self._round_ns = 0

    def look(self) -> None:
        """Called at every look-round of the runner."""
        if self._guard is not None:
            self._guard.beat()
            self._take_faults(self._guard.take_faults())
        now_ns = self._clock.now_ns()
        if self._recorder.rounds != self._rounds:
            self._rounds, self._round_ns = self._recorder.rounds, now_ns
        if self._recorder.alive and now_ns - self._round_ns < RECORDER_HANGS_NS:
            self._on_look()


def prepared_track(plan: Plan, music_dir: Path) -> PreparedTrack | None:
    """The plan's recording, prepared now unless it was before; None where it has none."""
    listen = plan.part
    if not isinstance(listen, ListenPlan) or listen.recording is None:
        return None
    recording = listen.recording
    assert listen.start_per_minute is not None  # the plan's own check
    spec = RecordingSpec(
        path=Path(recording.file),
        start_bpm=listen.start_per_minute,
        target_bpm=listen.target_per_minute,
        change_minutes=listen.minutes,
        beats_file=None if recording.beats_file is None else Path(recording.beats_file),
        bpm=recording.bpm,
        first_beat_s=recording.first_beat_s,
    )
    return prepare_recording(spec, music_dir)


def _header(
    plan: Plan, parts: Parts, options: RunOptions, scheduling: str, started_ns: int
) -> SessionHeader:
    info = parts.board.info
    if info is None:
        raise BoardError("The sensor board said nothing of itself; unplug it and start again.")
    machine = this_machine().name
    real = {o.name: device_identity(o) for o in parts.outputs if not o.simulated}
    return SessionHeader(
        origin="andante",
        exercise=plan.exercise,
        patient_code=plan.patient_code,
        plan=plan_as_dict(plan),
        started_utc=parts.clock.utc_now(),
        started_ns=started_ns,
        tick_hz=info.tick_hz,
        simulated_parts=tuple(parts.simulated_parts),
        hardware={
            "machine": machine,
            "kernel": platform.release(),
            "scheduling": scheduling,
            "board": parts.board.description,
            "board_firmware": info.firmware_version,
            "outputs": {output.name: output.description for output in parts.outputs},
            HARDWARE_KEY: latencies_for_header(real, options.device, machine),
        },
        versions={
            "andante": installed_version(),
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "sqlite": sqlite3.sqlite_version,
        },
    )


def _facts(path: Path, header: SessionHeader) -> Facts:
    return Facts(
        path=str(path),
        board=header.hardware["board"],
        outputs=header.hardware["outputs"],
        simulated_parts=header.simulated_parts,
    )


def _new_path(out_dir: Path, plan: Plan, clock: Clock) -> Path:
    stem = f"{clock.utc_now():%Y%m%d-%H%M%S}-{plan.patient_code}-{plan.exercise}"
    for number in range(1, 1000):
        name = stem if number == 1 else f"{stem}-{number}"
        path = out_dir / f"{name}{SUFFIX}"
        if not path.exists():
            return path
    raise AndanteError(f"The folder {out_dir} holds too many sessions of this second; clear it.")
