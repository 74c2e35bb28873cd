"""The sensor board's ticks on session time, from probes sent across a jittery link.

A probe is sent at `sent_ns`, stamped by the board on arrival and on answering, and its answer
arrives at `received_ns`. Queueing only ever adds delay, so of the probes in each second the one
with the shortest round trip is kept, and a robust line is laid through 60 s of those
(Mills, RFC 5905, clock filter, for the choice of the shortest round trip). Half of any lasting
difference between the two directions stays as a bias that no probe can see.

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
BIN_NS = NS_PER_S
KNOT_NS = 10 * NS_PER_S
MIN_PROBES = 5
MIN_BINS = 8
MIN_SPAN_NS = NS_PER_S // 4
_MAX_RATE_ERROR = 5_000e-6  # ceramic resonators, as on some Nanos, are up to 0.5 % off

Int64s = npt.NDArray[np.int64]


class LiveSync:
    """Translates ticks to session time from the probes seen so far."""

    def __init__(self, tick_hz: int) -> None:
        self._tick_ns = NS_PER_S / tick_hz
        self._recent: list[ClockProbe] = []
        self._line: ClockLine | None = None
        self._fitted_bin = -1

    @property
    def ready(self) -> bool:
        """True once times can be translated."""
        return self._line is not None

    def add(self, probe: ClockProbe) -> None:
        """Take one answered probe; refit when a new second has begun."""
        self._recent.append(probe)
        current_bin = probe.received_ns // BIN_NS
        if self._line is not None and current_bin == self._fitted_bin:
            return
        horizon_ns = probe.received_ns - WINDOW_NS
        self._recent = [p for p in self._recent if p.received_ns >= horizon_ns]
        span_ns = probe.received_ns - self._recent[0].received_ns
        if len(self._recent) < MIN_PROBES or span_ns < MIN_SPAN_NS:
            return
        # The second just begun may hold one bad probe alone, where it has the most leverage.
        whole = [p for p in self._recent if p.sent_ns // BIN_NS < probe.sent_ns // BIN_NS]
        enough = len({p.sent_ns // BIN_NS for p in whole}) >= MIN_BINS
        self._line = fit_probes(whole if enough else self._recent, self._tick_ns)
        self._fitted_bin = current_bin

    def translate(self, ticks: int) -> tuple[int, float]:
        """Session time of `ticks` and its standard uncertainty in µs. Needs `ready`."""
        if self._line is None:
            raise ValueError("the board's clock has not been fitted yet")
        return self._line.ns_at(ticks), _uncertainty_us(self._line, ticks, self._tick_ns)


class CentredSync:
    """Translates ticks of one epoch to session time with all of its probes in view.

    Lines are fitted around knots 10 s apart, each through the 60 s centred on it; between two
    knots the result moves linearly from the one line to the other, so it never jumps.
    """

    def __init__(self, probes: Sequence[ClockProbe], tick_hz: int) -> None:
        """Raises ValueError where the probes are too few to fit a line."""
        if len(probes) < 2:
            raise ValueError("clock sync needs at least two probes")
        self._tick_ns = NS_PER_S / tick_hz
        sent_ns = np.array([p.sent_ns for p in probes], dtype=np.int64)
        first_ns, last_ns = int(sent_ns[0]), int(sent_ns[-1])
        knots = np.arange(first_ns, last_ns + KNOT_NS, KNOT_NS)
        lines: list[ClockLine] = []
        for knot_ns in knots:
            # At the ends the window stays 60 s long and slides inward.
            start_ns = max(first_ns, min(int(knot_ns) - WINDOW_NS // 2, last_ns - WINDOW_NS))
            inside = np.flatnonzero((sent_ns >= start_ns) & (sent_ns <= start_ns + WINDOW_NS))
            if inside.size >= 2:
                lines.append(fit_probes([probes[int(i)] for i in inside], self._tick_ns))
            else:
                lines.append(lines[-1] if lines else fit_probes(probes, self._tick_ns))
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
            uncertainty_us[chosen] = [
                _uncertainty_us(before, float(tick), self._tick_ns) for tick in ticks[chosen]
            ]
        return times_ns, uncertainty_us


def fit_probes(probes: Sequence[ClockProbe], tick_ns: float) -> ClockLine:
    """The line through the shortest round trips, one for each second of `probes`.

    Where that leaves fewer than eight, the shortest half of all probes is used instead.
    """
    sent = np.array([p.sent_ns for p in probes], dtype=np.int64)
    received = np.array([p.received_ns for p in probes], dtype=np.int64)
    board_in = np.array([p.board_received_ticks for p in probes], dtype=np.int64)
    board_out = np.array([p.board_sent_ticks for p in probes], dtype=np.int64)
    round_trip_ns = (received - sent) - (board_out - board_in) * tick_ns
    bins = sent // BIN_NS
    order = np.lexsort((round_trip_ns, bins))
    firsts = order[np.flatnonzero(np.diff(bins[order], prepend=bins[order[0]] - 1))]
    if firsts.size < MIN_BINS:
        half = max(2, len(probes) // 2)
        firsts = np.sort(np.argsort(round_trip_ns, kind="stable")[:half])
    # Twice the middle keeps the half tick and the half nanosecond whole.
    line = robust_line(board_in[firsts] + board_out[firsts], sent[firsts] + received[firsts])
    # Over a second or two jitter hides the rate: no board is further off than a resonator.
    slope_ns = float(
        np.clip(line.slope_ns, tick_ns * (1 - _MAX_RATE_ERROR), tick_ns * (1 + _MAX_RATE_ERROR))
    )
    return ClockLine(
        x0=line.x0 // 2,
        y0_ns=(line.y0_ns - slope_ns * (line.x0 % 2)) / 2,
        slope_ns=slope_ns,
        residual_sd_ns=line.residual_sd_ns / 2,
        standard_error_ns=line.standard_error_ns / 2,
        x_span=line.x_span // 2,
        count=line.count,
    )


def _uncertainty_us(line: ClockLine, ticks: float, tick_ns: float) -> float:
    quantisation_ns = tick_ns / 12**0.5
    return float(np.hypot(line.uncertainty_ns(ticks), quantisation_ns)) / NS_PER_US
