"""How a person breathed with the pacer, and what a listener's body did meanwhile."""

from andante_host.report.answer import Answer, signed
from andante_host.report.answers_walk import BASELINE
from andante_host.report.figures import number
from andante_host.report.view import Part, View

_QUIET = (BASELINE, "carry-over", "get-ready", "rest", "rest between steps", "pause")
GROWING_PERCENT_PER_MIN = 1.0
"""A depth that grows faster is remarked upon; our own choice: a third more in half an hour."""


def breath_answers(view: View) -> list[Answer]:
    """Rate, following, inhale to exhale, depth."""
    breathing = view.blocks["breathing"]
    if breathing is None:
        return []
    found = [_rate(view)]
    if breathing["in_tolerance_percent"] is not None:
        found.append(_following(breathing))
    if breathing["inhale_exhale_ratio"] is not None:
        found.append(_ratio(breathing))
    if (depth := _depth(view)) is not None:
        found.append(depth)
    return [answer for answer in found if answer is not None]


def _rate(view: View) -> Answer | None:
    paced = [part for part in view.parts("breathing") if part.name not in _QUIET]
    paced = [part for part in paced if part.figures.get("breath_rate_brpm") is not None]
    if not paced:
        return None
    baseline = view.longest("breathing", BASELINE)
    own = baseline.figures.get("breath_rate_brpm") if baseline else None
    rates = [part.figures["breath_rate_brpm"] for part in paced]
    asked = [
        change["tempo_per_minute"]
        for change in view.blocks["session"]["tempo_changes"]
        if change["tempo_per_minute"]
    ]
    sentence = ""
    if asked:
        given = number(asked[0], 1)
        if abs(asked[-1] - asked[0]) >= 0.05:
            given += f" to {number(asked[-1], 1)}"
        sentence = f"The {'pacer asked for' if view.scored else 'sound went at'} {given} a minute."
    shown = [own, *rates] if own is not None else rates
    if own is not None:
        change = signed(rates[-1] - own, 1, "a minute")
        sentence += f" Baseline to {paced[-1].name}, mean over the part: {change}."
    after = view.longest("breathing", "carry-over")
    if after is not None and after.figures.get("breath_rate_brpm") is not None:
        stayed = number(after.figures["breath_rate_brpm"], 1, "a minute")
        sentence += f" Afterwards, without the pacer: {stayed}."
    if len(shown) > 2:
        shown = [shown[0], shown[-1]]
    figure = " → ".join(number(rate, 1) for rate in shown)
    return Answer("How fast was the breath?", f"{figure} a minute", sentence.strip())


def _following(breathing: dict[str, float | None]) -> Answer:
    sentence = (
        "Of the pacer's breaths, this share was met by one that began within an eighth of a "
        "breath of it and lasted as long to within a tenth."
    )
    onset_s = breathing["onset_asynchrony_mean_s"]
    if onset_s is not None:
        side = "before" if onset_s < 0 else "after"
        sentence += f" On average breaths turned {number(abs(onset_s), 2, 's')} {side} the pacer."
    unlocked_s = breathing["longest_unlocked_s"]
    if unlocked_s:
        sentence += f" The longest time out of step was {number(unlocked_s, 0, 's')}."
    share = number(breathing["in_tolerance_percent"], 0, "%")
    return Answer("Was the pacer followed?", share, sentence)


def _ratio(breathing: dict[str, float | None]) -> Answer:
    inhale_s, exhale_s = breathing["inhale_mean_s"], breathing["exhale_mean_s"]
    sentence = "Mean inhale and exhale over the whole session."
    if breathing["ratio_error"] is not None:
        error = breathing["ratio_error"]
        words = "as the pacer's" if abs(error) < 0.05 else f"{signed(error, 2)} against the pacer's"
        sentence += f" Inhale to exhale while paced: {words}."
    return Answer(
        "In and out?", f"{number(inhale_s, 1)} s in, {number(exhale_s, 1)} s out", sentence
    )


def _depth(view: View) -> Answer | None:
    parts = [
        part
        for part in view.parts("breathing")
        if part.name not in _QUIET
        and part.figures.get("amplitude_trend_percent_per_min") is not None
    ]
    longest: Part | None = max(parts, key=lambda part: part.length_s, default=None)
    if longest is None:
        return None
    trend = longest.figures["amplitude_trend_percent_per_min"]
    sentence = f"Change of the depth of breath in the part “{longest.name}”."
    if trend >= GROWING_PERCENT_PER_MIN:
        sentence += " It grew: the instruction is “low and slow”, not “deep”; watch for dizziness."
    elif trend <= -GROWING_PERCENT_PER_MIN:
        sentence += " It became shallower."
    else:
        sentence += " It stayed much the same."
    return Answer("Deeper or shallower?", f"{signed(trend, 1, '%')} a minute", sentence)
