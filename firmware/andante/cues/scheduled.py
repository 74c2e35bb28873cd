"""The one place where light waits for its moment: a thread with absolute deadlines."""

import heapq
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from andante.cues.outbox import LIGHT_WITHHELD, Outbox, lateness_ms, require_audible
from andante.errors import OutputError
from andante.ports import AudioTiming, Cue, CueReport, Fault, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, Clock

LATE_NS = 5 * NS_PER_MS
"""A cue given later than this carries a fault."""
TOO_LATE_NS = 20 * NS_PER_MS
"""A cue whose thread wakes later than this is not given at all: it would mislead."""
_WAKE_AHEAD_NS = 3 * NS_PER_MS
_STOP_TIMEOUT_S = 1.0


class ScheduledOutput(ABC):
    """A `CueOutput` whose cues are frames shown at absolute times by a thread of its own.

    A cue begins with frame 0 at its planned time; the frames that follow come at
    `frame_offsets_ns` after it, and the last of them is dark. Where the next cue begins sooner,
    it takes over. Needs a clock that runs by itself: the simulated one has no use for threads.
    """

    frame_offsets_ns: ClassVar[tuple[int, ...]]

    def __init__(self, name: str, clock: Clock, simulated: bool) -> None:
        self.name = name
        self.simulated = simulated
        self.description = f"{name}, not started"
        self._clock = clock
        self._outbox = Outbox(name)
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int, Cue]] = []
        self._follow_ups: list[tuple[int, int]] = []  # (due_ns, frame), soonest first
        self._order = 0
        self._failure: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _open(self) -> str:
        """Open the device, dark, and return its description. Raises OutputError."""

    @abstractmethod
    def _show(self, frame: int) -> None:
        """Show one frame of a cue. Raises OutputError."""

    @abstractmethod
    def _close(self) -> None:
        """Darken and close the device."""

    def start(self) -> None:
        """Open the device. Raises OutputError."""
        self.description = self._open()
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-cues", daemon=True)
        self._thread.start()

    def schedule(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError for a silent one."""
        require_audible(cue)
        now_ns = self._clock.now_ns()
        if cue.planned_ns <= now_ns:
            self._outbox.missed(cue, now_ns, f"handed over {lateness_ms(cue.planned_ns, now_ns)}")
            return
        with self._changed:
            self._order += 1
            heapq.heappush(self._waiting, (cue.planned_ns, self._order, cue))
            self._changed.notify()

    def cancel(self) -> None:
        """Withdraw every cue not begun; a light that is on goes off at its time."""
        with self._changed:
            self._waiting.clear()

    def take_reports(self) -> list[CueReport]:
        """Reports since the last call."""
        return self._outbox.take_reports()

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return self._outbox.take_faults()

    def take_audio_timing(self) -> list[AudioTiming]:
        """Light has no clock of its own."""
        return []

    def stop(self) -> None:
        """Darken at once and close the device."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify()
        thread.join(_STOP_TIMEOUT_S)
        try:
            self._close()
        except OutputError as error:
            self._outbox.fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), str(error))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                due_ns = self._next_due_ns()
                if due_ns is None:
                    self._changed.wait()
                    continue
                left_ns = due_ns - self._clock.now_ns()
                if left_ns > _WAKE_AHEAD_NS:
                    self._changed.wait((left_ns - _WAKE_AHEAD_NS) / NS_PER_S)
                    continue
            self._clock.sleep_until_ns(due_ns)
            self._give_due()

    def _next_due_ns(self) -> int | None:
        heads = [queue[0][0] for queue in (self._waiting, self._follow_ups) if queue]
        return min(heads, default=None)

    def _give_due(self) -> None:
        """Show what is due, unless it was withdrawn during the last sleep."""
        now_ns = self._clock.now_ns()
        with self._changed:
            cue = frame = None
            if self._waiting and self._waiting[0][0] <= now_ns:
                cue = heapq.heappop(self._waiting)[2]
            elif self._follow_ups and self._follow_ups[0][0] <= now_ns:
                frame = self._follow_ups.pop(0)[1]
        if cue is not None:
            self._begin(cue, now_ns)
        elif frame is not None and self._failure is None:
            self._try_to_show(frame)

    def _begin(self, cue: Cue, now_ns: int) -> None:
        if not cue.light:
            self._outbox.withheld(cue, LIGHT_WITHHELD)
            return
        if now_ns - cue.planned_ns > TOO_LATE_NS:
            self._outbox.missed(cue, now_ns, f"its turn came {lateness_ms(cue.planned_ns, now_ns)}")
            return
        if self._failure is None:
            before_ns = self._clock.now_ns()
            self._try_to_show(0)
            after_ns = self._clock.now_ns()
        if self._failure is not None:
            self._outbox.missed(cue, now_ns, self._failure)
            return
        self._follow_ups = [
            (cue.planned_ns + offset_ns, frame)
            for frame, offset_ns in enumerate(self.frame_offsets_ns, start=1)
        ]
        # The light turned on somewhere within the call.
        actual_ns = (before_ns + after_ns) // 2
        fault = None
        if actual_ns - cue.planned_ns > LATE_NS:
            fault = f"given {lateness_ms(cue.planned_ns, actual_ns)}"
            self._outbox.fault(FaultKind.CUE_LATE, actual_ns, f"Cue {cue.index} was {fault}.")
        self._outbox.given(cue, actual_ns, (after_ns - before_ns) / 2 / NS_PER_US, fault)

    def _try_to_show(self, frame: int) -> None:
        try:
            self._show(frame)
        except OutputError as error:
            self._failure = f"the {self.name} has failed"
            self._outbox.fault(FaultKind.OUTPUT_FAILED, self._clock.now_ns(), str(error))
