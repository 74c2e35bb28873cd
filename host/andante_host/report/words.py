"""Sentences that the page and the terminal share: what a session cannot tell, and why."""

from typing import Any

from andante.plan import Exercise

LATENCY_SENTENCE = (
    "The latency of the cues was not calibrated: the mean asynchrony carries an unknown constant, "
    "while the variability stands."
)
_WANTED_BLOCKS = {
    Exercise.WALK: ("synchrony", "gait"),
    Exercise.TAP: ("synchrony",),
    Exercise.BREATHE: ("breathing",),
}


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


def latency_words(blocks: dict[str, Any]) -> str:
    """What the mean asynchrony can and cannot tell; empty where there is none."""
    synchrony = blocks["synchrony"]
    if synchrony is None:
        return ""
    if not synchrony["latency_calibrated"]:
        return LATENCY_SENTENCE
    return (
        "The latency of the cues was measured before "
        f"({synchrony['cue_latency_ms']:.1f} ms from the device's report to the ear or eye) and is "
        "taken out: the mean asynchrony says how early or late the patient was."
    )
