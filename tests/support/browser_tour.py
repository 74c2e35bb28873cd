"""Every page that somebody of a role can come to, looked at one after another."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from andante_host.console.pages import HOME
from andante_host.console.principal import Role
from support.browser import Screen, Visitor, visitor
from support.browser_furnished import Furnished, wait_until_read
from support.browser_house import House
from support.browser_pages import pages_within_reach

EXPECTED = {
    Role.THERAPIST: {
        "/patients",
        "/patients/{code}",
        "/recordings",
        "/live",
        "/sessions",
        "/account",
    },
    Role.CLINICIAN: {"/sessions", "/sessions/{file}", "/trends/{code}", "/audit", "/account"},
    Role.ADMINISTRATOR: {"/admin", "/admin/users", "/admin/tokens", "/admin/backup", "/audit"},
}


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


@contextmanager
def tour_of(role: Role, browser: Browser, house: House, furnished: Furnished) -> Iterator[Tour]:
    """Log somebody of that role in and find out where they can come to."""
    person = next(person for person in furnished.people if person.role is role)
    with visitor(browser, house.origin) as guest:
        person.log_in(guest)
        if role is not Role.ADMINISTRATOR:
            wait_until_read(guest)
        pages = pages_within_reach(guest, HOME[role])
        assert EXPECTED[role] - set(pages) == set()
        yield Tour(guest, pages)
