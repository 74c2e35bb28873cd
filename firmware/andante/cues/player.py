"""Which frame an output shows when: the cues of one output, without its device or thread. Pure.

The real output steps through it at absolute times, the simulated one in simulated time, so both
show the same. Times are handed in; nothing here waits.
"""

import heapq
from collections import deque
from dataclasses import dataclass

from andante.cues.outbox import LIGHT_WITHHELD, Outbox, lateness_ms, require_audible
from andante.cues.shapes import Shape, glow_at, glow_frame_ns, largest_step
from andante.ports import BREATH_KINDS, Cue, CueKind
from andante.timebase import NS_PER_MS
from andante.timeline.flash_gate import FlashGate

TOO_LATE_NS = 20 * NS_PER_MS
"""A cue whose turn comes later than this is not given at all: it would mislead."""
FADE_NS = 50 * NS_PER_MS
"""How long a light that is on may take to go out when its cues are withdrawn: half of the 100 ms
within which a stop has to have worked, since the command takes its time as well."""
_FADE_FRAMES = 8

GLOW_ONLY = "light only glows for this patient"
NOT_DURING_BREATH = "the light follows the breath"
NOTHING_TO_GIVE = "this output gives nothing for such a cue"


@dataclass(frozen=True)
class Step:
    """What to show: `drive`, 0-1. `cue` where this is its beginning.

    After `latest_ns` it is not to be shown at all; None where late is better than never.
    """

    drive: float
    cue: Cue | None = None
    latest_ns: int | None = None


class CuePlayer:
    """Takes cues and says what to show and when. Belongs to one thread or is kept under a lock.

    A beat or note begins at its planned time and goes through its pulse; the next one takes over
    where it begins sooner. A part of a breath is followed by frames on an even grid from its
    planned time on, each showing where the breath is in the middle of that frame. No frame is
    more than one 64th of full brightness from the one before, whatever happened in between. What
    joins late, or after the light was out, comes up at that rate.
    """

    def __init__(self, shape: Shape, outbox: Outbox, glow_only: bool = False) -> None:
        """`glow_only`: only breaths are given, by light that glows slowly."""
        self._shape = shape
        self._outbox = outbox
        self._glow_only = glow_only
        self._waiting: list[tuple[int, int, Cue]] = []
        self._order = 0
        self._tail: deque[tuple[int, float]] = deque()  # (due_ns, drive), soonest first
        self._drive = self._drive_before = 0.0
        self._breath: Cue | None = None
        self._glow_steps_shown = 0
        self._frame_ns = 0
        self._next_frame_ns: int | None = None
        self._gate = FlashGate()

    def add(self, cue: Cue, now_ns: int) -> bool:
        """Take a cue; False where it comes too late and was reported so.

        Raises ValueError for a silent one. A part of a breath that is still going on is joined.
        """
        require_audible(cue)
        if cue.planned_ns <= now_ns and not (cue.at_once or self._can_join(cue, now_ns)):
            self._outbox.missed(cue, now_ns, f"handed over {lateness_ms(cue.planned_ns, now_ns)}")
            return False
        self._order += 1
        heapq.heappush(self._waiting, (cue.planned_ns, self._order, cue))
        return True

    def cancel(self, now_ns: int) -> None:
        """Withdraw every cue not begun; what is on is dark within 50 ms."""
        self._waiting.clear()
        dark_ns = now_ns + FADE_NS
        if self._breath is None:
            self._tail = deque(frame for frame in self._tail if frame[0] < dark_ns)
            if self._drive > 0:
                self._tail.append((dark_ns, 0.0))
            return
        self._breath = self._next_frame_ns = None
        self._glow_steps_shown = 0
        self._tail.clear()
        if self._drive > 0:
            self._tail.extend(
                (now_ns + FADE_NS * n // _FADE_FRAMES, self._drive * (1 - n / _FADE_FRAMES))
                for n in range(1, _FADE_FRAMES + 1)
            )

    def next_due_ns(self) -> int | None:
        """When to call `step` next; None while there is nothing to show."""
        due_ns = [queue[0][0] for queue in (self._waiting, self._tail) if queue]
        if self._next_frame_ns is not None:
            due_ns.append(self._next_frame_ns)
        return min(due_ns, default=None)

    def step(self, now_ns: int) -> Step | None:
        """What to show of what is due by `now_ns`, one thing at a time; None for no change.

        A cue that is due and cannot be given is reported here.
        """
        if self._waiting and self._waiting[0][0] <= now_ns:
            step = self._begin(heapq.heappop(self._waiting)[2], now_ns)
        elif self._tail and self._tail[0][0] <= now_ns:
            step = Step(self._tail.popleft()[1])
        elif self._next_frame_ns is not None and self._next_frame_ns <= now_ns:
            step = Step(self._glow(now_ns))
        else:
            return None
        if step is not None:
            self._drive_before, self._drive = self._drive, step.drive
        return step

    def take_back(self, step: Step, now_ns: int) -> None:
        """The last step was not shown. A pulse then does not happen; a breath goes on."""
        if step.cue is not None and not self._glows(step.cue):
            self._tail.clear()
            self._drive = self._drive_before
            if self._drive > 0:
                self._tail.append((now_ns, 0.0))

    def miss(self, step: Step, now_ns: int) -> None:
        """The last step came too late to be shown; its cue is reported missed."""
        self.take_back(step, now_ns)
        if step.cue is not None:
            self._missed(step.cue, now_ns)

    # --- beginnings ---------------------------------------------------------------------

    def _glows(self, cue: Cue) -> bool:
        return self._shape.glow_steps > 0 and cue.kind in BREATH_KINDS

    def _can_join(self, cue: Cue, now_ns: int) -> bool:
        return self._glows(cue) and now_ns < cue.end_ns

    def _begin(self, cue: Cue, now_ns: int) -> Step | None:
        late = now_ns - cue.planned_ns > TOO_LATE_NS and not cue.at_once
        if self._shape.is_light and not cue.light:
            self._outbox.withheld(cue, LIGHT_WITHHELD)
        elif late and not self._can_join(cue, now_ns):
            self._missed(cue, now_ns)
        elif self._glows(cue):
            return self._begin_glow(cue, now_ns)
        else:
            return self._begin_pulse(cue, now_ns)
        return None

    def _missed(self, cue: Cue, now_ns: int) -> None:
        self._outbox.missed(cue, now_ns, f"its turn came {lateness_ms(cue.planned_ns, now_ns)}")

    def _begin_pulse(self, cue: Cue, now_ns: int) -> Step | None:
        kind = CueKind.NOTE if cue.kind is CueKind.ANSWER else cue.kind
        pulse = self._shape.pulses.get(kind)
        begin_ns = now_ns if cue.at_once else cue.planned_ns
        withheld = None
        if pulse is None:
            withheld = NOTHING_TO_GIVE
        elif self._shape.is_light and self._glow_only:
            withheld = GLOW_ONLY
        elif self._next_frame_ns is not None:
            withheld = NOT_DURING_BREATH
        elif self._shape.is_light and not self._gate.allow(begin_ns):
            withheld = LIGHT_WITHHELD
        if pulse is None or withheld is not None:
            self._outbox.withheld(cue, withheld or NOTHING_TO_GIVE)
            return None
        self._tail = deque((begin_ns + offset_ns, drive) for offset_ns, drive in pulse[1:])
        latest_ns = None if cue.at_once else cue.planned_ns + TOO_LATE_NS
        return Step(pulse[0][1], cue, latest_ns)

    def _begin_glow(self, cue: Cue, now_ns: int) -> Step:
        self._breath = cue
        self._frame_ns = glow_frame_ns(cue, self._shape.glow_steps)
        self._next_frame_ns = cue.planned_ns
        return Step(self._glow(now_ns), cue)

    # --- the glow -----------------------------------------------------------------------

    def _glow(self, now_ns: int) -> float:
        """The drive of the frame due now; the next one is set."""
        assert self._breath is not None
        assert self._next_frame_ns is not None
        missed_frames = (now_ns - self._next_frame_ns) // self._frame_ns
        self._next_frame_ns += (missed_frames + 1) * self._frame_ns
        if self._tail:  # a fade or a flash that is not over yet
            return self._drive
        wanted_steps = self._wanted_steps(self._breath, now_ns)
        step = largest_step(self._shape.glow_steps)
        shown = self._glow_steps_shown
        if shown == 0 and wanted_steps > 0 and not self._gate.allow(now_ns):
            wanted_steps = 0
        shown += max(-step, min(step, wanted_steps - shown))
        if shown == 0 and now_ns >= self._breath.end_ns + TOO_LATE_NS:
            self._breath = self._next_frame_ns = None
        self._glow_steps_shown = shown
        return shown / self._shape.glow_steps

    def _wanted_steps(self, breath: Cue, now_ns: int) -> int:
        """Where the breath is in the middle of the frame; dark where no other came after it."""
        if now_ns >= breath.end_ns + TOO_LATE_NS:
            return 0
        return round(glow_at(breath, now_ns + self._frame_ns // 2) * self._shape.glow_steps)
