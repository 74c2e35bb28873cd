"""The timing certificate: how well this session's own times can be trusted. Pure.

Every figure is computed from the session file's raw tables, so that it can be computed again.
"""

from typing import Any

import numpy as np

from andante.config import OutputLatency
from andante.ports import FaultKind
from andante.session.file import OutputTable, SessionData
from andante.session.latency import latencies_in
from andante.timebase import NS_PER_US

_COUNTED_FAULTS = {
    "sound_underruns": FaultKind.SOUND_UNDERRUN,
    "cues_late": FaultKind.CUE_LATE,
    "frames_bad": FaultKind.BAD_FRAMES,
    "events_recovered": FaultKind.EVENTS_RECOVERED,
    "events_lost": FaultKind.EVENTS_LOST,
    "sample_blocks_lost": FaultKind.SAMPLES_LOST,
    "link_losses": FaultKind.LINK_LOST,
    "board_restarts": FaultKind.BOARD_RESTARTED,
}


def certificate_of(data: SessionData) -> dict[str, Any]:
    """The certificate of a session, finished or cut off.

    `outputs`: for each output the cues given, missed (never given) and doubtful (given, but with
    a fault that puts their time in doubt), and of the rest the absolute cue error |actual -
    planned| in µs as p50, p99 and max, its mean with sign, and the stated uncertainty; then
    the latency measured before by `andante calibrate`, null where there is none. `sync`: standard
    uncertainty of the responses' times in µs, and the bound on the constant that a
    difference between the link's two directions may add. `counts`: faults by kind.
    `latency_calibrated`: every output that gave a cue has a measured latency.
    """
    latencies = latencies_in(data.header.hardware)
    given = {name for name, table in data.outputs.items() if table.given.any()}
    return {
        "outputs": {
            name: _output_figures(name, table, data, latencies.get(name))
            for name, table in data.outputs.items()
        },
        "sync": _sync_figures(data),
        "counts": {
            name: sum(fault.count for fault in data.faults if fault.kind is kind)
            for name, kind in _COUNTED_FAULTS.items()
        },
        "latency_calibrated": bool(given) and given <= latencies.keys(),
        "simulated_parts": list(data.header.simulated_parts),
    }


def _output_figures(
    name: str, table: OutputTable, data: SessionData, latency: OutputLatency | None
) -> dict[str, Any]:
    # Both are in order of cue_index.
    planned_ns = data.cues.planned_ns[np.searchsorted(data.cues.index, table.cue_index)]
    doubtful = table.given & (table.fault != "")
    sure = table.given & ~doubtful
    error_us = (table.actual_ns[sure] - planned_ns[sure]) / NS_PER_US
    return {
        "simulated": name in data.header.simulated_parts,
        "cues_given": int(table.given.sum()),
        "cues_missed": int((~table.given).sum()),
        "cues_doubtful": int(doubtful.sum()),
        "cue_error_p50_us": _percentile(np.abs(error_us), 50),
        "cue_error_p99_us": _percentile(np.abs(error_us), 99),
        "cue_error_max_us": _percentile(np.abs(error_us), 100),
        "cue_error_mean_us": float(error_us.mean()) if error_us.size else None,
        "uncertainty_p50_us": _percentile(table.uncertainty_us[sure], 50),
        "latency_ms": None if latency is None else latency.latency_ms,
        "latency_sd_ms": None if latency is None else latency.latency_sd_ms,
    }


def _sync_figures(data: SessionData) -> dict[str, Any]:
    uncertainty_us = data.responses.uncertainty_us
    round_trips_ns = np.array(
        [
            (p.received_ns - p.sent_ns)
            - (p.board_sent_ticks - p.board_received_ticks) * 1e9 / data.header.tick_hz
            for p in data.probes
        ]
    )
    shortest_us = float(round_trips_ns.min()) / NS_PER_US if round_trips_ns.size else None
    return {
        "probe_count": len(data.probes),
        "uncertainty_p50_us": _percentile(uncertainty_us, 50),
        "uncertainty_p99_us": _percentile(uncertainty_us, 99),
        "uncertainty_max_us": _percentile(uncertainty_us, 100),
        "shortest_round_trip_us": shortest_us,
        "asymmetry_bound_us": None if shortest_us is None else shortest_us / 2,
    }


def _percentile(values: np.ndarray[tuple[int], np.dtype[np.float64]], q: float) -> float | None:
    return float(np.percentile(values, q)) if values.size else None
