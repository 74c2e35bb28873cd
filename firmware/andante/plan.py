"""What the therapist asked for: one TOML file, validated with units and ranges.

The ranges themselves are decided in `safety.py`. An unreadable plan names the file, the line and
field, what was found and what is allowed.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from andante import safety
from andante.errors import PlanError

_PATIENT_CODE = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"


def _within(limit: safety.Range) -> Meta:
    return Meta(ge=limit.low, le=limit.high, description=limit.unit)


WalkingTempo = Annotated[float, _within(safety.WALKING_TEMPO_SPM)]
TappingTempo = Annotated[float, _within(safety.TAPPING_TEMPO_BPM)]
Percent = Annotated[float, _within(safety.UNLOCKED_PERCENT_OF_BASELINE)]
BaselineSeconds = Annotated[float, _within(safety.BASELINE_S)]
CuedMinutes = Annotated[float, _within(safety.CUED_MINUTES)]
FadeSeconds = Annotated[float, _within(safety.FADE_S)]
CarryOverSeconds = Annotated[float, _within(safety.CARRY_OVER_S)]
Volume = Annotated[float, _within(safety.VOLUME_PERCENT)]
PatientCode = Annotated[
    str, Meta(pattern=_PATIENT_CODE, description="letters, digits, - and _, at most 32; no name")
]


class Exercise(StrEnum):
    """What the patient does."""

    WALK = "walk"
    TAP = "tap"


class WalkPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """A walk to a steady beat: baseline, cued part, fade, carry-over."""

    baseline_s: BaselineSeconds = 0.0
    tempo_spm: WalkingTempo | None = None
    tempo_percent_of_baseline: Percent | None = None
    cued_minutes: CuedMinutes | None = None
    fade_s: FadeSeconds = 0.0
    carry_over_s: CarryOverSeconds = 0.0


class TapPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """Tapping to a steady beat."""

    tempo_bpm: TappingTempo
    cued_minutes: CuedMinutes = 1.0
    fade_s: FadeSeconds = 0.0
    carry_over_s: CarryOverSeconds = 0.0


class Outputs(Struct, forbid_unknown_fields=True, frozen=True):
    """How cues reach the patient."""

    sound: bool = True
    led: bool = True
    ring: bool = False
    volume_percent: Volume = safety.DEFAULT_VOLUME_PERCENT


class PatientFlags(Struct, forbid_unknown_fields=True, frozen=True):
    """What the device has to know of the patient to keep within limits."""

    epilepsy: bool = False
    freezer: bool = False
    tempo_unlocked_by: Annotated[str, Meta(max_length=32)] | None = None  # a role, not a person


class Plan(Struct, forbid_unknown_fields=True, frozen=True):
    """One session as asked for."""

    exercise: Exercise
    patient_code: PatientCode = "unknown"
    walk: WalkPlan | None = None
    tap: TapPlan | None = None
    outputs: Outputs = Outputs()
    patient: PatientFlags = PatientFlags()


class StageKind(StrEnum):
    """What the device does in a stage."""

    QUIET = "quiet"
    CUED = "cued"
    FADE = "fade"


@dataclass(frozen=True)
class Stage:
    """A part of the session with one name and one behaviour."""

    name: str
    kind: StageKind
    duration_s: float


GET_READY = "get-ready"
GET_READY_S = 3.0
"""Quiet before a session that would otherwise start with a cue: the patient takes position."""


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The session's parts in order. Parts of no length are left out."""
    part = plan.walk if plan.exercise is Exercise.WALK else plan.tap
    if part is None:
        raise PlanError(f'The plan has no table for its exercise "{plan.exercise}"; add one.')
    baseline_s = part.baseline_s if isinstance(part, WalkPlan) else 0.0
    cued_s = (part.cued_minutes or 0.0) * 60
    stages = (
        Stage(GET_READY, StageKind.QUIET, GET_READY_S if baseline_s == 0 else 0.0),
        Stage("baseline", StageKind.QUIET, baseline_s),
        Stage("cued", StageKind.CUED, cued_s),
        Stage("fade", StageKind.FADE, part.fade_s if cued_s else 0.0),
        Stage("carry-over", StageKind.QUIET, part.carry_over_s if cued_s else 0.0),
    )
    return tuple(stage for stage in stages if stage.duration_s > 0)


def duration_s(plan: Plan) -> float:
    """How long the session will take."""
    return sum(stage.duration_s for stage in stages_of(plan))


def load_plan(path: Path) -> Plan:
    """Read a plan file. Raises PlanError in one sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PlanError(f"There is no plan {path}; check the name.") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path} is not a text file; a plan is a TOML file in UTF-8.") from None
    except OSError as error:
        raise PlanError(f"The plan {path} cannot be read: {error.strerror}.") from None
    return parse_plan(text, str(path))


def parse_plan(text: str, name: str = "plan") -> Plan:
    """A plan from TOML text; `name` stands for the file in errors. Raises PlanError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{name} is not valid TOML: {error}.") from None
    try:
        plan = msgspec.convert(raw, Plan)
    except msgspec.ValidationError as error:
        raise PlanError(_explain(str(error), raw, text, name)) from None
    _check(plan, text, name)
    return plan


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, for the session file."""
    plain: dict[str, Any] = msgspec.to_builtins(plan)
    return plain


def _check(plan: Plan, text: str, name: str) -> None:
    """What no single field can tell."""
    part = plan.walk if plan.exercise is Exercise.WALK else plan.tap
    if part is None:
        raise PlanError(
            f'{name}: exercise is "{plan.exercise}", but there is no [{plan.exercise}] table; '
            "add one."
        )
    if plan.walk is not None and plan.exercise is Exercise.WALK:
        _check_walk(plan.walk, plan.patient, text, name)
    total_s = sum(s.duration_s for s in stages_of(plan) if s.name != GET_READY)
    if total_s <= 0:
        raise PlanError(f"{name}: the plan has no length; give baseline_s or cued_minutes.")
    if total_s > safety.UNPAUSED_SESSION_S:
        raise PlanError(
            f"{name}: the parts of the session add up to {total_s / 60:.1f} minutes, but a pause "
            f"is due after {safety.UNPAUSED_SESSION_S / 60:.0f}; make it two sessions."
        )


def _check_walk(walk: WalkPlan, patient: PatientFlags, text: str, name: str) -> None:
    def refuse(field: str, sentence: str) -> None:
        raise PlanError(f"{_place(name, text, ('walk', field))} {sentence}")

    cued = walk.cued_minutes is not None
    tempo_given = walk.tempo_spm is not None
    percent_given = walk.tempo_percent_of_baseline is not None
    if tempo_given and percent_given:
        refuse(
            "tempo_percent_of_baseline",
            "stands beside walk.tempo_spm; give one of the two.",
        )
    if cued and not (tempo_given or percent_given):
        refuse(
            "cued_minutes",
            "asks for cues, but no tempo is given; add tempo_spm or tempo_percent_of_baseline.",
        )
    if not cued and (tempo_given or percent_given):
        refuse(
            "tempo_spm" if tempo_given else "tempo_percent_of_baseline",
            "gives a tempo, but cued_minutes is missing; add it.",
        )
    if percent_given and not _measures_baseline(walk):
        refuse(
            "tempo_percent_of_baseline",
            f"needs a baseline: baseline_s is {walk.baseline_s:g}, but must be at least "
            f"{safety.MIN_MEASURING_BASELINE_S:g} s.",
        )
    unlocked = patient.tempo_unlocked_by is not None
    if patient.freezer and tempo_given and not unlocked and not _measures_baseline(walk):
        refuse(
            "tempo_spm",
            "needs a baseline for a patient who is marked as a freezer: baseline_s is "
            f"{walk.baseline_s:g}, but must be at least {safety.MIN_MEASURING_BASELINE_S:g} s.",
        )
    percent = walk.tempo_percent_of_baseline
    allowed = safety.percent_of_baseline(unlocked, patient.freezer)
    if percent is not None and percent not in allowed:
        who = "for a patient who is marked as a freezer, " if patient.freezer else ""
        refuse(
            "tempo_percent_of_baseline",
            f"is {percent:g}, but {who}without a therapist's unlock {allowed.low:g} to "
            f"{allowed.high:g} percent is allowed; choose a value in between or set "
            "patient.tempo_unlocked_by.",
        )


def _measures_baseline(walk: WalkPlan) -> bool:
    return walk.baseline_s >= safety.MIN_MEASURING_BASELINE_S


# --- errors that say where ------------------------------------------------------------------


def _explain(message: str, raw: dict[str, Any], text: str, name: str) -> str:
    """msgspec's message with the place, what was found, and what is allowed."""
    problem, _, path_text = message.partition(" - at `$")
    path = tuple(part for part in path_text.rstrip("`").split(".") if part)
    unknown = re.search(r"unknown field `(.+?)`", problem)
    if unknown:
        known = ", ".join(sorted(_fields_at(path)))
        place = _place(name, text, (*path, unknown[1]))
        return f"{place} is not a field of a plan; allowed here are {known}."
    missing = re.search(r"missing required field `(.+?)`", problem)
    if missing:
        table = f"in [{'.'.join(path)}]" if path else "at the top"
        return f"{name}: the field {missing[1]} is missing {table}; add it."
    found: Any = raw
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return f"{_place(name, text, path)} is {found!r}, but {_allowed_at(path)} is allowed."


def _place(name: str, text: str, path: tuple[str, ...]) -> str:
    """`plan.toml, line 7: walk.tempo_spm`; without the line where it cannot be found."""
    table, key = path[:-1], path[-1]
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            current = tuple(part.strip() for part in header[1].split("."))
            if current == path:
                return f"{name}, line {number}: {'.'.join(path)}"
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f"{name}, line {number}: {'.'.join(path)}"
    return f"{name}: {'.'.join(path)}"


def _type_at(path: tuple[str, ...]) -> msgspec.inspect.Type:
    current = msgspec.inspect.type_info(Plan)
    for part in path:
        struct = _struct_in(current)
        if struct is None:
            break
        current = next(field.type for field in struct.fields if field.name == part)
    return current


def _struct_in(kind: msgspec.inspect.Type) -> msgspec.inspect.StructType | None:
    if isinstance(kind, msgspec.inspect.StructType):
        return kind
    if isinstance(kind, msgspec.inspect.UnionType):
        return next((t for t in kind.types if isinstance(t, msgspec.inspect.StructType)), None)
    return None


def _fields_at(path: tuple[str, ...]) -> tuple[str, ...]:
    struct = _struct_in(_type_at(path))
    return tuple(field.name for field in struct.fields) if struct else ()


def _allowed_at(path: tuple[str, ...]) -> str:
    kinds: list[msgspec.inspect.Type] = [_type_at(path)]
    unit = ""
    words: list[str] = []
    while kinds:
        kind = kinds.pop(0)
        if isinstance(kind, msgspec.inspect.UnionType):
            kinds.extend(kind.types)
        elif isinstance(kind, msgspec.inspect.Metadata):
            unit = str((kind.extra_json_schema or {}).get("description", ""))
            kinds.insert(0, kind.type)
        elif isinstance(kind, msgspec.inspect.FloatType):
            words.append(f"a number from {kind.ge:g} to {kind.le:g} {unit}".rstrip())
        elif isinstance(kind, msgspec.inspect.StrType):
            words.append(f"a text ({unit})" if unit else "a text")
        elif isinstance(kind, msgspec.inspect.BoolType):
            words.append("true or false")
        elif isinstance(kind, msgspec.inspect.EnumType):
            words.append(" or ".join(f'"{member.value}"' for member in kind.cls))
        elif isinstance(kind, msgspec.inspect.StructType):
            words.append(f"a table with {', '.join(f.name for f in kind.fields)}")
    return " or ".join(words)
