"""A session in real time across a real pseudo-terminal, with the plug pulled in the middle."""

import threading
from pathlib import Path

import numpy as np
import pytest

from andante.engine import RunOptions, run_session
from andante.plan import parse_plan
from andante.ports import Edge, FaultKind
from andante.session.file import load_session
from andante.session.runner import FINISHED
from andante.simulated.board import SimulatedBoard
from andante.simulated.patients import HEALTHY_WALKER, SimulatedPatient
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_S, MonotonicClock, seconds_to_ns

pytestmark = pytest.mark.alone

PLAN = """
exercise = "walk"
[walk]
tempo_spm = 110
cued_minutes = 0.15
[outputs]
sound = false
led = false
"""


def test_a_pulled_plug_costs_no_step(tmp_path: Path) -> None:
    clock = MonotonicClock()
    tick_clock = TickClock(clock.now_ns(), rate_error_ppm=60)
    board = SimulatedBoard(tick_clock)
    start_ns = clock.now_ns() + NS_PER_S // 2
    walker = SimulatedPatient(HEALTHY_WALKER, tick_clock, start_ns, start_ns + 60 * NS_PER_S, 5)
    board.connect_source(walker)

    with PtyBoard(board, clock) as pty:

        def pull_the_plug() -> None:
            clock.sleep_until_ns(start_ns + 5 * NS_PER_S)
            pty.vanish()
            clock.sleep_until_ns(start_ns + 7 * NS_PER_S)
            pty.return_()

        puller = threading.Thread(target=pull_the_plug)
        puller.start()
        result = run_session(parse_plan(PLAN), RunOptions(port=str(pty.path), out_dir=tmp_path))
        puller.join()
    walker.finish()

    assert result.end_reason == FINISHED
    data = load_session(result.path)
    kinds = [fault.kind for fault in data.faults]
    assert FaultKind.LINK_LOST in kinds
    assert FaultKind.LINK_RESTORED in kinds
    assert FaultKind.EVENTS_LOST not in kinds

    begin_ns, end_ns = data.header.started_ns, data.last_ns - seconds_to_ns(0.7)
    truth_ns = np.array([r.time_ns for r in walker.truth])
    truth_ns = truth_ns[(truth_ns >= begin_ns) & (truth_ns < end_ns)]
    measured_ns = data.responses.time_ns[data.responses.edge == Edge.ON]
    measured_ns = measured_ns[measured_ns < end_ns]
    assert truth_ns.size >= 15
    # A pseudo-terminal under load jitters by milliseconds; none of the steps may be missing.
    assert measured_ns.size == truth_ns.size
    assert np.abs(measured_ns - truth_ns).max() < seconds_to_ns(0.005)
