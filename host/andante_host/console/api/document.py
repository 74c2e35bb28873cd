"""The API as an OpenAPI document.

Litestar describes the operations and msgspec the bodies and answers: msgspec is what reads and
writes them, so its description is what is really taken and given.
"""

from typing import Any

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.routes import HTTPRoute
from msgspec import Struct

from andante.version import installed_version
from andante_host.console.api.answers import MEDIA, ROLES, TAKES

_SCHEME = "token"
_TAGS = {
    "patients": "Patients by their code, with flags, goals and notes. There are no names anywhere.",
    "plans": "What a patient's sessions consist of: templates with their limits, and plans.",
    "recordings": "The therapists' own music, for plans to listen to.",
    "sessions": "Recorded sessions: their figures, what was noted, and their files.",
    "device": "The trainer itself: what it does, who holds it, and commands to it.",
    "audit": "Who saw, took and did what.",
    "administration": "Users, tokens, the device's health and backups.",
    "documentation": "This document.",
}
_DESCRIPTION = """\
Everything that the therapist's page does, for the clinic's own programs. An administrator makes
a token on the page Programs; it has the rights of one role and an end, and goes with each
request as `Authorization: Bearer andante_…`. Bodies are JSON in UTF-8, but for recordings; fields
that are not known are refused. What cannot be done is answered with `status_code` and `detail`,
one sentence for a person. Times are UTC, as `2026-01-31T09:30:00Z`. The name of each number ends
in its unit: `_s` seconds, `_ms` milliseconds, `_spm` steps a minute, `_brpm` breaths a minute.
"""


def described(router: Router) -> dict[str, Any]:
    """The document for these routes, as plain values."""
    app = Litestar(
        [router],
        dependencies={"services": Provide(_nothing)},
        openapi_config=OpenAPIConfig(
            title="Andante",
            version=installed_version(),
            description=_DESCRIPTION,
            use_handler_docstrings=True,
            tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
            components=Components(
                security_schemes={_SCHEME: SecurityScheme(type="http", scheme="bearer")}
            ),
            security=[{_SCHEME: []}],
        ),
    )
    document = app.openapi_schema.to_schema()
    _, exact = msgspec.json.schema_components(
        _structs_of(app), ref_template="#/components/schemas/{name}"
    )
    others = document["components"]["schemas"]
    # What only stands in an address is no body's: Litestar describes it, and it is a choice.
    choices = {name: others[name] for name in set(others) - set(exact)}
    assert all("enum" in schema for schema in choices.values()), choices
    document["components"]["schemas"] = {**exact, **choices}
    for path, method, handler in _handlers_of(app):
        told = document["paths"][path][method.lower()]
        told["x-roles"] = list(handler.opt[ROLES])
        told["description"] += f"\n\nFor: {', '.join(handler.opt[ROLES])}."
        content = {"schema": {"type": "string", "format": "binary"}}
        if TAKES in handler.opt:
            told["requestBody"] = {"required": True, "content": {handler.opt[TAKES]: content}}
        if MEDIA in handler.opt:
            done = told["responses"][str(handler.status_code)]
            done["content"] = dict.fromkeys(handler.opt[MEDIA], content)
    return document


def _handlers_of(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """Path, method and handler of every operation."""
    return [
        (route.path_format, method, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.resolve_include_in_schema()
    ]


def _structs_of(app: Litestar) -> list[type[Struct]]:
    """Bodies, answers and refusals of all operations."""
    found: dict[type[Struct], None] = {}
    for _, _, handler in _handlers_of(app):
        signature = handler.parsed_fn_signature
        kinds: list[Any] = [signature.return_type.annotation]
        kinds += [spec.data_container for spec in (handler.responses or {}).values()]
        if "data" in signature.parameters:
            kinds.append(signature.parameters["data"].annotation)
        found |= {kind: None for kind in kinds if _is_struct(kind)}
    return list(found)


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


async def _nothing() -> None:
    """Stands where the services are, which a description does not need."""
