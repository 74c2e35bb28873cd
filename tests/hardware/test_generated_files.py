"""The bill of materials and the guide's pictures are what the sources say."""

import csv
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from hardware.__main__ import HARDWARE, generated
from hardware.bom import bill_of_materials
from hardware.parts import OFF_BOARD
from hardware.pictures import CABLES, NANO_LEFT, NANO_RIGHT
from schematics.circuits import SHEETS, sheet_path
from schematics.circuits.pins import HEADER_PIN_OF_GPIO, read_pin_map
from schematics.drawing.netlist import extract

GENERATED = generated()
PINS = read_pin_map()


@pytest.mark.parametrize("name", GENERATED)
def test_generating_again_gives_the_same_file(name: str) -> None:
    assert (HARDWARE / name).read_text(encoding="utf-8") == GENERATED[name]


def test_the_folder_holds_no_picture_that_nothing_draws() -> None:
    drawn = {f"pictures/{path.name}" for path in (HARDWARE / "pictures").iterdir()}
    assert drawn == {name for name in GENERATED if name.startswith("pictures/")}


def test_the_bill_counts_every_part_once() -> None:
    rows = list(csv.DictReader(bill_of_materials().splitlines()))
    for board in SHEETS:
        listed = Counter(
            reference
            for row in rows
            if row["board"] == board
            for reference in row["references"].split()
        )
        assert listed == Counter(dict.fromkeys(extract(sheet_path(board)).parts, 1))


def test_the_bill_adds_up() -> None:
    *rows, total = csv.DictReader(bill_of_materials().splitlines())
    assert total["board"] == "total"
    for row in rows:
        left_out = "option" in row["note"]
        whole = 0.0 if left_out else int(row["quantity"]) * float(row["unit_price_eur"])
        assert float(row["price_eur"]) == pytest.approx(whole)
        assert row["part"]
        assert row["second_source"]
    assert float(total["price_eur"]) == pytest.approx(sum(float(row["price_eur"]) for row in rows))
    assert {row["references"] for row in rows if row["board"] == "off board"} == {
        name for name, _, _ in OFF_BOARD
    }


def _texts(name: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(GENERATED[name]).iter() if element.text]


def test_the_header_picture_names_every_used_pin() -> None:
    texts = _texts("pictures/pi-header.svg")
    for signal, gpio in PINS.gpios.items():
        pin, label = HEADER_PIN_OF_GPIO[gpio], f"{signal}  (GPIO {gpio})"
        assert f"{pin}  {label}" in texts or f"{label}  {pin}" in texts


def test_the_module_picture_names_every_used_pin() -> None:
    assert set(PINS.board_pins.values()) <= {*NANO_LEFT, *NANO_RIGHT}
    texts = _texts("pictures/nano.svg")
    for signal in PINS.board_pins:
        assert texts.count(signal) == 1


def test_every_socket_on_the_schematics_has_a_cable() -> None:
    for board in SHEETS:
        sockets = {
            part.reference
            for part in extract(sheet_path(board)).parts.values()
            if part.symbol.startswith(("Socket_", "Jack_"))
        }
        assert sockets == {socket for cable_board, socket, _, _ in CABLES if cable_board == board}


@pytest.mark.parametrize("page", sorted(HARDWARE.glob("*.md")), ids=lambda page: page.name)
def test_what_a_page_links_to_exists(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_bench_tests_are_numbered_without_gap() -> None:
    text = (HARDWARE / "bench-tests.md").read_text(encoding="utf-8")
    numbers = [int(found) for found in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 20
