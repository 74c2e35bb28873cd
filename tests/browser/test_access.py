"""Everybody can use every page: axe-core, the keyboard alone, a thumb, any look."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from andante_host.console.pages import HOME
from andante_host.console.principal import PEOPLE, Role
from support.browser import PHONE, TABLET, Screen, Visitor, visitor
from support.browser_checks import (
    LARGEST_PAGE_BYTES,
    keyboard_walk,
    serious_violations,
    small_targets,
    too_wide_px,
    weigh,
)
from support.browser_furnished import Furnished, wait_until_read
from support.browser_house import House
from support.browser_pages import pages_within_reach

FURNISHED = True
EXPECTED = {
    Role.THERAPIST: {"/patients", "/patients/{code}", "/live", "/sessions", "/account"},
    Role.CLINICIAN: {"/sessions", "/sessions/{file}", "/trends/{code}", "/audit", "/account"},
    Role.ADMINISTRATOR: {"/admin", "/admin/users", "/admin/tokens", "/admin/backup", "/audit"},
}
LEAST_PARTS = 3
"""The page itself, its style sheet, its look: fewer, and nothing was counted."""
STRICT = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'")


@dataclass
class Tour:
    """A role's visitor and every page it can come to."""

    visitor: Visitor
    pages: dict[str, str]

    def look(self, check: Callable[[Page], Any], screen: Screen) -> None:
        """Fail with what `check` has to say of any page; it says nothing where nothing is wrong."""
        self.visitor.page.set_viewport_size(screen.viewport)
        found = {}
        for pattern, path in self.pages.items():
            if said := check(self.visitor.go(path)):
                found[pattern] = said
        if found:
            pytest.fail(json.dumps(found, indent=1, ensure_ascii=False), pytrace=False)


@pytest.fixture(scope="module", params=PEOPLE)
def tour(
    request: pytest.FixtureRequest, browser: Browser, house: House, furnished: Furnished
) -> Iterator[Tour]:
    role: Role = request.param
    person = next(person for person in furnished.people if person.role is role)
    with visitor(browser, house.origin) as guest:
        person.log_in(guest)
        if role is not Role.ADMINISTRATOR:
            wait_until_read(guest)
        pages = pages_within_reach(guest, HOME[role])
        assert EXPECTED[role] - set(pages) == set()
        yield Tour(guest, pages)


@pytest.mark.parametrize("screen", [PHONE, TABLET], ids=lambda screen: screen.name)
def test_everybody_can_use_every_page(tour: Tour, screen: Screen) -> None:
    """By axe-core, by a thumb, without scrolling sideways, by the Tab key alone."""

    def amiss(page: Page) -> dict[str, Any]:
        found: dict[str, Any] = {
            "axe": serious_violations(page),
            "small": small_targets(page),
            "wider than the screen, px": too_wide_px(page),
        }
        walk = keyboard_walk(page)
        found |= {
            "never reached": walk.missed,
            "no focus to be seen": walk.without_focus_shown,
            "hidden behind something": walk.out_of_sight,
            "out of order": [] if walk.reached == sorted(walk.reached) else walk.reached,
        }
        return {name: value for name, value in found.items() if value}

    tour.look(amiss, screen)


def test_words_are_readable_in_every_look(tour: Tour) -> None:
    def colours(page: Page) -> list[str]:
        found = []
        for look in ("dark", "contrast"):  # light is what the test before this one sees
            page.evaluate("look => document.documentElement.dataset.theme = look", look)
            found += [f"{look}: {text}" for text in serious_violations(page, colours_only=True)]
        return found

    tour.look(colours, PHONE)


def test_every_page_is_light_and_its_policy_strict(tour: Tour) -> None:
    for path in tour.pages.values():
        answer, sizes_bytes = weigh(tour.visitor.page, tour.visitor.origin + path)
        assert len(sizes_bytes) >= LEAST_PARTS
        assert all(sizes_bytes.values()), sizes_bytes
        assert sum(sizes_bytes.values()) <= LARGEST_PAGE_BYTES, sizes_bytes
        policy = answer.headers["content-security-policy"]
        assert all(part in policy for part in STRICT), policy
        assert "unsafe" not in policy


def test_a_look_that_was_chosen_stays(tour: Tour) -> None:
    page = tour.visitor.go("/account")
    page.evaluate("localStorage.setItem('andante-look', 'contrast')")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "contrast"
    page.evaluate("localStorage.removeItem('andante-look')")
