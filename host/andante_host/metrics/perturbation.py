"""How responses recover from a beat that shifts or changes its tempo.

Where four cue intervals were alike, one differs and the next four are alike again, the beat was
perturbed: a *phase shift* where the old interval returns, a *tempo step* where the new one stays.
Recovery is measured as in Repp (Psychon Bull Rev 12:969-992, 2005): the asynchrony at the k-th
cue from the perturbed one, less the mean of the four before, as a share of the shift. The share is
1 at k = 0, which nobody could foresee, and 0 once the responses are back; at k = 1 one less the
share is how much is corrected at once. Pure; numpy only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS

STEADY_INTERVALS = 4
CURVE_CUES = 8
SMALLEST_SHIFT_SHARE = 0.02
STEADY_SHARE = 0.01
STEADY_MS = 2.0  # what outputs and whole milliseconds of other people's files may jitter
RECOVERED_SHARE = 0.2

PHASE_SHIFT, TEMPO_STEP = "phase_shift", "tempo_step"

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Perturbation:
    """Cue `cue` came `shift_ms` later than the cues before let expect; negative is earlier."""

    kind: str
    cue: int
    shift_ms: float


def perturbations_of(cue_ns: Int64s) -> list[Perturbation]:
    """Perturbations of cues at `cue_ns`, shape (n,), rising; empty where the beat is steady.

    An interval differs by 2 % or more; intervals are alike within 1 % or 2 ms, whichever is more.
    Where cues are never alike (an adaptive or fractal beat) nothing stands out, so none is found.
    """
    intervals_ms = np.diff(cue_ns) / NS_PER_MS
    if intervals_ms.size < 2 * STEADY_INTERVALS + 1:
        return []
    windows_ms = np.lib.stride_tricks.sliding_window_view(intervals_ms, STEADY_INTERVALS)
    mean_ms = windows_ms.mean(axis=1)
    spread_ms = windows_ms.max(axis=1) - windows_ms.min(axis=1)
    before, after = slice(0, -STEADY_INTERVALS - 1), slice(STEADY_INTERVALS + 1, None)
    between_ms = intervals_ms[STEADY_INTERVALS:-STEADY_INTERVALS]
    shift_ms = between_ms - mean_ms[before]
    alike_ms = np.maximum(STEADY_SHARE * mean_ms[before], STEADY_MS)
    stands_out = np.abs(shift_ms) >= np.maximum(
        SMALLEST_SHIFT_SHARE * mean_ms[before], 2.0 * alike_ms
    )
    stands_out &= (spread_ms[before] <= alike_ms) & (spread_ms[after] <= alike_ms)
    returns = stands_out & (np.abs(mean_ms[after] - mean_ms[before]) <= alike_ms)
    stays = stands_out & (np.abs(mean_ms[after] - between_ms) <= alike_ms)
    return [
        Perturbation(
            PHASE_SHIFT if returns[at] else TEMPO_STEP, at + STEADY_INTERVALS + 1, shift_ms[at]
        )
        for at in np.flatnonzero(returns | stays).tolist()
    ]


def recoveries(cue_ns: Int64s, asynchrony_ms: Floats) -> list[dict[str, Any]]:
    """One entry for each kind of perturbation that was met; empty where there was none.

    `cue_ns`: shape (n,), rising; `asynchrony_ms`: of each cue, shape (n,), NaN where it was missed
    or is not scored. `curve`: mean share that is left at cue 0, 1, … 7, None where every response
    is missing; `corrected_at_once_percent` is 100·(1 − share at cue 1); `recovered_after_cues` the
    first cue from which all shares are within ±0.2, both None, with a reason, where not known.
    """
    entries = []
    found = perturbations_of(cue_ns)
    for kind in (PHASE_SHIFT, TEMPO_STEP):
        own = [p for p in found if p.kind == kind]
        shares = np.array([_shares(p, asynchrony_ms) for p in own]).reshape(-1, CURVE_CUES)
        known = np.isfinite(shares)
        if not known.any():
            continue
        curve: list[float | None] = [
            float(shares[known[:, k], k].mean()) if known[:, k].any() else None
            for k in range(CURVE_CUES)
        ]
        reasons: dict[str, str] = {}
        at_once = None if curve[1] is None else 100.0 * (1.0 - curve[1])
        if at_once is None:
            reasons["corrected_at_once_percent"] = "No response met the cue after the perturbed."
        recovered = _recovered(curve)
        if recovered is None:
            reasons["recovered_after_cues"] = f"Not within {CURVE_CUES} cues."
        entries.append(
            {
                "kind": kind,
                "count": int(known.any(axis=1).sum()),
                "mean_abs_shift_ms": float(np.mean([abs(p.shift_ms) for p in own])),
                "curve": curve,
                "corrected_at_once_percent": at_once,
                "recovered_after_cues": recovered,
                "reasons": reasons,
            }
        )
    return entries


def _shares(perturbation: Perturbation, asynchrony_ms: Floats) -> Floats:
    cue = perturbation.cue
    before = asynchrony_ms[max(cue - STEADY_INTERVALS, 0) : cue]
    before = before[np.isfinite(before)]
    shares = np.full(CURVE_CUES, np.nan)
    if before.size >= 2:
        after = asynchrony_ms[cue : cue + CURVE_CUES]
        shares[: after.size] = -(after - before.mean()) / perturbation.shift_ms
    return shares


def _recovered(curve: list[float | None]) -> int | None:
    back = None
    for k, share in enumerate(curve):
        if share is None or abs(share) > RECOVERED_SHARE:
            back = None
        elif back is None:
            back = k
    return back
