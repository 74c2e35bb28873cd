"""How long each page takes on this computer, printed for the guides; milliseconds are not asserted.

pytest -s -m long tests/browser/test_page_speed.py
"""

from statistics import median

import pytest
from playwright.sync_api import Browser, Page

from andante_host.console.pages import HOME
from andante_host.console.principal import PEOPLE, Role
from support.browser import visitor
from support.browser_checks import LARGEST_PAGE_BYTES, weigh
from support.browser_furnished import Furnished, wait_until_read
from support.browser_house import House
from support.browser_pages import pages_within_reach

pytestmark = [pytest.mark.long, pytest.mark.alone]

FURNISHED = True
LOADS = 5
_TIMES_MS = """async () => {
  const entry = performance.getEntriesByType('navigation')[0];
  while (entry.loadEventEnd === 0) await new Promise((go) => setTimeout(go));
  return [entry.responseEnd - entry.startTime, entry.loadEventEnd - entry.startTime];
}"""


def times_ms(page: Page, address: str) -> tuple[float, float]:
    """From asking for a page to its last byte, and until it is loaded with all its parts."""
    page.goto(address)
    answered_ms, loaded_ms = page.evaluate(_TIMES_MS)
    return answered_ms, loaded_ms


@pytest.mark.parametrize("role", PEOPLE)
def test_pages_of_a_role(browser: Browser, house: House, furnished: Furnished, role: Role) -> None:
    person = next(person for person in furnished.people if person.role is role)
    with visitor(browser, house.origin) as guest:
        person.log_in(guest)
        if role is not Role.ADMINISTRATOR:
            wait_until_read(guest)
        print(f"\n{role}, median of {LOADS} loads: page ms, with all its parts ms, bytes")
        for pattern, path in sorted(pages_within_reach(guest, HOME[role]).items()):
            _, sizes_bytes = weigh(guest.page, guest.origin + path)
            taken = [times_ms(guest.page, guest.origin + path) for _ in range(LOADS)]
            answered_ms, loaded_ms = (median(each) for each in zip(*taken, strict=True))
            weight_bytes = sum(sizes_bytes.values())
            print(f"  {pattern:40} {answered_ms:7.0f} {loaded_ms:7.0f} {weight_bytes:9}")
            assert weight_bytes <= LARGEST_PAGE_BYTES, sizes_bytes
