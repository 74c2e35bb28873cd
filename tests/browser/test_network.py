"""The page needs nothing but the device; and the tests would notice if it did."""

from playwright.sync_api import Browser, Error

from support.browser import visitor
from support.browser_house import House


def test_the_first_page_asks_nothing_of_anybody_else(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin) as guest:
        page = guest.go("/")
        assert guest.path == "/setup"
        page.get_by_label("Your name").wait_for()


def test_a_request_elsewhere_is_noticed_and_goes_nowhere(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin) as guest:
        refused = False
        try:
            guest.page.goto("http://192.0.2.1/")
        except Error as error:
            refused = "ERR_PROXY_CONNECTION_FAILED" in str(error)
        assert refused
        assert guest.watch.elsewhere == ["http://192.0.2.1/"]
        guest.watch.elsewhere.clear()


def test_a_breach_of_the_policy_is_noticed(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin) as guest:
        page = guest.go("/login")
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://a.test/x'}))")
        page.wait_for_timeout(200)
        assert any("Content Security Policy" in text for text in guest.watch.complaints)
        guest.watch.complaints.clear()
        guest.watch.elsewhere.clear()
