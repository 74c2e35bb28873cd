"""One trainer, one page and one Chromium for each module of tests."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from andante_host.console.principal import PEOPLE
from support.browser import launched
from support.browser_furnished import Furnished, furnish
from support.browser_house import House
from support.browser_tour import Tour, tour_of


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launched(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def house_before(folder: Path) -> House:
    """The house before anything in it has been started."""
    return House(folder)


@pytest.fixture(scope="session")
def furnished_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Furnished]:
    model = House(tmp_path_factory.mktemp("furnished"))
    return model, furnish(model)


@pytest.fixture(scope="module")
def furnished(furnished_once: tuple[House, Furnished], house_before: House) -> Furnished:
    """Whoever asks for this gets a house that people have lived in: its own copy."""
    model, what_is_there = furnished_once
    shutil.copytree(model.folder, house_before.folder, dirs_exist_ok=True)
    return copy.deepcopy(what_is_there)


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, house_before: House) -> Iterator[House]:
    """The house as it runs, furnished where the module's tests ask for that."""
    if getattr(request.module, "FURNISHED", False):
        request.getfixturevalue("furnished")
    with house_before:
        yield house_before


@pytest.fixture(scope="module", params=PEOPLE)
def tour(
    request: pytest.FixtureRequest, browser: Browser, house: House, furnished: Furnished
) -> Iterator[Tour]:
    """Everything that somebody of each role can come to."""
    with tour_of(request.param, browser, house, furnished) as made:
        yield made
