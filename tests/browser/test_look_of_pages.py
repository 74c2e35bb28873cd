"""Every page in every look: words that can be read, little weight, a strict policy."""

from playwright.sync_api import Page

from support.browser import PHONE
from support.browser_checks import LARGEST_PAGE_BYTES, serious_violations, weigh
from support.browser_tour import Tour

FURNISHED = True
LEAST_PARTS = 3
"""The page itself, its style sheet, its look: fewer, and nothing was counted."""
STRICT = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'")


def test_words_are_readable_in_every_look(tour: Tour) -> None:
    def colours(page: Page) -> list[str]:
        found = []
        for look in ("dark", "contrast"):  # light is what `test_access.py` sees
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
