"""A patient with the tablet: start, stop, dizzy, how it feels, and nothing else to reach."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from andante_host.console.principal import Role
from support.browser import TABLET, Visitor, visitor
from support.browser_checks import keyboard_walk, serious_violations, small_targets
from support.browser_furnished import CODE, Furnished
from support.browser_house import House
from support.browser_live import BEGINS_WITHIN_MS, loaded
from support.browser_pictures import picture

FURNISHED = True
GUIDED_AFTER_MS = 8_000
"""By then the patient is told to breathe in or out."""
SCORES = {"mood": 6, "pain": 2, "effort": 3}


@pytest.fixture(scope="module")
def tablet(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    """Handed over by a therapist for a breathing exercise on a simulated patient."""
    with visitor(browser, house.origin, TABLET) as guest:
        furnished.therapist.log_in(guest)
        plan = furnished.plan_ids["breathe-fixed"]
        page = guest.go(f"/patients/{CODE}/plans/{plan}/start")
        page.get_by_label("Simulated patient").check()
        page.get_by_role("button", name="Hand this tablet to the patient").click()
        page.wait_for_url("**/exercise")
        yield guest


def answer(page: Page, scores: dict[str, int], button: str) -> None:
    for item, score in scores.items():
        page.locator("label").filter(
            has=page.locator(f"input[name='{item}'][value='{score}']")
        ).click()
    page.get_by_role("button", name=button).click()


def begin(page: Page) -> None:
    page.get_by_role("button", name="Start").click()
    expect(page.locator("main[data-screen='running']")).to_be_visible(timeout=BEGINS_WITHIN_MS)


def check_screen(page: Page) -> None:
    for look in ("light", "dark", "contrast"):
        page.evaluate("look => document.documentElement.dataset.theme = look", look)
        assert serious_violations(page, colours_only=look != "light") == []
    page.evaluate("delete document.documentElement.dataset.theme")
    assert small_targets(page) == []
    walk = keyboard_walk(page)
    assert walk.missed == []
    assert walk.without_focus_shown == []


def test_it_asks_how_it_feels_first(tablet: Visitor) -> None:
    check_screen(tablet.page)
    picture(tablet.page, "tablet-before")
    answer(tablet.page, SCORES, "Go on")
    expect(tablet.page.get_by_role("button", name="Start")).to_be_visible()
    check_screen(tablet.page)


@pytest.mark.parametrize(
    "path", ["/patients", f"/patients/{CODE}", "/sessions", "/live", "/admin", "/audit", "/account"]
)
def test_no_other_page_opens(tablet: Visitor, path: str) -> None:
    answered = tablet.context.request.get(tablet.origin + path, max_redirects=0)
    assert answered.status in (303, 403)
    if answered.status == 303:
        assert answered.headers["location"].removeprefix(tablet.origin) in ("/exercise", "/login")
    assert CODE not in answered.text()


def test_the_patient_starts_and_stops(tablet: Visitor, house: House) -> None:
    page = tablet.go("/exercise")
    begin(page)
    expect(page.get_by_text("Simulated.", exact=True)).to_be_visible()
    check_screen(page)
    picture(page, "tablet", after_ms=GUIDED_AFTER_MS)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="How are you now?")).to_be_visible(timeout=20_000)
    data = loaded(house.session_files()[-1])
    assert data.header.exercise == "breathe"
    assert data.header.end_reason == "stopped by the operator"
    before = {report.item: report.score for report in data.self_reports}
    assert before == SCORES


def test_it_asks_again_afterwards(tablet: Visitor) -> None:
    check_screen(tablet.page)
    answer(tablet.page, {"mood": 8}, "Done")
    expect(tablet.page.get_by_role("heading", name="Thank you.")).to_be_visible()


def test_dizzy_ends_it_and_is_kept(tablet: Visitor, house: House) -> None:
    page = tablet.page
    page.get_by_role("button", name="The same once more").click()
    answer(page, {}, "Go on")
    begin(page)
    page.get_by_role("button", name="I feel dizzy").click()
    expect(page.get_by_role("heading", name="How are you now?")).to_be_visible(timeout=20_000)
    data = loaded(house.session_files()[-1])
    assert data.header.end_reason == "the patient felt dizzy"


def test_taken_back_it_asks_for_a_login(tablet: Visitor) -> None:
    page = tablet.go("/exercise")
    page.get_by_text("For the therapist").click()
    page.get_by_role("button", name="Take the tablet back").click()
    page.wait_for_url("**/login")
    tablet.go("/exercise")
    assert tablet.path == "/login"
    assert Role.PATIENT_VIEW not in page.content()
