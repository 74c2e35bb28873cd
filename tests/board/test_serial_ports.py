"""One contract for every `SerialPort`: the in-memory line and pyserial on a pseudo-terminal."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from andante.board.frames import (
    FROM_BOARD,
    PROTOCOL_VERSION,
    Decoder,
    Hello,
    HelloRequest,
    encode,
)
from andante.board.serial_port import PySerialPort
from andante.errors import BoardError
from andante.ports import SerialPort
from andante.simulated.board import SimulatedBoard
from andante.simulated.pty_board import PtyBoard
from andante.simulated.serial_line import SimulatedLine
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, Clock, MonotonicClock, SimulatedClock
from support.board import TICK_HZ


def ask(conversation_id: int) -> bytes:
    return encode(HelloRequest(PROTOCOL_VERSION, conversation_id, 0))


@dataclass
class Rig:
    port: SerialPort
    clock: Clock
    vanish: Callable[[], None]
    return_: Callable[[], None]

    def answer_to(self, conversation_id: int, wait_s: float = 2.0) -> int | None:
        """When the HELLO of this conversation arrived, in ns; None where it did not."""
        decoder = Decoder(FROM_BOARD)
        deadline_ns = self.clock.now_ns() + round(wait_s * NS_PER_S)
        while self.clock.now_ns() < deadline_ns:
            for arrived_ns, data in self.port.read():
                for message in decoder.feed(data):
                    if isinstance(message, Hello) and message.conversation_id == conversation_id:
                        return arrived_ns
            self.clock.sleep_until_ns(self.clock.now_ns() + NS_PER_MS)
        return None


@pytest.fixture(params=["simulated line", "pyserial on a pty"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with ExitStack() as stack:
        clock: Clock
        if request.param == "simulated line":
            clock = SimulatedClock()
            board = SimulatedBoard(TickClock(clock.now_ns(), TICK_HZ))
            line = SimulatedLine(board, clock)
            yield Rig(line, clock, line.vanish, line.return_)
            line.close()
        else:
            clock = MonotonicClock()
            board = SimulatedBoard(TickClock(clock.now_ns(), TICK_HZ))
            pty = stack.enter_context(PtyBoard(board, clock))
            port = PySerialPort(str(pty.path), clock)
            yield Rig(port, clock, pty.vanish, pty.return_)
            port.close()


def test_what_is_asked_is_answered_and_stamped_on_arrival(rig: Rig) -> None:
    rig.port.open()
    for conversation_id in (7, 8, 9):
        asked_ns = rig.clock.now_ns()
        rig.port.write(ask(conversation_id))
        arrived_ns = rig.answer_to(conversation_id)
        assert arrived_ns is not None
        assert asked_ns < arrived_ns <= rig.clock.now_ns()
        assert arrived_ns - asked_ns < NS_PER_S // 5


def test_a_quiet_port_reads_as_nothing_and_soon(rig: Rig) -> None:
    rig.port.open()
    assert rig.answer_to(99, wait_s=0.1) is None
    began_ns = rig.clock.now_ns()
    assert rig.port.read() == []
    assert rig.clock.now_ns() - began_ns < NS_PER_S // 10


def test_every_byte_value_passes_both_ways(rig: Rig) -> None:
    """A terminal that is not raw would eat or change control characters."""
    rig.port.open()
    for conversation_id in (0x11131104, 0x0A0D0D0A, 0x7F03001A, 0xFFFFFFFF):
        rig.port.write(ask(conversation_id))
        assert rig.answer_to(conversation_id) is not None


def test_what_was_said_before_opening_is_not_heard(rig: Rig) -> None:
    rig.port.open()
    rig.port.write(ask(9))
    rig.clock.sleep_until_ns(rig.clock.now_ns() + 100 * NS_PER_MS)
    rig.port.close()
    rig.port.open()
    assert rig.answer_to(9, wait_s=0.1) is None


def test_a_port_that_is_not_open_says_so(rig: Rig) -> None:
    with pytest.raises(BoardError, match="not open"):
        rig.port.read()
    rig.port.open()
    rig.port.close()
    rig.port.close()
    with pytest.raises(BoardError, match="not open"):
        rig.port.write(b"x")


def test_a_port_that_vanishes_and_returns(rig: Rig) -> None:
    rig.port.open()
    rig.vanish()
    with pytest.raises(BoardError, match=r"gone|not open"):
        rig.answer_to(9)
    rig.port.close()
    with pytest.raises(BoardError, match="plug"):
        rig.port.open()
    rig.return_()
    rig.port.open()
    rig.port.write(ask(9))
    assert rig.answer_to(9) is not None


def test_it_has_a_name(rig: Rig) -> None:
    assert rig.port.name


# --- pyserial alone -------------------------------------------------------------------------


def test_an_absent_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    port = PySerialPort(str(tmp_path / "ttyUSB7"), MonotonicClock())
    with pytest.raises(BoardError, match=r"no serial port .*ttyUSB7; plug in the sensor board"):
        port.open()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a port")
    with pytest.raises(BoardError, match="cannot be opened"):
        PySerialPort(str(file), MonotonicClock()).open()


def test_a_port_in_use_is_refused() -> None:
    clock = MonotonicClock()
    board = SimulatedBoard(TickClock(clock.now_ns()))
    with PtyBoard(board, clock) as pty, pty.path.open("rb", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BoardError, match="in use by another program"):
            PySerialPort(str(pty.path), clock).open()
