"""Real-time running: the right to go before other programs, and memory that stays in memory.

Linux gives a SCHED_FIFO thread the processor as soon as it wants it, before every ordinary
program (sched(7)). All threads of the process are put there, not only those that give cues:
Python's lock is handed from thread to thread, and a thread that holds it must not be kept waiting
by another program while a cue waits for the lock. Among themselves the threads are ordered by how
soon they have to act: the light switches at its moment, while the sound has filled its buffers
64 ms ahead. All stay below 50, where the kernel puts its interrupt threads, and the kernel keeps
a twentieth of each second for everybody else (`sched_rt_runtime_us`).

No thread is bound to a core: on two cores that only takes away the choice of a free one.

An idle processor goes to sleep and takes its time to wake, most of all in a virtual machine, where
the host gives it away meanwhile. So the kernel is asked for no waking latency at all as long as a
session runs (docs.kernel.org, "PM Quality Of Service Interface"); cyclictest measures like that
too. Where the processors have no deeper sleep to be kept from, it changes nothing.

This is a setting of the whole process, like its environment, so it is kept here and not passed
about. Where nobody has entered it, `raise_this_thread` does nothing.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO

ORDINARY_LOSS = (
    "This computer gives Andante no real-time rights, so a busy program beside it can make a light "
    "late by some milliseconds or the sound stop for a moment; `make install` sets up the rights, "
    "and `andante check` shows them."
)
UNLOCKED_LOSS = (
    "Memory cannot be locked, so a computer short of memory can hold up a cue; "
    "`make install` sets up the right."
)
DROWSY_LOSS = (
    "Idle processors may go to sleep between cues, and some computers take milliseconds to wake "
    "them; `make install` sets up the right to keep them awake."
)
SWITCH_INTERVAL_S = 0.0002
"""How long a thread may go on in Python while another wants to; Python's own 5 ms would be seen
in the light (sys.setswitchinterval)."""

_KEPT_S = 0.005
"""How long `undisturbed` keeps Python's lock at most, if what it is for does not end before."""

TIMER_SLACK_NS = 1
"""How late the kernel may wake an ordinary thread to save power; 50 us by itself (prctl(2))."""

# mlockall(2), from <sys/mman.h>; the same on every Linux that Andante runs on.
_MCL_CURRENT = 1
_MCL_FUTURE = 2
_MCL_ONFAULT = 4  # only what is used, or every thread's whole stack would be held
_PR_SET_TIMERSLACK = 29  # <sys/prctl.h>
_USUAL_TIMER_SLACK = 0
LATENCY_REQUEST = Path("/dev/cpu_dma_latency")
"""Whoever holds it open says here, as a 32-bit number, how many microseconds waking may take."""
_NO_LATENCY = struct.pack("=i", 0)


class ThreadRole(IntEnum):
    """What a thread is for; the value is its SCHED_FIFO priority, higher goes first."""

    LIGHT = 40  # acts at the moment itself
    BOARD = 35  # stamps bytes as they arrive
    SOUND = 30  # has the buffers' length in hand
    RUNNER = 20  # hands cues out 250 ms ahead
    REST = 10  # fits, writes, answers


@dataclass(frozen=True)
class Scheduling:
    """What was obtained. `losses`: a sentence for each right that is missing.

    `kept_awake` is None where this kernel has no such request.
    """

    real_time: bool
    memory_locked: bool
    kept_awake: bool | None
    losses: tuple[str, ...]

    def __str__(self) -> str:
        mode = "real-time (SCHED_FIFO)" if self.real_time else "ordinary"
        memory = "locked" if self.memory_locked else "not locked"
        awake = ", processors kept awake" if self.kept_awake else ""
        return f"{mode}, memory {memory}{awake}"


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
    awake = _keep_awake() if wanted else None
    kept_awake = awake is not None if LATENCY_REQUEST.exists() else None
    obtained = (
        (real_time, ORDINARY_LOSS),
        (locked, UNLOCKED_LOSS),
        (kept_awake is not False, DROWSY_LOSS),
    )
    losses = tuple(text for has, text in obtained if wanted and not has)
    _entered, _real_time = True, real_time
    try:
        yield Scheduling(real_time, locked, kept_awake, losses)
    finally:
        _entered = _real_time = False
        if awake is not None:
            awake.close()  # which withdraws the request
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
def undisturbed() -> Iterator[None]:
    """Inside, other threads do not get Python's lock as long as this one does not wait.

    For the fraction of a millisecond around the moment that a thread is there for. Nothing changes
    outside of `running`.
    """
    if not _entered:
        yield
        return
    sys.setswitchinterval(_KEPT_S)
    try:
        yield
    finally:
        sys.setswitchinterval(SWITCH_INTERVAL_S)


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


def _keep_awake() -> BinaryIO | None:
    """The request, which holds as long as it is open; None where it cannot be made."""
    try:
        request = LATENCY_REQUEST.open("r+b", buffering=0)
    except OSError:
        return None
    try:
        request.write(_NO_LATENCY)
    except OSError:
        request.close()
        return None
    return request


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
