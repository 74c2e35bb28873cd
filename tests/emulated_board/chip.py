"""The ATmega328P in simavr, by the library that `harness/` builds around it.

Times are cycles of its 16 MHz since it was made; they go on over resets. Voltages are millivolts
at the chip's own pins, 0 to 5000. Needs Debian's libsimavr-dev, libelf-dev, gcc and make; for the
firmware gcc-avr and avr-libc.
"""

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.errors import BoardError

CLOCK_HZ = 16_000_000
RAM_START, RAM_END = 0x100, 0x900
PAINT = 0xC5  # CHIP_PAINT

_HERE = Path(__file__).parent
FIRMWARE_FOLDER = _HERE.parents[1] / "firmware" / "sensor_board"
_TAKE_AT_ONCE = 65_536

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Reset(IntEnum):
    """Why the chip starts again; the order is `enum chip_reset`'s. The watchdog does it itself."""

    POWER_ON = 0
    RESET_PIN = 1
    BROWN_OUT = 2


@dataclass(frozen=True)
class ChipCounts:
    """What `struct chip_counts` tells; `cycle` is now, all others count since the chip was made."""

    cycle: int
    slept_cycles: int
    resets: int
    conversions: int
    triggers_missed: int
    bytes_overrun: int
    interrupts_missed: int


_COUNTS = len(fields(ChipCounts))


def why_no_chip() -> str | None:
    """What is missing to emulate the chip, in words, or None."""
    missing = [tool for tool in ("make", "gcc") if shutil.which(tool) is None]
    headers = ("simavr/sim_avr.h", "libelf.h")
    missing += [name for name in headers if not (Path("/usr/include") / name).is_file()]
    if missing:
        return f"the emulated board needs {', '.join(missing)} (gcc, libsimavr-dev, libelf-dev)"
    return None


def why_no_firmware() -> str | None:
    """What is missing to build the firmware, in words, or None."""
    if not (FIRMWARE_FOLDER / "Makefile").is_file():
        return "there is no firmware in firmware/sensor_board"
    if shutil.which("avr-gcc") is None:
        return "the sensor board's firmware needs avr-gcc (gcc-avr, avr-libc)"
    return None


def firmware_elf() -> Path:
    """Build the firmware; the very file that would be flashed. Raises BoardError."""
    _make(FIRMWARE_FOLDER)
    return FIRMWARE_FOLDER / "build" / "sensor_board.elf"


def _make(folder: Path) -> None:
    built = subprocess.run(
        ["make", "-s", "-C", str(folder)], capture_output=True, text=True, check=False
    )
    if built.returncode:
        raise BoardError(f"{folder} cannot be built; run make there. It says: {built.stderr}")


def _library() -> ctypes.CDLL:
    _make(_HERE / "harness")
    library = ctypes.CDLL(str(_HERE / "harness" / "build" / "libemulated_board.so"))
    chip, u64, size, array = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p
    u32, integer, char = ctypes.c_uint32, ctypes.c_int, ctypes.c_char
    signatures: dict[str, tuple[type | None, list[type]]] = {
        "chip_new": (chip, [ctypes.c_char_p]),
        "chip_free": (None, [chip]),
        "chip_set_wave": (integer, [chip, integer, array, array, size]),
        "chip_set_pin": (integer, [chip, char, integer, array, size]),
        "chip_send": (integer, [chip, u64, ctypes.c_uint8]),
        "chip_run_until": (integer, [chip, u64]),
        "chip_reset": (None, [chip, integer]),
        "chip_derail": (None, [chip]),
        "chip_counts": (None, [chip, array]),
        "chip_take_bytes": (size, [chip, array, size]),
        "chip_take_edges": (size, [chip, array, size]),
        "chip_take_conversions": (size, [chip, array, size]),
        "chip_watch_pin": (integer, [chip, char, integer]),
        "chip_watch_conversions": (None, [chip, integer]),
        "chip_read_memory": (integer, [chip, u32, array, size]),
        "chip_read_eeprom": (integer, [chip, u32, array, size]),
        "chip_write_eeprom": (integer, [chip, u32, ctypes.c_char_p, size]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Chip:
    """One chip with one program. Belongs to one thread at a time; call `close` in the end."""

    def __init__(self, elf: Path) -> None:
        """Flash `elf` and switch on. Raises BoardError where it is no program for this chip."""
        self._library = _library()
        self._chip: int | None = self._library.chip_new(str(elf).encode())
        if self._chip is None:
            raise BoardError(f"{elf} is no program for the ATmega328P; build it with make.")

    def close(self) -> None:
        """Free the chip. May be called twice."""
        if self._chip is not None:
            self._library.chip_free(self._chip)
            self._chip = None

    def run_until(self, cycle: int) -> None:
        """Run up to `cycle`, or a few more; raises BoardError where the program comes to an end."""
        if self._library.chip_run_until(self._chip, max(0, cycle)):
            raise BoardError("The emulated chip has stopped: it crashed, or slept without a waker.")

    def reset(self, reason: Reset) -> None:
        """Start the program again now. EEPROM and RAM keep what they hold."""
        self._library.chip_reset(self._chip, int(reason))

    def derail(self) -> None:
        """Make the program hang from now on, as after a wild jump; interrupts are still served."""
        self._library.chip_derail(self._chip)

    @property
    def counts(self) -> ChipCounts:
        """All counters now."""
        raw = np.empty(_COUNTS, dtype=np.uint64)
        self._library.chip_counts(self._chip, raw.ctypes.data)
        return ChipCounts(*raw.tolist())

    # --- inputs -------------------------------------------------------------------------------

    def set_wave(self, adc_input: int, cycles: npt.ArrayLike, millivolts: npt.ArrayLike) -> None:
        """The voltage at an analog input: straight lines between the points, shape (n,) each.

        `cycles` rise; before the first and after the last point the voltage stands still.
        Replaces what was set before.
        """
        at = np.ascontiguousarray(cycles, dtype=np.uint64)
        volts = np.ascontiguousarray(millivolts, dtype=np.float64)
        if at.shape != volts.shape or at.ndim != 1 or np.any(at[1:] <= at[:-1]):
            raise ValueError("a wave needs as many voltages as cycles, and cycles that rise")
        self._done(
            self._library.chip_set_wave(
                self._chip, adc_input, at.ctypes.data, volts.ctypes.data, at.size
            )
        )

    def set_pin(self, port: str, bit: int, edges: Sequence[tuple[int, int]]) -> None:
        """What happens at a digital input: (cycle, level) in order. Replaces what is to come."""
        table = np.array(edges, dtype=np.uint64).reshape(-1, 2)
        if np.any(table[1:, 0] < table[:-1, 0]):
            raise ValueError("edges come in order of time")
        self._done(
            self._library.chip_set_pin(
                self._chip, port.encode(), bit, table.ctypes.data, len(table)
            )
        )

    def send(self, cycle: int, byte: int) -> None:
        """A byte for the UART whose stop bit ends at `cycle`; calls in order of time."""
        self._done(self._library.chip_send(self._chip, cycle, byte))

    # --- outputs ------------------------------------------------------------------------------

    def take_bytes(self) -> tuple[Int64s, bytes]:
        """What the UART has sent since the last call: the ends of the stop bits, and the bytes."""
        table = self._take("chip_take_bytes")
        return table[:, 0], table[:, 1].astype(np.uint8).tobytes()

    def take_edges(self) -> Int64s:
        """Edges of the watched pin since the last call, shape (n, 2): cycle and level."""
        return self._take("chip_take_edges")

    def take_conversions(self) -> Int64s:
        """The ADC's triggers since the last call, shape (n, 2): cycle and input."""
        return self._take("chip_take_conversions")

    def watch_pin(self, port: str, bit: int) -> None:
        """Keep the edges of this pin from now on."""
        self._done(self._library.chip_watch_pin(self._chip, port.encode(), bit))

    def watch_conversions(self, on: bool) -> None:
        """Keep the ADC's triggers, some 20,000 a second, or stop keeping them."""
        self._library.chip_watch_conversions(self._chip, int(on))

    def read_ram(self) -> bytes:
        """All 2 KB of RAM, from RAM_START on. What was never written holds PAINT."""
        return self._read("chip_read_memory", RAM_START, RAM_END - RAM_START)

    def read_eeprom(self, count: int, address: int = 0) -> bytes:
        """`count` bytes of EEPROM from `address` on."""
        return self._read("chip_read_eeprom", address, count)

    def write_eeprom(self, data: bytes, address: int = 0) -> None:
        """Put `data` into EEPROM from `address` on."""
        self._done(self._library.chip_write_eeprom(self._chip, address, data, len(data)))

    def _take(self, function: str) -> Int64s:
        tables = []
        while True:
            table = np.empty((_TAKE_AT_ONCE, 2), dtype=np.uint64)
            count = getattr(self._library, function)(self._chip, table.ctypes.data, len(table))
            tables.append(table[:count])
            if count < len(table):
                return np.concatenate(tables).astype(np.int64)

    def _read(self, function: str, address: int, count: int) -> bytes:
        data = np.empty(count, dtype=np.uint8)
        self._done(getattr(self._library, function)(self._chip, address, data.ctypes.data, count))
        return data.tobytes()

    @staticmethod
    def _done(result: int) -> None:
        if result:
            raise ValueError("the chip has no such pin, input or address")
