"""What was asked and what the device did about it, in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from andante.commands import Item, Moment
from andante.plan import Exercise
from andante.session.file import SelfReport
from andante_host.report.figures import clock_text, number

MOST_LINES = 9
FEWEST_COLLAPSED = 3

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CLAMPED = re.compile(
    r"(?:lowered|raised) from [\d.]+ to [\d.]+[^;(]*|(?:at|near) the floor of the limits"
)
_HELD = re.compile(r"^held: (.*)$")
_PER_MINUTE = {
    Exercise.WALK: "steps/min",
    Exercise.TAP: "beats/min",
    Exercise.BREATHE: "breaths/min",
}


@dataclass(frozen=True)
class TempoLine:
    """One change of tempo or a run of changes of one kind, in words."""

    first_s: float
    last_s: float
    tempo: str
    words: str


@dataclass(frozen=True)
class Feeling:
    """A score of 0-10 before and after, as text; `change` is a sentence or empty."""

    item: str
    before: str
    after: str


def tempo_unit(exercise: str, plan: dict[str, Any]) -> str:
    """What a tempo of this session counts."""
    if exercise == Exercise.LISTEN:
        to = (plan.get("listen") or {}).get("to")
        return "breaths/min" if to == "breathing" else "beats/min"
    return _PER_MINUTE.get(Exercise(exercise), "a minute") if exercise in _PER_MINUTE else ""


def tempo_lines(changes: Sequence[dict[str, Any]], unit: str) -> list[TempoLine]:
    """The tempo changes, runs of one kind as one line.

    Of one kind are reasons that differ in their numbers alone. Where more lines than MOST_LINES
    were left, all changes of a kind share a line, wherever they fall.
    """
    runs = [list(run) for _, run in groupby(changes, key=_kind)]
    runs = [
        part
        for run in runs
        for part in ([run] if len(run) >= FEWEST_COLLAPSED else [[x] for x in run])
    ]
    if len(runs) > MOST_LINES:
        kinds: dict[str, list[dict[str, Any]]] = {}
        for change in changes:
            kinds.setdefault(_kind(change), []).append(change)
        runs = list(kinds.values())
    return [_line(run, unit) for run in runs]


def _kind(change: dict[str, Any]) -> str:
    silent = "" if change["tempo_per_minute"] else "silent: "
    reason = re.split(r"; (?:lowered|raised) from", change["reason"])[0]
    return silent + _NUMBER.sub("#", reason.removesuffix(" at the floor of the limits"))


def _line(run: Sequence[dict[str, Any]], unit: str) -> TempoLine:
    first, last = run[0], run[-1]
    tempo, words = _tempo(first, unit), first["reason"]
    if len(run) > 1:
        if first["tempo_per_minute"]:
            tempo = f"{number(first['tempo_per_minute'], 1)} to {_tempo(last, unit)}"
        words = (
            f"{words}, and so on to: {last['reason']}"
            if first["reason"] != last["reason"]
            else words
        )
        words = f"{len(run)} times: {words}"
    return TempoLine(first["time_s"], last["time_s"], tempo, words)


def _tempo(change: dict[str, Any], unit: str) -> str:
    tempo = change["tempo_per_minute"]
    return number(tempo, 1, unit) if tempo else "no cues"


def interventions(changes: Sequence[dict[str, Any]]) -> list[str]:
    """Where the device did not do what was asked: what its limits changed, when it held still.

    One sentence for each kind, with the first time and how often.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    for change in changes:
        reason = change["reason"]
        for clamp in _CLAMPED.findall(reason):
            words = f"The limits changed what was asked: {clamp.strip()}"
            found.setdefault(_NUMBER.sub("#", words), []).append((change["time_s"], words))
        if held := _HELD.match(reason):
            words = f"The tempo was held: {held[1]}"
            found.setdefault(_NUMBER.sub("#", words), []).append((change["time_s"], words))
    return [
        f"{words} (at {clock_text(time_s)}"
        + (f", {len(times)} times in all)." if len(times) > 1 else ").")
        for times in found.values()
        for time_s, words in times[:1]
    ]


def feelings(reports: Sequence[SelfReport]) -> list[Feeling]:
    """What the patient said before and after; the last score of each counts."""
    scores = {(report.item, report.moment): report.score for report in reports}
    return [
        Feeling(
            str(item),
            *(number(scores.get((item, moment)), 0) for moment in (Moment.BEFORE, Moment.AFTER)),
        )
        for item in Item
        if any(report.item == item for report in reports)
    ]


# --- the plan -------------------------------------------------------------------------------

_POLICY = {
    "fixed": "at a steady {what}",
    "matched": "at a tempo that follows the patient",
    "progressive": "at a tempo that rises while synchrony holds",
    "ramp": "at a tempo that departs slowly from the patient's own",
    "adaptive": "with each beat moved towards the patient's last step",
    "fractal": "at intervals that vary as healthy strides do",
    "fading": "with ever more beats muted",
    "guided-down": "from the patient's own rate down, never ahead of the patient",
    "sliding": "each breath a little longer than the one before",
    "stepped": "at one rate after another",
}
_TASK = {
    "paced": "Tap to the beat",
    "continuation": "Tap to the beat, then go on without it",
    "unpaced": "Tap at one's own tempo",
    "screen": "Tap to the beat, go on without it, then at one's own tempo",
    "circle": "Play together, with the beat and without it",
    "echo": "Repeat a rhythm that the device plays",
    "mirror": "Play, and hear it played back",
    "follow": "Drum, and be followed by the device",
    "free": "Play freely",
}


def asked(exercise: str, plan: dict[str, Any]) -> str:
    """The plan in one or two sentences; empty where the file does not say."""
    part = plan.get(exercise)
    if not part:
        return ""
    policy = part.get("policy")
    how = _POLICY.get(policy or "fixed", "")
    if exercise == Exercise.WALK:
        if not part.get("cued_minutes"):
            return "Walk at one's own pace, without a beat."
        share, tempo = part.get("tempo_percent_of_baseline"), part.get("tempo_spm")
        at = f"{share:g} % of the baseline cadence" if share else f"{tempo:g} steps/min"
        return f"Walk to a beat {how.format(what='tempo')}, beginning at {at}."
    if exercise == Exercise.BREATHE:
        rate = part.get("rate_brpm")
        at = f", {rate:g} breaths/min" if rate and policy in ("fixed", "guided-down") else ""
        return f"Breathe with the pacer {how.format(what='rate')}{at}."
    if exercise == Exercise.TAP:
        words = _TASK.get(part.get("task", "paced"), "Tap")
        tempo = part.get("tempo_bpm")
        return f"{words}{f', at {tempo:g} beats/min' if tempo else ''}."
    what = "breathing" if part.get("to") == "breathing" else "steps"
    target = part.get("target_per_minute")
    return (
        f"Listen and settle: sound that starts where the patient's {what} "
        f"{'is' if what == 'breathing' else 'are'}"
        + (f" and moves evenly to {target:g} a minute." if target else ".")
    )
