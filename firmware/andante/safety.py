"""Every limit, each with its source, and the only place that clamps.

A clamp never happens in silence: it returns the reason in words, which goes into the session
file and onto the screen. `docs/safety.md` tells what each limit guards against.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """What is allowed, [low, high], in `unit`, and where that comes from."""

    low: float
    high: float
    unit: str
    source: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Clamped:
    """A value within limits; `reason` says what was changed and why, or is None."""

    value: float
    reason: str | None = None


WALKING_TEMPO_SPM = Range(40, 173, "steps/min", "plausible cadences of mobgap (Mobilise-D)")
TAPPING_TEMPO_BPM = Range(
    20, 240, "beats/min", "range in which people can tap to a beat (Repp 2005)"
)
PERCENT_OF_BASELINE = Range(
    90, 110, "percent", "RAS practice: 5-10 % from the patient's own cadence (Hausdorff 2007)"
)
FREEZER_PERCENT_OF_BASELINE = Range(
    90, 100, "percent", "stride shortened at +10 % in patients who freeze (Willems 2006)"
)
UNLOCKED_PERCENT_OF_BASELINE = Range(80, 120, "percent", "Ramp protocol (TeensyStep): up to 20 %")

STEP_TIME_S = Range(0.14, 2.12, "s", "plausible step times of mobgap (Mobilise-D)")

MAX_FLASHES_PER_S = 3
"""WCAG 2.3.1, three flashes or below threshold."""

VOLUME_PERCENT = Range(0, 100, "percent", "software volume; sound pressure is not calibrated")
DEFAULT_VOLUME_PERCENT = 30.0

BASELINE_S = Range(0, 600, "s", "a baseline longer than ten minutes tires before the exercise")
MIN_MEASURING_BASELINE_S = 10.0
"""Shortest baseline from which a tempo may be taken."""
MIN_BASELINE_STEPS = 12
"""Fewest step times from which a cadence is taken: the median of the last 12 is the device's own
measure of cadence wherever it follows the patient."""

CUED_MINUTES = Range(0.1, 30, "min", "a pause is due after 30 minutes")
FADE_S = Range(0, 300, "s", "part of the session's 30 minutes")
CARRY_OVER_S = Range(0, 900, "s", "effects of cueing were followed for 15 min (Hausdorff 2007)")
UNPAUSED_SESSION_S = 30 * 60.0
"""A pause is due after 30 minutes; a plan that is longer is refused."""


def percent_of_baseline(unlocked: bool, freezer: bool) -> Range:
    """How far from the baseline cadence the tempo of this patient may be."""
    if unlocked:
        return UNLOCKED_PERCENT_OF_BASELINE
    return FREEZER_PERCENT_OF_BASELINE if freezer else PERCENT_OF_BASELINE


def clamp_cue_tempo(
    tempo_spm: float,
    baseline_spm: float | None = None,
    unlocked: bool = False,
    freezer: bool = False,
) -> Clamped:
    """The walking tempo nearest to `tempo_spm` that is allowed for this patient.

    With a measured `baseline_spm` the tempo stays within `percent_of_baseline` of it; always
    within the walking range.
    """
    value, reasons = tempo_spm, []
    if baseline_spm is not None:
        share = percent_of_baseline(unlocked, freezer)
        low, high = baseline_spm * share.low / 100, baseline_spm * share.high / 100
        value, reason = _clamp(value, low, high)
        if reason:
            lock = "the unlocked" if unlocked else "the"
            reasons.append(
                f"{reason} to stay within {lock} {share.low:.0f}-{share.high:.0f} % of the "
                f"baseline cadence of {baseline_spm:.1f} steps/min"
            )
    value, reason = _clamp(value, WALKING_TEMPO_SPM.low, WALKING_TEMPO_SPM.high)
    if reason:
        reasons.append(
            f"{reason} to stay within {WALKING_TEMPO_SPM.low:.0f}-"
            f"{WALKING_TEMPO_SPM.high:.0f} steps/min"
        )
    return Clamped(value, "; ".join(reasons) or None)


def cues_per_flash(cues_per_minute: float) -> int:
    """Every how many cues the light may flash so that no second holds more than three flashes.

    One flash on every `n`-th cue; 1 up to 180 cues a minute, 2 above, and so on.
    """
    flashes_per_minute = MAX_FLASHES_PER_S * 60
    share = 1
    while cues_per_minute / share > flashes_per_minute:
        share += 1
    return share


def _clamp(value: float, low: float, high: float) -> tuple[float, str | None]:
    if value < low:
        return low, f"raised from {value:.1f} to {low:.1f}"
    if value > high:
        return high, f"lowered from {value:.1f} to {high:.1f}"
    return value, None
