"""What a therapist reads first: each answer a sentence with its numbers."""

from dataclasses import dataclass
from typing import Any

from andante.plan import Exercise
from andante.timebase import MS_PER_S, S_PER_MINUTE
from andante_host.report.figures import number

LATENCY_SENTENCE = (
    "The latency of the cues was not calibrated: the mean asynchrony carries an unknown constant, "
    "while the variability stands."
)


_WANTED_BLOCKS = {
    Exercise.WALK: ("synchrony", "gait"),
    Exercise.TAP: ("synchrony",),
    "breathe": ("breathing",),
}


@dataclass(frozen=True)
class Answer:
    """A question, the figure that answers it, and the sentence around it."""

    question: str
    figure: str
    sentence: str


def answers(blocks: dict[str, Any]) -> tuple[Answer, ...]:
    """Tempo, steadiness, early or late, missed; and how even the steps are."""
    word = "step" if blocks["session"]["exercise"] == Exercise.WALK else "tap"
    found = []
    if blocks["synchrony"] is not None:
        synchrony = blocks["synchrony"]
        found += [
            _tempo(synchrony, word),
            _steadiness(synchrony),
            _early_or_late(synchrony, word),
            _missed(synchrony, word),
        ]
    if blocks["gait"] is not None:
        if blocks["synchrony"] is None:
            found.append(_cadence(blocks["gait"]))
        found.append(_evenness(blocks))
    return tuple(found)


def _tempo(synchrony: dict[str, Any], word: str) -> Answer:
    own_ms, cue_ms = synchrony["interval_mean_ms"], synchrony["cue_interval_median_ms"]
    if own_ms is None or cue_ms is None:
        return Answer("Was the tempo kept?", "–", f"There were too few {word}s to tell.")
    own = S_PER_MINUTE * MS_PER_S / own_ms
    asked = S_PER_MINUTE * MS_PER_S / cue_ms
    difference_percent = 100.0 * (own / asked - 1.0)
    return Answer(
        "Was the tempo kept?",
        f"{number(own, 1)} {word}s/min",
        f"The beat asked for {number(asked, 1)}; the difference is "
        f"{'+' if difference_percent >= 0.05 else ''}{number(difference_percent, 1, '%')}.",
    )


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
    side = "early" if mean_ms < 0 else "late"
    where = "before" if mean_ms < 0 else "after"
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


def _evenness(blocks: dict[str, Any]) -> Answer:
    """Of the longest part: over a change of tempo the variation would mean little."""
    longest = max(
        blocks["session"]["phases"],
        key=lambda phase: float(phase["end_s"] - phase["start_s"]),
        default=None,
    )
    gait = blocks["gait"] if longest is None else blocks["gait"]["phases"][longest["name"]]
    left, right = gait["left_stride_time_cv_percent"], gait["right_stride_time_cv_percent"]
    where = "" if longest is None else f", in the part “{longest['name']}”"
    return Answer(
        "How even are the strides?",
        f"{number(left, 1, '%')} left, {number(right, 1, '%')} right",
        f"The variation of stride times (CV){where}. Step time asymmetry "
        f"{number(gait['step_time_asymmetry_percent'], 1, '%')}.",
    )


def missing_words(blocks: dict[str, Any]) -> tuple[str, ...]:
    """What the session cannot tell, and why."""
    session = blocks["session"]
    wanted = _WANTED_BLOCKS.get(session["exercise"], ())
    found = [session["absent"][name] for name in wanted if name in session["absent"]]
    if not session["complete"]:
        found.insert(0, "The session was cut off: its last second may be missing.")
    synchrony = blocks["synchrony"]
    if synchrony is not None:
        for key, words in (
            ("not_given_cue_count", "Cues that were planned but not given, and do not count"),
            ("doubtful_cue_count", "Cues given at a time that is in doubt, which do not count"),
        ):
            if synchrony[key]:
                found.append(f"{words}: {synchrony[key]}.")
        if "contact" in synchrony["notes"]:
            found.append(synchrony["notes"]["contact"])
    return tuple(found)
