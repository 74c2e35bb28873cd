"""The fields of a plan as a therapist fills them in: words, unit and limits.

Limits are read from the plan's own types, which have them from `safety`; where they depend on the
patient, from `safety` itself.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec

from andante import safety
from andante.plan import Plan
from andante_host.console.patients.service import Flags

_S_PER_MIN = 60.0
MIN = "min"


class Kind(StrEnum):
    """How a field is filled in."""

    NUMBER = "number"
    WHOLE = "whole number"
    CHOICE = "choice"
    TICK = "tick"
    TEXT = "text"


@dataclass(frozen=True)
class Limits:
    """What a number may be, in the field's unit; `above` where `low` itself is not allowed."""

    low: float
    high: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def words(self, unit: str) -> str:
        """`0 to 10 min`."""
        start = f"more than {self.low:g}, up to" if self.above else f"{self.low:g} to"
        return f"{start} {self.high:g} {unit}".strip()


@dataclass(frozen=True)
class Field:
    """One field. `unit` is the form's; the plan's own is `per_unit` times smaller (s for min)."""

    path: str
    label: str
    unit: str = ""
    per_unit: float = 1.0
    help: str = ""
    kind: Kind = Kind.NUMBER
    limits: Limits | None = None
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Within its table."""
        return self.path.rpartition(".")[2]


def _in_minutes(path: str, label: str, words: str = "") -> Field:
    return Field(path, label, MIN, _S_PER_MIN, words)


_DRAFTS = (
    Field(
        "walk.tempo_percent_of_baseline",
        "Tempo as a share of the own cadence",
        "%",
        help="100 is the cadence measured at the start of the session.",
    ),
    Field("walk.tempo_spm", "or tempo in steps a minute", "steps/min", help="Give one of the two."),
    _in_minutes("walk.baseline_s", "Walk without cues first", "Measures the cadence."),
    Field("walk.cued_minutes", "Walk to the beat", MIN),
    _in_minutes("walk.fade_s", "The beat fades out over"),
    _in_minutes("walk.carry_over_s", "Walk on without it", "Shows what stays."),
    Field("walk.stage_s", "A stage lasts", "s"),
    Field("walk.step_percent", "Faster at each stage by", "%"),
    Field("walk.ramp_percent_per_cue", "Change with every beat", "%"),
    Field("walk.ramp_to_percent", "Up (or down) to, of the own cadence", "%"),
    Field(
        "walk.alpha",
        "How much the beat gives way",
        help="0: not at all. 1: by all of the last step's delay. Steadiest at 0.25 to 0.5.",
    ),
    Field("walk.variation_sd_percent", "How much the intervals vary (SD)", "%"),
    Field("walk.seed", "Seed", help="The same number gives the same beats again."),
    Field("breathe.rate_brpm", "Breaths a minute", "/min"),
    Field("breathe.inhale_parts", "Breathe in, parts of a breath", "parts"),
    Field("breathe.exhale_parts", "Breathe out, parts of a breath", "parts"),
    Field("breathe.hold_in_parts", "Hold after breathing in", "parts", help="Needs the unlock."),
    Field("breathe.hold_out_parts", "Hold after breathing out", "parts", help="Needs the unlock."),
    _in_minutes("breathe.baseline_s", "Breathe freely first", "Measures the own rate."),
    Field("breathe.cued_minutes", "Breathe with the pacer", MIN),
    Field("breathe.rest_s", "Rest between steps", "s"),
    Field("breathe.exhale_target_s", "Exhale grows up to", "s"),
    _in_minutes("breathe.carry_over_s", "Breathe on without it", "Shows what stays."),
    Field("breathe.sound", "Sound of a breath"),
    Field("tap.tempo_bpm", "Tempo", "beats/min"),
    Field("tap.cued_minutes", "Play for", MIN),
    Field("tap.quiet_s", "Without the beat", "s"),
    Field("tap.pads", "Pads", "pads"),
    Field("tap.rounds", "Rounds", "rounds"),
    Field("tap.bar_beats", "Beats in a bar", "beats"),
    Field("tap.seed", "Seed", help="The same number gives the same rhythms again."),
    _in_minutes("tap.fade_s", "The beat fades out over"),
    _in_minutes("tap.carry_over_s", "Tap on without it", "Shows what stays."),
    Field("listen.target_per_minute", "Settle towards", "/min"),
    Field("listen.start_per_minute", "Start at", "/min"),
    _in_minutes("listen.baseline_s", "Quiet first", "Measures where the patient is."),
    Field("listen.minutes", "Listen for", MIN),
    Field("listen.sound", "Sound"),
    Field(
        "listen.recording.file",
        "Recording",
        help="Those that therapists have put on the device.",
    ),
    Field("listen.recording.bpm", "Its own tempo", "beats/min"),
    Field("listen.recording.first_beat_s", "Its first beat comes after", "s"),
    Field(
        "listen.recording.beats_file",
        "File with its beats",
        help="For music without an even tempo; leave the own tempo empty then.",
    ),
    Field("outputs.sound", "Sound"),
    Field("outputs.beat_sound", "Sound of a beat"),
    Field(
        "outputs.volume_percent",
        "Volume",
        "%",
        help="Not sound pressure: measure that at the ear.",
    ),
    Field("outputs.led", "Lamp"),
    Field("outputs.ring", "Light ring"),
    Field("outputs.haptic", "Vibration"),
)

OUTPUTS = (
    "outputs.sound",
    "outputs.beat_sound",
    "outputs.volume_percent",
    "outputs.led",
    "outputs.ring",
    "outputs.haptic",
)
"""In every plan's form."""

UNLOCKABLE = ("walk.tempo_percent_of_baseline", "walk.ramp_to_percent")
"""Shares of the own cadence, for which a therapist's unlock allows more."""

_OWN_RHYTHM = ("listen.target_per_minute", "listen.start_per_minute")


def limits_in_words(field: Field, raw: dict[str, Any], flags: Flags) -> str:
    """What this patient's plan may have there, with its unit; empty where nothing is limited."""
    limits = field.limits
    if field.path in UNLOCKABLE:
        share = safety.percent_of_baseline(unlocked=False, freezer=flags.freezer)
        more = safety.UNLOCKED_PERCENT_OF_BASELINE
        return f"{share.low:g} to {share.high:g} %; {more.low:g} to {more.high:g} % with the unlock"
    if field.path in _OWN_RHYTHM and not raw.get("listen", {}).get("recording"):
        stepping = raw.get("listen", {}).get("to") == "stepping"
        own = safety.WALKING_TEMPO_SPM if stepping else safety.BREATHING_RATE_BRPM
        return f"{own.low:g} to {own.high:g} {own.unit}"
    return limits.words(field.unit) if limits is not None else ""


def value_at(raw: dict[str, Any], path: str) -> Any:
    """What stands at a path of a plan as plain values; None where nothing does."""
    value: Any = raw
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def put_at(raw: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path, or take it out (None)."""
    *tables, name = path.split(".")
    for table in tables:
        raw = raw.setdefault(table, {})
    if value is None:
        raw.pop(name, None)
    else:
        raw[name] = value


def _made(draft: Field) -> Field:
    kind = _type_at(draft.path)
    match kind:
        case msgspec.inspect.FloatType() | msgspec.inspect.IntType():
            above = kind.gt is not None
            low = kind.gt if kind.gt is not None else kind.ge
            assert low is not None
            assert kind.le is not None
            limits = Limits(low / draft.per_unit, kind.le / draft.per_unit, above)
            whole = isinstance(kind, msgspec.inspect.IntType)
            return replace(draft, kind=Kind.WHOLE if whole else Kind.NUMBER, limits=limits)
        case msgspec.inspect.EnumType():
            choices = tuple(str(member.value) for member in kind.cls)
            return replace(draft, kind=Kind.CHOICE, choices=choices)
        case msgspec.inspect.BoolType():
            return replace(draft, kind=Kind.TICK)
    return replace(draft, kind=Kind.TEXT)


def _type_at(path: str) -> msgspec.inspect.Type:
    kind = msgspec.inspect.type_info(Plan)
    for part in path.split("."):
        assert isinstance(kind, msgspec.inspect.StructType)
        kind = _plain(next(field.type for field in kind.fields if field.name == part))
    return kind


def _plain(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Without `| None` and description."""
    while True:
        if isinstance(kind, msgspec.inspect.Metadata):
            kind = kind.type
        elif isinstance(kind, msgspec.inspect.UnionType):
            kind = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
        else:
            return kind


FIELDS = {draft.path: _made(draft) for draft in _DRAFTS}
