"""Everybody can use every page: axe-core, the keyboard alone, a thumb."""

from typing import Any

import pytest
from playwright.sync_api import Page

from support.browser import PHONE, TABLET, Screen
from support.browser_checks import keyboard_walk, serious_violations, small_targets, too_wide_px
from support.browser_tour import Tour

FURNISHED = True


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
