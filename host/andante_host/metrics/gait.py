"""How a person walks: the `gait` block of the measures.

From the contacts and offs of both feet, in seconds, to the usual measures. A figure that cannot
be had is None and `reasons` says why; nothing is guessed.

- A step runs from a contact to the next contact of the other foot, a stride from a contact to
  the next contact of the same foot; stance is contact to off, swing off to contact.
- Of the strides are left out, and counted: those outside 0.46-3 s (plausible range: mobgap,
  https://github.com/mobilise-d/mobgap), those in which the other foot came down twice and
  that last over 1.5 times the median (a contact was missed), and those farther than three
  standard deviations of all strides from their median, once. Over 10 s between two contacts of
  a foot is a pause and no stride. Steps outside 0.14-2.12 s are left out as well.
- Standard deviations divide by n - 1. Percentages are means over strides.
- Phase coordination index: Plotnik, Giladi & Hausdorff, Exp Brain Res 181:561-570 (2007).
- Detrended fluctuation analysis: Peng et al., Phys Rev E 49:1685 (1994); of the left foot's
  strides that were kept, boxes of 10-20 strides. Under a steady cue a value below 0.5 is expected
  (Delignieres & Torre, J Appl Physiol 106:1272-1279, 2009) and is no sign of getting worse.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from andante.safety import STEP_TIME_S, WALKING_TEMPO_SPM
from andante_host.metrics.middle import median

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PLAUSIBLE_STRIDE_S = (0.46, 3.0)
PLAUSIBLE_STEP_S = (STEP_TIME_S.low, STEP_TIME_S.high)
PLAUSIBLE_CADENCE_SPM = (WALKING_TEMPO_SPM.low, WALKING_TEMPO_SPM.high)
LONGEST_STRIDE_S = 10.0
EXCLUSION_SD_COUNT = 3.0
MISSED_CONTACT_RATIO = 1.5
DFA_BOX_STRIDES = (10, 20)
DFA_MIN_STRIDES = 100
_ROUNDING_S = 1e-9  # strides that are all alike differ by their rounding alone
_S_PER_MINUTE = 60.0

FORMULAS = {
    "step_time_asymmetry_percent": (
        "100 * (left - right) / ((left + right) / 2), mean step times; a left step ends with the "
        "left contact"
    ),
    "swing_time_ratio": "left / right, mean swing times",
    "phase_coordination_index_percent": (
        "100 * SD(phi) / mean(phi) + 100 * mean(|phi - 180|) / 180, phi = 360 * step / stride, "
        "strides of the foot that swings longer"
    ),
    "dfa_alpha": "slope of log F(n) over log n, left foot, boxes of 10 to 20 strides",
    "excluded_stride_count": (
        "outside 0.46-3 s, or a contact missed, or farther than 3 SD from the median (once)"
    ),
}


class GaitMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """The `gait` block; None where a figure cannot be had, with its reason in `reasons`.

    `step_count` counts the contacts of both feet, `stride_count` the strides of both feet that
    the figures rest on, `excluded_stride_count` those that were left out. `unfiltered` figures
    rest on every time between two contacts of a foot, pauses and missed contacts included.
    """

    step_count: int
    stride_count: int
    cadence_spm: float | None
    step_time_mean_s: float | None
    left_stride_time_mean_s: float | None
    right_stride_time_mean_s: float | None
    left_stride_time_sd_s: float | None
    right_stride_time_sd_s: float | None
    left_stride_time_cv_percent: float | None
    right_stride_time_cv_percent: float | None
    left_swing_percent: float | None
    right_swing_percent: float | None
    left_stance_time_mean_s: float | None
    right_stance_time_mean_s: float | None
    double_support_percent: float | None
    step_time_asymmetry_percent: float | None
    swing_time_ratio: float | None
    phase_coordination_index_percent: float | None
    dfa_alpha: float | None
    dfa_box_range: tuple[int, int]
    excluded_stride_count: int
    left_unfiltered_stride_time_sd_s: float | None
    right_unfiltered_stride_time_sd_s: float | None
    left_unfiltered_stride_time_cv_percent: float | None
    right_unfiltered_stride_time_cv_percent: float | None
    reasons: dict[str, str]
    formulas: dict[str, str]


@dataclass(frozen=True)
class Strides:
    """The strides of one foot that were kept, shape (k,) each; NaN where the off is not known."""

    start_s: Floats
    end_s: Floats
    off_s: Floats
    excluded_count: int
    unfiltered_s: Floats

    @property
    def time_s(self) -> Floats:
        """Contact to contact."""
        return self.end_s - self.start_s

    @property
    def stance_s(self) -> Floats:
        """Contact to off."""
        return self.off_s - self.start_s

    @property
    def swing_s(self) -> Floats:
        """Off to contact."""
        return self.end_s - self.off_s


def near_median(values: Floats) -> Bools:
    """Which of `values`, shape (n,), lie within three standard deviations of their median.

    The one rule by which strides are excluded; applied once. All of them where n < 2.
    """
    if values.size < 2:
        return np.ones(values.shape, dtype=np.bool_)
    limit = EXCLUSION_SD_COUNT * float(np.std(values, ddof=1)) + _ROUNDING_S
    near: Bools = np.abs(values - median(values)) <= limit
    return near


def asymmetry_percent(left: float, right: float) -> float:
    """The difference in percent of the mean of both; positive where the left is larger."""
    return 100.0 * (left - right) / ((left + right) / 2.0)


def dfa_alpha(values: Floats) -> float | None:
    """Detrended fluctuation analysis of `values`, shape (n,), n >= 20.

    Integrates, cuts into boxes of 10 to 20 values (what is left over at the end is not used),
    takes a line out of each box and fits the slope of log F(n) over log n. None where the values
    do not fluctuate at all.
    """
    profile = np.cumsum(values - values.mean())
    sizes = np.arange(DFA_BOX_STRIDES[0], DFA_BOX_STRIDES[1] + 1)
    fluctuations = np.empty(sizes.size)
    for i, size in enumerate(sizes.tolist()):
        boxes = profile[: profile.size // size * size].reshape(-1, size).T
        line = np.column_stack([np.arange(size), np.ones(size)])
        fit, *_ = np.linalg.lstsq(line, boxes, rcond=None)
        fluctuations[i] = np.sqrt(np.mean((boxes - line @ fit) ** 2))
    # Rounding alone leaves about 1e-16 of what was summed up.
    if fluctuations.min() <= 1e-12 * float(np.abs(values).max()):
        return None
    return float(np.polyfit(np.log(sizes), np.log(fluctuations), 1)[0])


def strides_of(contacts_s: Floats, offs_s: Floats, other_contacts_s: Floats) -> Strides:
    """The strides of one foot that the figures rest on; all arguments rise, shape (n,) each."""
    start_s, end_s = contacts_s[:-1], contacts_s[1:]
    time_s = end_s - start_s
    stride = time_s <= LONGEST_STRIDE_S
    landings = np.searchsorted(other_contacts_s, end_s) - np.searchsorted(other_contacts_s, start_s)
    usual_s = median(time_s[stride]) if stride.any() else 0.0
    missed = stride & (landings >= 2) & (time_s > MISSED_CONTACT_RATIO * usual_s)
    kept = stride.copy()
    kept[stride] = near_median(time_s[stride])
    kept &= ~missed & (time_s >= PLAUSIBLE_STRIDE_S[0]) & (time_s <= PLAUSIBLE_STRIDE_S[1])
    return Strides(
        start_s=start_s[kept],
        end_s=end_s[kept],
        off_s=_only_between(offs_s, start_s, end_s)[kept],
        excluded_count=int(stride.sum() - kept.sum()),
        unfiltered_s=time_s,
    )


def gait_measures(
    left_contacts_s: npt.ArrayLike,
    right_contacts_s: npt.ArrayLike,
    left_offs_s: npt.ArrayLike,
    right_offs_s: npt.ArrayLike,
) -> GaitMeasures:
    """All measures of one walk. Times in seconds from any origin, shape (n,) each; may be empty."""
    left_on, right_on, left_off, right_off = (
        np.sort(np.asarray(times_s, dtype=np.float64))
        for times_s in (left_contacts_s, right_contacts_s, left_offs_s, right_offs_s)
    )
    left = strides_of(left_on, left_off, right_on)
    right = strides_of(right_on, right_off, left_on)
    left_step_s, right_step_s = _step_times(left_on, right_on)
    step_time_s = _mean(np.concatenate([left_step_s, right_step_s]), "steps")
    figures: dict[str, _Figure] = {"step_time_mean_s": step_time_s}
    figures["cadence_spm"] = _cadence(step_time_s)
    for name, foot in (("left", left), ("right", right)):
        figures[f"{name}_stride_time_mean_s"] = _mean(foot.time_s, "strides")
        figures[f"{name}_stride_time_sd_s"] = _sd(foot.time_s)
        figures[f"{name}_stride_time_cv_percent"] = _cv_percent(foot.time_s)
        figures[f"{name}_unfiltered_stride_time_sd_s"] = _sd(foot.unfiltered_s)
        figures[f"{name}_unfiltered_stride_time_cv_percent"] = _cv_percent(foot.unfiltered_s)
        figures[f"{name}_swing_percent"] = _mean(100 * foot.swing_s / foot.time_s, "swings")
        figures[f"{name}_stance_time_mean_s"] = _mean(foot.stance_s, "stances")
    both_percent = 100 * _double_support_s(left, right_on, right_off) / left.time_s
    figures["double_support_percent"] = _mean(both_percent, "double supports")
    left_step, right_step = _mean(left_step_s, "left steps"), _mean(right_step_s, "right steps")
    figures["step_time_asymmetry_percent"] = _of_both(asymmetry_percent, left_step, right_step)
    left_swing = _mean(left.swing_s, "left swings")
    right_swing = _mean(right.swing_s, "right swings")
    figures["swing_time_ratio"] = _of_both(float.__truediv__, left_swing, right_swing)
    swing_excess = _of_both(float.__sub__, right_swing, left_swing)
    longer = (left, right_on)
    if isinstance(swing_excess, float) and swing_excess > 0:
        longer = (right, left_on)
    figures["phase_coordination_index_percent"] = _phase_coordination_percent(*longer)
    figures["dfa_alpha"] = _dfa(left.time_s)
    return msgspec.convert(
        {
            "step_count": left_on.size + right_on.size,
            "stride_count": left.time_s.size + right.time_s.size,
            "excluded_stride_count": left.excluded_count + right.excluded_count,
            "dfa_box_range": DFA_BOX_STRIDES,
            **{name: None if isinstance(value, str) else value for name, value in figures.items()},
            "reasons": {name: value for name, value in figures.items() if isinstance(value, str)},
            "formulas": FORMULAS,
        },
        GaitMeasures,
    )


_Figure = float | str  # or the reason why there is none


def _mean(values: Floats, what: str) -> _Figure:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else f"there are no {what} to take it from"


def _sd(values: Floats) -> _Figure:
    if values.size < 2:
        return "it takes at least two strides"
    return float(np.std(values, ddof=1))


def _cv_percent(values: Floats) -> _Figure:
    sd = _sd(values)
    return sd if isinstance(sd, str) else 100.0 * sd / float(values.mean())


def _cadence(step_time_s: _Figure) -> _Figure:
    if isinstance(step_time_s, str):
        return step_time_s
    cadence_spm = _S_PER_MINUTE / step_time_s
    low_spm, high_spm = PLAUSIBLE_CADENCE_SPM
    if not low_spm <= cadence_spm <= high_spm:
        return f"{cadence_spm:.0f} steps/min is outside the plausible {low_spm:g}-{high_spm:g}"
    return cadence_spm


def _of_both(formula: Callable[[float, float], float], left: _Figure, right: _Figure) -> _Figure:
    if isinstance(left, str):
        return left
    return right if isinstance(right, str) else formula(left, right)


def _dfa(strides_s: Floats) -> _Figure:
    if strides_s.size < DFA_MIN_STRIDES:
        return f"it takes at least {DFA_MIN_STRIDES} left strides; there are {strides_s.size}"
    alpha = dfa_alpha(strides_s)
    return "the strides do not fluctuate" if alpha is None else alpha


def _phase_coordination_percent(foot: Strides, other_contacts_s: Floats) -> _Figure:
    step_s = _only_between(other_contacts_s, foot.start_s, foot.end_s) - foot.start_s
    phase_deg = 360.0 * step_s / foot.time_s
    phase_deg = phase_deg[np.isfinite(phase_deg)]
    if phase_deg.size < 2:
        return "it takes at least two strides with one contact of the other foot in each"
    accuracy_percent = 100.0 * float(np.mean(np.abs(phase_deg - 180.0))) / 180.0
    return 100.0 * float(np.std(phase_deg, ddof=1) / phase_deg.mean()) + accuracy_percent


def _step_times(left_on: Floats, right_on: Floats) -> tuple[Floats, Floats]:
    """Plausible step times in seconds: those that end with the left and with the right contact."""
    contacts_s = np.concatenate([left_on, right_on])
    is_left = np.arange(contacts_s.size) < left_on.size
    order = np.argsort(contacts_s, kind="stable")
    contacts_s, is_left = contacts_s[order], is_left[order]
    step_s, ends_left = np.diff(contacts_s), is_left[1:]
    usable = is_left[1:] != is_left[:-1]
    usable &= (step_s >= PLAUSIBLE_STEP_S[0]) & (step_s <= PLAUSIBLE_STEP_S[1])
    return step_s[usable & ends_left], step_s[usable & ~ends_left]


def _double_support_s(foot: Strides, other_contacts_s: Floats, other_offs_s: Floats) -> Floats:
    """Time with both feet down in each stride, shape (k,).

    NaN unless the other foot left once and then came down once within the stride.
    """
    other_off_s = _only_between(other_offs_s, foot.start_s, foot.end_s)
    other_on_s = _only_between(other_contacts_s, foot.start_s, foot.end_s)
    first_s = np.minimum(other_off_s, foot.off_s) - foot.start_s
    second_s = np.maximum(foot.off_s - other_on_s, 0.0)
    return np.where(other_off_s < other_on_s, first_s + second_s, np.nan)


def _only_between(times_s: Floats, start_s: Floats, end_s: Floats) -> Floats:
    """The one of `times_s` in each (start_s, end_s); NaN where there is none or more than one."""
    first = np.searchsorted(times_s, start_s, side="right")
    count = np.searchsorted(times_s, end_s, side="left") - first
    padded_s = np.append(times_s, np.nan)
    return np.where(count == 1, padded_s[first], np.nan)
