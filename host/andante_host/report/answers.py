"""Which answers belong to a session, and those about meeting a beat."""

from typing import Any

from andante.plan import Exercise
from andante.plan.tap import TapTask
from andante.ports import CueKind, Edge
from andante.timebase import MS_PER_S, S_PER_MINUTE
from andante_host.report.answer import Answer, signed
from andante_host.report.answers_breath import breath_answers
from andante_host.report.answers_walk import CUED, tempo_moved, walk_changes
from andante_host.report.figures import number
from andante_host.report.view import View


def answers(view: View) -> tuple[Answer, ...]:
    """In the order in which they are read."""
    if view.exercise in (Exercise.BREATHE, Exercise.LISTEN):
        found = breath_answers(view)
        own = ("How fast was the breath?",) if view.exercise == Exercise.LISTEN else None
        return tuple(found if own is None else (a for a in found if a.question in own))
    if view.together:
        return _together(view)
    if not view.scored:
        return _played(view)
    found = []
    if view.exercise == Exercise.WALK and view.blocks["gait"] is not None:
        found += walk_changes(view)
        if view.blocks["synchrony"] is None:
            found.append(_cadence(view.blocks["gait"]))
        if not any("rhythm" in answer.question for answer in found):
            found.append(_evenness(view))
    if view.blocks["synchrony"] is not None:
        found += _meeting(view)
    found += [
        _own_tempo(name, block)
        for name, block in (view.blocks["tapping"] or {}).items()
        if name != "formulas"
    ]
    return tuple(found)


def _meeting(view: View) -> list[Answer]:
    synchrony = view.blocks["synchrony"]
    word = "step" if view.exercise == Exercise.WALK else "tap"
    found = [_steadiness(synchrony), _early_or_late(synchrony, word), _missed(synchrony, word)]
    if view.task != TapTask.ECHO:  # a rhythm has no one tempo
        found.insert(0, _tempo(view, synchrony, word))
    return found


def _tempo(view: View, synchrony: dict[str, Any], word: str) -> Answer:
    own_ms, cue_ms = synchrony["interval_mean_ms"], synchrony["cue_interval_median_ms"]
    if own_ms is None or cue_ms is None:
        return Answer("Was the tempo kept?", "–", f"There were too few {word}s to tell.")
    own = S_PER_MINUTE * MS_PER_S / own_ms
    asked = S_PER_MINUTE * MS_PER_S / cue_ms
    percent = signed(100.0 * (own / asked - 1.0), 1, "%")
    sentence = f"The beat asked for {number(asked, 1)}; the difference is {percent}."
    cued = view.longest("gait", CUED)
    if cued is not None and tempo_moved(view, cued):
        sentence = (
            f"The mean; the beat changed its tempo on the way (median {number(asked, 1)}): the "
            "picture of the tempo shows how it was followed."
        )
    return Answer("Was the tempo kept?", f"{number(own, 1)} {word}s/min", sentence)


def _steadiness(synchrony: dict[str, Any]) -> Answer:
    length = synchrony["vector_length"]
    if synchrony["sd_asynchrony_ms"] is None:
        return Answer("How steady?", "–", synchrony["reasons"]["sd_asynchrony_ms"])
    sentence = (
        "The standard deviation around the beat. Vector length "
        f"{number(length, 2)}, where 1 is always the same point of the beat and 0 anywhere."
    )
    return Answer("How steady?", f"± {number(synchrony['sd_asynchrony_ms'], 0, 'ms')}", sentence)


def _early_or_late(synchrony: dict[str, Any], word: str) -> Answer:
    question = "Early or late?"
    mean_ms = synchrony["mean_asynchrony_ms"]
    if mean_ms is None:
        return Answer(question, "–", synchrony["reasons"]["mean_asynchrony_ms"])
    side, where = ("early", "before") if mean_ms < 0 else ("late", "after")
    sentence = f"On average, a {word} came this much {where} the beat."
    if not synchrony["latency_calibrated"]:
        sentence += " An unknown constant is in this figure: the latency was not calibrated."
    return Answer(question, f"{number(abs(mean_ms), 0, 'ms')} {side}", sentence)


def _missed(synchrony: dict[str, Any], word: str) -> Answer:
    cues, matched = synchrony["cue_count"], synchrony["matched_count"]
    question = f"Were {word}s missed?"
    if cues == 0:
        return Answer(question, "–", synchrony["reasons"]["missed_percent"])
    extra = synchrony["response_count"] - matched
    missed_text = number(synchrony["missed_percent"], 1, "%")
    return Answer(
        question,
        f"{cues - matched} of {cues}",
        f"Beats without a {word}: {missed_text}. "
        + (f"Beside them {extra} {word}{'s' * (extra != 1)} too many." if extra else "None extra."),
    )


def _cadence(gait: dict[str, Any]) -> Answer:
    return Answer(
        "How fast?",
        number(gait["cadence_spm"], 1, "steps/min"),
        f"{gait['step_count']} steps, {number(gait['step_time_mean_s'], 3, 's')} each on average.",
    )


def _evenness(view: View) -> Answer:
    """Of the longest part: over a change of tempo the variation would mean little."""
    longest = max(view.parts("gait"), key=lambda part: part.length_s, default=None)
    gait = view.blocks["gait"] if longest is None else longest.figures
    left, right = gait["left_stride_time_cv_percent"], gait["right_stride_time_cv_percent"]
    where = "" if longest is None else f", in the part “{longest.name}”"
    return Answer(
        "How even are the strides?",
        f"{number(left, 1, '%')} left, {number(right, 1, '%')} right",
        f"The variation of stride times (CV){where}. Step time asymmetry "
        f"{number(gait['step_time_asymmetry_percent'], 1, '%')}.",
    )


def _own_tempo(name: str, block: dict[str, Any]) -> Answer:
    mean_ms, percent = block["interval_mean_ms"], block["interval_cv_percent"]
    question = {
        "continuation": "And when the beat stopped?",
        "unpaced": "What is the patient's own tempo?",
    }.get(name, "What stayed without the beat?")
    if mean_ms is None:
        return Answer(question, "–", block["reasons"]["interval_mean_ms"])
    return Answer(
        question,
        f"{number(S_PER_MINUTE * MS_PER_S / mean_ms, 1)} taps/min",
        f"{block['tap_count']} taps without a beat; their intervals vary by "
        f"{number(percent, 1, '%')} (CV).",
    )


def _together(view: View) -> tuple[Answer, ...]:
    group = view.blocks["group"]
    found = []
    for name, question in (("cued", "Together with the beat?"), ("mute", "And without it?")):
        means = [
            part.figures["order_mean"]
            for part in view.parts("group")
            if part.name == name and part.figures.get("order_mean") is not None
        ]
        if means:
            over = f", mean of {len(means)} rounds" if len(means) > 1 else ""
            found.append(
                Answer(
                    question,
                    number(sum(means) / len(means), 2),
                    f"1 is all at the same moment of the beat, 0 evenly spread over it{over}.",
                )
            )
    if not found:
        reason = group["reasons"].get("order_mean", "1 is all at once, 0 evenly spread.")
        found.append(Answer("How close together?", number(group["order_mean"], 2), reason))
    people = f"{group['person_count']} people"
    sentence = f"They played at the same time for {number(group['together_s'], 0, 's')}."
    return (Answer("Who played?", people, sentence), *found)


def _played(view: View) -> tuple[Answer, ...]:
    data = view.analysis.data
    taps = int((data.responses.edge == Edge.ON).sum())
    notes = int((data.cues.kind == CueKind.NOTE).sum())
    seconds = sum(part.length_s for part in view.parts("gait") if part.name == view.task)
    per_minute = f"{number(S_PER_MINUTE * taps / seconds, 0)} a minute; " if seconds > 0 else ""
    return (
        Answer(
            "What was played?",
            f"{taps} notes",
            f"{per_minute}the device played {notes}. Nothing here is scored: it is for playing.",
        ),
    )
