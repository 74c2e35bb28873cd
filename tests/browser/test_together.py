"""Several people at one device, and a console that dies while a patient walks."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.browser import PHONE, TABLET, UPRIGHT, Visitor, visitor
from support.browser_checks import too_wide_px
from support.browser_furnished import CODE, OTHER_CODE, Furnished
from support.browser_house import House
from support.browser_live import (
    begin_simulated,
    cue_intervals_ms,
    file_of,
    loaded,
    wait_for_stage,
    wait_until_over,
)
from support.browser_pictures import picture
from support.pauses import outside_pauses

pytestmark = pytest.mark.alone
FURNISHED = True
CLOCK = MonotonicClock()
STOPPING_NS = NS_PER_S
"""A session ends after its stop by what the last responses are waited for: less than this."""
STRIP_FULL_MS = 12_000
"""What the strip of beats shows is as long as this."""
BACK_WITHIN_MS = 60_000
"""The console itself needs some seconds to start, more on a busy computer."""


@pytest.fixture(scope="module")
def anna(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    with visitor(browser, house.origin, TABLET) as guest:
        furnished.therapist.log_in(guest)
        yield guest


@pytest.fixture(scope="module")
def ben(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    with visitor(browser, house.origin, PHONE) as guest:
        furnished.colleague.log_in(guest)
        yield guest


@pytest.fixture(scope="module")
def walking(anna: Visitor, furnished: Furnished) -> Visitor:
    """Anna leads a walk of some minutes on a simulated patient."""
    anna.go(f"/patients/{CODE}/plans/{furnished.plan_ids['walk']}")
    begin_simulated(anna.page)
    wait_for_stage(anna.page, "cued", timeout_ms=60_000)
    picture(anna.page, "live", screen=UPRIGHT, after_ms=STRIP_FULL_MS)
    return anna


def test_a_colleague_sees_who_has_the_device_and_why(
    walking: Visitor, ben: Visitor, furnished: Furnished
) -> None:
    del walking
    page = ben.go("/live")
    expect(page.locator("[data-text='holder']")).to_contain_text(furnished.therapist.name)
    expect(page.locator("[data-text='holder']")).to_contain_text(CODE)
    expect(page.locator("[data-mode='running']")).to_be_visible()
    expect(page.locator(".top .device")).to_have_text("Running, simulated")
    assert too_wide_px(page) == 0


def test_a_tablet_that_could_not_start_is_not_handed_over(
    walking: Visitor, ben: Visitor, furnished: Furnished
) -> None:
    del walking
    ben.watch.allow("status of 400")
    plan = furnished.other_plan_id
    page = ben.go(f"/patients/{OTHER_CODE}/plans/{plan}/start")
    page.get_by_label("Simulated patient").check()
    page.get_by_role("button", name="Hand this tablet to the patient").click()
    said = page.locator("main [role='alert']")
    expect(said).to_contain_text(f"held by {furnished.therapist.name}")
    expect(page.get_by_label("Simulated patient")).to_be_checked()
    ben.go("/live")


def test_a_colleagues_command_is_refused_aloud(
    walking: Visitor, ben: Visitor, furnished: Furnished
) -> None:
    ben.watch.allow("status of 4")
    ben.page.get_by_role("button", name="Pause").click()
    said = ben.page.locator("#answer.bad")
    expect(said).to_contain_text(f"held by {furnished.therapist.name}")
    assert walking.page.locator("[data-text='stage']").inner_text() == "cued"


def test_a_colleague_asks_and_gets_it_while_the_walk_goes_on(
    walking: Visitor, ben: Visitor, furnished: Furnished
) -> None:
    ben.page.get_by_role("button", name="Ask for the device").click()
    asked = walking.page.locator("[data-shown='asked']")
    expect(asked).to_contain_text(furnished.colleague.name)
    walking.page.get_by_role("button", name="Release the device").click()
    for guest in (walking, ben):
        expect(guest.page.locator("[data-text='holder']")).to_have_text("Nobody: it is free.")
    ben.page.get_by_role("button", name="Take the device").click()
    holder = walking.page.locator("[data-text='holder']")
    expect(holder).to_contain_text(furnished.colleague.name)
    ben.page.get_by_role("button", name="Pause").click()
    wait_for_stage(walking.page, "paused")
    ben.page.get_by_role("button", name="Go on").click()
    wait_for_stage(walking.page, "cued")


def test_a_console_that_dies_costs_no_cue_and_pages_come_back(
    walking: Visitor, ben: Visitor, house: House
) -> None:
    for guest in (walking, ben):
        guest.watch.allow("ERR_|Failed to load resource|net::")
    killed_ns = CLOCK.now_ns()  # the clock of the session's file, too
    house.kill_console()
    for guest in (walking, ben):
        expect(guest.page.locator("#link")).to_be_visible(timeout=10_000)
        guest.page.evaluate("document.body.dataset.never = 'reloaded'")
    house.start_console()
    for guest in (walking, ben):
        expect(guest.page.locator("#link")).to_be_hidden(timeout=BACK_WITHIN_MS)
        assert guest.page.evaluate("document.body.dataset.never") == "reloaded"
    back_ns = CLOCK.now_ns()
    before = walking.page.locator("[data-figure='left']").inner_text()
    expect(walking.page.locator("[data-figure='left']")).not_to_have_text(before)
    # Whoever sees that it has to end may end it, whoever holds the device.
    walking.page.get_by_role("button", name="Stop", exact=True).click()
    wait_until_over(walking.page)
    wait_until_over(ben.page)
    for guest in (walking, ben):
        expect(guest.page.locator(".top .device")).to_have_text("Device free")

    data = loaded(file_of(walking.page, house.sessions_dir))
    lights = data.outputs["led"]
    assert np.all(lights.fault == "")
    beats_ns, intervals_ms = cue_intervals_ms(data)
    # Outside the pause the beat was steady, and every beat that was due had its light.
    steady = outside_pauses(data, beats_ns[:-1], beats_ns[1:])
    kept = outside_pauses(data, data.cues.planned_ns, data.cues.planned_ns)
    absent = (beats_ns >= killed_ns) & (beats_ns < back_ns)
    least_beats = (back_ns - killed_ns) / NS_PER_MS / np.median(intervals_ms) - 1
    print(f"{np.count_nonzero(absent)} beats while the console was away")
    assert np.count_nonzero(absent) >= least_beats > 1
    assert np.all(steady[absent[:-1]])  # none of them is left out of what follows
    np.testing.assert_allclose(intervals_ms[steady], np.median(intervals_ms), rtol=1e-6)
    due = data.cues.index[
        kept & (data.cues.planned_ns < data.last_ns - STOPPING_NS) & (data.cues.kind == "beat")
    ]
    assert set(due.tolist()) <= set(lights.cue_index[lights.given].tolist())
