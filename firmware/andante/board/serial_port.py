"""The serial port that the sensor board is plugged into, through pyserial."""

import contextlib

import serial

from andante.errors import BoardError
from andante.timebase import Clock

BAUD = 250_000  # bit/s; divides the ATmega328P's 16 MHz exactly
READ_WAIT_S = 0.02
"""How often somebody looks whether something is to be sent; what arrives is read at once."""
WRITE_WAIT_S = 0.2


class PySerialPort:
    """A `SerialPort` on a device such as /dev/ttyUSB0 or /dev/ttyAMA0; 8 data bits, no parity."""

    def __init__(self, path: str, clock: Clock, baud: int = BAUD) -> None:
        """`baud` in bit/s. Nothing is opened yet."""
        self._path = path
        self._clock = clock
        self._baud = baud
        self._serial: serial.Serial | None = None

    @property
    def name(self) -> str:
        """The device's path."""
        return self._path

    def open(self) -> None:
        """Open the port for this program alone. Raises BoardError."""
        self.close()
        try:
            self._serial = serial.Serial(
                self._path,
                self._baud,
                timeout=READ_WAIT_S,
                write_timeout=WRITE_WAIT_S,
                exclusive=True,
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise BoardError(self._why_not(error)) from None
        # FTDI adapters otherwise hold bytes back for up to 16 ms; others have no such mode.
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._serial.set_low_latency_mode(True)

    def _why_not(self, error: Exception) -> str:
        number = getattr(error, "errno", None)
        if number == 2:
            return (
                f"There is no serial port {self._path}; plug in the sensor board, "
                "or name its port with --port."
            )
        if number == 13:
            return (
                f"The serial port {self._path} may not be opened by this user; "
                "add the user to the group dialout and log in again."
            )
        if number == 11:
            return f"The serial port {self._path} is in use by another program; end that first."
        return f"The serial port {self._path} cannot be opened ({error}); check the sensor board."

    def read(self) -> list[tuple[int, bytes]]:
        """What has arrived, stamped on arrival; waits up to 20 ms. Raises BoardError."""
        port = self._open_port()
        try:
            first = port.read(1)
            arrived_ns = self._clock.now_ns()
            if not first:
                return []
            return [(arrived_ns, first + port.read(port.in_waiting))]
        except (OSError, TypeError) as error:
            raise self._gone(error) from None

    def write(self, data: bytes) -> None:
        """Send bytes. Raises BoardError."""
        port = self._open_port()
        try:
            port.write(data)
        except (OSError, TypeError) as error:
            raise self._gone(error) from None

    def close(self) -> None:
        """Close the port. May be called twice."""
        if self._serial is not None:
            with contextlib.suppress(OSError):
                self._serial.close()
            self._serial = None

    def _open_port(self) -> serial.Serial:
        if self._serial is None:
            raise BoardError(f"The serial port {self._path} is not open; open it first.")
        return self._serial

    def _gone(self, error: Exception) -> BoardError:
        return BoardError(
            f"The serial port {self._path} has gone ({error}); check the cable to the sensor board."
        )
