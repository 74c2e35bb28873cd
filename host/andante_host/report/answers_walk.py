"""Did tempo, rhythm and symmetry of a walk change against its baseline?"""

from andante.ports import FOOT_CHANNELS
from andante_host.report.answer import Answer, signed
from andante_host.report.change import (
    MIN_STRIDES,
    Difference,
    cadence_spm,
    difference,
    step_pairs_s,
    stride_cv_percent,
    unevenness_percent,
)
from andante_host.report.figures import number
from andante_host.report.view import Floats, Part, View

CUED, BASELINE, CARRY_OVER = "cued", "baseline", "carry-over"


def walk_changes(view: View) -> list[Answer]:
    """Cued part against baseline, then what stayed; none without a baseline and another part."""
    baseline = view.longest("gait", BASELINE)
    if baseline is None:
        return []
    found = []
    if (cued := view.longest("gait", CUED)) is not None:
        found += [
            _tempo(view, "Did the tempo change?", baseline, cued),
            _rhythm(view, baseline, cued),
            _symmetry(view, baseline, cued),
        ]
    if (after := view.longest("gait", CARRY_OVER)) is not None:
        found.append(_tempo(view, "What stayed without the beat?", baseline, after))
    return [answer for answer in found if answer is not None]


def _steps_s(view: View, part: Part) -> Floats:
    feet_s = []
    for foot in FOOT_CHANNELS:
        times_s = view.since_start_s(view.analysis.data.responses.times_ns(foot))
        feet_s.append(times_s[(times_s >= part.start_s) & (times_s < part.end_s)])
    return step_pairs_s(*feet_s)


def _tempo(view: View, question: str, before: Part, after: Part) -> Answer | None:
    reported = before.figures.get("cadence_spm"), after.figures.get("cadence_spm")
    if reported[0] is None or reported[1] is None:
        return None
    found = difference(
        cadence_spm, _steps_s(view, before), _steps_s(view, after), (reported[0], reported[1])
    )
    words = _verdict(found, "faster", "slower", "tempo")
    percent = signed(100.0 * found.change / found.before, 1, "%")
    return Answer(
        question,
        f"{number(found.before, 1)} → {number(found.after, 1, 'steps/min')}",
        f"From {before.name} to {after.name}: {signed(found.change, 1, 'steps/min')} "
        f"({percent}){_interval(found, 1)}. {words}",
    )


def _rhythm(view: View, before: Part, after: Part) -> Answer | None:
    figures = [_mean_cv(before), _mean_cv(after)]
    if figures[0] is None or figures[1] is None:
        return None
    found = difference(
        stride_cv_percent, _steps_s(view, before), _steps_s(view, after), (figures[0], figures[1])
    )
    words = _verdict(found, "less even", "more even", "rhythm")
    if tempo_moved(view, after):
        words = (
            "The beat changed its tempo in this part, which alone makes strides vary: no verdict."
        )
    return Answer(
        "Did the rhythm become more even?",
        f"{number(found.before, 1)} → {number(found.after, 1, '%')}",
        "Variation of the stride times (CV, mean of left and right), baseline to cued: "
        f"{signed(found.change, 2)} points{_interval(found, 2)}. {words}",
    )


def _symmetry(view: View, before: Part, after: Part) -> Answer | None:
    key = "step_time_asymmetry_percent"
    signed_percent = before.figures.get(key), after.figures.get(key)
    if signed_percent[0] is None or signed_percent[1] is None:
        return None
    reported = abs(signed_percent[0]), abs(signed_percent[1])
    found = difference(unevenness_percent, _steps_s(view, before), _steps_s(view, after), reported)
    words = _verdict(found, "less alike", "more alike", "symmetry", "The two steps became ")
    return Answer(
        "Did left and right become more alike?",
        f"{number(found.before, 1)} → {number(found.after, 1, '%')}",
        "Difference of left and right step times in percent of their mean, baseline to cued "
        f"(0: alike): {signed(found.change, 1)} points{_interval(found, 1)}. {words}",
    )


def _mean_cv(part: Part) -> float | None:
    values = [part.figures.get(f"{foot}_stride_time_cv_percent") for foot in FOOT_CHANNELS]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def tempo_moved(view: View, part: Part) -> bool:
    """True where the beat had more than one tempo in this part."""
    tempi = {
        change["tempo_per_minute"]
        for change in view.blocks["session"]["tempo_changes"]
        if change["tempo_per_minute"] and part.start_s <= change["time_s"] < part.end_s
    }
    return len(tempi) > 1


def _interval(found: Difference, digits: int) -> str:
    if found.low is None or found.high is None:
        return ""
    return f", 95 % interval {signed(found.low, digits)} to {signed(found.high, digits)}"


def _verdict(found: Difference, up: str, down: str, what: str, lead: str = "It became ") -> str:
    if found.low is None:
        return f"A part has fewer than {MIN_STRIDES} strides: too few to say how sure this is."
    if not found.told:
        return f"No change of {what} can be told from chance."
    return f"{lead}{up if found.change > 0 else down}."
