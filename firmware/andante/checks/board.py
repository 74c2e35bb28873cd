"""The sensor board and the clocks: does the board answer without loss, and is the time known?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from andante.checks.finding import Finding, Verdict, finding_of_error
from andante.clocksync import CentredSync
from andante.errors import BoardError
from andante.ports import Board, ClockProbe
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, Clock, seconds_to_ns

LISTEN_S = 3.0
_LOOK_NS = 20 * NS_PER_MS
MAX_SYNC_UNCERTAINTY_US = 200.0
"""Twice what the clock sync is built to keep to (`docs/time.md`)."""
_SLOW_CLOCK_SOURCES = frozenset({"acpi_pm", "hpet", "jiffies", "pit", "refined-jiffies"})
"""Sources of the kernel's clock that cost a slow bus access, or have a grain of milliseconds
(`timekeeping` in the kernel's timer documentation); ARM has arch_sys_counter, PCs tsc."""


@dataclass(frozen=True)
class SyncLook:
    """How well the board's clock was known at the end of the check."""

    uncertainty_us: float
    shortest_round_trip_us: float


def check_board(
    ports: Sequence[str], make: Callable[[str], Board], clock: Clock, listen_s: float = LISTEN_S
) -> tuple[Finding, SyncLook | None]:
    """Greet the board on the first of `ports` that has one and listen to it for `listen_s`."""
    if not ports:
        return (
            Finding(
                "board",
                Verdict.MISSING,
                "No serial port with a sensor board was found.",
                "Plug in the sensor board, or name its port with --port.",
            ),
            None,
        )
    errors: list[BoardError] = []
    for port in ports:
        board = make(port)
        try:
            board.start()
            return _listen(board, clock, listen_s)
        except BoardError as error:
            errors.append(error)
        finally:
            board.stop()
    return finding_of_error("board", errors[0], expected=True), None


def _listen(board: Board, clock: Clock, listen_s: float) -> tuple[Finding, SyncLook | None]:
    probes: list[ClockProbe] = []
    faults: list[str] = []
    end_ns = clock.now_ns() + seconds_to_ns(listen_s)
    while (now_ns := clock.now_ns()) < end_ns:
        clock.sleep_until_ns(now_ns + _LOOK_NS)
        news = board.take_news()
        probes += news.probes
        faults += [fault.text for fault in news.faults]
    info, counts = board.info, board.counts()
    assert info is not None  # it has started
    kind = "Simulated board" if info.simulated else "Sensor board"
    found = f"{kind} on {board.description}, firmware {info.firmware_version}"
    figures = {
        "frames_received": counts.frames_received,
        "frames_bad": counts.frames_bad,
        "events_lost": counts.events_lost,
        "sample_blocks_lost": counts.sample_blocks_lost,
        "reconnects": counts.reconnects,
    }
    sync = _sync_of(probes, info.tick_hz)
    if faults or counts.frames_bad:
        text = faults[0] if faults else f"{counts.frames_bad} damaged frames."
        return (
            Finding(
                "board",
                Verdict.WARNING,
                f"{found}; in {listen_s:.0f} s: {text}",
                "See to the cable, and keep it away from motors and mains.",
                figures,
            ),
            sync,
        )
    text = f"{found}; {counts.frames_received} frames in {listen_s:.0f} s, none damaged."
    return Finding("board", Verdict.OK, text, figures=figures), sync


def _sync_of(probes: Sequence[ClockProbe], tick_hz: int) -> SyncLook | None:
    if len(probes) < 2:
        return None
    last_ticks = np.array([probes[-1].board_sent_ticks], dtype=np.int64)
    uncertainty_us = CentredSync(probes, tick_hz).translate(last_ticks)[1]
    round_trips_us = [
        (p.received_ns - p.sent_ns) / NS_PER_US
        - (p.board_sent_ticks - p.board_received_ticks) * (NS_PER_S / NS_PER_US) / tick_hz
        for p in probes
    ]
    return SyncLook(float(uncertainty_us[0]), min(round_trips_us))


def check_clocks(clock_source_file: Path, sync: SyncLook | None) -> Finding:
    """The kernel's clock and, where a board answered, how well the board's is laid on it.

    Session time is CLOCK_MONOTONIC, which is never set: whether the wall clock is right and
    whether it is being corrected does not matter to it.
    """
    try:
        source = clock_source_file.read_text().strip()
    except OSError:
        source = "unknown"
    found = f"Kernel clock {source}"
    if sync is None:
        board = "no board to keep in step with"
    else:
        board = (
            f"board's clock known to {sync.uncertainty_us:.0f} µs, shortest round trip "
            f"{sync.shortest_round_trip_us:.0f} µs"
        )
    figures = {} if sync is None else dict(vars(sync))
    if source in _SLOW_CLOCK_SOURCES:
        return Finding(
            "clocks",
            Verdict.WARNING,
            f"{found} is slow or coarse; {board}.",
            "Boot without a clocksource= setting, or use another computer.",
            figures,
        )
    if sync is not None and sync.uncertainty_us > MAX_SYNC_UNCERTAINTY_US:
        return Finding(
            "clocks",
            Verdict.WARNING,
            f"{found}; {board}.",
            "Use a cable without a hub, or an adapter with a low-latency mode.",
            figures,
        )
    return Finding("clocks", Verdict.OK, f"{found}; {board}.", figures=figures)
