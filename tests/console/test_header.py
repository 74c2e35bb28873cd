"""The line at the head of every page, and what stands on all of them."""

from pathlib import Path

from andante.control import Doing
from andante_host.console.principal import Role
from support.console import console
from support.tablet import tablet_house


def test_the_badge_says_what_the_device_does(tmp_path: Path) -> None:
    with tablet_house(tmp_path) as house:
        assert "Device free" in house.visitor.get("/header/device").text
        house.run()
        badge = house.visitor.get("/header/device").text
        assert "Running" in badge
        assert "simulated" not in badge
        house.counter.desk.tell_session(Doing.RUNNING, "walk", "P-7", simulated_patient=True)
        house.wait_until(Doing.RUNNING, simulated_patient=True)
        assert "Running, simulated" in house.visitor.get("/header/device").text


def test_a_device_that_is_away_is_not_called_free(tmp_path: Path) -> None:
    with console(tmp_path, Role.CLINICIAN) as visitor:
        assert "Device away" in visitor.get("/header/device").text
        assert visitor.get("/sessions").text.count("Device away") == 1


def test_the_badge_names_no_patient_and_is_for_those_who_are_logged_in(tmp_path: Path) -> None:
    with tablet_house(tmp_path) as house:
        house.run()
        assert "P-7" not in house.visitor.get("/header/device").text
        house.visitor.post("/logout")
        assert house.visitor.get("/header/device").headers["location"] == "/login"


def test_an_address_that_leads_nowhere_has_a_page_too(tmp_path: Path) -> None:
    with console(tmp_path, Role.THERAPIST) as visitor:
        answer = visitor.get("/nowhere")
        assert answer.status_code == 404
        assert "nothing at this address" in answer.text


def test_a_console_that_tries_out_says_so_on_every_page(tmp_path: Path) -> None:
    for folder, try_out in (("a", False), ("b", True)):
        (tmp_path / folder).mkdir()
        with console(tmp_path / folder, Role.THERAPIST, try_out=try_out) as visitor:
            assert ("Trying out." in visitor.get("/patients").text) is try_out


def test_the_place_in_the_navigation_is_the_longest_that_fits(tmp_path: Path) -> None:
    with console(tmp_path, Role.ADMINISTRATOR) as visitor:
        page = visitor.get("/admin/users").text
        assert page.count('aria-current="page"') == 1
        assert '<a href="/admin/users" aria-current="page">' in page
