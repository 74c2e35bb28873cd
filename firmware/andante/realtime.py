"""Real-time running: the right to go before other programs, and memory that stays in memory.

Linux gives a SCHED_FIFO thread the processor as soon as it wants it, before every ordinary
program (sched(7)). All threads of the process are put there, not only those that give cues:
Python's lock is handed from thread to thread, and a thread that holds it must not be kept waiting
by another program while a cue waits for the lock. Among themselves the threads are ordered by how
soon they have to act: the light switches at its moment, while the sound has filled its buffers
64 ms ahead. All stay below 50, where the kernel puts its interrupt threads, and the kernel keeps
a twentieth of each second for everybody else (`sched_rt_runtime_us`).

No thread is bound to a core: on two cores that only takes away the choice of a free one.

This is a setting of the whole process, like its environment, so it is kept here and not passed
about. Where nobody has entered it, `raise_this_thread` does nothing.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

ORDINARY_LOSS = (
    "This computer gives Andante no real-time rights, so a busy program beside it can make a light "
    "late by some milliseconds or the sound stop for a moment; `make install` sets up the rights, "
    "and `andante check` shows them."
)
UNLOCKED_LOSS = (
    "Memory cannot be locked, so a computer short of memory can hold up a cue; "
    "`make install` sets up the right."
)
SWITCH_INTERVAL_S = 0.0002
"""How long a thread may go on in Python while another wants to; Python's own 5 ms would be seen
in the light (sys.setswitchinterval)."""

TIMER_SLACK_NS = 1
"""How late the kernel may wake an ordinary thread to save power; 50 us by itself (prctl(2))."""

# mlockall(2), from <sys/mman.h>; the same on every Linux that Andante runs on.
_MCL_CURRENT = 1
_MCL_FUTURE = 2
_MCL_ONFAULT = 4  # only what is used, or every thread's whole stack would be held
_PR_SET_TIMERSLACK = 29  # <sys/prctl.h>
_USUAL_TIMER_SLACK = 0


class ThreadRole(IntEnum):
    """What a thread is for; the value is its SCHED_FIFO priority, higher goes first."""

    LIGHT = 40  # acts at the moment itself
    BOARD = 35  # stamps bytes as they arrive
    SOUND = 30  # has the buffers' length in hand
    RUNNER = 20  # hands cues out 250 ms ahead
    REST = 10  # fits, writes, answers


@dataclass(frozen=True)
class Scheduling:
    """What was obtained. `losses`: a sentence for each right that is missing."""

    real_time: bool
    memory_locked: bool
    losses: tuple[str, ...]

    def __str__(self) -> str:
        mode = "real-time (SCHED_FIFO)" if self.real_time else "ordinary"
        return f"{mode}, memory {'locked' if self.memory_locked else 'not locked'}"


_entered = False
_real_time = False


@contextmanager
def running(wanted: bool = True) -> Iterator[Scheduling]:
    """Run in real time as far as the rights go, and as before afterwards.

    Threads begun inside start with the role REST; a thread takes its own by
    `raise_this_thread`. With `wanted` false nothing is asked for, and nothing counts as lost.
    Raises RuntimeError where it is entered twice.
    """
    global _entered, _real_time
    if _entered:
        raise RuntimeError("real-time running has been entered already")
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    if wanted:
        _libc().prctl(_PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0)
    real_time = wanted and _take(ThreadRole.REST)
    locked = wanted and _lock_memory()
    losses = [
        text
        for lost, text in ((not real_time, ORDINARY_LOSS), (not locked, UNLOCKED_LOSS))
        if wanted and lost
    ]
    _entered, _real_time = True, real_time
    try:
        yield Scheduling(real_time, locked, tuple(losses))
    finally:
        _entered = _real_time = False
        if real_time:
            os.sched_setscheduler(0, *before)
        if locked:
            _libc().munlockall()
        _libc().prctl(_PR_SET_TIMERSLACK, _USUAL_TIMER_SLACK, 0, 0, 0)
        sys.setswitchinterval(interval_s)


def raise_this_thread(role: ThreadRole) -> None:
    """Give the calling thread its place; nothing happens in ordinary running."""
    if _real_time:
        _take(role)


@contextmanager
def begun_as(role: ThreadRole) -> Iterator[None]:
    """Threads that a library begins inside, such as PortAudio's, inherit `role`."""
    if not _real_time:
        yield
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    _take(role)
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def _take(role: ThreadRole) -> bool:
    """Put the calling thread (0 names a thread, not the process: sched_setscheduler(2))."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(int(role)))
    except OSError:
        return False
    return True


def _lock_memory() -> bool:
    flags = _MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT
    return bool(_libc().mlockall(flags) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
