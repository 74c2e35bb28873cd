"""The sensor board's ticks on session time, from probes sent across a jittery link.

A probe is sent at `sent_ns`, stamped by the board on arrival and on answering, and its answer
arrives at `received_ns`. Queueing only ever adds delay, so the probe with the shortest round
trip is the best (Mills, RFC 5905, clock filter), and one whose round trip is longer by `excess`
may be off by at most half of that to either side. A robust line is laid through 60 s of probes,
each weighted by 1/excess². Half of any lasting difference between the two directions stays as a
bias that no probe can see.

Pure; numpy only. `LiveSync` looks back, for decisions during the session; `CentredSync` looks
both ways, for the times that the session file keeps.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from andante.clockfit import ClockLine, robust_line
from andante.ports import ClockProbe
from andante.timebase import NS_PER_S, NS_PER_US

WINDOW_NS = 60 * NS_PER_S
REFIT_NS = NS_PER_S
KNOT_NS = 10 * NS_PER_S
MIN_PROBES = 5
MIN_SPAN_NS = NS_PER_S // 4
STEADY_SPAN_NS = WINDOW_NS // 2
KNOT_PROBES = 100  # at least, on each side of a knot: bridges a gap in the probes
_MAX_RATE_ERROR = 5_000e-6  # ceramic resonators, as on some Nanos, are up to 0.5 % off
_MAX_RATE_CHANGE = 20e-6  # by temperature, from one window to the next
_FLOOR_QUANTILE = 0.05  # of the excesses: the best probe must not outweigh all the others
_FIRST_ROWS = 1024

Int64s = npt.NDArray[np.int64]


class LiveSync:
    """Translates ticks to session time from the probes seen so far."""

    def __init__(self, tick_hz: int) -> None:
        self._tick_ns = NS_PER_S / tick_hz
        self._rows = np.empty((4, _FIRST_ROWS), dtype=np.int64)
        self._first = self._end = 0
        self._line: ClockLine | None = None
        self._rate = (self._tick_ns, _MAX_RATE_ERROR)
        self._refit_ns = 0

    @property
    def ready(self) -> bool:
        """True once times can be translated."""
        return self._line is not None

    def add(self, probe: ClockProbe) -> None:
        """Take one answered probe, in order of arrival; refit once a second.

        While the line is young every probe refits it.
        """
        if self._end == self._rows.shape[1]:
            self._make_room()
        self._rows[:, self._end] = (
            probe.sent_ns,
            probe.board_received_ticks,
            probe.board_sent_ticks,
            probe.received_ns,
        )
        self._end += 1
        if probe.received_ns < self._refit_ns:
            return
        arrivals_ns = self._rows[3, self._first : self._end]
        self._first += int(np.searchsorted(arrivals_ns, probe.received_ns - WINDOW_NS))
        window = self._rows[:, self._first : self._end]
        span_ns = probe.received_ns - int(window[3, 0])
        if window.shape[1] < MIN_PROBES or span_ns < MIN_SPAN_NS:
            return
        if window[2, -1] <= window[1, 0]:
            return  # a counter that stands still keeps no time
        self._line = _fit(window, self._tick_ns, self._rate)
        if span_ns >= STEADY_SPAN_NS:
            # After a gap in the probes this spares the new line from finding its rate again.
            self._rate = (self._line.slope_ns, _MAX_RATE_CHANGE)
        young = span_ns < WINDOW_NS // 10
        self._refit_ns = probe.received_ns + (0 if young else REFIT_NS)

    def _make_room(self) -> None:
        kept = self._rows[:, self._first : self._end]
        self._rows = np.empty((4, max(_FIRST_ROWS, 2 * kept.shape[1])), dtype=np.int64)
        self._rows[:, : kept.shape[1]] = kept
        self._first, self._end = 0, kept.shape[1]

    def translate(self, ticks: int) -> tuple[int, float]:
        """Session time of `ticks` and its standard uncertainty in µs. Needs `ready`."""
        if self._line is None:
            raise ValueError("the board's clock has not been fitted yet")
        return self._line.ns_at(ticks), float(_uncertainty_us(self._line, ticks, self._tick_ns))


class CentredSync:
    """Translates ticks of one epoch to session time with all of its probes in view.

    Lines are fitted around knots 10 s apart, each through the 60 s centred on it or, where a gap
    leaves too few, through the nearest probes on both sides; between two knots the result moves
    linearly from the one line to the other, so it never jumps.
    """

    def __init__(self, probes: Sequence[ClockProbe], tick_hz: int) -> None:
        """Raises ValueError where the probes are too few to fit a line."""
        if len(probes) < 2:
            raise ValueError("clock sync needs at least two probes")
        self._tick_ns = NS_PER_S / tick_hz
        rows = _rows_of(probes)
        sent_ns = rows[0]
        first_ns, last_ns = int(sent_ns[0]), int(sent_ns[-1])
        knots = np.arange(first_ns, last_ns + KNOT_NS, KNOT_NS)
        rate = (self._tick_ns, _MAX_RATE_ERROR)
        lines: list[ClockLine] = []
        for knot_ns in knots:
            # At the ends the window stays 60 s long and slides inward.
            start_ns = max(first_ns, min(int(knot_ns) - WINDOW_NS // 2, last_ns - WINDOW_NS))
            low, middle, high = (
                int(np.searchsorted(sent_ns, at))
                for at in (start_ns, knot_ns, start_ns + WINDOW_NS)
            )
            low, high = max(0, min(low, middle - KNOT_PROBES)), max(high, middle + KNOT_PROBES)
            lines.append(_fit(rows[:, low:high], self._tick_ns, rate))
        self._lines = lines
        self._knot_ticks = np.array(
            [line.x_at(int(knot)) for line, knot in zip(lines, knots, strict=True)]
        )

    def translate(self, ticks: Int64s) -> tuple[Int64s, npt.NDArray[np.float64]]:
        """Session times, shape (n,), and standard uncertainties in µs, shape (n,)."""
        ticks = np.asarray(ticks, dtype=np.int64)
        if ticks.size == 0:
            return ticks.copy(), np.zeros(0)
        position = np.interp(ticks, self._knot_ticks, np.arange(len(self._lines)))
        lower = np.floor(position).astype(np.int64)
        upper = np.minimum(lower + 1, len(self._lines) - 1)
        share = position - lower
        times_ns = np.empty(ticks.shape, dtype=np.int64)
        uncertainty_us = np.empty(ticks.shape)
        for knot in np.unique(lower):
            chosen = lower == knot
            before, after = self._lines[knot], self._lines[int(upper[chosen][0])]
            early_ns = before.ns_at_many(ticks[chosen])
            late_ns = after.ns_at_many(ticks[chosen])
            step_ns = share[chosen] * (late_ns - early_ns)
            times_ns[chosen] = early_ns + np.rint(step_ns).astype(np.int64)
            uncertainty_us[chosen] = _uncertainty_us(before, ticks[chosen], self._tick_ns)
        return times_ns, uncertainty_us


def _rows_of(probes: Sequence[ClockProbe]) -> Int64s:
    columns = [
        (p.sent_ns, p.board_received_ticks, p.board_sent_ticks, p.received_ns) for p in probes
    ]
    rows: Int64s = np.array(columns, dtype=np.int64).T
    return rows


def _fit(rows: Int64s, tick_ns: float, rate: tuple[float, float]) -> ClockLine:
    """The line through probes, shape (4, n): sent ns, board in, board out ticks, received ns.

    `rate`: ns a tick, and by what share of it the slope may differ.
    """
    sent_ns, board_in_ticks, board_out_ticks, received_ns = rows
    round_trip_ns = (received_ns - sent_ns) - (board_out_ticks - board_in_ticks) * tick_ns
    excess_ns = round_trip_ns - round_trip_ns.min()
    rank = int(_FLOOR_QUANTILE * excess_ns.size)
    # Below a tick the stamps say nothing about the round trip.
    floor_ns = max(float(np.partition(excess_ns, rank)[rank]), tick_ns)
    weights = 1.0 / (excess_ns * excess_ns + floor_ns * floor_ns)
    weights /= weights.max()
    # Twice the middle keeps the half tick and the half nanosecond whole.
    line = robust_line(board_in_ticks + board_out_ticks, sent_ns + received_ns, weights)
    # Over a second or two jitter hides the rate: no board is further off than a resonator.
    slope_ns = float(np.clip(line.slope_ns, rate[0] * (1 - rate[1]), rate[0] * (1 + rate[1])))
    return ClockLine(
        x0=line.x0 // 2,
        y0_ns=(line.y0_ns - slope_ns * (line.x0 % 2)) / 2,
        slope_ns=slope_ns,
        residual_sd_ns=line.residual_sd_ns / 2,
        standard_error_ns=line.standard_error_ns / 2,
        x_span=line.x_span // 2,
        count=line.count,
    )


def _uncertainty_us(
    line: ClockLine, ticks: npt.ArrayLike, tick_ns: float
) -> npt.NDArray[np.float64]:
    quantisation_ns = tick_ns / 12**0.5
    uncertainty: npt.NDArray[np.float64] = np.hypot(line.uncertainty_ns(ticks), quantisation_ns)
    return uncertainty / NS_PER_US
