"""What a simulated patient really did, to be compared with what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.ports import Channel
from andante.timebase import NS_PER_MS, NS_PER_S, S_PER_MINUTE, ns_to_seconds


@dataclass(frozen=True)
class TrueResponse:
    """One contact or tap as it was made. `cue_index` and asynchrony where a cue was answered."""

    channel: Channel
    time_ns: int
    cue_index: int | None
    asynchrony_ns: int | None


@dataclass(frozen=True)
class TrueBreath:
    """One breath from its first moment in to the next one's. Holds belong to the part before."""

    inhale_ns: int
    exhale_ns: int
    end_ns: int
    depth_counts: float
    paced: bool


def truth_summary(truth: Sequence[TrueResponse], start_ns: int) -> dict[str, Any]:
    """What the patient really did, in the units of the host's measures; times from `start_ns`.

    Asynchronies are those to cues that were heard; SD with ddof 1, None below two of them. A step
    of the own rhythm half an interval or more from the first cue, whose distance to the next the
    patient could not know yet, counts as none: no measure would call it an answer.
    """
    asynchronies_ms = _answers_ms(truth)
    return {
        "response_count": len(truth),
        "matched_count": int(asynchronies_ms.size),
        "mean_asynchrony_ms": float(asynchronies_ms.mean()) if asynchronies_ms.size else None,
        "sd_asynchrony_ms": float(asynchronies_ms.std(ddof=1))
        if asynchronies_ms.size > 1
        else None,
        "responses": [
            {
                "channel": r.channel.value,
                "time_s": (r.time_ns - start_ns) / NS_PER_S,
                "cue_index": r.cue_index,
            }
            for r in truth
        ],
    }


def _answers_ms(truth: Sequence[TrueResponse]) -> npt.NDArray[np.float64]:
    """Asynchronies of shape (n,) that are smaller than half the median interval of the cues."""
    answers = [
        (r.cue_index, r.time_ns - r.asynchrony_ns, r.asynchrony_ns)
        for r in truth
        if r.cue_index is not None and r.asynchrony_ns is not None
    ]
    index, cue_ns, asynchrony_ns = np.array(answers, dtype=np.int64).reshape(-1, 3).T
    steps = np.diff(index)
    if not (steps > 0).any():
        return asynchrony_ns / NS_PER_MS
    interval_ns = np.median(np.diff(cue_ns)[steps > 0] / steps[steps > 0])
    near_ns = asynchrony_ns[np.abs(asynchrony_ns) < interval_ns / 2]
    answers_ms: npt.NDArray[np.float64] = near_ns / NS_PER_MS
    return answers_ms


def breath_summary(truth: Sequence[TrueBreath], start_ns: int) -> dict[str, Any]:
    """What the breather really did; times from `start_ns`, None where nobody breathed.

    The rate is 60 s over the mean time from breath to breath.
    """
    cycle_s = np.array([ns_to_seconds(b.end_ns - b.inhale_ns) for b in truth])
    inhale_s = np.array([ns_to_seconds(b.exhale_ns - b.inhale_ns) for b in truth])
    known = bool(truth)
    return {
        "breath_count": len(truth),
        "breath_rate_brpm": S_PER_MINUTE / float(cycle_s.mean()) if known else None,
        "inhale_mean_s": float(inhale_s.mean()) if known else None,
        "exhale_mean_s": float((cycle_s - inhale_s).mean()) if known else None,
        "breaths": [
            {
                "inhale_s": (b.inhale_ns - start_ns) / NS_PER_S,
                "exhale_s": (b.exhale_ns - start_ns) / NS_PER_S,
                "end_s": (b.end_ns - start_ns) / NS_PER_S,
                "depth_counts": b.depth_counts,
                "paced": b.paced,
            }
            for b in truth
        ],
    }
