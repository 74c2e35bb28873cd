"""Whatever is sent to the API: no defect, and answers as its document has them."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar.status_codes import HTTP_403_FORBIDDEN
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from andante_host.console.api.reference import the_document
from andante_host.console.principal import PEOPLE, Role
from support.api import Program, programs
from support.sound_files import BEATS

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 10
MANY_EXAMPLES = 60
NOT_TRIED = {"/api/v1/device/events"}
"""Without an end; test_api_device.py listens to it."""
CODE = "P-017"


def known_things(everyone: dict[Role, Program]) -> dict[str, str]:
    """What there is behind names in an address, so that more than 404 is seen."""
    therapist, administrator = everyone[Role.THERAPIST], everyone[Role.ADMINISTRATOR]
    assert therapist.post("/patients", {"code": CODE}).status_code == 201
    plan = {"exercise": "tap", "tap": {"tempo_bpm": 100, "cued_minutes": 1}}
    saved = therapist.post(f"/patients/{CODE}/plans", {"template": "tap", "plan": plan})
    assert saved.status_code == 201
    user = administrator.post("/users", {"name": "somebody", "role": "clinician"})
    token = administrator.post("/tokens", {"name": "other", "role": "clinician", "days": 1})
    bytes_as_they_are = {"content-type": "application/octet-stream"}
    beats = therapist.ask("PUT", "/recordings/a.txt", content=BEATS, headers=bytes_as_they_are)
    assert beats.status_code == 201
    return {
        "code": CODE,
        "plan_id": saved.json()["plan_id"],
        "user_id": user.json()["user"]["user_id"],
        "token_id": token.json()["token"]["token_id"],
        "file": "20260131T093000Z-P-017.andante",
        "name": "a.txt",
    }


def try_everything(folder: Path, role: Role, example_count: int) -> set[int]:
    """Each of the role's operations, with good and bad data; which statuses came."""
    # Each request comes with a token; what becomes of those without is test_api_tokens.py's.
    schema: Any = schemathesis.openapi.from_dict({**the_document(), "security": []})
    statuses: set[int] = set()
    with programs(folder, device_check=False) as everyone:
        known, program = known_things(everyone), everyone[role]

        def try_one(case: "Case[Any]") -> None:
            options = case.as_transport_kwargs(base_url=str(program.client.base_url))
            options["headers"] = {**options["headers"], **program.headers}
            del options["cookies"]
            if isinstance(options.get("data"), bytes):
                options["content"] = options.pop("data")
            response = program.client.request(**options)
            statuses.add(response.status_code)
            assert response.status_code != HTTP_403_FORBIDDEN
            case.validate_response(response, checks=CHECKS)

        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path in NOT_TRIED or role not in operation.definition.raw["x-roles"]:
                continue
            cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
            names = {
                name: value for name, value in known.items() if f"{{{name}}}" in operation.path
            }
            if names:
                cases |= operation.as_strategy(path_parameters=names)
            if operation.body or operation.query:
                cases |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            limits = settings(
                max_examples=example_count,
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            limits(given(cases)(try_one))()  # type: ignore[no-untyped-call]
    return statuses


@pytest.mark.parametrize("role", PEOPLE)
def test_no_data_makes_the_api_fail_or_differ_from_its_document(tmp_path: Path, role: Role) -> None:
    statuses = try_everything(tmp_path, role, EXAMPLES)
    # The test reached what it is about: things found, refused, and not there.
    assert {200, 400, 404} <= statuses


@pytest.mark.long
@pytest.mark.parametrize("role", PEOPLE)
def test_no_data_makes_the_api_fail_in_many_tries(tmp_path: Path, role: Role) -> None:
    assert {200, 400, 404} <= try_everything(tmp_path, role, MANY_EXAMPLES)
