"""A therapist's own recording, on a phone: from the plan's form to the device and into a plan."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from support.browser import PHONE, TABLET, UPRIGHT, Screen, Visitor, visitor
from support.browser_checks import serious_violations, small_targets, too_wide_px
from support.browser_furnished import CODE, RECORDING, Furnished
from support.browser_house import House
from support.browser_live import begin_simulated, file_of, loaded, wait_for_stage, wait_until_over
from support.browser_pictures import picture
from support.recordings import knocks, needs_preparing

FURNISHED = True
SONG = "Our song.flac"
NAME = "Our-song.flac"
RATE_HZ = 48_000
BPM, FIRST_BEAT_S, LENGTH_S = 72, 0.4, 30


@pytest.fixture(scope="module")
def therapist(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    with visitor(browser, house.origin, PHONE) as guest:
        furnished.therapist.log_in(guest)
        yield guest


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / SONG
    beats_s = np.arange(FIRST_BEAT_S, LENGTH_S, 60 / BPM)
    soundfile.write(path, knocks(beats_s, LENGTH_S, RATE_HZ, chord=True), RATE_HZ)
    return path


def put_up(page: Page, path: Path, name: str = "") -> None:
    page.get_by_label("File").set_input_files(path)
    if name:
        page.get_by_label("Name on the device").fill(name)
    page.get_by_role("button", name="Put it on the device").click()


def test_the_plans_form_leads_to_the_recordings(therapist: Visitor) -> None:
    page = therapist.go(f"/patients/{CODE}/plans/new")
    page.get_by_role("link", name="Settle: your own recording").click()
    chosen = page.get_by_label("Recording", exact=True)
    expect(chosen.locator("option")).to_have_text(["our-song.flac (not on the device)", RECORDING])
    page.get_by_role("link", name="Put another on the device").click()
    expect(page).to_have_url(f"{therapist.origin}/recordings")
    expect(page.get_by_role("heading", name=RECORDING)).to_be_visible()


def test_a_file_with_another_name_than_may_be_says_which_would_do(
    therapist: Visitor, song: Path
) -> None:
    page = therapist.go("/recordings")
    therapist.watch.allow("status of 400")
    put_up(page, song)
    expect(page.get_by_role("alert")).to_contain_text(f"such as {NAME}")
    # The proposed name stands in its field; the file has to be chosen once more.
    put_up(page, song)
    expect(page.get_by_text(f"{NAME} is on the device. Choose it in a plan.")).to_be_visible()
    expect(page.get_by_role("region", name=NAME)).to_contain_text("0:30 min")
    picture(page, "recordings", screen=UPRIGHT)


def test_what_is_no_recording_is_refused(therapist: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(b"\xff\xfb\x90\x00" * 5_000)
    page = therapist.go("/recordings")
    put_up(page, path)
    expect(page.get_by_role("alert")).to_contain_text("other.wav is no WAV file")


def test_it_is_chosen_in_a_plan_and_named_in_its_words(therapist: Visitor) -> None:
    page = therapist.go(f"/patients/{CODE}/plans/new/listen-recording")
    page.get_by_label("Recording", exact=True).select_option(NAME)
    for field, value in {
        "start_per_minute": "76",
        "target_per_minute": "72",
        "minutes": "1",
    }.items():
        page.locator(f"input[name='listen.{field}']").fill(value)
    page.get_by_role("button", name="Keep the plan").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"The recording {NAME} to listen to")


@needs_preparing
def test_the_engine_plays_it(therapist: Visitor, house: House) -> None:
    page = therapist.page
    begin_simulated(page)
    wait_for_stage(page, "listening")
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_until_over(page)
    data = loaded(file_of(page, house.sessions_dir))
    assert "listening" in [phase.name for phase in data.phases]
    assert data.header.end_reason == "stopped by the operator"


def test_what_is_played_stays_and_what_is_not_goes(therapist: Visitor) -> None:
    page = therapist.go("/recordings")
    played = page.get_by_role("region", name=NAME)
    expect(played).to_contain_text(f"Played in {CODE}")
    expect(played.get_by_role("button")).to_have_count(0)
    other = page.get_by_role("region", name=RECORDING)
    other.locator("summary").click()
    other.get_by_label("Delete it for good").check()
    other.get_by_role("button", name="Take away").click()
    expect(page.get_by_text(f"{RECORDING} is taken away.")).to_be_visible()
    expect(page.get_by_role("region", name=RECORDING)).to_have_count(0)


@pytest.mark.parametrize("screen", [PHONE, TABLET], ids=lambda screen: screen.name)
def test_everybody_can_use_the_page_with_an_error_on_it(
    therapist: Visitor, screen: Screen, tmp_path: Path
) -> None:
    page = therapist.go("/recordings")
    page.set_viewport_size(screen.viewport)
    path = tmp_path / f"{'a' * 59}.flac"
    path.write_bytes(b"x")
    put_up(page, path)
    expect(page.get_by_role("alert")).to_be_visible()
    assert serious_violations(page) == []
    assert small_targets(page) == []
    assert too_wide_px(page) == 0
