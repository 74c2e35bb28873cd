"""How well people play together: the `group` block.

Each person has a pad. A person's phase grows evenly by 2·pi from one tap to the next; between two
taps farther apart than twice the person's median interval there is none. At every instant at which
all have a phase, the order is R(t) = |mean over people of exp(i·phase)|: 1 all together, 0 evenly
spread (Kuramoto's order parameter: Acebron et al., Rev Mod Phys 77:137, 2005; of groups of people:
Richardson et al., Front Physiol 3:405, 2012). A person's relative phase is the mean direction of
their phase less that of the others' mean vector: positive is ahead.

Pure; numpy only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS, NS_PER_S
from andante_host.metrics.continuation import without_bounces
from andante_host.metrics.middle import median

MIN_TAPS = 8
SAMPLE_HZ = 50.0
MIN_TOGETHER_S = 2.0
_GAP_SHARE = 2.0
_NOBODY = 1e-12  # the others' mean vector is nothing but rounding

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


def group_measures(taps_ns: Mapping[str, Int64s]) -> dict[str, Any] | None:
    """The `group` block of two or more people; None where fewer than two tapped 8 times.

    `taps_ns`: for each person's channel the tap times, shape (n,), in order. `order_mean`,
    `order_sd` (n - 1, over time at 50 Hz) are None, with their reason, where the people did not
    play at the same time for 2 s together. `persons` holds for each channel `tap_count`,
    `interval_mean_ms`, `relative_phase_deg` and `relative_phase_vector_length` (0 anywhere, 1
    always the same).
    """
    people = {name: without_bounces(times_ns) for name, times_ns in taps_ns.items()}
    people = {name: times_ns for name, times_ns in people.items() if times_ns.size >= MIN_TAPS}
    if len(people) < 2:
        return None
    origin_ns = min(int(times_ns[0]) for times_ns in people.values())
    times_s = [(times_ns - origin_ns) / NS_PER_S for times_ns in people.values()]
    phases = _phases(times_s)
    together = np.isfinite(phases).all(axis=0)
    vectors = np.exp(1j * phases[:, together])
    reasons: dict[str, str] = {}
    order_mean = order_sd = None
    if vectors.shape[1] < MIN_TOGETHER_S * SAMPLE_HZ:
        reasons |= dict.fromkeys(
            ("order_mean", "order_sd"),
            f"The people did not play at the same time for {MIN_TOGETHER_S:g} s together.",
        )
    else:
        order = np.abs(vectors.mean(axis=0))
        order_mean, order_sd = float(order.mean()), float(order.std(ddof=1))
    return {
        "person_count": len(people),
        "order_mean": order_mean,
        "order_sd": order_sd,
        "together_s": vectors.shape[1] / SAMPLE_HZ,
        "persons": {
            name: _person(times_ns, vectors, number, order_mean is not None)
            for number, (name, times_ns) in enumerate(people.items())
        },
        "reasons": reasons,
    }


def _phases(times_s: list[Floats]) -> Floats:
    """Everybody's phase in radians, shape (people, instants); NaN where a person has none."""
    last_s = max(float(own_s[-1]) for own_s in times_s)
    instants_s = np.arange(int(last_s * SAMPLE_HZ) + 1) / SAMPLE_HZ
    phases = np.empty((len(times_s), instants_s.size))
    for row, own_s in zip(phases, times_s, strict=True):
        row[:] = (
            2.0
            * np.pi
            * np.interp(instants_s, own_s, np.arange(own_s.size), left=np.nan, right=np.nan)
        )
        gap_s = np.diff(own_s)
        at = np.clip(np.searchsorted(own_s, instants_s, side="right") - 1, 0, gap_s.size - 1)
        row[gap_s[at] > _GAP_SHARE * median(gap_s)] = np.nan
    return phases


def _person(
    times_ns: Int64s, vectors: npt.NDArray[np.complex128], number: int, played: bool
) -> dict[str, Any]:
    person: dict[str, Any] = {
        "tap_count": int(times_ns.size),
        "interval_mean_ms": float(np.diff(times_ns).mean()) / NS_PER_MS,
        "relative_phase_deg": None,
        "relative_phase_vector_length": None,
    }
    if not played:
        return person
    others = np.delete(vectors, number, axis=0).mean(axis=0)
    size = np.abs(others)
    led = size > _NOBODY
    if led.any():
        mean_vector = complex((vectors[number, led] * np.conj(others[led]) / size[led]).mean())
        person["relative_phase_deg"] = float(np.rad2deg(np.angle(mean_vector)))
        person["relative_phase_vector_length"] = min(abs(mean_vector), 1.0)
    return person
