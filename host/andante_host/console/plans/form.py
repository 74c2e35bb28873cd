"""A plan's form: from values to what is shown, and from what was typed back to values.

What a plan may ask is decided by the plan's own code. The form reads numbers, and names a value
outside a field's limits (which it has from that code) in the unit that was typed.
"""

import copy
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andante_host.console.patients.service import Flags
from andante_host.console.plans.catalogue import Template
from andante_host.console.plans.fields import (
    FIELDS,
    OUTPUTS,
    UNLOCKABLE,
    Field,
    Kind,
    limits_in_words,
    put_at,
    value_at,
)
from andante_host.console.plans.fitting import NAME

UNLOCK_TEMPO = "unlock_tempo"
UNLOCK_HOLDS = "unlock_holds"
UNLOCK_REASON = "unlock_reason"
TITLE = "title"
_HOLDS = ("breathe.hold_in_parts", "breathe.hold_out_parts")
RECORDING = "listen.recording.file"
BEATS = "listen.recording.beats_file"
_ON = "on"
_SIGNIFICANT = 6
_OTHER_WORDS = {
    "policy": "Kind of exercise",
    "task": "Kind of exercise",
    "tempo_unlocked_by": "Unlock",
    "holds_unlocked_by": "Unlock",
}
CHOICE_WORDS = {
    "": "none",
    "two-tone": "Two tones",
    "strum": "Strum",
    "sea": "Sea",
    "click": "Click",
    "wood": "Wood block",
    "drum": "Drum",
    "pluck": "Plucked string",
}


@dataclass(frozen=True)
class Shown:
    """A field as the page shows it: what stands in it, what is allowed, what is wrong."""

    field: Field
    value: str
    limits: str
    error: str = ""
    choices: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """For label and script."""
        return self.field.path.replace(".", "-")


@dataclass
class Typed:
    """What was typed: a plan's values as far as they can be read, and what is wrong where."""

    raw: dict[str, Any]
    title: str = ""
    unlock_reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def paths_of(template: Template) -> tuple[str, ...]:
    """Every field of a template's form."""
    return (*template.simple, *template.more, *OUTPUTS)


def read(template: Template, base: dict[str, Any], posted: Mapping[str, str]) -> Typed:
    """What a posted form says. `base`: the values it was shown with. Never raises."""
    typed = Typed(copy.deepcopy(base), posted.get(TITLE, ""), posted.get(UNLOCK_REASON, ""))
    for path in paths_of(template):
        text = posted.get(path, "").strip()
        typed.texts[path] = text
        value, error = _value(FIELDS[path], text)
        if path == RECORDING and not text:
            error = "Choose one; where there is none, put one on the device first."
        if error:
            typed.errors[path] = error
        else:
            put_at(typed.raw, path, value)
    _put_unlocks(typed.raw, template, posted)
    return typed


def shown(
    template: Template,
    typed: Typed,
    flags: Flags,
    recordings: tuple[str, ...] = (),
    beats: tuple[str, ...] = (),
) -> dict[str, Shown]:
    """The fields, by path; where something is wrong, with what was typed.

    `recordings` and `beats`: the names of such files on the device.
    """
    files = {RECORDING: recordings or ("",), BEATS: ("", *beats)}
    fields: dict[str, Shown] = {}
    for path in paths_of(template):
        part = FIELDS[path]
        has_text = path in typed.texts
        value = typed.texts[path] if has_text else text_of(part, value_at(typed.raw, path))
        choices = files.get(path, part.choices)
        limits = limits_in_words(part, typed.raw, flags)
        fields[path] = Shown(part, value, limits, typed.errors.get(path, ""), choices)
    return fields


def text_of(part: Field, value: Any) -> str:
    """A plan's value as it stands in the form."""
    if value is None or value is False:
        return ""
    if value is True:
        return _ON
    if isinstance(value, int | float):
        return f"{value / part.per_unit:.{_SIGNIFICANT}g}"
    return str(value)


def can_unlock_tempo(template: Template) -> bool:
    """Whether it has a share of the own cadence."""
    return any(path in UNLOCKABLE for path in paths_of(template))


def can_unlock_holds(template: Template, flags: Flags) -> bool:
    """Whether it has breath holds, and this patient may do them."""
    return not flags.respiratory and any(path in _HOLDS for path in paths_of(template))


def put_error(typed: Typed, template: Template, sentence: str) -> str:
    """Put a PlanError's sentence, in the form's words, at its field; return it where there is
    none."""
    told = in_words(template, sentence)
    _, _, after_name = sentence.partition(": ")
    place = after_name.partition(" ")[0].rstrip(":")
    if place in paths_of(template):
        typed.errors.setdefault(place, told)
        return ""
    return told


def in_words(template: Template, sentence: str) -> str:
    """A PlanError's sentence with the form's words for the names that a plan file has."""
    labels = {FIELDS[path].name: FIELDS[path].label for path in paths_of(template)} | _OTHER_WORDS
    told = sentence.removeprefix(f"{NAME}: ")

    def words(match: re.Match[str]) -> str:
        label = labels.get(match[0].rpartition(".")[2])
        return match[0] if label is None else f"“{label}”"

    told = re.sub(r"[a-z]+(?:\.[a-z_]+)+|[a-z]+(?:_[a-z]+)+", words, told)
    return told[:1].upper() + told[1:]


def _value(part: Field, text: str) -> tuple[Any, str]:
    """The plan's value and nothing, or None and what is wrong."""
    match part.kind:
        case Kind.TICK:
            return text == _ON, ""
        case Kind.CHOICE if text and text not in part.choices:
            return None, f"Choose one of {', '.join(part.choices)}."
        case Kind.CHOICE | Kind.TEXT:
            return text or None, ""
    if not text:
        return None, ""
    number = _number(text)
    if number is None:
        return None, f"This is not a number; write one such as {_example(part)}."
    if part.limits is not None and number not in part.limits:
        unit = f" {part.unit}" if part.unit else ""
        return None, f"{number:g}{unit} is not allowed; {part.limits.words(part.unit)} is."
    if part.kind is Kind.WHOLE:
        if not number.is_integer():
            return None, "This has to be a whole number."
        return int(number), ""
    return float(f"{number * part.per_unit:.12g}"), ""


def _number(text: str) -> float | None:
    """A number with point or comma; not what only a program would write."""
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{0,12})?", text):
        return None
    number = float(text.replace(",", "."))
    return number if math.isfinite(number) else None


def _example(part: Field) -> str:
    if part.limits is None:
        return "5"
    return f"{math.ceil(part.limits.low) or 1}"


def _put_unlocks(raw: dict[str, Any], template: Template, posted: Mapping[str, str]) -> None:
    """Who it is that unlocks is put there when the plan is saved."""
    if can_unlock_tempo(template):
        asked = posted.get(UNLOCK_TEMPO) == _ON
        put_at(raw, "patient.tempo_unlocked_by", _ON if asked else None)
    if any(path in _HOLDS for path in paths_of(template)):
        asked = posted.get(UNLOCK_HOLDS) == _ON
        put_at(raw, "breathe.holds_unlocked_by", _ON if asked else None)
