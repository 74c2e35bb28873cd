"""Every figure with its name and unit in words: one list for the page and for the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Row:
    """One figure as a person reads it; `remark` says why it is missing or what to know."""

    label: str
    value: str
    unit: str
    remark: str = ""


@dataclass(frozen=True)
class Section:
    """Figures that belong together."""

    title: str
    rows: tuple[Row, ...]


_SYNCHRONY = {
    "cue_count": ("Cues that count", "", 0),
    "response_count": ("Responses while cues were given", "", 0),
    "matched_count": ("Cues met by a response", "", 0),
    "missed_percent": ("Cues missed", "%", 1),
    "extra_percent": ("Responses without a cue", "%", 1),
    "double_trigger_count": ("Double triggers, left out", "", 0),
    "cue_interval_median_ms": ("Interval of the cues, median", "ms", 1),
    "interval_mean_ms": ("Interval of the responses, mean", "ms", 1),
    "interval_cv_percent": ("Interval of the responses, CV", "%", 2),
    "interval_excluded_count": ("Intervals over a missed response, left out", "", 0),
    "mean_asynchrony_ms": ("Asynchrony, mean (negative: early)", "ms", 1),
    "sd_asynchrony_ms": ("Asynchrony, SD", "ms", 1),
    "mean_abs_asynchrony_ms": ("Asynchrony without sign, mean", "ms", 1),
    "within_15ms_percent": ("Within 15 ms of the cue", "%", 1),
    "vector_length": ("Vector length (1: always the same)", "", 3),
    "mean_direction_deg": ("Mean direction (negative: early)", "°", 1),
    "rayleigh_z": ("Rayleigh z", "", 2),
    "rayleigh_p": ("Rayleigh p", "", 4),
    "lag1_autocorrelation": ("Lag-1 autocorrelation", "", 2),
    "phase_correction_alpha": ("Phase correction alpha", "", 2),
    "timekeeper_sd_ms": ("Timekeeper noise, SD", "ms", 1),
    "motor_sd_ms": ("Motor noise, SD", "ms", 1),
    "silent_cue_count": ("Silent cues", "", 0),
    "not_given_cue_count": ("Cues that were not given", "", 0),
    "doubtful_cue_count": ("Cues with a time in doubt, left out", "", 0),
}
_GAIT = {
    "step_count": ("Steps", "", 0),
    "stride_count": ("Strides", "", 0),
    "excluded_stride_count": ("Strides left out as outliers", "", 0),
    "cadence_spm": ("Cadence", "steps/min", 1),
    "step_time_mean_s": ("Step time, mean", "s", 3),
    "left_stride_time_mean_s": ("Left stride time, mean", "s", 3),
    "left_stride_time_sd_s": ("Left stride time, SD", "s", 3),
    "left_stride_time_cv_percent": ("Left stride time, CV", "%", 2),
    "right_stride_time_mean_s": ("Right stride time, mean", "s", 3),
    "right_stride_time_sd_s": ("Right stride time, SD", "s", 3),
    "right_stride_time_cv_percent": ("Right stride time, CV", "%", 2),
    "left_unfiltered_stride_time_cv_percent": ("Left, CV with nothing left out", "%", 2),
    "right_unfiltered_stride_time_cv_percent": ("Right, CV with nothing left out", "%", 2),
    "left_swing_percent": ("Left swing", "% of stride", 1),
    "right_swing_percent": ("Right swing", "% of stride", 1),
    "left_stance_time_mean_s": ("Left stance time, mean", "s", 3),
    "right_stance_time_mean_s": ("Right stance time, mean", "s", 3),
    "double_support_percent": ("Double support", "% of stride", 1),
    "step_time_asymmetry_percent": ("Step time asymmetry", "%", 1),
    "swing_time_ratio": ("Swing time ratio", "", 2),
    "phase_coordination_index_percent": ("Phase coordination index", "%", 1),
    "dfa_alpha": ("DFA alpha of stride times", "", 2),
}


_BREATHING = {
    "breath_count": ("Whole breaths", "", 0),
    "breath_rate_brpm": ("Breathing rate", "breaths/min", 2),
    "breath_rate_sd_brpm": ("Breathing rate, SD", "breaths/min", 2),
    "inhale_mean_s": ("Inhale, mean", "s", 2),
    "exhale_mean_s": ("Exhale, mean", "s", 2),
    "inhale_exhale_ratio": ("Inhale to exhale", "", 2),
    "amplitude_mean_counts": ("Depth, mean (not calibrated)", "counts", 0),
    "amplitude_trend_percent_per_min": ("Depth, trend", "% a minute", 2),
    "in_tolerance_percent": ("Breaths of the pacer that were met", "%", 1),
    "longest_unlocked_s": ("Longest time without meeting it", "s", 0),
    "onset_asynchrony_mean_s": ("Start against the pacer, mean (negative: early)", "s", 2),
    "period_error_mean_s": ("Length of a breath against the pacer's, mean", "s", 2),
    "ratio_error": ("Inhale to exhale against the pacer's", "", 2),
    "phase_locking_value": ("Phase locking value", "", 3),
    "phase_lag_s": ("Phase lag (late is positive)", "s", 2),
}
_OWN_BREATHING = tuple(_BREATHING)[:8]
_TAPPING = {
    "tap_count": ("Taps", "", 0),
    "interval_mean_ms": ("Interval, mean", "ms", 1),
    "interval_cv_percent": ("Interval, CV", "%", 2),
    "drift_percent_per_interval": ("Drift of the intervals", "% an interval", 3),
    "lag1_interval_autocorrelation": ("Lag-1 autocorrelation of intervals", "", 2),
    "clock_sd_ms": ("Clock noise, SD (Wing & Kristofferson)", "ms", 1),
    "motor_sd_ms": ("Motor noise, SD (Wing & Kristofferson)", "ms", 1),
    "interval_excluded_count": ("Intervals left out", "", 0),
}
_GROUP = {
    "person_count": ("People who played", "", 0),
    "together_s": ("Time in which all played", "s", 0),
    "order_mean": ("Together, mean (1: all at once)", "", 3),
    "order_sd": ("Together, SD over time", "", 3),
}
_PERSON = {
    "tap_count": ("taps", "", 0),
    "interval_mean_ms": ("interval, mean", "ms", 1),
    "relative_phase_deg": ("against the others (positive: ahead)", "°", 1),
    "relative_phase_vector_length": ("how steadily (1: always)", "", 3),
}
DFA_REMARK = (
    "under a steady cue a value below 0.5 is expected (Delignières & Torre 2009) and is no sign of "
    "getting worse"
)


def number(value: float | int | None, digits: int, unit: str = "") -> str:
    """A figure with its unit; a dash where there is none, a true minus sign where negative."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    unit = f" {unit}" if unit and unit[0] not in "%°" else unit
    return text.replace("-", "−") + unit


def _p_value(value: float | None, digits: int) -> str:
    least = 10.0**-digits
    below = value is not None and value < least
    return f"< {number(least, digits)}" if below else number(value, digits)


def clock_text(time_s: float) -> str:
    """Seconds from the start as minutes and seconds: `3:07`; negative before it."""
    sign = "−" if round(time_s) < 0 else ""
    minutes, seconds = divmod(abs(round(time_s)), 60)
    return f"{sign}{minutes}:{seconds:02d}"


def sections(blocks: Mapping[str, Any]) -> tuple[Section, ...]:
    """Every figure of the exercise, as far as the session has them."""
    exercise = blocks["session"]["exercise"]
    together = blocks.get("group") is not None
    found = []
    if blocks["synchrony"] is not None and not together:
        found.append(_section("Meeting the beat", blocks["synchrony"], _SYNCHRONY))
    if blocks["gait"] is not None:
        found.append(_section("Steps", blocks["gait"], _GAIT))
    if blocks.get("breathing") is not None:
        wanted = _BREATHING
        if exercise == "listen":  # nobody was asked to follow
            wanted = {key: _BREATHING[key] for key in _OWN_BREATHING}
        found.append(_section("Breathing", blocks["breathing"], wanted))
    found += [
        _section(f"Tapping without a beat: {name}", block, _TAPPING)
        for name, block in (blocks.get("tapping") or {}).items()
        if name != "formulas"
    ]
    if together:
        group = blocks["group"]
        rows = list(_section("", group, _GROUP).rows)
        for name, person in group["persons"].items():
            rows += [
                Row(f"{name.replace('tap', 'Pad ')}: {row.label}", row.value, row.unit)
                for row in _section("", person, _PERSON).rows
            ]
        found.append(Section("Playing together", tuple(rows)))
    return tuple(found)


def _section(title: str, block: Mapping[str, Any], wanted: Mapping[str, Any]) -> Section:
    remarks = {
        **block.get("formulas", {}),
        **block.get("notes", {}),
        **block.get("reasons", {}),
    }
    if "dfa_alpha" in wanted and block.get("dfa_alpha") is not None:
        remarks["dfa_alpha"] = f"{remarks.get('dfa_alpha', '')}; {DFA_REMARK}".lstrip("; ")
    rows = tuple(
        Row(
            label,
            _p_value(block[name], digits) if name == "rayleigh_p" else number(block[name], digits),
            unit,
            remarks.get(name, ""),
        )
        for name, (label, unit, digits) in wanted.items()
        if name in block
    )
    return Section(title, rows)


OUTPUT_COLUMNS = ("output", "given", "missed", "error, median", "99 % below", "largest")
"""Of `output_rows`; the errors are in µs."""


def output_rows(timing: dict[str, Any]) -> list[tuple[str, ...]]:
    """What each output made of its cues; `OUTPUT_COLUMNS` names the cells."""
    return [
        (
            f"{name} (simulated)" if output["simulated"] else name,
            number(output["cues_given"], 0),
            number(output["cues_missed"], 0),
            number(output["cue_error_p50_us"], 0),
            number(output["cue_error_p99_us"], 0),
            number(output["cue_error_max_us"], 0),
        )
        for name, output in timing["outputs"].items()
    ]


def timing_section(timing: dict[str, Any]) -> Section:
    """The rest of the certificate: the sensor board's clock, what was lost, the latency."""
    rows = []
    sync = timing["sync"]
    simulated = "simulated" if "board" in timing["simulated_parts"] else ""
    if sync is None:
        rows.append(Row("Uncertainty of responses", NONE, "µs", timing["reasons"]["sync"]))
    elif sync["uncertainty_p50_us"] is None:
        rows.append(Row("Uncertainty of responses", NONE, "µs", "there were no taps or steps"))
    else:
        for key, label in (
            ("uncertainty_p50_us", "median"),
            ("uncertainty_p99_us", "99 % below"),
            ("uncertainty_max_us", "largest"),
        ):
            name = f"Uncertainty of responses, {label}"
            rows.append(Row(name, number(sync[key], 0), "µs", simulated))
        rows.append(
            Row(
                "Constant that an uneven link may add, at most",
                number(sync["asymmetry_bound_us"], 0),
                "µs",
                simulated,
            )
        )
    counts = timing["counts"]
    rows += [
        Row(key.replace("_", " ").capitalize(), number(count, 0), "")
        for key, count in counts.items()
        if count
    ]
    if none := [key.replace("_", " ") for key, count in counts.items() if not count]:
        rows.append(Row("None of these", "0", "", ", ".join(none)))
    rows.append(Row("Latency calibrated", "yes" if timing["latency_calibrated"] else "no", ""))
    return Section("Timing certificate", tuple(rows))
