"""The sensor board's portable C core, built for this host and called through ctypes."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware" / "sensor_board"
LIBRARY_VARIABLE = "ANDANTE_CORE_LIBRARY"
TICK_HZ = 2_000_000
SWEEP_PERIOD_TICKS = 2000
TAP_PERIOD_TICKS = 500
MAX_FRAME_BYTES = 32
SWEEP_INPUTS = 4
BEGUN_CHANNEL = 255

_U8, _U16, _U32, _SIZE = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_size_t
_PTR = ctypes.c_void_p


class FoundEdge(ctypes.Structure):
    """`struct found_edge` of host/shim.h."""

    _fields_ = (
        ("ticks", _U32),
        ("found_ticks", _U32),
        ("duration_ticks", _U32),
        ("peak_counts", _U16),
        ("channel", _U8),
        ("off", _U8),
    )


class Sweep(ctypes.Structure):
    """`struct sweep` of core/board.h."""

    _fields_ = (("left_ticks", _U32), ("counts", _U16 * SWEEP_INPUTS))


class CEvent(ctypes.Structure):
    """`struct event` of core/event_ring.h."""

    _fields_ = (
        ("ticks", _U32),
        ("duration_ticks", _U32),
        ("event_seq", _U16),
        ("lost_before", _U16),
        ("peak_counts", _U16),
        ("channel", _U8),
        ("off", _U8),
    )


def make(*words: str) -> str:
    """Run a target of the firmware's Makefile; returns what it printed, fails where it failed."""
    done = subprocess.run(
        ["make", "-C", str(FIRMWARE), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"make {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def need(*programs: str) -> None:
    """Skip the test, saying so, where a program is absent."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def load(path: Path) -> ctypes.CDLL:
    """The core as a library with the signatures of shim.h and board.h."""
    core = ctypes.CDLL(str(path))
    signatures: dict[str, tuple[object, Sequence[object]]] = {
        "shim_run_feet": (_SIZE, (_PTR, _PTR, _SIZE, _U32, _PTR, _SIZE)),
        "shim_run_tap": (_SIZE, (_PTR, _SIZE, _U32, _U16, _U16, _U16, _PTR, _SIZE)),
        "shim_board_new": (_PTR, (_U16, _U8, _U8, ctypes.c_char_p)),
        "shim_board_free": (None, (_PTR,)),
        "shim_receive": (None, (_PTR, ctypes.c_char_p, _SIZE, _U32)),
        "shim_push": (None, (_PTR, _U8, _U8, _U32, _U16, _U32)),
        "shim_events_kept": (_U16, (_PTR,)),
        "shim_frames_bad": (_U16, (_PTR,)),
        "shim_take_settings_changed": (_U8, (_PTR,)),
        "shim_image": (None, (_PTR, _PTR)),
        "shim_set_counters": (None, (_PTR, _U16, _U16, _U16)),
        "shim_widen": (_U32, (_U16, _U16, _U8)),
        "shim_widen_past": (_U32, (_U32, _U16)),
        "shim_schedule": (None, (_PTR, _SIZE)),
        "shim_image_bytes": (_SIZE, ()),
        "shim_ring_bytes": (_SIZE, ()),
        "board_take_tap": (_U8, (_PTR, _U8, _U16, _U32)),
        "board_take_sweep": (None, (_PTR, _PTR)),
        "board_take_edge": (None, (_PTR, _U8, _U32)),
        "board_work": (_U8, (_PTR,)),
        "board_converse": (None, (_PTR, _U32)),
        "board_next_frame": (_U8, (_PTR, _U32, _U8, _PTR, _PTR, _PTR)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(core, name)
        function.restype, function.argtypes = result, arguments
    return core


@cache
def library() -> ctypes.CDLL:
    """The core, built once; skips where there is no C compiler.

    The environment may name another build of it, as the one that counts branches.
    """
    if LIBRARY_VARIABLE in os.environ:
        return load(Path(os.environ[LIBRARY_VARIABLE]))
    need("make", "cc")
    make("core")
    return load(FIRMWARE / "build" / "libcore.so")


Counts = npt.NDArray[np.uint16]


def run_feet(
    core: ctypes.CDLL, left: Counts, right: Counts, first_ticks: int
) -> list[tuple[int, bool, int, int, int, int]]:
    """(channel code, off, ticks, found_ticks, peak_counts, duration_ticks) of both feet's edges."""
    room = left.size // 50 + 16
    found = (FoundEdge * room)()
    used = core.shim_run_feet(
        left.ctypes.data, right.ctypes.data, left.size, first_ticks, found, room
    )
    assert used < room
    return [_row(edge) for edge in found[:used]]


def run_tap(
    core: ctypes.CDLL, counts: Counts, first_ticks: int, settings: tuple[int, int, int]
) -> list[tuple[int, bool, int, int, int, int]]:
    """The same of one pad; channel 255 is where the tone begins. Settings as in TapSettings."""
    room = counts.size + 16
    found = (FoundEdge * room)()
    used = core.shim_run_tap(counts.ctypes.data, counts.size, first_ticks, *settings, found, room)
    return [_row(edge) for edge in found[:used]]


def _row(edge: FoundEdge) -> tuple[int, bool, int, int, int, int]:
    return (
        edge.channel,
        bool(edge.off),
        edge.ticks,
        edge.found_ticks,
        edge.peak_counts,
        edge.duration_ticks,
    )


class CoreBoard:
    """The C core as a board on the bench. Every time is passed in, in ticks of its counter."""

    def __init__(
        self,
        core: ctypes.CDLL,
        boot_id: int = 0xBEEF,
        boot_reason: int = 1,
        hello_flags: int = 1,
        image: bytes | None = None,
    ) -> None:
        """`image`: what the EEPROM holds; by default it is erased."""
        self.core = core
        erased = b"\xff" * core.shim_image_bytes()
        self.pointer = core.shim_board_new(boot_id, boot_reason, hello_flags, image or erased)
        assert self.pointer

    def close(self) -> None:
        self.core.shim_board_free(self.pointer)
        self.pointer = None

    def receive(self, data: bytes, ticks: int) -> None:
        self.core.shim_receive(self.pointer, data, len(data), ticks & 0xFFFF_FFFF)

    def push(
        self, channel: int, off: bool, ticks: int, peak_counts: int = 0, duration_ticks: int = 0
    ) -> None:
        self.core.shim_push(
            self.pointer, channel, off, ticks & 0xFFFF_FFFF, peak_counts, duration_ticks
        )

    def sweep(self, counts: Sequence[int], left_ticks: int) -> None:
        one = Sweep(left_ticks & 0xFFFF_FFFF, (_U16 * SWEEP_INPUTS)(*counts))
        self.core.board_take_sweep(self.pointer, ctypes.byref(one))

    def tap(self, pad: int, counts: int, ticks: int) -> bool:
        return bool(self.core.board_take_tap(self.pointer, pad, counts, ticks & 0xFFFF_FFFF))

    def edge(self, channel: int, ticks: int) -> None:
        self.core.board_take_edge(self.pointer, channel, ticks & 0xFFFF_FFFF)

    def work(self) -> int:
        """Work off what the sweeps brought; returns how many there were."""
        count = 0
        while self.core.board_work(self.pointer):
            count += 1
        return count

    def next_frame(self, ticks: int, line_idle: bool = True) -> tuple[bytes, int | None]:
        """The next frame and, for a PROBE_REPLY, the tick at which it has to leave."""
        out = (_U8 * MAX_FRAME_BYTES)()
        at_instant, leave_ticks = _U8(), _U32()
        self.core.board_converse(self.pointer, ticks & 0xFFFF_FFFF)
        length = self.core.board_next_frame(
            self.pointer,
            ticks & 0xFFFF_FFFF,
            line_idle,
            out,
            ctypes.byref(at_instant),
            ctypes.byref(leave_ticks),
        )
        return bytes(out[:length]), leave_ticks.value if at_instant.value else None

    def frames(self, ticks: int) -> bytes:
        """Everything that wants to leave at `ticks`."""
        said = b""
        while data := self.next_frame(ticks)[0]:
            said += data
        return said

    @property
    def events_kept(self) -> int:
        return int(self.core.shim_events_kept(self.pointer))

    @property
    def frames_bad(self) -> int:
        return int(self.core.shim_frames_bad(self.pointer))

    def take_settings_changed(self) -> bool:
        return bool(self.core.shim_take_settings_changed(self.pointer))

    def image(self) -> bytes:
        out = (_U8 * int(self.core.shim_image_bytes()))()
        self.core.shim_image(self.pointer, out)
        return bytes(out)
