"""A simulated sensor board with a walking patient, in another process than the trainer's.

On a device both are outside of the engine; beside it in one process they would hold it up, and
their cost would be counted as its own.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from andante.simulated.board import SimulatedBoard
from andante.simulated.patients import make_patient
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_S, S_PER_MINUTE, Clock
from emulated_pi.machine import ahead_of_others

_PATIENT_LONGER_S = 60.0


@contextmanager
def board_apart(clock: Clock, minutes: float) -> Iterator[Path]:
    """The board's serial port. It lives in this process, whose patient walks for `minutes` and
    some more from now on. `clock` runs in real time.
    """
    now_ns = clock.now_ns()
    ticks = TickClock(now_ns - NS_PER_S)
    board = SimulatedBoard(ticks)
    end_ns = now_ns + round((minutes * S_PER_MINUTE + _PATIENT_LONGER_S) * NS_PER_S)
    board.connect_source(make_patient("walk", "healthy", ticks, now_ns, end_ns, 1))
    with ExitStack() as stack:
        with ahead_of_others():  # for the board's thread alone
            pty = stack.enter_context(PtyBoard(board, clock))
        yield pty.path
