"""The parts of one session: real, emulated or simulated, as the plan and its options ask."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from andante.board.keyboard import KeyboardBoard
from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.config import DeviceConfig
from andante.cues.haptic import HapticOutput
from andante.cues.led import LedOutput
from andante.cues.ring import RingOutput
from andante.cues.screen import ScreenOutput
from andante.cues.sound import SoundOutput
from andante.cues.sounds.library import PAD_SOUNDS
from andante.cues.track import Track
from andante.errors import OutputError
from andante.guard import RING_DEVICE, Guard
from andante.machine import this_machine
from andante.plan import BreathePlan, ListenPlan, Plan, TapPlan
from andante.plan.listen import ListenTo
from andante.plan.tap import TapTask
from andante.ports import Board, Cue, CueOutput, Fault, FaultKind
from andante.signal_file import ForceRecording, read_force
from andante.simulated.board import SimulatedBoard
from andante.simulated.outputs import (
    SimulatedOutput,
    mock_haptic_output,
    mock_led_output,
    simulated_ring_output,
)
from andante.simulated.patients import Patient, make_patient, tell_stages
from andante.simulated.pty_board import PtyBoard
from andante.simulated.replay import ReplaySource
from andante.simulated.serial_line import SimulatedLine
from andante.simulated.source import Source, TickClock
from andante.timebase import NS_PER_S, Clock, MonotonicClock, SimulatedClock
from andante.timeline.spans import StageSpan

OUTPUTS = ("sound", "led", "ring", "haptic")
GUARDED_OUTPUTS = ("led", "ring", "haptic")
"""Those that would stay on if the trainer died."""
HEALTHY = "healthy"
_SIMULATED_RATE_ERROR_PPM = 40.0
_SILENT_LIGHTS = "Beats are without light for this patient, who is marked as having epilepsy."


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where responses come from and where the session goes. Exactly one of the first four."""

    port: str | None = None
    replay: Path | None = None
    simulated_patient: bool = False
    keyboard: bool = False
    patient: str = HEALTHY  # the kind of simulated patient
    draw_beat: Callable[[bool], None] | None = None  # shows the beat on a screen as well
    at_full_speed: bool = False
    real_time: bool = True  # ask for real-time rights, where time is real
    out_dir: Path = Path("sessions")
    music_dir: Path = Path("sessions") / "prepared"
    seed: int = 1
    device: DeviceConfig = field(default_factory=DeviceConfig)
    tracks: dict[str, Track] = field(default_factory=dict)


@dataclass
class Parts:
    """What one session runs on."""

    clock: Clock
    board: Board
    makers: dict[str, Callable[[], CueOutput]]
    simulated_parts: list[str]
    outputs: list[CueOutput] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    on_cue: Callable[[Cue], None] = lambda _: None
    connect: Callable[[tuple[StageSpan, ...]], None] = lambda _: None
    finish: Callable[[], dict[str, Any] | None] = lambda: None

    def start(self, stack: ExitStack, on_notice: Callable[[str], None]) -> None:
        """Start the board and every output, side by side where time is real: each takes a while.

        Raises BoardError; an output that cannot be used is left out, said and recorded.
        """
        stack.callback(self.board.stop)
        if self.clock.simulated:
            self.board.start()
            self._start_outputs(stack, on_notice)
        else:
            notices: list[str] = []  # told once the board is there: without it there is no session
            with ThreadPoolExecutor(1, "board-start") as pool:
                board = pool.submit(self.board.start)
                self._start_outputs(stack, notices.append)
                board.result()
            for text in notices:
                on_notice(text)
        if self.board.simulated and "board" not in self.simulated_parts:
            self.simulated_parts.append("board")

    def _start_outputs(self, stack: ExitStack, on_notice: Callable[[str], None]) -> None:
        for name, make in self.makers.items():
            try:
                output = make()
                stack.callback(output.stop)
                output.start()
            except OutputError as error:
                silent = " The session runs silent." if name == "sound" else ""
                self._tell(name, f"{error}{silent}", on_notice)
                continue
            self.outputs.append(output)
            if output.simulated:
                self.simulated_parts.append(name)

    def start_guard(self, stack: ExitStack, on_notice: Callable[[str], None]) -> Guard | None:
        """Start the guard where something real could stay on; None where nothing could."""
        real = [o.name for o in self.outputs if o.name in GUARDED_OUTPUTS and not o.simulated]
        if not real:
            return None
        guard = Guard(self.clock, ring_device=RING_DEVICE if "ring" in real else None)
        stack.callback(guard.stop)
        try:
            guard.start()
        except OutputError as error:
            self._tell("guard", str(error), on_notice)
            return None
        for lost in guard.without:
            self._tell("guard", f"The guard cannot darken everything: {lost}.", on_notice)
        return guard

    def _tell(self, part: str, text: str, on_notice: Callable[[str], None]) -> None:
        on_notice(text)
        self.faults.append(Fault(FaultKind.OUTPUT_MISSING, self.clock.now_ns(), part, text))


def build_parts(plan: Plan, options: RunOptions, stack: ExitStack) -> Parts:
    """Make everything but the outputs, which `Parts.start` makes and starts."""
    wanted = [name for name in OUTPUTS if getattr(plan.outputs, name)]
    if options.port is not None or options.keyboard:
        clock = MonotonicClock()
        board: Board = KeyboardBoard(clock)
        if options.port is not None:
            board = BoardLink(PySerialPort(options.port, clock), clock)
        makers = _real_makers(wanted, plan, options, clock)
        if (draw := options.draw_beat) is not None:
            makers["screen"] = lambda: ScreenOutput(clock, draw)
        parts = Parts(clock, board, makers, [])
    else:
        parts = _build_simulated(plan, options, wanted, stack)
    if plan.patient.epilepsy:
        now_ns = parts.clock.now_ns()
        parts.faults.append(Fault(FaultKind.OUTPUT_MISSING, now_ns, "light", _SILENT_LIGHTS))
    return parts


def _build_simulated(
    plan: Plan, options: RunOptions, wanted: Sequence[str], stack: ExitStack
) -> Parts:
    recording = None if options.replay is None else read_force(options.replay)
    clock: Clock
    if options.at_full_speed:
        clock = SimulatedClock()
        makers: dict[str, Callable[[], CueOutput]] = {
            name: partial(
                SimulatedOutput,
                name,
                clock,
                seed=options.seed,
                glow_only=plan.patient.epilepsy,
            )
            for name in wanted
        }
    else:
        clock = MonotonicClock()
        makers = _real_makers(wanted, plan, options, clock, with_twins=True)
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

    parts = Parts(clock, link, makers, ["board"])
    if recording is not None:
        _attach_recording(parts, connect_source, recording, tick_clock)
    else:
        _attach_patient(parts, connect_source, plan, tick_clock, options)
    return parts


def _attach_recording(
    parts: Parts,
    connect_source: Callable[[Source], None],
    recording: ForceRecording,
    tick_clock: TickClock,
) -> None:
    parts.simulated_parts.append("recording")

    def connect(spans: tuple[StageSpan, ...]) -> None:
        connect_source(ReplaySource(recording, tick_clock, spans[0].start_ns))

    parts.connect = connect


def _attach_patient(
    parts: Parts,
    connect_source: Callable[[Source], None],
    plan: Plan,
    tick_clock: TickClock,
    options: RunOptions,
) -> None:
    parts.simulated_parts.append("patient")
    exercise = _exercise_of_patient(plan)
    pads = plan.tap.pads if plan.tap is not None else 1
    patients: list[tuple[Patient, int]] = []

    def connect(spans: tuple[StageSpan, ...]) -> None:
        start_ns, end_ns = spans[0].start_ns, spans[-1].end_ns
        patient = make_patient(
            exercise, options.patient, tick_clock, start_ns, end_ns, options.seed, pads
        )
        tell_stages(patient, exercise, [(s.stage.name, s.start_ns) for s in spans])
        patients.append((patient, start_ns))
        connect_source(patient)

    def on_cue(cue: Cue) -> None:
        patients[0][0].hear(cue)

    def finish() -> dict[str, Any]:
        patient, started_ns = patients[0]
        patient.finish()
        return patient.summary(started_ns)

    parts.connect, parts.on_cue, parts.finish = connect, on_cue, finish


def _exercise_of_patient(plan: Plan) -> str:
    """What a simulated patient is asked to do: an exercise, the rhythm of one, or a task."""
    match plan.part:
        case TapPlan() as tap:
            return str(tap.task)
        case ListenPlan() as listen:
            return str(listen.to)
    return str(plan.exercise)


def _real_makers(
    wanted: Sequence[str], plan: Plan, options: RunOptions, clock: Clock, with_twins: bool = False
) -> dict[str, Callable[[], CueOutput]]:
    """How to make each output on its real device; lights and motor on their twins where
    `with_twins` and off a Pi."""
    on_twin = with_twins and not this_machine().is_raspberry_pi
    calm = plan.patient.epilepsy
    makers: dict[str, Callable[[], CueOutput]] = {
        "sound": lambda: SoundOutput(
            clock,
            plan.outputs.volume_percent,
            options.device.sound_device,
            sounds_of(plan),
            options.tracks,
        ),
        "led": lambda: (
            mock_led_output(clock, glow_only=calm) if on_twin else LedOutput(clock, glow_only=calm)
        ),
        "ring": lambda: (
            simulated_ring_output(clock, glow_only=calm)
            if on_twin
            else RingOutput(clock, glow_only=calm)
        ),
        "haptic": lambda: mock_haptic_output(clock) if on_twin else HapticOutput(clock),
    }
    return {name: makers[name] for name in wanted}


def sounds_of(plan: Plan) -> tuple[str, ...]:
    """The names of the sounds that the plan's cues will ask for."""
    match plan.part:
        case BreathePlan() as breathe:
            return (str(breathe.sound),)
        case ListenPlan() as listen:
            return (str(listen.sound),) if listen.to is ListenTo.BREATHING else ("pluck",)
        case TapPlan() as tap:
            own = {
                TapTask.ECHO: ("wood",),
                TapTask.FOLLOW: ("drum",),
                TapTask.FREE: PAD_SOUNDS,
                TapTask.MIRROR: ("wood", *PAD_SOUNDS),
            }
            return tuple({str(plan.outputs.beat_sound), *own.get(tap.task, ())})
    return (str(plan.outputs.beat_sound),)
