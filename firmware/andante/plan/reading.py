"""Reading a plan file. An unreadable plan names the file, the line and field, what was found and
what is allowed.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from andante import safety
from andante.errors import PlanError
from andante.plan.stages import exercise_s
from andante.plan.tables import Plan


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
    return _beside(parse_plan(text, str(path)), path.parent)


def _beside(plan: Plan, folder: Path) -> Plan:
    """The plan with its recording's files looked for beside it."""
    if plan.listen is None or plan.listen.recording is None:
        return plan
    recording = plan.listen.recording
    beats = recording.beats_file
    found = msgspec.structs.replace(
        recording,
        file=str(folder / recording.file),
        beats_file=None if beats is None else str(folder / beats),
    )
    listen = msgspec.structs.replace(plan.listen, recording=found)
    return msgspec.structs.replace(plan, listen=listen)


def parse_plan(text: str, name: str = "plan") -> Plan:
    """A plan from TOML text; `name` stands for the file in errors. Raises PlanError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{name} is not valid TOML: {error}.") from None
    return _validated(raw, text, name)


def plan_from_dict(raw: dict[str, Any], name: str = "plan") -> Plan:
    """A plan from plain values, as `plan_as_dict` gives them. Raises PlanError."""
    return _validated(raw, "", name)


def _validated(raw: dict[str, Any], text: str, name: str) -> Plan:
    try:
        plan = msgspec.convert(raw, Plan)
    except msgspec.ValidationError as error:
        raise PlanError(_explain(str(error), raw, text, name)) from None
    _check(plan, text, name)
    return plan


def _check(plan: Plan, text: str, name: str) -> None:
    """What no single field can tell."""
    part = plan.part
    if part is None:
        raise PlanError(
            f'{name}: exercise is "{plan.exercise}", but there is no [{plan.exercise}] table; '
            "add one."
        )

    def refuse(field: str, sentence: str) -> None:
        raise PlanError(f"{_place(name, text, (plan.exercise, field))} {sentence}")

    part.check(plan.patient, refuse)
    total_s = exercise_s(plan)
    if total_s <= 0:
        raise PlanError(f"{name}: the plan has no length; give baseline_s or cued_minutes.")
    if total_s > safety.MAX_SESSION_S:
        raise PlanError(
            f"{name}: the parts of the session add up to {total_s / 60:.1f} minutes, but at most "
            f"{safety.MAX_SESSION_S / 60:.0f} are allowed; make it two sessions."
        )


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
        elif isinstance(kind, msgspec.inspect.FloatType | msgspec.inspect.IntType):
            whole = "whole " if isinstance(kind, msgspec.inspect.IntType) else ""
            start = f"above {kind.gt:g} up" if kind.ge is None else f"from {kind.ge:g}"
            words.append(f"a {whole}number {start} to {kind.le:g} {unit}".rstrip())
        elif isinstance(kind, msgspec.inspect.StrType):
            words.append(f"a text ({unit})" if unit else "a text")
        elif isinstance(kind, msgspec.inspect.BoolType):
            words.append("true or false")
        elif isinstance(kind, msgspec.inspect.EnumType):
            words.append(" or ".join(f'"{member.value}"' for member in kind.cls))
        elif isinstance(kind, msgspec.inspect.StructType):
            words.append(f"a table with {', '.join(f.name for f in kind.fields)}")
    return " or ".join(words)
