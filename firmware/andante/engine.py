"""The one place that wires a plan to real or simulated parts."""

import gc
import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from andante.board.keyboard import KeyboardBoard
from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.coach.make import make_conductor
from andante.commands import CommandSource
from andante.cues.led import LedOutput
from andante.cues.ring import RingOutput
from andante.cues.screen import ScreenOutput
from andante.cues.sound import SoundOutput
from andante.errors import AndanteError, BoardError, OutputError, SessionFileError
from andante.plan import Exercise, Plan, plan_as_dict, stages_of
from andante.ports import Board, Cue, CueOutput, Fault, FaultKind
from andante.session.file import SUFFIX, SessionHeader
from andante.session.recorder import Recorder
from andante.session.runner import Progress, Runner
from andante.session.writer import SessionWriter
from andante.signal_file import ForceRecording, read_force
from andante.simulated.board import SimulatedBoard
from andante.simulated.outputs import SimulatedOutput, mock_led_output, simulated_ring_output
from andante.simulated.patients import (
    HEALTHY_TAPPER,
    HEALTHY_WALKER,
    SimulatedPatient,
    truth_summary,
)
from andante.simulated.pty_board import PtyBoard
from andante.simulated.replay import ReplaySource
from andante.simulated.serial_line import SimulatedLine
from andante.simulated.source import Source, TickClock
from andante.timebase import NS_PER_S, Clock, MonotonicClock, SimulatedClock
from andante.timeline.spans import lay_out
from andante.version import installed_version

_SIMULATED_RATE_ERROR_PPM = 40.0
_MODEL_FILE = Path("/proc/device-tree/model")
LIGHT_OUTPUTS = ("led", "ring")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where responses come from and where the session goes. Exactly one of the first four."""

    port: str | None = None
    replay: Path | None = None
    simulated_patient: bool = False
    keyboard: bool = False
    draw_beat: Callable[[bool], None] | None = None  # shows the beat on a screen as well
    at_full_speed: bool = False
    out_dir: Path = Path("sessions")
    seed: int = 1


@dataclass(frozen=True)
class SessionResult:
    """A session that has ended. `truth` is what a simulated patient really did."""

    path: Path
    end_reason: str
    truth: dict[str, Any] | None
    truth_path: Path | None


@dataclass
class _Parts:
    """What one session runs on."""

    clock: Clock
    board: Board
    makers: dict[str, Callable[[], CueOutput]]
    simulated_parts: list[str]
    outputs: list[CueOutput] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    on_cue: Callable[[Cue], None] = lambda _: None
    connect: Callable[[int], None] = lambda _: None
    finish: Callable[[], dict[str, Any] | None] = lambda: None


def run_session(
    plan: Plan,
    options: RunOptions,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_notice: Callable[[str], None] = lambda _: None,
    commands: Sequence[CommandSource] = (),
) -> SessionResult:
    """Run one session from first line to last.

    `on_notice` gets sentences for a person; `commands` are asked fifty times a second. Raises
    AndanteError in one sentence; whatever was recorded until then is kept.
    """
    with ExitStack() as stack:
        parts = _build(plan, options, stack)
        stack.callback(parts.board.stop)
        parts.board.start()
        if parts.board.simulated and "board" not in parts.simulated_parts:
            parts.simulated_parts.append("board")
        _start_outputs(parts, stack, on_notice)
        started_ns = parts.clock.now_ns()
        path = _new_path(options.out_dir, plan, parts.clock)
        header = _header(plan, parts, started_ns)
        recorder = Recorder(lambda: SessionWriter(path, header))
        recorder.start()
        for fault in parts.faults:
            recorder.record(SessionWriter.add_fault, fault)
        parts.connect(started_ns)
        runner = Runner(
            make_conductor(plan, started_ns),
            parts.clock,
            parts.outputs,
            parts.board,
            recorder,
            started_ns,
            on_cue=parts.on_cue,
            on_progress=on_progress,
            commands=commands,
        )
        # Whatever was made until now is left out of garbage collection: a collection in the
        # middle of a session would hold up every thread, the sound's too.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
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


# --- parts ----------------------------------------------------------------------------------


def _build(plan: Plan, options: RunOptions, stack: ExitStack) -> _Parts:
    wanted = [name for name in ("sound", *LIGHT_OUTPUTS) if getattr(plan.outputs, name)]
    dark = plan.patient.epilepsy
    if dark:
        wanted = [name for name in wanted if name not in LIGHT_OUTPUTS]
    if options.port is not None or options.keyboard:
        clock = MonotonicClock()
        board: Board = KeyboardBoard(clock)
        if options.port is not None:
            board = BoardLink(PySerialPort(options.port, clock), clock)
        makers = _makers(wanted, plan, clock)
        if (draw := options.draw_beat) is not None:
            makers["screen"] = lambda: ScreenOutput(clock, draw)
        parts = _Parts(clock, board, makers, [])
    else:
        parts = _build_simulated(plan, options, wanted, stack)
    if dark:
        text = "Light is off for this patient, who is marked as having epilepsy."
        parts.faults.append(Fault(FaultKind.OUTPUT_MISSING, parts.clock.now_ns(), "light", text))
    return parts


def _build_simulated(
    plan: Plan, options: RunOptions, wanted: Sequence[str], stack: ExitStack
) -> _Parts:
    recording = None if options.replay is None else read_force(options.replay)
    clock: Clock
    makers: dict[str, Callable[[], CueOutput]]
    if options.at_full_speed:
        clock = SimulatedClock()
        makers = {n: partial(SimulatedOutput, n, clock, seed=options.seed) for n in wanted}
    else:
        clock = MonotonicClock()
        makers = _makers(wanted, plan, clock, with_twins=True)
    tick_clock = TickClock(clock.now_ns() - 3 * NS_PER_S, rate_error_ppm=_SIMULATED_RATE_ERROR_PPM)
    board = SimulatedBoard(tick_clock, seed=options.seed)
    if options.at_full_speed:
        link = BoardLink(SimulatedLine(board, clock, seed=options.seed), clock)
        pause: AbstractContextManager[object] = nullcontext()
    else:
        pty = stack.enter_context(PtyBoard(board, clock))
        link = BoardLink(PySerialPort(str(pty.path), clock), clock)
        pause = pty.pause()

    def connect_source(source: Source) -> None:
        with pause:
            board.connect_source(source)

    parts = _Parts(clock, link, makers, ["board"])
    if recording is not None:
        _attach_recording(parts, connect_source, recording, tick_clock)
    else:
        _attach_patient(parts, connect_source, plan, tick_clock, options.seed)
    return parts


def _attach_recording(
    parts: _Parts,
    connect_source: Callable[[Source], None],
    recording: ForceRecording,
    tick_clock: TickClock,
) -> None:
    parts.simulated_parts.append("recording")

    def connect(started_ns: int) -> None:
        connect_source(ReplaySource(recording, tick_clock, started_ns))

    parts.connect = connect


def _attach_patient(
    parts: _Parts,
    connect_source: Callable[[Source], None],
    plan: Plan,
    tick_clock: TickClock,
    seed: int,
) -> None:
    parts.simulated_parts.append("patient")
    habits = HEALTHY_WALKER if plan.exercise is Exercise.WALK else HEALTHY_TAPPER
    patients: list[tuple[SimulatedPatient, int]] = []

    def connect(started_ns: int) -> None:
        end_ns = lay_out(stages_of(plan), started_ns)[-1].end_ns
        patient = SimulatedPatient(habits, tick_clock, started_ns, end_ns, seed)
        patients.append((patient, started_ns))
        connect_source(patient)

    def on_cue(cue: Cue) -> None:
        patients[0][0].hear(cue)

    def finish() -> dict[str, Any]:
        patient, started_ns = patients[0]
        patient.finish()
        return truth_summary(patient.truth, started_ns)

    parts.connect, parts.on_cue, parts.finish = connect, on_cue, finish


def _makers(
    wanted: Sequence[str], plan: Plan, clock: Clock, with_twins: bool = False
) -> dict[str, Callable[[], CueOutput]]:
    """How to make each output on its real device; lights on their twins where `with_twins` and
    off a Pi."""
    on_twin = with_twins and not on_raspberry_pi()
    makers: dict[str, Callable[[], CueOutput]] = {
        "sound": lambda: SoundOutput(clock, plan.outputs.volume_percent),
        "led": lambda: mock_led_output(clock) if on_twin else LedOutput(clock),
        "ring": lambda: simulated_ring_output(clock) if on_twin else RingOutput(clock),
    }
    return {name: makers[name] for name in wanted}


def _start_outputs(parts: _Parts, stack: ExitStack, on_notice: Callable[[str], None]) -> None:
    """Make and start every output; one that cannot be used is left out, said and recorded."""
    for name, make in parts.makers.items():
        try:
            output = make()
            stack.callback(output.stop)
            output.start()
        except OutputError as error:
            silent = " The session runs silent." if name == "sound" else ""
            text = f"{error}{silent}"
            on_notice(text)
            parts.faults.append(Fault(FaultKind.OUTPUT_MISSING, parts.clock.now_ns(), name, text))
            continue
        parts.outputs.append(output)
        if output.simulated:
            parts.simulated_parts.append(name)


def on_raspberry_pi() -> bool:
    """True where the device tree says so."""
    return _MODEL_FILE.exists() and "Raspberry Pi" in _MODEL_FILE.read_text(errors="replace")


# --- the session's header -------------------------------------------------------------------


def _header(plan: Plan, parts: _Parts, started_ns: int) -> SessionHeader:
    info = parts.board.info
    if info is None:
        raise BoardError("The sensor board said nothing of itself; unplug it and start again.")
    machine = platform.machine()
    if _MODEL_FILE.exists():
        machine = _MODEL_FILE.read_text(errors="replace").rstrip("\0")
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
            "board": parts.board.description,
            "board_firmware": info.firmware_version,
            "outputs": {output.name: output.description for output in parts.outputs},
        },
        versions={
            "andante": installed_version(),
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "sqlite": sqlite3.sqlite_version,
        },
    )


def _new_path(out_dir: Path, plan: Plan, clock: Clock) -> Path:
    stem = f"{clock.utc_now():%Y%m%d-%H%M%S}-{plan.patient_code}-{plan.exercise}"
    for number in range(1, 1000):
        name = stem if number == 1 else f"{stem}-{number}"
        path = out_dir / f"{name}{SUFFIX}"
        if not path.exists():
            return path
    raise AndanteError(f"The folder {out_dir} holds too many sessions of this second; clear it.")
