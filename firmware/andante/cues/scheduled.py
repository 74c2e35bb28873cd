"""The one place where light and touch wait for their moment: a thread with absolute deadlines."""

import threading
from abc import ABC, abstractmethod

from andante.cues.outbox import Outbox, lateness_ms
from andante.cues.player import CuePlayer, Step
from andante.cues.shapes import Shape
from andante.errors import OutputError
from andante.ports import AudioTiming, Cue, CueReport, Fault, FaultKind
from andante.realtime import ThreadRole, raise_this_thread, undisturbed
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, Clock

LATE_NS = 5 * NS_PER_MS
"""A cue given later than this carries a fault."""
_WAKE_AHEAD_NS = 3 * NS_PER_MS
_DARK_WITHIN_S = 0.04
_STOP_TIMEOUT_S = 1.0


class ScheduledOutput(ABC):
    """A `CueOutput` whose frames are shown at absolute times by a thread of its own.

    What is shown when is decided by `CuePlayer`; here is the waiting, the device and the report.
    `actual_ns` is the middle of the call that drives the device, its uncertainty half the time
    the call took; for a part of a breath that is the frame with which it begins. Needs a clock
    that runs by itself: the simulated one has no use for threads.

    A sleep ends late by what it takes to wake up. Where `awake_ns` is given, the thread is awake
    that long before a cue's moment and meets it by reading the clock. That is for one output
    only: two that wait so at the same moment wait for each other.
    """

    awake_ns = 0

    def __init__(
        self, name: str, clock: Clock, shape: Shape, simulated: bool, glow_only: bool = False
    ) -> None:
        self.name = name
        self.simulated = simulated
        self.glow_only = glow_only
        self.description = f"{name}, not started"
        self._clock = clock
        self._outbox = Outbox(name)
        self._player = CuePlayer(shape, self._outbox, glow_only)
        self._changed = threading.Condition()  # guards the player
        self._pending: Step | None = None  # what will be shown after the last short sleep
        self._failure: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _open(self) -> str:
        """Open the device, dark, and return its description. Raises OutputError."""

    @abstractmethod
    def _send(self, drive: float) -> None:
        """Drive the device, 0-1. Raises OutputError."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of the dark device. Raises OutputError."""

    def start(self) -> None:
        """Open the device. Raises OutputError."""
        self.description = self._open()
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-cues", daemon=True)
        self._thread.start()

    def schedule(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError for a silent one."""
        with self._changed:
            if self._player.add(cue, self._clock.now_ns()):
                self._changed.notify()

    def cancel(self) -> None:
        """Withdraw every cue not begun; what is on is out within 50 ms."""
        with self._changed:
            now_ns = self._clock.now_ns()
            if self._pending is not None:
                self._player.take_back(self._pending, now_ns)
                self._pending = None
            self._player.cancel(now_ns)
            self._changed.notify()

    def take_reports(self) -> list[CueReport]:
        """Reports since the last call."""
        return self._outbox.take_reports()

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return self._outbox.take_faults()

    def take_audio_timing(self) -> list[AudioTiming]:
        """Light and touch have no clock of their own."""
        return []

    def stop(self) -> None:
        """Darken at once and close the device."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
        # Dark comes first, even where the thread is held up; it may show one frame more then.
        thread.join(_DARK_WITHIN_S)
        held_up = thread.is_alive()
        self._darken()
        if held_up:
            thread.join(_STOP_TIMEOUT_S)
            self._darken()
        try:
            self._close()
        except OutputError as error:
            self._outbox.fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), str(error))

    def _darken(self) -> None:
        try:
            self._send(0.0)
        except OutputError as error:
            self._outbox.fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), str(error))

    def _run(self) -> None:
        raise_this_thread(ThreadRole.LIGHT)
        while True:
            with self._changed:
                if self._stopping:
                    return
                due_ns = self._player.next_due_ns()
                if due_ns is None:
                    self._changed.wait()
                    continue
                now_ns = self._clock.now_ns()
                left_ns = due_ns - now_ns
                if left_ns > _WAKE_AHEAD_NS:
                    self._changed.wait((left_ns - _WAKE_AHEAD_NS) / NS_PER_S)
                    continue
                # Settled before the last sleep, so that after it there is nothing to do but show.
                self._pending = self._player.step(max(due_ns, now_ns))
                if self._pending is None:
                    continue
                awake_ns = 0 if self._pending.cue is None else self.awake_ns
            self._clock.sleep_until_ns(due_ns - awake_ns)
            if not awake_ns:
                self._show_pending()
                continue
            with undisturbed():
                while self._clock.now_ns() < due_ns:
                    pass
                self._show_pending()

    def _show_pending(self) -> None:
        """Show what is due, unless it was withdrawn during the last sleep or that was too long."""
        with self._changed:
            step, self._pending = self._pending, None
            if step is None or self._stopping:
                return
            before_ns = self._clock.now_ns()
            if step.latest_ns is not None and before_ns > step.latest_ns:
                self._player.miss(step, before_ns)
                return
        if self._failure is None:
            try:
                self._send(step.drive)
            except OutputError as error:
                self._fail(error)
        if step.cue is not None:
            self._report(step.cue, before_ns, self._clock.now_ns())

    def _report(self, cue: Cue, before_ns: int, after_ns: int) -> None:
        if self._failure is not None:
            self._outbox.missed(cue, after_ns, self._failure)
            return
        actual_ns = (before_ns + after_ns) // 2
        fault = None
        if actual_ns - cue.planned_ns > LATE_NS and not cue.at_once:
            fault = f"given {lateness_ms(cue.planned_ns, actual_ns)}"
            self._outbox.fault(FaultKind.CUE_LATE, actual_ns, f"Cue {cue.index} was {fault}.")
        self._outbox.given(cue, actual_ns, (after_ns - before_ns) / 2 / NS_PER_US, fault)

    def _fail(self, error: OutputError) -> None:
        """Say once that the device has failed; every cue after that is missed."""
        if self._failure is None:
            self._failure = f"the {self.name} has failed"
            self._outbox.fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), str(error))
