"""Two published ways to lay another machine's clock on one's own, in small.

Both are written anew from their documentation and behaviour, for comparison on the same simulated
link. Each keeps its own rhythm of probing, which is part of the method. Pure; numpy only.
"""

from dataclasses import dataclass

import numpy as np

from andante.timebase import NS_PER_MS, NS_PER_S
from benchmarks.common import Floats, Int64s

LSL_UPDATE_NS = 2 * NS_PER_S
LSL_PROBE_NS = 64 * NS_PER_MS
LSL_PROBES = 8
"""liblsl's defaults: TimeUpdateInterval, TimeProbeInterval, TimeProbeCount."""
KLIPPER_QUERY_NS = 983_900_000
_KLIPPER_SHARE = 1 / 30
_KLIPPER_OUTLIER_NS = NS_PER_MS // 2
_KLIPPER_OUTLIER_SD = 5.0
_KLIPPER_PATIENCE_NS = 10 * NS_PER_S


@dataclass(frozen=True)
class Probes:
    """Answered probes, all shape (n,), in order: sent and received here, stamped there."""

    sent_ns: Int64s
    board_in_ticks: Int64s
    board_out_ticks: Int64s
    received_ns: Int64s


def lsl_way(probes: Probes, ticks: Int64s, asked_ns: Int64s, tick_ns: float) -> Floats:
    """Times of `ticks` as known at `asked_ns`, both shape (m,): ns since the first probe was sent.

    Lab Streaming Layer (liblsl, `time_correction`): every two seconds a burst of eight probes; the
    offset of the one with the shortest round trip holds until the next burst. After Mills'
    clock filter (RFC 5905, section 10).
    """
    zero_ns, zero_ticks = int(probes.sent_ns[0]), int(probes.board_in_ticks[0])
    trip_ns, middle_ns, middle_ticks = _trips(probes, tick_ns)
    bursts = np.arange(probes.sent_ns.size) // LSL_PROBES
    offsets_ns, known_ns = [], []
    for burst in np.unique(bursts):
        members = np.flatnonzero(bursts == burst)
        best = members[np.argmin(trip_ns[members])]
        offsets_ns.append((middle_ns[best] - zero_ns) - (middle_ticks[best] - zero_ticks) * tick_ns)
        known_ns.append(int(probes.received_ns[members].max()))
    newest = np.searchsorted(np.array(known_ns), asked_ns, side="right") - 1
    return np.asarray((ticks - zero_ticks) * tick_ns + np.array(offsets_ns)[newest])


def klipper_way(probes: Probes, ticks: Int64s, asked_ns: Int64s, tick_ns: float) -> Floats:
    """Times of `ticks` as known at `asked_ns`, both shape (m,): ns since the first probe was sent.

    Klipper (klippy, "clock synchronization" in its Code_Overview and MCU_Commands documents): a
    query about once a second; a regression line, forgetting a thirtieth with each answer, of the
    board's clock against the time of sending; half of the shortest round trip is added as the time
    under way. An answer that is late by more than five predicted SD, and by half a millisecond, is
    left out, for at most ten seconds.
    """
    zero_ns, zero_ticks = int(probes.sent_ns[0]), int(probes.board_in_ticks[0])
    sent_ns = (probes.sent_ns - zero_ns).astype(np.float64)
    stamped_ns = (probes.board_in_ticks - zero_ticks) * tick_ns
    half_trip_ns = (probes.received_ns - probes.sent_ns) / 2
    mean_sent = mean_stamped = variance = covariance = 0.0
    slope, predicted_variance = 1.0, float(NS_PER_MS) ** 2
    shortest_ns, accepted_ns = np.inf, 0.0
    lines = np.empty((sent_ns.size, 4))
    for n in range(sent_ns.size):
        shortest_ns = min(shortest_ns, half_trip_ns[n])
        off_ns = stamped_ns[n] - (mean_stamped + (sent_ns[n] - mean_sent) * slope)
        far = abs(off_ns) > max(_KLIPPER_OUTLIER_SD * predicted_variance**0.5, _KLIPPER_OUTLIER_NS)
        if not (far and off_ns > 0 and sent_ns[n] < accepted_ns + _KLIPPER_PATIENCE_NS):
            if far:
                predicted_variance = float(NS_PER_MS) ** 2
            else:
                accepted_ns = sent_ns[n]
                predicted_variance = _forgetting(predicted_variance, off_ns**2)
            from_mean, above_mean = sent_ns[n] - mean_sent, stamped_ns[n] - mean_stamped
            mean_sent += _KLIPPER_SHARE * from_mean
            mean_stamped += _KLIPPER_SHARE * above_mean
            variance = _forgetting(variance, from_mean**2)
            covariance = _forgetting(covariance, from_mean * above_mean)
            slope = covariance / variance if variance > 0 else 1.0
        lines[n] = mean_sent + shortest_ns, mean_stamped, slope, probes.received_ns[n]
    newest = np.searchsorted(lines[:, 3], asked_ns, side="right") - 1
    at_ns, board_ns, rate, _ = lines[newest].T
    return np.asarray(at_ns + ((ticks - zero_ticks) * tick_ns - board_ns) / rate)


def _forgetting(old: float, new: float) -> float:
    """The recursive variance of a mean that forgets (Welford with a constant share)."""
    return (1 - _KLIPPER_SHARE) * (old + _KLIPPER_SHARE * new)


def _trips(probes: Probes, tick_ns: float) -> tuple[Floats, Floats, Floats]:
    """Round trip less the board's turnaround in ns; the middle of a probe here and there."""
    turnaround_ns = (probes.board_out_ticks - probes.board_in_ticks) * tick_ns
    trip_ns = (probes.received_ns - probes.sent_ns) - turnaround_ns
    middle_ns = probes.sent_ns + (probes.received_ns - probes.sent_ns) / 2
    middle_ticks = (probes.board_in_ticks + probes.board_out_ticks) / 2
    return trip_ns, middle_ns, middle_ticks
