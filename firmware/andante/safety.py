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
MAX_TEMPO_CHANGE_PERCENT = 5.0
"""From one beat to the next: RAS practice changes tempo by 5-10 % in all (Fysioterapeuten 2005),
and a walker is never to meet a jump."""

PROGRESS_STAGE_S = Range(20, 600, "s", "long enough to judge synchrony on a dozen strides")
PROGRESS_STEP_PERCENT = Range(0.5, MAX_TEMPO_CHANGE_PERCENT, "percent", "at most 5 % a change")
RAMP_PERCENT_PER_CUE = Range(0.01, 0.5, "percent a cue", "slower than anybody notices at once")
ADAPTIVE_ALPHA = Range(0, 1, "share of the asynchrony", "GEM adaptive metronome: 0 to 1")
VARIATION_SD_PERCENT = Range(0.5, 4, "percent", "SD of healthy strides is near 2 % (Hove 2012)")
PROGRESS_VECTOR_LENGTH = 0.8
PROGRESS_MISSED_PERCENT = 10.0
"""Synchrony holds where the vector length is no less and the missed cues are no more."""
MATCHED_SLEW_PERCENT = 0.5
"""How far a tempo that follows the patient may move from one beat to the next; our own choice: a
tenth of the largest change allowed, so that following is never felt as a jump."""

BREATHING_RATE_BRPM = Range(
    4.5, 20, "breaths/min", "resonance breathing goes down to 4.5; resting adults stay below 20"
)
BREATH_BASELINE_S = Range(0, 120, "s", "two minutes show a rate (clinical reference, section 1)")
MIN_MEASURING_BREATH_BASELINE_S = 30.0
"""Shortest baseline from which a breathing rate may be taken: four breaths at 8/min."""
BREATH_REST_S = Range(0, 120, "s", "rests between steps of a resonance assessment")
EXHALE_TARGET_S = Range(2, 10, "s", "with an inhale of a few seconds still above 4.5 breaths/min")
GUIDED_SLOWING_BRPM_PER_MIN = 0.5
GUIDED_MARGIN_BRPM = 0.5
GUIDED_RETURN_BRPM = 0.5
"""A pacer that guides down slows by no more a minute than the first, and goes no farther below the
patient than the second; where the patient turns out to be faster, it comes back by at most the
third from breath to breath (the latter two are our own choice)."""
EXHALE_STEP_S = 0.25
"""How much longer an exhale may get from one breath to the next; our own choice."""

STALE_AFTER_S = 2.0
UNCHANGING_AFTER_S = 5.0
"""No adaptation on data older than the first, from the future, or unchanging for the second."""

STEP_TIME_S = Range(0.14, 2.12, "s", "plausible step times of mobgap (Mobilise-D)")

MAX_FLASHES_PER_S = 3
"""WCAG 2.3.1, three flashes or below threshold."""

VOLUME_PERCENT = Range(0, 100, "percent", "software volume; sound pressure is not calibrated")
DEFAULT_VOLUME_PERCENT = 30.0
WEEKLY_SOUND_DBA = {"adult": 80, "child": 75}
"""At the ear, for 40 hours a week (ITU-T H.870, read in secondary sources). Nothing here enforces
it: the trainer does not know how loud it is; whoever measures it compares with these."""

BASELINE_S = Range(0, 600, "s", "a baseline longer than ten minutes tires before the exercise")
MIN_MEASURING_BASELINE_S = 10.0
"""Shortest baseline from which a tempo may be taken."""
MIN_BASELINE_STEPS = 12
"""Fewest step times from which a cadence is taken: the median of the last 12 is the device's own
measure of cadence wherever it follows the patient."""

CUED_MINUTES = Range(0.1, 60, "min", "a new start is due after 60 minutes")
FADE_S = Range(0, 300, "s", "part of the session's 60 minutes")
LISTEN_MINUTES = Range(1, 60, "min", "a new start is due after 60 minutes")
RECORDING_SPEED = Range(
    0.75, 1.33, "times its own tempo", "our own choice: music still sounds natural within it"
)
RECORDING_LOUDNESS_LUFS = -23.0
"""EBU R 128: programme loudness."""
RECORDING_TRUE_PEAK_DBTP = -1.0
"""EBU R 128: permitted maximum true peak."""
RECORDING_MINUTES = Range(0.1, 60, "min", "no session is longer than 60 minutes")
RECORDING_RATE_HZ = Range(8_000, 192_000, "Hz", "our own choice: from a telephone's to a studio's")
RECORDING_CHANNELS = Range(1, 8, "channels", "our own choice: from mono to 7.1")
QUIET_TAPPING_S = Range(5, 300, "s", "a screen's parts last 30-60 s (Dalla Bella 2017)")
CARRY_OVER_S = Range(0, 900, "s", "effects of cueing were followed for 15 min (Hausdorff 2007)")
UNPAUSED_SESSION_S = 30 * 60.0
"""A rest is put in after 30 minutes (music therapy sessions last 30-60 min; our own choice)."""
REST_S = 120.0
"""Long enough to sit down and breathe quietly; our own choice."""
MAX_SESSION_S = 60 * 60.0
"""A plan that is longer is refused: a new start is a decision of its own."""


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
    previous_spm: float | None = None,
) -> Clamped:
    """The walking tempo nearest to `tempo_spm` that is allowed for this patient.

    With a measured `baseline_spm` the tempo stays within `percent_of_baseline` of it, with a
    `previous_spm` within MAX_TEMPO_CHANGE_PERCENT of that; always within the walking range.
    """
    value, reasons = tempo_spm, []
    if previous_spm is not None:
        most = previous_spm * MAX_TEMPO_CHANGE_PERCENT / 100
        value, reason = _clamp(value, previous_spm - most, previous_spm + most)
        if reason:
            reasons.append(f"{reason} to change by {MAX_TEMPO_CHANGE_PERCENT:.0f} % at most")
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


def clamp_tapping_tempo(tempo_bpm: float, previous_bpm: float) -> Clamped:
    """The tapping tempo nearest to `tempo_bpm` that is in range and no jump from the one before."""
    most = previous_bpm * MAX_TEMPO_CHANGE_PERCENT / 100
    value, reason = _clamp(tempo_bpm, previous_bpm - most, previous_bpm + most)
    reasons = [f"{reason} to change by {MAX_TEMPO_CHANGE_PERCENT:.0f} % at most"] if reason else []
    value, reason = _clamp(value, TAPPING_TEMPO_BPM.low, TAPPING_TEMPO_BPM.high)
    if reason:
        reasons.append(
            f"{reason} to stay within {TAPPING_TEMPO_BPM.low:.0f}-"
            f"{TAPPING_TEMPO_BPM.high:.0f} beats/min"
        )
    return Clamped(value, "; ".join(reasons) or None)


def clamp_breathing_rate(rate_brpm: float) -> Clamped:
    """The breathing rate nearest to `rate_brpm` that is allowed."""
    limit = BREATHING_RATE_BRPM
    value, reason = _clamp(rate_brpm, limit.low, limit.high)
    if reason:
        reason = f"{reason} to stay within {limit.low:g}-{limit.high:g} breaths/min"
    return Clamped(value, reason)


def stale_reason(now_ns: int, newest_ns: int | None, changed_ns: int | None) -> str | None:
    """Why nothing may be adapted to what the sensors say, in words; None where it may.

    `newest_ns`: the newest thing felt, None where nothing was; `changed_ns`: when the sensor's
    signal last changed, None where it has none.
    """
    if newest_ns is None:
        return "nothing has been felt yet"
    age_s = (now_ns - newest_ns) / 1e9
    if age_s < 0:
        return "the sensors' times lie in the future"
    if age_s > STALE_AFTER_S:
        return f"nothing has been felt for {STALE_AFTER_S:.0f} s"
    if changed_ns is not None and (now_ns - changed_ns) / 1e9 > UNCHANGING_AFTER_S:
        return f"the sensors' signal has not changed for {UNCHANGING_AFTER_S:.0f} s"
    return None


def _clamp(value: float, low: float, high: float) -> tuple[float, str | None]:
    if value < low:
        return low, f"raised from {value:.1f} to {low:.1f}"
    if value > high:
        return high, f"lowered from {value:.1f} to {high:.1f}"
    return value, None
