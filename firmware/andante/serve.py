"""The waiting engine: one session after another, asked for over the socket or with the button.

Sessions run on the thread that calls `run`. Clients come and go without a session noticing; only
`Stop`, `Dizzy`, the button, a signal or the plan's end ends one.
"""

import logging
import queue
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from andante.commands import AnyCommand, CommandSource, Dizzy, Stop
from andante.config import DeviceConfig
from andante.control import (
    CommandDone,
    ControlError,
    Doing,
    LiveProgress,
    Notice,
    SessionEnded,
    SessionStarted,
    Start,
    TempoChanged,
)
from andante.control_desk import Desk
from andante.control_server import ControlServer
from andante.engine import RunOptions, SessionResult, run_session
from andante.errors import AndanteError
from andante.notify import Notifier, Watchdog
from andante.plan import Exercise, Plan, plan_from_dict
from andante.ports import Fault, FaultKind
from andante.session.file import TempoChange
from andante.session.live import Facts
from andante.session.runner import Progress
from andante.session.told import CommandTaken, SessionBegun, Told
from andante.timebase import NS_PER_S, Clock, MonotonicClock, seconds_to_ns

POLL_S = 0.05
LOOK_ROUND_S = 3.0
"""The runner looks round every 20 ms; after this long without, something hangs."""
CHANGE_OVER_S = 60.0
"""Starting waits for the board and a steady sound device, ending for up to 30 s for the disk."""
_KEPT_ASYNCHRONIES = 32
_SHUTDOWN = "shutdown"
_STANDING = frozenset(
    {FaultKind.LINK_LOST, FaultKind.SENSOR_STALE, FaultKind.OUTPUT_MISSING, FaultKind.OUTPUT_FAILED}
)
_RESTORED = frozenset({FaultKind.LINK_RESTORED, FaultKind.SENSOR_FRESH})
_SAY_AGAIN_NS = 10 * NS_PER_S

log = logging.getLogger(__name__)


class RunSession(Protocol):
    """`engine.run_session`."""

    def __call__(
        self,
        plan: Plan,
        options: RunOptions,
        on_progress: Callable[[Progress], None],
        on_notice: Callable[[str], None],
        commands: Sequence[CommandSource],
        on_look: Callable[[], None],
        on_told: Callable[[Told], None],
        is_watched: Callable[[], bool],
    ) -> SessionResult:
        """Run one session."""
        ...


class StartButton(CommandSource, Protocol):
    """The trainer's own button and encoder: `controls.Buttons`, already started."""

    def begin_waiting(self) -> None:
        """From now on a press means start."""
        ...

    def start_pressed(self) -> bool:
        """Whether it was pressed since the last look."""
        ...

    def begin_session(self, is_paused: Callable[[], bool]) -> None:
        """From now on a press means stop."""
        ...


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """What the engine serves with. `button_plan` is run when the button is pressed."""

    socket_path: Path
    out_dir: Path
    port: str | None = None
    device: DeviceConfig = field(default_factory=DeviceConfig)
    button_plan: Plan | None = None
    button_attended: bool = False


@dataclass(frozen=True)
class _Job:
    plan: Plan
    options: RunOptions


class Pulse:
    """Whether what should be going on is going on. Any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.beat(CHANGE_OVER_S)

    def beat(self, next_within_s: float) -> None:
        """All is well, and the next beat comes within so long."""
        self._due_ns = self._clock.now_ns() + seconds_to_ns(next_within_s)

    def is_well(self) -> bool:
        """False once a beat is overdue."""
        return self._clock.now_ns() <= self._due_ns


class _Troubles:
    """What went wrong in a session: counted, kept while it lasts, and said, but not in a flood."""

    def __init__(self) -> None:
        self.count = 0
        self.standing: dict[str, str] = {}
        self._said_ns: dict[tuple[str, FaultKind], int] = {}
        self._said: set[str] = set()

    def note(self, text: str) -> Notice:
        """A sentence that is said already, before the fault that it may be about."""
        self._said.add(text)
        return Notice(text=text)

    def take(self, fault: Fault) -> Notice | None:
        """The sentence for a person; None for one that was said a moment ago."""
        if fault.kind in _RESTORED:
            self.standing.pop(fault.part, None)
        else:
            self.count += fault.count
        if fault.kind in _STANDING:
            self.standing[fault.part] = fault.text
        key = fault.part, fault.kind
        before_ns = self._said_ns.get(key)
        if before_ns is not None and 0 <= fault.time_ns - before_ns < _SAY_AGAIN_NS:
            return None
        self._said_ns[key] = fault.time_ns
        if fault.text in self._said:
            return None
        return Notice(text=fault.text, part=fault.part)


class _Session:
    """A session under way: every source of commands as one `CommandSource`, and its pulse."""

    def __init__(
        self, sources: Sequence[CommandSource], pulse: Pulse, stop_asked: Callable[[], bool]
    ) -> None:
        self._sources = sources
        self._pulse = pulse
        self._stop_asked = stop_asked
        self._is_ending = False
        self.is_paused = False
        self.asynchronies_ms: deque[float] = deque(maxlen=_KEPT_ASYNCHRONIES)
        self.troubles = _Troubles()
        self.facts: Facts | None = None

    def take_commands(self) -> list[AnyCommand]:
        commands = [command for source in self._sources for command in source.take_commands()]
        if self._stop_asked():
            commands.append(Stop(source=_SHUTDOWN))
        if any(isinstance(command, Stop | Dizzy) for command in commands):
            self._end()
        return commands

    def take_progress(self, progress: Progress) -> None:
        self.is_paused = progress.paused
        if progress.left_s <= 0:
            self._end()
        newest_ms = progress.last_asynchrony_ms
        if newest_ms is not None and newest_ms not in list(self.asynchronies_ms)[-1:]:
            self.asynchronies_ms.append(newest_ms)

    @property
    def path(self) -> str | None:
        """The session file; None where the session did not come so far."""
        return None if self.facts is None else self.facts.path

    def look(self) -> None:
        """The runner has looked round, and the recorder is alive."""
        self._pulse.beat(CHANGE_OVER_S if self._is_ending else LOOK_ROUND_S)

    def _end(self) -> None:
        self._is_ending = True
        self._pulse.beat(CHANGE_OVER_S)


class Engine:
    """Waits, runs a session, waits again."""

    def __init__(
        self,
        settings: ServeSettings,
        notifier: Notifier,
        clock: Clock | None = None,
        button: StartButton | None = None,
        run_session: RunSession = run_session,
    ) -> None:
        """`button` is used on `run`'s thread only. Raises AndanteError where the button's plan
        cannot be run here.
        """
        self._settings = settings
        self._notifier = notifier
        self._clock = clock or MonotonicClock()
        self._button = button
        self._run_session = run_session
        self.pulse = Pulse(self._clock)
        self._starts: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ending = False
        self._desk = Desk(self._accept, lambda event: self._server.publish(event))
        self._server = ControlServer(
            settings.socket_path, self._desk.answer, self._desk.leave, lambda: self._desk.state
        )
        self._options = RunOptions(
            out_dir=settings.out_dir,
            music_dir=settings.out_dir / "prepared",
            device=settings.device,
        )
        self._button_job: _Job | None = None
        if settings.button_plan is not None:
            self._button_job = self._job(settings.button_plan, attended=settings.button_attended)

    def run(self) -> None:
        """Serve until `ask_to_end`. Raises ControlError where the socket cannot be made."""
        with ExitStack() as stack:
            stack.enter_context(self._server)
            stack.enter_context(Watchdog(self._notifier, self.pulse.is_well))
            self._tell_waiting()
            self._notifier.ready()
            while (job := self._wait_for_job()) is not None:
                self._run_job(job)
                self._tell_waiting()
            self._notifier.stopping()

    def ask_to_end(self) -> None:
        """End a session under way cleanly, then `run`. Safe in a signal handler."""
        self._ending = True
        self._starts.put(None)

    # --- asking for a session -------------------------------------------------------------

    def _accept(self, start: Start) -> None:
        """A start from the socket, on the socket's thread. Raises AndanteError."""
        plan = plan_from_dict(start.plan, "The plan")
        if start.simulated_patient:
            options = replace(self._options, simulated_patient=True, seed=start.seed)
            self._starts.put(_Job(plan, options))
        else:
            self._starts.put(self._job(plan, start.attended))

    def _job(self, plan: Plan, attended: bool) -> _Job:
        """A session on the real board. Walking needs someone beside the patient."""
        if self._settings.port is None:
            raise ControlError(
                "The engine was started without a sensor board; start it with --port."
            )
        if plan.exercise is Exercise.WALK and not attended:
            raise ControlError(
                "Walking needs someone beside the patient; start again once that is so and said "
                "(attended)."
            )
        return _Job(plan, replace(self._options, port=self._settings.port))

    def _wait_for_job(self) -> _Job | None:
        """The next session asked for; None once the engine is asked to end."""
        if self._button is not None:
            self._button.begin_waiting()
        while not self._ending:
            self.pulse.beat(LOOK_ROUND_S)
            try:
                return self._starts.get(timeout=POLL_S)
            except queue.Empty:
                pass
            pressed = self._button is not None and self._button.start_pressed()
            if pressed and self._button_job is not None:
                if self._desk.begin_without_client():
                    return self._button_job
                text = "The button was pressed, but the device is held; it starts nothing now."
                self._server.publish(Notice(text=text))
        return None

    # --- a session ------------------------------------------------------------------------

    def _run_job(self, job: _Job) -> None:
        self._tell_session(Doing.STARTING, job)
        self.pulse.beat(CHANGE_OVER_S)
        sources: list[CommandSource] = [self._desk]
        if self._button is not None:
            sources.append(self._button)
        session = _Session(sources, self.pulse, lambda: self._ending)
        if self._button is not None:
            self._button.begin_session(lambda: session.is_paused)

        def on_progress(progress: Progress) -> None:
            if self._desk.state.doing is not Doing.RUNNING:
                self._tell_session(Doing.RUNNING, job, session.facts)
            session.take_progress(progress)
            if self._server.has_clients:
                self._tell_progress(progress, session)

        try:
            result = self._run_session(
                job.plan,
                job.options,
                on_progress=on_progress,
                on_notice=lambda text: self._server.publish(session.troubles.note(text)),
                commands=[session],
                on_look=session.look,
                on_told=lambda told: self._tell(told, session),
                is_watched=lambda: self._server.has_clients,
            )
            ended = SessionEnded(path=str(result.path), end_reason=result.end_reason)
        except AndanteError as error:
            ended = SessionEnded(path=session.path, end_reason=str(error))
        except Exception as error:
            log.exception("a session broke off")
            text = f"Something unexpected ended the session ({type(error).__name__}: {error})."
            ended = SessionEnded(path=session.path, end_reason=text)
        self._server.publish(ended)
        self._desk.end_session()

    def _tell(self, told: Told, session: _Session) -> None:
        """What the session tells, to every client. On the runner's thread."""
        match told:
            case SessionBegun():
                session.facts = told.facts
            case CommandTaken():
                self._server.publish(CommandDone(command=told.command, refusal=told.refusal))
            case TempoChange():
                tempo = told.tempo_per_minute
                self._server.publish(
                    TempoChanged(time_ns=told.time_ns, tempo_per_minute=tempo, reason=told.reason)
                )
            case Fault():
                notice = session.troubles.take(told)
                if notice is not None:
                    self._server.publish(notice)

    def _tell_session(self, doing: Doing, job: _Job, facts: Facts | None = None) -> None:
        simulated = job.options.simulated_patient
        self._desk.tell_session(doing, job.plan.exercise, job.plan.patient_code, simulated, facts)
        if doing is Doing.RUNNING:
            self._server.publish(
                SessionStarted(
                    exercise=job.plan.exercise,
                    patient_code=job.plan.patient_code,
                    simulated_patient=simulated,
                    facts=facts,
                )
            )
        self._notifier.status(f"{doing}: {job.plan.exercise}")

    def _tell_progress(self, progress: Progress, session: _Session) -> None:
        low, high = progress.tempo_range or (None, None)
        self._server.publish(
            LiveProgress(
                stage=progress.stage,
                left_s=progress.left_s,
                tempo_per_minute=progress.tempo_per_minute,
                last_asynchrony_ms=progress.last_asynchrony_ms,
                vector_length=progress.vector_length,
                response_count=progress.response_count,
                own_per_minute=progress.own_per_minute,
                paused=progress.paused,
                recent_asynchronies_ms=tuple(session.asynchronies_ms),
                at_s=progress.at_s,
                tempo_low_per_minute=low,
                tempo_high_per_minute=high,
                cues=progress.cues,
                breaths=progress.breaths,
                traces=progress.traces,
                troubles=session.troubles.standing,
                fault_count=session.troubles.count,
            )
        )

    def _tell_waiting(self) -> None:
        self._notifier.status("waiting")
