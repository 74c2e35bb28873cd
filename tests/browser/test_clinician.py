"""A clinician's whole way: find, compare, take along, and the figures are the same outside."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import TABLET, Visitor, visitor
from support.browser_furnished import CODE, Furnished, wait_until_read
from support.browser_house import House
from support.browser_pictures import picture

FURNISHED = True
MADE_WITHIN_MS = 90_000
"""Tables and reports are made when they are first asked for, after everything else."""
FORMS = {
    "CSV tables with their data dictionary": (".zip", b"PK"),
    "Report as a page": (".html", b"<!"),
    "Report as PDF": (".pdf", b"%PDF"),
}


@pytest.fixture(scope="module")
def clinician(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    with visitor(browser, house.origin, TABLET) as guest:
        furnished.clinician.log_in(guest)
        wait_until_read(guest)
        yield guest


def taken(page: Page, name: str, folder: Path) -> Path:
    """A file by its link, as the browser saves it."""
    with page.expect_download(timeout=MADE_WITHIN_MS) as download:
        page.get_by_role("link", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def measures(path: Path) -> dict[str, Any]:
    """What the host program says of a file that was taken along."""
    command = [sys.executable, "-m", "andante_host", "metrics", str(path), "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    blocks: dict[str, Any] = json.loads(said)
    return blocks


def test_sessions_of_a_patient_are_listed_and_labelled(
    clinician: Visitor, furnished: Furnished
) -> None:
    page = clinician.go("/sessions")
    page.get_by_label("Patient code").fill(CODE)
    page.get_by_role("button", name="Show").click()
    rows = page.locator("table.sessions tbody tr")
    expect(rows).to_have_count(len(furnished.files))
    expect(rows.filter(has_text="simulated")).to_have_count(len(furnished.files))
    picture(page, "sessions")


def test_trends_show_every_walk(clinician: Visitor) -> None:
    page = clinician.go(f"/sessions?code={CODE}")
    page.get_by_role("link", name="Over weeks").click()
    expect(page.locator("figure.chart svg").first).to_be_visible(timeout=MADE_WITHIN_MS)
    expect(page.get_by_text("Simulated").first).to_be_visible()
    picture(page, "trends")
    first = page.locator("figure.chart").first
    first.get_by_text("As a table").click()
    column = first.locator("thead th").all_inner_texts().index("day")
    days = first.locator(f"tbody tr td:nth-child({column + 1})").all_inner_texts()
    assert len(set(days)) == 4


def test_a_file_that_was_taken_has_the_figures_of_the_page(
    clinician: Visitor, furnished: Furnished, house: House, tmp_path: Path
) -> None:
    name = furnished.files[0]
    page = clinician.go(f"/sessions/{name}")
    shown = page.locator("dl.figures").inner_text()
    path = taken(page, "Session file, as it was recorded", tmp_path)
    assert path.name == name
    assert path.read_bytes() == (house.sessions_dir / name).read_bytes()
    blocks = measures(path)
    cadences = [part["cadence_spm"] for part in blocks["gait"]["phases"].values()]
    assert " → ".join(f"{cadence_spm:.1f}" for cadence_spm in cadences) + " steps/min" in shown
    missed = round(blocks["synchrony"]["missed_percent"] / 100 * blocks["synchrony"]["cue_count"])
    assert f"{missed} of {blocks['synchrony']['cue_count']}" in shown


@pytest.mark.parametrize("form", FORMS)
def test_every_form_comes_as_what_it_is(
    clinician: Visitor, furnished: Furnished, tmp_path: Path, form: str
) -> None:
    suffix, begins = FORMS[form]
    page = clinician.go(f"/sessions/{furnished.files[0]}")
    path = taken(page, form, tmp_path)
    assert path.suffix == suffix
    assert path.read_bytes().lstrip().startswith(begins)


def test_many_come_in_one_zip(
    clinician: Visitor, furnished: Furnished, house: House, tmp_path: Path
) -> None:
    page = clinician.go(f"/sessions?code={CODE}")
    for name in furnished.files[:2]:
        page.locator(f"input[name='file'][value='{name}']").check()
    with page.expect_download(timeout=MADE_WITHIN_MS) as download:
        page.get_by_role("button", name="Download ticked").click()
    path = tmp_path / "many.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as many:
        held = {Path(name).name: many.read(name) for name in many.namelist()}
    for name in furnished.files[:2]:
        assert held[name] == (house.sessions_dir / name).read_bytes()


def test_what_was_seen_and_taken_is_in_the_trail(clinician: Visitor, furnished: Furnished) -> None:
    page = clinician.go("/audit")
    trail = page.locator("table.trail tbody")
    mine = trail.locator("tr").filter(has_text=furnished.clinician.name)
    expect(
        mine.filter(has_text="download").filter(has_text=furnished.files[0]).first
    ).to_be_visible()
    expect(mine.filter(has_text="log in").first).to_be_visible()
    picture(page, "audit")


def test_a_clinician_commands_nothing(clinician: Visitor) -> None:
    page = clinician.go("/live")
    assert page.get_by_role("button", name="Take the device").count() == 0
    clinician.watch.allow("status of 403")
    clinician.go("/patients")
    expect(page.get_by_role("alert")).to_contain_text("not for the role clinician")
