"""The OpenAPI document as a person reads it: sections of operations with their fields."""

from dataclasses import dataclass
from typing import Any

from andante_host.console.api.answers import LINES, ONE_LINE

_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
}
_PATTERNS = {ONE_LINE: "on one line", LINES: "no control characters but line feeds"}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True)
class Operation:
    """One thing that a program can ask."""

    anchor: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Section:
    """Operations that belong together."""

    name: str
    words: str
    operations: list[Operation]


@dataclass(frozen=True)
class Shape:
    """A kind of object in bodies and answers."""

    name: str
    words: str
    fields: list[Field]


def pieces(text: str) -> list[tuple[bool, str]]:
    """A text as (is code, words): what stands between backquotes is code."""
    return [(number % 2 == 1, words) for number, words in enumerate(text.split("`")) if words]


def sections_of(document: dict[str, Any]) -> list[Section]:
    """The operations by their tag, in the document's order."""
    return [
        Section(
            tag["name"],
            tag["description"],
            [
                _operation(path, method, told)
                for path, methods in document["paths"].items()
                for method, told in methods.items()
                if tag["name"] in told["tags"]
            ],
        )
        for tag in document["tags"]
    ]


def shapes_of(document: dict[str, Any]) -> list[Shape]:
    """The kinds of objects, by name."""
    return [
        Shape(name, schema.get("description", ""), _fields(schema))
        for name, schema in sorted(document["components"]["schemas"].items())
        if schema.get("type") == "object"
    ]


def _operation(path: str, method: str, told: dict[str, Any]) -> Operation:
    body = told.get("requestBody", {}).get("content", {})
    return Operation(
        anchor=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        paragraphs=told["description"].split("\n\n"),
        parameters=[
            Field(
                item["name"],
                _kind(item["schema"]),
                item["required"],
                _words(item["schema"], item["description"]),
            )
            for item in told.get("parameters", [])
        ],
        body=[Field(kind, _kind(content["schema"]), True, "") for kind, content in body.items()],
        answers=[
            (
                status,
                answer["description"],
                ", ".join(
                    _kind(content["schema"]) if kind == "application/json" else kind
                    for kind, content in (answer.get("content") or {}).items()
                ),
            )
            for status, answer in sorted(told["responses"].items())
        ],
    )


def _fields(schema: dict[str, Any]) -> list[Field]:
    needed = schema.get("required", [])
    return [
        Field(name, _kind(told), name in needed, _words(told, told.get("description", "")))
        for name, told in schema.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_kind(each) for each in schema[key])
    if "const" in schema:
        return f"“{schema['const']}”"
    if schema.get("format") == "binary":
        return "bytes"
    if "enum" in schema:
        return " or ".join("null" if each is None else f"“{each}”" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items') or {})}"
    kind = schema.get("type", "anything")
    return " or ".join(
        _KINDS.get(each, each) for each in ([kind] if isinstance(kind, str) else kind)
    )


def _words(schema: dict[str, Any], description: str) -> str:
    """A field's description with its limits."""
    limited = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]
    limits = [
        words.format(_plain(each[key]))
        for each in limited
        for key, words in _LIMITS.items()
        if key in each
    ]
    limits += [
        _PATTERNS.get(each["pattern"], each["pattern"]) for each in limited if "pattern" in each
    ]
    if schema.get("default") not in (None, ""):
        limits.append(f"else {schema['default']}")
    inner = next((each["description"] for each in limited if each.get("description")), "")
    return "; ".join(part for part in (description or inner, *limits) if part)


def _plain(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
