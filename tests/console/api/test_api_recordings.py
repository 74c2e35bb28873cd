"""Recordings over the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response

from andante_host.console.api import recordings as api
from andante_host.console.principal import Role
from support.api import Program, programs
from support.sound_files import BEATS, sound_bytes

FLAC = sound_bytes()
BYTES = {"content-type": "application/octet-stream"}


@pytest.fixture
def therapist(tmp_path: Path) -> Iterator[Program]:
    with programs(tmp_path) as everyone:
        yield everyone[Role.THERAPIST]


def put_up(
    program: Program, name: str = "our-song.flac", content: object = FLAC, **headers: str
) -> Response:
    path = f"/recordings/{name}"
    return program.ask("PUT", path, content=content, headers={**BYTES, **headers})


def test_a_recording_goes_up_is_listed_and_goes_away(therapist: Program) -> None:
    made = put_up(therapist)
    assert made.status_code == 201
    assert made.json() == {
        "name": "our-song.flac",
        "kind": "FLAC",
        "minutes": pytest.approx(7 / 60),
        "size_bytes": len(FLAC),
    }
    beats = put_up(therapist, "our-song.txt", BEATS).json()
    assert (beats["kind"], beats["minutes"]) == ("beats", None)
    assert therapist.get("/recordings").json() == {"items": [made.json(), beats]}
    assert therapist.ask("DELETE", "/recordings/our-song.flac").status_code == 204
    assert therapist.get("/recordings").json() == {"items": [beats]}
    told = [(one.who, one.action, one.subject) for one in therapist.services.audit.newest(4)]
    who = "program therapist's"
    assert (who, "take away recording", "our-song.flac") in told
    assert (who, "put up recording", "our-song.txt") in told


def test_what_arrives_in_pieces_without_a_stated_length(therapist: Program) -> None:
    pieces = (FLAC[at : at + 1000] for at in range(0, len(FLAC), 1000))
    assert put_up(therapist, content=pieces).status_code == 201


def test_what_cannot_be_taken(therapist: Program) -> None:
    assert put_up(therapist).status_code == 201
    for answer, status_code, words in (
        (put_up(therapist), 409, "already"),
        (put_up(therapist, "a.mp3"), 400, "end in .wav or .flac"),
        (put_up(therapist, "a%20b.flac"), 400, "such as a-b.flac"),
        (put_up(therapist, "a.wav"), 400, "is no WAV file"),
        (put_up(therapist, "a.flac", FLAC[:-50]), 400, "cut off"),
        (put_up(therapist, "a.flac", b""), 400, "is empty"),
        (put_up(therapist, "a.txt", BEATS * 40_000), 413, "too large"),
        (put_up(therapist, "a.flac", **{"content-type": "audio/flac"}), 415, "octet-stream"),
        (therapist.ask("PUT", "/recordings/a.flac", json={}), 415, "octet-stream"),
        (therapist.ask("DELETE", "/recordings/a.flac"), 404, "no recording of that name"),
    ):
        assert answer.status_code == status_code, answer.text
        assert words in answer.json()["detail"]
    assert len(therapist.get("/recordings").json()["items"]) == 1


def test_what_a_plan_in_use_plays_stays(therapist: Program) -> None:
    put_up(therapist)
    therapist.post("/patients", {"code": "P-1"})
    plan = {
        "exercise": "listen",
        "listen": {
            "to": "stepping",
            "start_per_minute": 70,
            "target_per_minute": 64,
            "recording": {"file": "our-song.flac", "bpm": 72},
        },
    }
    body = {"template": "listen-recording", "plan": plan, "title": "Rest"}
    saved = therapist.post("/patients/P-1/plans", body).json()
    answer = therapist.ask("DELETE", "/recordings/our-song.flac")
    assert (answer.status_code, "P-1: “Rest”" in answer.json()["detail"]) == (409, True)
    therapist.post(f"/plans/{saved['plan_id']}/retire")
    assert therapist.ask("DELETE", "/recordings/our-song.flac").status_code == 204


def test_the_document_says_what_the_body_is(therapist: Program) -> None:
    document = therapist.get("/openapi.json").json()
    told = document["paths"]["/api/v1/recordings/{name}"]["put"]
    assert list(told["requestBody"]["content"]) == [api.BYTES]
    assert told["x-roles"] == ["therapist"]
    assert f"<code>{api.BYTES}</code>" in therapist.get("/docs").text
