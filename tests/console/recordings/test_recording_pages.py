"""The page of recordings, and what plans make of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from andante_host.console.plans.catalogue import template_of
from andante_host.console.principal import Principal, Role
from andante_host.console.recordings.problem import RecordingFileError
from support.console import Visitor, console
from support.plan_forms import fields_of
from support.sound_files import BEATS, sound_bytes

ANNA = Principal("1", "anna", Role.THERAPIST, "key")
FLAC = sound_bytes()
FORM = "/patients/P-1/plans/new/listen-recording"


@pytest.fixture
def therapist(tmp_path: Path) -> Iterator[Visitor]:
    with console(tmp_path, Role.THERAPIST) as visitor:
        visitor.services.patients.add("P-1")
        yield visitor


def put_up(
    visitor: Visitor, file_name: str = "our-song.flac", content: bytes = FLAC, name: str = ""
) -> Response:
    return visitor.post("/recordings", {"name": name}, files={"file": (file_name, content)})


def plan(**recording: Any) -> dict[str, Any]:
    template = template_of("listen-recording")
    assert template is not None
    listen = template.plan["listen"]
    return {**template.plan, "listen": {**listen, "recording": recording}}


def keep(visitor: Visitor, **recording: Any) -> str:
    """A plan that plays it; its id."""
    saved = visitor.services.plans.save("P-1", "listen-recording", "Rest", plan(**recording), ANNA)
    return saved.plan_id


def test_a_recording_goes_up_is_listed_and_goes_away(therapist: Visitor) -> None:
    assert "There is none yet" in therapist.get("/recordings").text
    answer = put_up(therapist)
    assert (answer.status_code, answer.headers["location"]) == (303, "/recordings")
    page = therapist.get("/recordings").text
    assert "our-song.flac is on the device" in page
    assert 'FLAC, <span class="time">0:07 min</span>' in page
    answer = therapist.post("/recordings/our-song.flac/remove", {"sure": "yes"})
    assert answer.status_code == 303
    assert therapist.services.recordings.all() == []
    told = [(one.who, one.action, one.subject) for one in therapist.services.audit.newest(2)]
    assert told == [
        ("therapist", "take away recording", "our-song.flac"),
        ("therapist", "put up recording", "our-song.flac"),
    ]


def test_it_can_be_given_another_name(therapist: Visitor) -> None:
    assert put_up(therapist, "Track 01.flac", name=" our-song.flac ").status_code == 303
    assert therapist.services.recordings.sounds() == ("our-song.flac",)


def test_a_name_that_cannot_be_is_shown_with_one_that_can(therapist: Visitor) -> None:
    answer = put_up(therapist, "Über uns.flac")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'value="Uber-uns.flac"' in answer.text
    assert therapist.services.recordings.all() == []
    (entry,) = therapist.services.audit.newest(1)
    assert (entry.action, entry.outcome) == ("put up recording", "refused")


def test_what_is_no_recording_is_refused_in_a_sentence(therapist: Visitor) -> None:
    answer = put_up(therapist, "our-song.wav")
    assert answer.status_code == 400
    assert "our-song.wav is no WAV file, whatever its name says" in answer.text
    assert put_up(therapist, content=b"").status_code == 400
    assert put_up(therapist).status_code == 303
    assert "There is a recording our-song.flac already" in put_up(therapist).text


def test_a_form_without_a_file_is_refused(therapist: Visitor) -> None:
    for fields in ({}, {"file": "no file"}):
        answer = therapist.post("/recordings", fields, files={"else": ("a", b"")})
        assert answer.status_code == 400
    assert therapist.services.recordings.all() == []


def test_taking_away_has_to_be_meant(therapist: Visitor) -> None:
    put_up(therapist)
    answer = therapist.post("/recordings/our-song.flac/remove")
    assert answer.status_code == 400
    assert "Tick that you mean it" in answer.text
    assert therapist.services.recordings.sounds() == ("our-song.flac",)


def test_what_a_plan_in_use_plays_stays(therapist: Visitor) -> None:
    put_up(therapist)
    put_up(therapist, "our-song.txt", BEATS)
    plan_id = keep(therapist, file="our-song.flac", beats_file="our-song.txt")
    page = therapist.get("/recordings").text
    assert page.count("Played in P-1: “Rest”") == 2
    assert "Take it away" not in page
    for name in ("our-song.flac", "our-song.txt"):
        answer = therapist.post(f"/recordings/{name}/remove", {"sure": "yes"})
        assert answer.status_code == 400
        assert "it is played in P-1: “Rest”" in answer.text
    therapist.services.plans.retire(plan_id)
    for name in ("our-song.flac", "our-song.txt"):
        assert therapist.post(f"/recordings/{name}/remove", {"sure": "yes"}).status_code == 303


def test_a_name_given_by_hand_on_the_device_works_in_addresses(therapist: Visitor) -> None:
    folder = therapist.services.settings.sessions_dir / "recordings"
    folder.mkdir()
    name = 'a "b" & <c> 100%?#.flac'
    (folder / name).write_bytes(FLAC)
    page = therapist.get("/recordings").text
    address = "/recordings/a%20%22b%22%20%26%20%3Cc%3E%20100%25%3F%23.flac/remove"
    assert address in page
    assert "<c>" not in page
    assert therapist.post(address, {"sure": "yes"}).status_code == 303
    assert not (folder / name).exists()


def test_the_form_of_a_plan_offers_what_is_there(therapist: Visitor) -> None:
    put_up(therapist, name="a.flac")
    put_up(therapist, "b.txt", BEATS)
    page = therapist.get(FORM).text
    assert '<option value="a.flac">a.flac</option>' in page
    assert "our-song.flac (not on the device)" in page
    assert '<option value="" selected>none</option>' in page
    assert '<option value="b.txt">b.txt</option>' in page
    assert 'href="/recordings"' in page
    fields = fields_of(page)
    fields |= {"listen.recording.file": "a.flac", "listen.recording.bpm": ""}
    fields |= {"listen.recording.beats_file": "b.txt"}
    answer = therapist.post(FORM, fields)
    assert answer.status_code == 303
    kept = therapist.get(answer.headers["location"]).text
    assert "The recording a.flac to listen to" in kept
    (saved,) = therapist.services.plans.of_patient("P-1")
    ready = therapist.services.plans.ready(saved).listen
    assert ready is not None
    assert ready.recording is not None
    folder = therapist.services.settings.sessions_dir / "recordings"
    assert ready.recording.file == str(folder / "a.flac")
    assert ready.recording.beats_file == str(folder / "b.txt")


def test_a_form_without_any_recording_says_so_and_why_it_cannot_be_kept(
    therapist: Visitor,
) -> None:
    page = therapist.get(FORM).text
    assert "our-song.flac (not on the device)" in page
    answer = therapist.post(FORM, fields_of(page) | {"listen.recording.file": ""})
    assert answer.status_code == 400
    assert "where there is none, put one on the device first" in answer.text


def test_a_recording_needs_its_beats_one_way(therapist: Visitor) -> None:
    put_up(therapist, "b.txt", BEATS)
    fields = fields_of(therapist.get(FORM).text) | {"listen.recording.beats_file": "b.txt"}
    answer = therapist.post(FORM, fields)
    assert answer.status_code == 400
    assert "either “Its own tempo” or “File with its beats”" in answer.text


def test_a_plan_cannot_start_without_its_files(therapist: Visitor) -> None:
    plans = therapist.services.plans
    put_up(therapist)
    put_up(therapist, "b.txt", BEATS)
    for recording, words in (
        ({"file": "none.flac", "bpm": 72}, r"The recording none\.flac is not on the device"),
        ({"file": "b.txt", "bpm": 72}, r"The recording b\.txt is not on the device"),
        (
            {"file": "our-song.flac", "beats_file": "none.txt"},
            r"The file with beats none\.txt is not on the device",
        ),
    ):
        saved = plans.get(keep(therapist, **recording))
        with pytest.raises(RecordingFileError, match=words):
            plans.ready(saved)


def test_a_missing_recording_is_said_where_a_plan_is_started(therapist: Visitor) -> None:
    plan_id = keep(therapist, file="none.flac", bpm=72)
    answer = therapist.post(f"/patients/P-1/plans/{plan_id}/start", {"simulated": "on"})
    assert "none.flac is not on the device" in answer.text
