"""Disk, real-time rights, temperature and power: what the computer itself grants a session."""

import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Callable
from enum import IntFlag
from pathlib import Path

from andante.checks.finding import Finding, Verdict
from andante.realtime import Scheduling
from andante.timebase import NS_PER_MS, Clock

SESSION_BYTES_PER_HOUR = 10_000_000
"""Twice what a simulated walk took with two feet sampled 100 times a second: 2.3 MB for half an
hour; the belt and the journal beside the file take the rest."""
WANTED_HOURS = 20.0
NEEDED_HOURS = 1.0
SLOW_SYNC_MS = 250.0
"""The recorder commits four times a second."""
FAILED_SYNC_MS = 1000.0
"""At most a second of events may be lost to a power cut."""
_SYNCS = 10
_SYNC_BYTES = 4096

WARM_C = 70.0
HOT_C = 80.0
"""Raspberry Pi firmware lowers the processor's clock from 80 °C on (Raspberry Pi documentation,
"Frequency management and thermal control")."""

UNLIMITED = -1
"""`resource.RLIM_INFINITY`."""


class Throttled(IntFlag):
    """Bits of the Pi firmware's `get_throttled` (Raspberry Pi documentation, vcgencmd)."""

    UNDER_VOLTAGE = 1 << 0
    CAPPED = 1 << 1
    THROTTLED = 1 << 2
    SOFT_LIMIT = 1 << 3


_THROTTLED_WORDS = {
    Throttled.UNDER_VOLTAGE: "the supply voltage is too low",
    Throttled.CAPPED: "the processor's clock is capped",
    Throttled.THROTTLED: "the processor is throttled",
    Throttled.SOFT_LIMIT: "the soft temperature limit is reached",
}
_SINCE_BOOT_SHIFT = 16


def check_disk(folder: Path, clock: Clock, free_bytes: Callable[[Path], int]) -> Finding:
    """Room for sessions in `folder`, and how long it takes until 4 KB are safe on its disk.

    A folder that is not there yet is judged by the one it will be made in.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = free_bytes(folder)
        syncs_ms = _sync_times_ms(folder, clock)
    except OSError as error:
        return Finding(
            "disk",
            Verdict.FAILED,
            f"{folder} cannot be written ({error.strerror}).",
            "Choose another folder with --out, or see to its rights.",
        )
    hours = free / SESSION_BYTES_PER_HOUR
    slowest_ms = max(syncs_ms)
    figures = {
        "free_bytes": free,
        "session_hours": hours,
        "sync_median_ms": statistics.median(syncs_ms),
        "sync_max_ms": slowest_ms,
    }
    found = (
        f"Room for {hours:.0f} hours of sessions; safe on the disk in "
        f"{figures['sync_median_ms']:.1f} ms, at most {slowest_ms:.1f} ms."
    )
    if hours < NEEDED_HOURS:
        to_do = "Move old sessions elsewhere before the next one."
        return Finding("disk", Verdict.FAILED, found, to_do, figures)
    if slowest_ms > FAILED_SYNC_MS:
        to_do = "Use another card or disk: a power cut would cost more than a second."
        return Finding("disk", Verdict.FAILED, found, to_do, figures)
    if hours < WANTED_HOURS:
        to_do = "Move old sessions elsewhere soon."
        return Finding("disk", Verdict.WARNING, found, to_do, figures)
    if slowest_ms > SLOW_SYNC_MS:
        to_do = "Close programs that write much, or use a faster card."
        return Finding("disk", Verdict.WARNING, found, to_do, figures)
    return Finding("disk", Verdict.OK, found, figures=figures)


def _sync_times_ms(folder: Path, clock: Clock) -> list[float]:
    times_ms = []
    with tempfile.TemporaryFile(dir=folder, prefix=".andante-check-") as file:
        for _ in range(_SYNCS):
            began_ns = clock.now_ns()
            file.write(bytes(_SYNC_BYTES))
            file.flush()
            os.fsync(file.fileno())
            times_ms.append((clock.now_ns() - began_ns) / NS_PER_MS)
    return times_ms


def free_disk_bytes(folder: Path) -> int:
    """What this user may still write. Raises OSError."""
    return shutil.disk_usage(folder).free


# --- real-time rights -----------------------------------------------------------------------


def check_rights(scheduling: Scheduling, rtprio: int, memlock_bytes: int) -> Finding:
    """May the trainer's threads go before all others, stay in memory, and find a processor awake?

    `scheduling`: what was obtained when all was asked for. `rtprio`, `memlock_bytes`: this
    process's limits (UNLIMITED: none), which bind only users without the right to pass them.
    """
    lost = []
    if not scheduling.real_time:
        lost.append(
            f"no real-time priority (limit {rtprio}), so cues keep their time less well while the "
            "computer is busy"
        )
    if not scheduling.memory_locked:
        limit = "none" if memlock_bytes == UNLIMITED else f"{memlock_bytes // 1024} KB"
        lost.append(f"memory cannot be locked (limit {limit}), so a cue may wait for the disk")
    if scheduling.kept_awake is False:
        lost.append("idle processors cannot be kept awake, so a cue may wait for one to wake up")
    figures = {"rtprio": rtprio, "memlock_bytes": memlock_bytes}
    if not lost:
        awake = ", and idle processors stay awake in a session" if scheduling.kept_awake else ""
        found = f"Real-time priority is granted and memory can be locked{awake}."
        return Finding("real time", Verdict.OK, found, figures=figures)
    text = "; ".join(lost)
    return Finding(
        "real time",
        Verdict.WARNING,
        f"{text[:1].upper()}{text[1:]}.",
        "Run `make install`, or raise this user's limits rtprio and memlock and give the user the "
        "right to write /dev/cpu_dma_latency, and log in again.",
        figures,
    )


# --- temperature and power ------------------------------------------------------------------


def check_temperature(thermal_folder: Path) -> Finding:
    """The hottest of the kernel's thermal zones (`thermal_zone*/temp`, in thousandths of °C)."""
    temperatures_c = [
        int(text) / 1000
        for zone in sorted(thermal_folder.glob("thermal_zone*"))
        if (text := _read(zone / "temp")) is not None and re.fullmatch(r"-?\d+", text)
    ]
    if not temperatures_c:
        return Finding("temperature", Verdict.MISSING, "This computer tells no temperature.")
    hottest_c = max(temperatures_c)
    found, figures = f"{hottest_c:.0f} °C.", {"temperature_c": hottest_c}
    if hottest_c >= HOT_C:
        to_do = "Let it cool, and give it air or a heat sink: it slows down from 80 °C on."
        return Finding("temperature", Verdict.FAILED, found, to_do, figures)
    if hottest_c >= WARM_C:
        to_do = "Give it more air."
        return Finding("temperature", Verdict.WARNING, found, to_do, figures)
    return Finding("temperature", Verdict.OK, found, figures=figures)


def check_power(throttled_file: Path, ask_firmware: Callable[[], str | None]) -> Finding:
    """Has the Pi's firmware slowed the processor for want of power or cooling?

    `throttled_file`: the kernel's, a hexadecimal number; where it is not there, `ask_firmware`
    gives the answer of `vcgencmd get_throttled` (`throttled=0x50000`), or None.
    """
    told = _read(throttled_file) or ask_firmware()
    number = None if told is None else re.search(r"(?:0x|\b)([0-9a-fA-F]+)\s*$", told)
    if number is None:
        return Finding("power", Verdict.MISSING, "No Raspberry Pi tells of its power supply here.")
    bits = int(number[1], 16)
    figures = {"throttled_bits": bits}
    supply = "Use the Raspberry Pi's own power supply and a short cable; give it air."
    now = _throttled_words(bits)
    if now:
        return Finding("power", Verdict.FAILED, f"{now} now.", supply, figures)
    before = _throttled_words(bits >> _SINCE_BOOT_SHIFT)
    if before:
        return Finding(
            "power", Verdict.WARNING, f"Since it was switched on: {before}.", supply, figures
        )
    return Finding("power", Verdict.OK, "Supply and clock have been steady.", figures=figures)


def _throttled_words(bits: int) -> str:
    words = " and ".join(text for flag, text in _THROTTLED_WORDS.items() if bits & flag)
    return words[:1].upper() + words[1:]


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
