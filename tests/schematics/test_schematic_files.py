"""The schematic files are what the generator writes, and keep the electrical rules."""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from schematics.__main__ import RENDERED, REVISION_DATE
from schematics.circuits import SHEETS, sheet_path
from schematics.circuits.pi_hat import HEADER
from schematics.circuits.pins import HEADER_PIN_OF_GPIO, read_pin_map
from schematics.circuits.sensor_board import MODULE
from schematics.drawing.kicad import schematic
from schematics.drawing.netlist import Netlist, extract
from schematics.drawing.rules import violations
from schematics.drawing.svg import render

from andante.cues.led import LedOutput
from andante.cues.ring import RingOutput
from andante.ports import Channel
from andante.timebase import MonotonicClock

PINS = read_pin_map()
BOTH = pytest.mark.parametrize("name", SHEETS)


@pytest.fixture(scope="module")
def board() -> Netlist:
    return extract(sheet_path("sensor_board"))


@pytest.fixture(scope="module")
def hat() -> Netlist:
    return extract(sheet_path("pi_hat"))


@BOTH
def test_drawing_again_gives_the_same_bytes(name: str) -> None:
    drawn = schematic(SHEETS[name](PINS), REVISION_DATE)
    assert drawn == sheet_path(name).read_text(encoding="utf-8")


@BOTH
def test_rendering_again_gives_the_same_picture(name: str) -> None:
    assert render(sheet_path(name)) == (RENDERED / f"{name}.svg").read_text(encoding="utf-8")


@BOTH
def test_the_rules_are_kept(name: str) -> None:
    assert violations(extract(sheet_path(name))) == []


def _damaged(name: str, kind: str, folder: Path) -> Iterator[tuple[str, Netlist]]:
    """The schematic without one of its items of `kind`, every seventh of them in turn."""
    lines = sheet_path(name).read_text(encoding="utf-8").splitlines()
    for place in [i for i, line in enumerate(lines) if line.startswith(f"  ({kind} ")][::7]:
        path = folder / "damaged.kicad_sch"
        path.write_text("\n".join(lines[:place] + lines[place + 1 :]), encoding="utf-8")
        yield lines[place], extract(path)


@pytest.mark.parametrize("kind", ["no_connect", "label"])
@BOTH
def test_a_missing_mark_or_label_breaks_a_rule(name: str, kind: str, tmp_path: Path) -> None:
    for taken, netlist in _damaged(name, kind, tmp_path):
        assert violations(netlist), taken


@BOTH
def test_a_missing_wire_changes_the_nets(name: str, tmp_path: Path) -> None:
    whole = _joined_pins(extract(sheet_path(name)))
    for taken, netlist in _damaged(name, "wire", tmp_path):
        assert _joined_pins(netlist) != whole or violations(netlist), taken


def _joined_pins(netlist: Netlist) -> set[frozenset[tuple[str, str]]]:
    return {frozenset((pin.reference, pin.number) for pin in net.pins) for net in netlist.nets}


def test_two_parts_of_one_name_break_a_rule(tmp_path: Path) -> None:
    sheet = SHEETS["pi_hat"](PINS)
    index = next(i for i, part in enumerate(sheet.parts) if part.reference == "R12")
    sheet.parts[index] = replace(sheet.parts[index], reference="R11")
    path = tmp_path / "twice.kicad_sch"
    path.write_text(schematic(sheet, REVISION_DATE), encoding="utf-8")
    assert any("R11 is used twice" in sentence for sentence in violations(extract(path)))


def test_every_module_pin_carries_its_signal_of_the_pin_map(board: Netlist) -> None:
    for signal, pin in PINS.board_pins.items():
        assert board.net_of(MODULE, pin).names == (signal.upper(),)
    named = {
        pin.name for net in board.nets for pin in net.pins if pin.reference == MODULE and net.names
    }
    assert named == {*PINS.board_pins.values(), "5V", "GND", "GND2"}


def test_every_header_pin_carries_its_signal_of_the_pin_map(hat: Netlist) -> None:
    for signal, gpio in PINS.gpios.items():
        net = hat.net_of(HEADER, str(HEADER_PIN_OF_GPIO[gpio]))
        assert net.names == (signal.upper(),)
        assert len(net.pins) > 1


def test_the_trainer_uses_the_pins_of_the_pin_map(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect.signature(LedOutput).parameters["pin"].default == PINS.gpios["cue_led"]
    asked_for: list[str] = []

    class Strip:
        def __init__(self, pin: str, count: int, auto_write: bool) -> None:
            assert count > 0
            assert not auto_write
            asked_for.append(pin)

        def fill(self, colour: tuple[int, int, int], /) -> None: ...
        def show(self) -> None: ...
        def deinit(self) -> None: ...

    pins = SimpleNamespace(**{f"D{gpio}": f"D{gpio}" for gpio in HEADER_PIN_OF_GPIO})
    monkeypatch.setitem(sys.modules, "board", cast(ModuleType, pins))
    fake = cast(ModuleType, SimpleNamespace(NeoPixel=Strip))
    monkeypatch.setitem(sys.modules, "neopixel", fake)
    ring = RingOutput(MonotonicClock())
    ring.start()
    ring.stop()
    assert asked_for == [f"D{PINS.gpios['ring']}"]


def test_every_channel_of_the_trainer_has_a_pin() -> None:
    assert {channel.value for channel in Channel} <= PINS.board_pins.keys()


# Where each signal comes from or goes to outside the board, and the parts it passes on its way.
_PATHS_ON_BOARD = {
    **{f"tap{n}": (f"J{n}", "SIG", [f"R{n}2", f"R{n}3"]) for n in range(1, 5)},
    "left": ("J5", "SIG", ["R52", "R53"]),
    "right": ("J6", "SIG", ["R62", "R63"]),
    "from_pi": ("J10", "FROM_PI", ["R111", "U4", "R113"]),
    "to_pi": ("J10", "TO_PI", ["R114"]),
}


@pytest.mark.parametrize("signal", _PATHS_ON_BOARD)
def test_a_socket_reaches_its_pin_through_its_parts(board: Netlist, signal: str) -> None:
    socket, socket_pin, parts = _PATHS_ON_BOARD[signal]
    net = board.net_of(socket, socket_pin)
    for reference in parts:
        pins = {"1": "2", "2": "1"} if reference.startswith("R") else {"A": "Y"}
        entered = next(
            p for p in net.pins if p.reference == reference and (p.number in pins or p.name in pins)
        )
        key = entered.number if reference.startswith("R") else entered.name
        net = board.net_of(reference, pins[key])
    assert net == board.net_of(MODULE, PINS.board_pins[signal])


@pytest.mark.parametrize(("first", "like_it"), [("1", "2"), ("1", "3"), ("1", "4"), ("5", "6")])
def test_channels_of_a_kind_have_the_same_values(board: Netlist, first: str, like_it: str) -> None:
    """So that what ngspice says of tap 1 and the left foot holds for all of them."""

    def values(channel: str) -> dict[str, str]:
        return {
            ref[0] + ref[-1]: part.value
            for ref, part in board.parts.items()
            if ref[0] in "RCD" and len(ref) == 3 and ref[1] == channel
        }

    assert len(values(first)) >= 6
    assert values(first) == values(like_it)


def test_both_ends_of_the_link_have_the_same_pins(board: Netlist, hat: Netlist) -> None:
    ends = [
        sorted((p.number, p.name) for net in netlist.nets for p in net.pins if p.reference == ref)
        for netlist, ref in ((board, "J10"), (hat, "J8"))
    ]
    assert ends[0] == ends[1]


@BOTH
def test_every_socket_line_to_the_outside_meets_a_protection(name: str) -> None:
    """No socket pin reaches a chip without a resistor between: what touches it is passive."""
    netlist = extract(sheet_path(name))
    for net in netlist.nets:
        sockets = [
            p
            for p in net.pins
            if netlist.parts[p.reference].symbol.startswith(("Socket_", "Jack_"))
        ]
        if not sockets or any(
            supply in net.names for supply in ("GND", "BRD_GND", "+5V", "+5V_BRD")
        ):
            continue
        chips = [p for p in net.pins if p.reference.startswith(("U", "A"))]
        allowed = {"U2"} if name == "pi_hat" else set()  # the isolator is a barrier itself
        assert {p.reference for p in chips} <= allowed, (net.names, sockets)
