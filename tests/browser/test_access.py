"""Everybody can use every page: axe-core, the keyboard alone, a thumb."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from andante_host.console.principal import PEOPLE
from support.browser import PHONE, TABLET, Screen
from support.browser_checks import keyboard_walk, serious_violations, small_targets, too_wide_px
from support.browser_furnished import Furnished
from support.browser_house import House
from support.browser_tour import Tour, tour_of

FURNISHED = True


@pytest.fixture(scope="module", params=PEOPLE)
def tour(
    request: pytest.FixtureRequest, browser: Browser, house: House, furnished: Furnished
) -> Iterator[Tour]:
    with tour_of(request.param, browser, house, furnished) as made:
        yield made


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
