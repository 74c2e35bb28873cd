"""The sensor board as a `Board`: a serial port and the state machine that speaks across it.

In real time a thread of its own reads the port and stamps the bytes on arrival. In simulated
time there is no thread: `take_news` moves the bytes.
"""

import threading

from andante.board.frames import PROTOCOL_VERSION
from andante.board.link_core import LinkCore
from andante.errors import BoardError
from andante.ports import BoardInfo, BoardNews, LinkCounts, SerialPort
from andante.realtime import ThreadRole, raise_this_thread
from andante.timebase import NS_PER_MS, NS_PER_S, Clock, ns_to_seconds

START_NS = 5 * NS_PER_S
START_STEP_NS = 5 * NS_PER_MS
REOPEN_NS = NS_PER_S // 2


class BoardLink:
    """The sensor board at the other end of `port`. Implements `ports.Board`."""

    def __init__(self, port: SerialPort, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._lock = threading.Lock()  # guards the core between the reader and the runner
        self._core = LinkCore(_conversation_id(clock))
        self._connected = False
        self._reopen_ns = 0
        self._stopping = threading.Event()
        self._reader: threading.Thread | None = None
        self._reader_error: Exception | None = None

    @property
    def description(self) -> str:
        """The port's name."""
        return self._port.name

    @property
    def simulated(self) -> bool:
        """True where the board has said that no real sensor is behind it."""
        info = self.info
        return info is not None and info.simulated

    @property
    def info(self) -> BoardInfo | None:
        """What the board last said of itself; None before `start`."""
        with self._lock:
            return self._core.info

    def start(self) -> None:
        """Open the port, greet the board, fit the clocks; takes about half a second.

        In simulated time this moves the clock forward. Raises BoardError where the port cannot
        be opened, nothing answers in 5 s, or what answers is no board of this version.
        """
        self.stop()
        self._stopping.clear()
        self._reader_error = None
        self._core = LinkCore(_conversation_id(self._clock))
        self._port.open()
        self._connected = True
        self._core.port_opened()
        if not self._clock.simulated:
            self._reader = threading.Thread(target=self._read, name="board-reader", daemon=True)
            self._reader.start()
        deadline_ns = self._clock.now_ns() + START_NS
        try:
            while not self._is_ready():
                self._check_reader()
                now_ns = self._clock.now_ns()
                if now_ns >= deadline_ns:
                    raise BoardError(self._why_not_ready())
                self._clock.sleep_until_ns(now_ns + START_STEP_NS)
                if self._clock.simulated:
                    self._pump()
        except BaseException:
            self.stop()
            raise

    def _is_ready(self) -> bool:
        with self._lock:
            version = self._core.foreign_version
            if version is not None:
                raise BoardError(
                    f"The sensor board on {self._port.name} speaks version {version} of the "
                    f"protocol and this program speaks version {PROTOCOL_VERSION}; "
                    "load the firmware of this release onto the board, or update the program."
                )
            return self._core.ready

    def _why_not_ready(self) -> str:
        name, wait_s = self._port.name, ns_to_seconds(START_NS)
        with self._lock:
            if self._core.info is not None:
                return (
                    f"The sensor board on {name} answers, but too little arrives unharmed to set "
                    f"its clock within {wait_s:.0f} s; check the cable."
                )
            if self._core.bytes_heard:
                return (
                    f"Something answers on {name} but it does not speak Andante's protocol; "
                    "check that this is the right port and that the board's firmware is loaded."
                )
        return (
            f"Nothing answers on {name} within {wait_s:.0f} s; "
            "check the cable and that the sensor board has power."
        )

    def take_news(self) -> BoardNews:
        """What has come since the last call. Never blocks.

        A port that vanishes is a fault in the news, not an error: it is opened again. Raises
        BoardError only where the reader itself failed and nothing more can come.
        """
        if self._clock.simulated:
            self._pump()
        self._check_reader()
        with self._lock:
            return self._core.take_news()

    def _check_reader(self) -> None:
        if self._reader_error is not None:
            raise BoardError(
                f"Reading {self._port.name} failed ({self._reader_error}); start again."
            ) from self._reader_error

    def counts(self) -> LinkCounts:
        """The link's counters so far."""
        with self._lock:
            return self._core.counts()

    def stop(self) -> None:
        """Close the link. May be called twice."""
        self._stopping.set()
        if self._reader is not None:
            self._reader.join()
            self._reader = None
        self._port.close()
        self._connected = False

    # --- moving bytes: the reader's thread, or in simulated time the runner's -----------------

    def _read(self) -> None:
        raise_this_thread(ThreadRole.BOARD)
        try:
            while not self._stopping.is_set():
                self._pump()
                if not self._connected:
                    self._stopping.wait(ns_to_seconds(self._reopen_ns - self._clock.now_ns()))
        except Exception as error:  # noqa: BLE001 - handed to the runner, which must not wait in vain
            self._reader_error = error

    def _pump(self) -> None:
        """Move what is there in both directions; after the port has gone, try to open it again."""
        if not self._connected:
            self._reopen()
            return
        try:
            pieces = self._port.read()
            with self._lock:
                for received_ns, data in pieces:
                    self._core.on_bytes(data, received_ns)
                out = self._core.due(self._clock.now_ns())
            if out:
                self._port.write(out)
        except BoardError as error:
            now_ns = self._clock.now_ns()
            with self._lock:
                self._core.port_gone(now_ns, str(error))
            self._port.close()
            self._connected = False
            self._reopen_ns = now_ns + REOPEN_NS

    def _reopen(self) -> None:
        now_ns = self._clock.now_ns()
        if now_ns < self._reopen_ns:
            return
        try:
            self._port.open()
        except BoardError:
            self._reopen_ns = now_ns + REOPEN_NS
            return
        self._connected = True
        with self._lock:
            self._core.port_opened()


def _conversation_id(clock: Clock) -> int:
    # Nanoseconds since the Pi's boot: no two programs start at the same one.
    return clock.now_ns() % (2**32 - 1) + 1
