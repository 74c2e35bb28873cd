"""A device out of its box: the secret, the first administrator, users, their first login."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from andante_host.console.principal import Role
from support.browser import PHONE, TABLET, Visitor, visitor
from support.browser_house import House
from support.browser_people import Person
from support.browser_pictures import picture

NEW_PASSWORD = "three tulips behind glass"


@dataclass
class Story:
    """What one test hands to the next: they are one way, told in its order."""

    administrator: Person = field(default_factory=lambda: Person("dora", Role.ADMINISTRATOR))
    therapist: Person = field(default_factory=lambda: Person("anna", Role.THERAPIST))


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.fixture(scope="module")
def administrator(browser: Browser, house: House) -> Iterator[Visitor]:
    with visitor(browser, house.origin, TABLET) as guest:
        yield guest


def set_up_second_factor(page: Page, person: Person) -> None:
    """From the account page: as somebody whose camera does not work."""
    section = page.get_by_role("region", name="Second factor")
    section.get_by_label("Your password").fill(person.password)
    section.get_by_role("button").click()
    page.get_by_text("No camera?").click()
    person.secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label("The six digits").fill(person.code())
    page.get_by_role("button", name="Confirm").click()


def test_without_a_user_every_page_leads_to_the_set_up(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin, PHONE) as guest:
        for path in ("/", "/login", "/patients", "/admin"):
            guest.go(path)
            assert guest.path == "/setup"


def test_a_wrong_secret_opens_nothing(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin, PHONE) as guest:
        guest.watch.allow("status of 400")
        page = guest.go("/setup")
        page.get_by_label("Secret from the device").fill("0000-" * 6 + "0000")
        fill_in(page, "mallory")
        expect(page.get_by_role("alert")).to_contain_text("secret is not right")
        guest.go("/admin")
        assert guest.path == "/setup"


def fill_in(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password", exact=True).fill(Person(name, Role.ADMINISTRATOR).password)
    page.get_by_label("Password again").fill(Person(name, Role.ADMINISTRATOR).password)
    page.get_by_role("button", name="Make the administrator").click()


def test_the_secret_as_printed_makes_the_administrator(
    administrator: Visitor, house: House, story: Story
) -> None:
    page = administrator.go("/")
    page.get_by_label("Secret from the device").fill(house.first_run_secret())
    fill_in(page, story.administrator.name)
    expect(page).to_have_url(f"{house.origin}/login")
    page.get_by_label("Name").fill(story.administrator.name)
    page.get_by_label("Password").fill(story.administrator.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Set up a second factor first")).to_be_visible()
    administrator.go("/admin/users")
    assert administrator.path == "/account"  # nothing opens before it is set up
    set_up_second_factor(page, story.administrator)
    administrator.go("/admin/users")
    assert administrator.path == "/admin/users"


def test_the_set_up_is_closed_for_ever(browser: Browser, house: House) -> None:
    with visitor(browser, house.origin, PHONE) as guest:
        guest.watch.allow("status of 404")
        page = guest.go("/setup")
        expect(page.get_by_role("alert")).to_contain_text("nothing at this address")


def test_the_administrator_adds_a_therapist(administrator: Visitor, story: Story) -> None:
    page = administrator.go("/admin/users")
    page.get_by_label("Name for logging in").fill(story.therapist.name)
    page.get_by_role("radio", name="Therapist").check()
    page.get_by_role("button", name="Add the user").click()
    story.therapist.password = page.locator("main code").inner_text()
    page.get_by_role("link", name="It is told").click()
    row = page.get_by_role("row").filter(has_text=story.therapist.name)
    expect(row).to_contain_text("second factor to be set up")


def test_a_first_login_asks_for_a_password_and_a_second_factor_of_ones_own(
    browser: Browser, house: House, story: Story
) -> None:
    person = story.therapist
    with visitor(browser, house.origin, PHONE) as guest:
        page = guest.go("/")
        picture(page, "login")
        page.get_by_label("Name").fill(person.name)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("Choose a password of your own first")).to_be_visible()
        guest.go("/patients")
        assert guest.path == "/account"
        page.get_by_label("Your password now").fill(person.password)
        page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        page.get_by_label("New password, once more").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Change the password").click()
        person.password = NEW_PASSWORD
        expect(page.get_by_text("Set up a second factor first")).to_be_visible()
        set_up_second_factor(page, person)
        guest.go("/")
        assert guest.path == "/patients"


def test_from_then_on_the_code_is_asked_for(browser: Browser, house: House, story: Story) -> None:
    with visitor(browser, house.origin, TABLET) as guest:
        story.therapist.log_in(guest)
        assert guest.path == "/patients"
        guest.watch.allow("status of 403")
        page = guest.go("/admin/users")
        expect(page.get_by_role("alert")).to_contain_text("not for the role therapist")
