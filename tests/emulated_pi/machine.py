"""One run of the emulated Pi: QEMU, its SD card, its UART, and its pins seen from outside.

Time is QEMU's virtual time: one nanosecond an instruction, about the speed of a Pi 3; while
nothing is to be done it leaps to the next timer. So nothing in the Pi depends on how busy this
machine is; it only takes longer to watch.
"""

import contextlib
import os
import re
import resource
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, MonotonicClock
from emulated_pi.image import EmulationError, Image, run_tool, tool

CARD_BYTES = 64 * 2**20  # a power of two, or QEMU will not have it
GPIO = "/machine/soc/peripherals/gpio"
COUNTER_LOW = 0x3F003004  # of the system timer: virtual time in µs, 32 bits
ICOUNT = "shift=0"  # 2^0 ns an instruction
CONNECT_NS = 10 * NS_PER_S
STEP_NS = 20 * NS_PER_MS
ANSWER_S = 30.0
PRIORITY = 1
UNTOLD_NS = 100 * NS_PER_US
"""What the Pi can have done since QEMU last counted its instructions: it counts whenever the Pi
reads its clock, which whoever timestamps a switch does just before."""
_EDGE = re.compile(r"IRQ (raise|lower) (\d+)")


@dataclass(frozen=True)
class PinEdge:
    """A pin that changed, in virtual time: read from QEMU as soon as it told of the change.

    It changed in [`not_before_ns`, `not_after_ns`]: after what was read last before that, and
    before what was read then; of its latest instructions QEMU may not have told yet.
    """

    time_ns: int
    not_before_ns: int
    pin: int
    level: bool

    @property
    def not_after_ns(self) -> int:
        """The latest that it can have changed."""
        return self.time_ns + UNTOLD_NS

    def shifted(self, by_ns: int) -> "PinEdge":
        """The same edge on another clock."""
        not_before_ns = self.not_before_ns + by_ns
        return replace(self, time_ns=self.time_ns + by_ns, not_before_ns=not_before_ns)


class VirtualClock:
    """QEMU's virtual time as a `Clock`; 0 until the Pi is switched on."""

    simulated = False

    def __init__(self) -> None:
        self.read_ns: Callable[[], int] = lambda: 0
        self._wait = threading.Event()

    def now_ns(self) -> int:
        """Virtual time now."""
        return self.read_ns()

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Wait until virtual time has come to `deadline_ns`."""
        while self.now_ns() < deadline_ns:
            self._wait.wait(STEP_NS / NS_PER_S)

    def utc_now(self) -> datetime:
        """This machine's wall-clock time."""
        return datetime.now(UTC)


class TestSocket:
    """QEMU's test socket: asks for the time, and hears of every pin that changes.

    Any thread may ask; one thread listens.
    """

    def __init__(self, on_edge: Callable[[PinEdge], None]) -> None:
        self.edges: list[PinEdge] = []
        self._on_edge = on_edge
        self._socket = socket.socket(socket.AF_UNIX)
        self._sending = threading.Lock()
        self._asked: deque[Callable[[str], None]] = deque()
        self._ended = threading.Event()
        self._last_ns = 0
        self._listener = threading.Thread(target=self._listen, name="pi-pins", daemon=True)

    def connect(self, path: str) -> None:
        """Raises OSError while QEMU does not listen."""
        self._socket.connect(path)
        self._listener.start()
        self._ask(f"irq_intercept_out {GPIO}", lambda _: None)

    def now_ns(self) -> int:
        """Virtual time; the last one known once QEMU has ended."""
        answered = threading.Event()

        def answer(words: str) -> None:
            self._keep(words)
            answered.set()

        self._ask(f"readl {COUNTER_LOW:#x}", answer)
        while not answered.wait(STEP_NS / NS_PER_S) and not self._ended.is_set():
            pass
        return self._last_ns

    def join(self) -> None:
        """Wait until QEMU has hung up and everything it said is heard."""
        self._listener.join(ANSWER_S)

    def close(self) -> None:
        """Hang up. May be called twice."""
        self._socket.close()

    def _ask(self, words: str, on_answer: Callable[[str], None]) -> None:
        with self._sending, contextlib.suppress(OSError):  # it may have ended
            self._asked.append(on_answer)
            self._socket.sendall(f"{words}\n".encode())

    def _keep(self, words: str) -> None:
        self._last_ns = int(words.split()[1], 16) * NS_PER_US

    def _listen(self) -> None:
        held = b""
        with contextlib.suppress(OSError):  # hung up
            while piece := self._socket.recv(65_536):
                *lines, held = (held + piece).split(b"\n")
                for line in lines:
                    self._hear(line.decode())
        self._ended.set()

    def _hear(self, line: str) -> None:
        edge = _EDGE.fullmatch(line)
        if edge is None:
            self._asked.popleft()(line)
            return
        not_before_ns, pin, level = self._last_ns, int(edge[2]), edge[1] == "raise"

        def tell(words: str) -> None:
            self._keep(words)
            self.edges.append(PinEdge(self._last_ns, not_before_ns, pin, level))
            self._on_edge(self.edges[-1])

        self._ask(f"readl {COUNTER_LOW:#x}", tell)


class EmulatedPi:
    """QEMU's raspi3b from power-on until it switches itself off. Use `emulated_pi`."""

    def __init__(
        self,
        image: Image,
        folder: Path,
        clock: VirtualClock,
        board_port: Path | None,
        idle_leaps: bool,
    ) -> None:
        """`folder` is for this run's files; `board_port` a terminal that becomes /dev/ttyAMA0.

        `idle_leaps`: idle time leaps to the next timer; or else it passes as on the wall.
        """
        self.card = folder / "card.img"
        self.console = folder / "console.txt"
        self.processor_s = 0.0  # what QEMU took of this machine's, once it has ended
        self._image = image
        self._clock = clock
        self._board_port = board_port
        self._sleep = "off" if idle_leaps else "on"
        self._words = folder / "qemu.txt"
        # A socket's path may have no more than 107 characters.
        self._socket_folder = tempfile.TemporaryDirectory(prefix="andante-pi-")
        self._process: subprocess.Popen[bytes] | None = None
        self._test: TestSocket | None = None

    def fill_card(self, files: Path) -> None:
        """Make the SD card, an ext4 file system with what is in the folder `files`."""
        self.card.touch()
        os.truncate(self.card, CARD_BYTES)
        run_tool("mkfs.ext4", "-q", "-d", files, self.card)

    def read_card(self, folder: Path) -> None:
        """Copy everything on the SD card into the empty folder `folder`."""
        run_tool("debugfs", "-R", f"rdump / {folder}", self.card)

    def start(self, on_edge: Callable[[PinEdge], None] = lambda _: None) -> None:
        """Switch on. `on_edge` hears of every pin that changes, on another thread.

        Raises EmulationError.
        """
        path = str(Path(self._socket_folder.name) / "qtest")
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                [tool("qemu-system-aarch64"), *self._arguments(path)],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )
        self._test = TestSocket(on_edge)
        wall = MonotonicClock()
        deadline_ns = wall.now_ns() + CONNECT_NS
        while True:
            try:
                self._test.connect(path)
            except OSError:
                if wall.now_ns() > deadline_ns or self._process.poll() is not None:
                    raise self._error("does not start") from None
                wall.sleep_until_ns(wall.now_ns() + STEP_NS)
            else:
                self._clock.read_ns = self._test.now_ns
                return

    def _arguments(self, socket_path: str) -> list[str]:
        utc_s = round(self._clock.utc_now().timestamp())
        serial = "null" if self._board_port is None else "chardev:board"
        board = ("-chardev", f"serial,id=board,path={self._board_port}")
        return [
            *("-machine", "raspi3b", "-accel", "tcg", "-global", "bcm2837.enabled-cpus=1"),
            *(
                "-icount",
                f"{ICOUNT},sleep={self._sleep}",
                "-display",
                "none",
                "-no-reboot",
                "-monitor",
                "none",
            ),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd)),
            *("-dtb", str(self._image.device_tree)),
            *("-append", f"console=ttyS1,115200 quiet maxcpus=1 andante.utc={utc_s}"),
            *("-drive", f"if=sd,format=raw,file={self.card}"),
            *(() if self._board_port is None else board),
            *("-serial", serial, "-serial", f"file:{self.console}"),
            *("-qtest", f"unix:{socket_path},server=on,wait=off", "-qtest-log", "none"),
        ]

    def wait(self, timeout_s: float) -> None:
        """Wait until it has switched itself off. Raises EmulationError where it does not."""
        assert self._process is not None
        assert self._test is not None
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            failed = self._process.wait(timeout_s) != 0
        except subprocess.TimeoutExpired:
            failed = True
        if failed:
            raise self._error(f"has not come to its end within {timeout_s:.0f} s")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.processor_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        self._test.join()

    def edges_of(self, pin: int) -> list[PinEdge]:
        """Every change of a pin so far, in order."""
        assert self._test is not None
        return [edge for edge in self._test.edges if edge.pin == pin]

    def switch_off(self) -> None:
        """Pull the plug, if it is still in. May be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._test is not None:
            self._test.close()
        self._socket_folder.cleanup()

    def _error(self, problem: str) -> EmulationError:
        said = [f.read_text(errors="replace") for f in (self._words, self.console) if f.exists()]
        last = "".join(said).strip().splitlines()[-5:]
        return EmulationError(f"The emulated Pi {problem}; its last words are: {' / '.join(last)}")


@contextmanager
def ahead_of_others() -> Iterator[None]:
    """Threads started inside go ahead of other programs, where that is allowed."""
    usual = os.sched_getscheduler(0)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, usual, os.sched_param(0))


@contextmanager
def emulated_pi(
    image: Image,
    folder: Path,
    clock: VirtualClock,
    board_port: Path | None = None,
    *,
    idle_leaps: bool = True,
) -> Iterator[EmulatedPi]:
    """An emulated Pi that is switched off in the end, whatever happens."""
    pi = EmulatedPi(image, folder, clock, board_port, idle_leaps)
    try:
        yield pi
    finally:
        pi.switch_off()
