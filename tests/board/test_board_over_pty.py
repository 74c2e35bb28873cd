"""The whole way in real time: board, pseudo-terminal, pyserial, link."""

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from andante.board.frames import FROM_BOARD, PROTOCOL_VERSION, Decoder, Hello, HelloRequest, encode
from andante.board.link import BoardLink
from andante.board.link_core import LinkCore
from andante.board.serial_port import PySerialPort
from andante.errors import BoardError
from andante.ports import FaultKind
from andante.simulated.board import SimulatedBoard
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.board import TICK_HZ, Heard, ListSource, steps, streams

pytestmark = pytest.mark.alone

CLOCK = MonotonicClock()


@contextmanager
def pty_link() -> Iterator[tuple[TickClock, SimulatedBoard, PtyBoard, BoardLink]]:
    tick_clock = TickClock(CLOCK.now_ns() - 3 * NS_PER_S, TICK_HZ, 40.0)
    board = SimulatedBoard(tick_clock, seed=4)
    with PtyBoard(board, CLOCK) as pty:
        link = BoardLink(PySerialPort(str(pty.path), CLOCK), CLOCK)
        try:
            yield tick_clock, board, pty, link
        finally:
            link.stop()


def listen(link: BoardLink, heard: Heard, wait_s: float, until_ended: bool = True) -> None:
    deadline_ns = CLOCK.now_ns() + round(wait_s * NS_PER_S)
    while CLOCK.now_ns() < deadline_ns and not (until_ended and heard.ended):
        CLOCK.sleep_until_ns(CLOCK.now_ns() + 10 * NS_PER_MS)
        heard.add(link.take_news())


def presses(heard: Heard) -> list[Press]:
    return [
        Press(r.channel, r.edge, r.ticks, r.peak_counts, r.duration_ticks) for r in heard.responses
    ]


def test_a_walk_and_its_samples_arrive() -> None:
    with pty_link() as (tick_clock, board, pty, link):
        link.start()
        assert link.simulated
        assert link.description == str(pty.path)
        first_ticks = tick_clock.ticks_at(CLOCK.now_ns())
        sent = steps(first_ticks, 20, interval_ticks=TICK_HZ // 10)
        blocks = streams(first_ticks, 2)
        with pty.pause():
            board.connect_source(ListSource([*sent, *blocks]))
        heard = Heard()
        listen(link, heard, 6)
        assert heard.ended
        assert presses(heard) == sent
        assert [tuple(b.counts) for b in heard.samples] == [tuple(b.counts) for b in blocks]
        # Two threads of one busy process answer each other here: milliseconds, not microseconds.
        for response in heard.responses:
            truth_ns = tick_clock.ns_at(response.ticks + 0.5)
            assert abs(response.time_ns - truth_ns) < 5 * NS_PER_MS


def test_a_pulled_plug_costs_no_event() -> None:
    with pty_link() as (tick_clock, board, pty, link):
        link.start()
        sent = steps(
            tick_clock.ticks_at(CLOCK.now_ns()) + TICK_HZ // 10, 24, interval_ticks=TICK_HZ // 10
        )
        with pty.pause():
            board.connect_source(ListSource(sent))
        heard = Heard()
        listen(link, heard, 1.0, until_ended=False)
        old_device = pty.path.resolve()
        pty.vanish()
        listen(link, heard, 1.2, until_ended=False)
        during = len(heard.responses)
        assert 0 < during < len(sent)
        pty.return_()
        listen(link, heard, 6)
        assert heard.ended
        assert presses(heard) == sent
        assert heard.count(FaultKind.LINK_LOST) == heard.count(FaultKind.LINK_RESTORED) == 1
        lost = next(fault for fault in heard.faults if fault.kind is FaultKind.LINK_LOST)
        assert "check the cable" in lost.text
        assert link.counts().reconnects == 1
        assert heard.count(FaultKind.BOARD_RESTARTED) == 0
        assert old_device.parent == pty.path.resolve().parent


def test_a_reset_of_the_board_is_a_new_epoch() -> None:
    with pty_link() as (_, board, pty, link):
        link.start()
        with pty.pause():
            board.restart(CLOCK.now_ns())
        heard = Heard()
        listen(link, heard, 0.5, until_ended=False)
        assert heard.count(FaultKind.BOARD_RESTARTED) == 1
        assert {probe.epoch for probe in heard.probes} == {0, 1}


def test_an_absent_port_is_a_sentence_and_leaves_no_thread() -> None:
    before = threading.active_count()
    link = BoardLink(PySerialPort("no-such-port", CLOCK), CLOCK)
    with pytest.raises(BoardError, match="no serial port no-such-port"):
        link.start()
    link.stop()
    assert threading.active_count() == before


def test_a_reader_that_fails_is_told_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pty_link() as (_, _, _, link):
        link.start()
        failure = ZeroDivisionError("a defect in the reader")

        def fail(*_: object) -> None:
            raise failure

        monkeypatch.setattr(LinkCore, "due", fail)
        CLOCK.sleep_until_ns(CLOCK.now_ns() + 100 * NS_PER_MS)
        with pytest.raises(BoardError, match="a defect in the reader"):
            link.take_news()
        with pytest.raises(BoardError, match="a defect in the reader"):
            link.start()


def test_the_device_is_raw_for_any_program() -> None:
    """pyserial sets its terminal itself; others may not."""
    decoder = Decoder(FROM_BOARD)
    heard = []
    with PtyBoard(SimulatedBoard(TickClock(CLOCK.now_ns())), CLOCK) as pty:
        device = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
        os.write(device, encode(HelloRequest(PROTOCOL_VERSION, 0x0A0D0304, 0)))
        while select.select([device], [], [], 0.3)[0]:
            heard += decoder.feed(os.read(device, 100))
        os.close(device)
    assert decoder.frames_bad == 0
    assert [m.conversation_id for m in heard if isinstance(m, Hello)][-1] == 0x0A0D0304


def test_the_link_can_be_started_again() -> None:
    with pty_link() as (_, _, _, link):
        link.start()
        link.stop()
        link.stop()
        link.start()
        news = link.take_news()
        assert news.info is not None
        assert news.info.epoch == 0
        assert news.probes
