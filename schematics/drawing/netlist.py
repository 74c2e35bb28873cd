"""The netlist of a KiCad schematic file, read from the file itself.

What counts as joined is what KiCad joins: ends that meet, pins at ends, labels and junctions on
wires, and equal names. So this reads back what was drawn, not what was meant.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schematics.drawing.sexpr import Node, child, children, numbers, read, word
from schematics.drawing.sheet import lies_on

Place = tuple[int, int]  # micrometres, so that equal places are equal numbers


@dataclass(frozen=True)
class PinOnSheet:
    """A pin of a placed part."""

    reference: str
    number: str
    name: str
    kind: str
    at: Place


@dataclass
class PlacedPart:
    """A part with all its units; `symbol` is the library name."""

    reference: str
    value: str
    symbol: str
    fitted: bool
    units: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Net:
    """Everything on one potential; `names` are labels and supplies, empty where it has none."""

    names: tuple[str, ...]
    pins: tuple[PinOnSheet, ...]


@dataclass
class Netlist:
    """A schematic as parts and nets, with what the rules need besides."""

    parts: dict[str, PlacedPart]
    nets: list[Net]
    no_connects: set[Place]
    loose_ends: list[Place]
    idle_flags: list[Place]  # supply flags that are on no net
    unit_counts: dict[str, int]  # library name -> how many units it has

    def net_of(self, reference: str, pin: str) -> Net:
        """The net of a pin by number or name. Raises KeyError where there is no such pin."""
        for net in self.nets:
            for found in net.pins:
                if found.reference == reference and pin in (found.number, found.name):
                    return net
        raise KeyError(f"{reference} has no pin {pin}")


def extract(path: Path) -> Netlist:
    """The netlist of the schematic at `path`. Raises ValueError for a file of another kind."""
    root = read(path.read_text(encoding="utf-8"))
    if root[0] != "kicad_sch":
        raise ValueError(f"{path} is no KiCad schematic")
    library = {word(symbol, 1): symbol for symbol in children(child(root, "lib_symbols"), "symbol")}
    joined = _Joined()
    wires = [
        tuple(_place(numbers(point)) for point in children(child(wire, "pts"), "xy"))
        for wire in children(root, "wire")
    ]
    for start, end in wires:
        joined.join(start, end)
    names = [
        (word(label, 1), _place(numbers(child(label, "at")))) for label in children(root, "label")
    ]
    touching = [at for _, at in names]
    touching += [_place(numbers(child(dot, "at"))) for dot in children(root, "junction")]
    for at in touching:
        for start, end in wires:
            if lies_on(at, start, end):
                joined.join(at, start)

    parts: dict[str, PlacedPart] = {}
    pins: list[PinOnSheet] = []
    flags: list[Place] = []
    for symbol in children(root, "symbol"):
        definition = library[word(child(symbol, "lib_id"), 1)]
        fields = {word(p, 1): word(p, 2) for p in children(symbol, "property")}
        unit = int(word(child(symbol, "unit"), 1))
        placed = _pins(symbol, definition, unit, fields["Reference"])
        if any(children(definition, "power")):
            if placed[0].kind == "power_in":
                names.append((fields["Value"], placed[0].at))
            else:
                flags.append(placed[0].at)
            continue
        pins += placed
        part = parts.setdefault(
            fields["Reference"],
            PlacedPart(
                fields["Reference"],
                fields["Value"],
                word(definition, 1).partition(":")[2],
                word(child(symbol, "in_bom"), 1) == "yes",
            ),
        )
        part.units.append(unit)

    first_with_name: dict[str, Place] = {}
    for name, at in names:
        joined.join(at, first_with_name.setdefault(name, at))
    return Netlist(
        parts,
        _nets(joined, pins, names),
        {_place(numbers(child(mark, "at"))) for mark in children(root, "no_connect")},
        _loose_ends(wires, flags + [pin.at for pin in pins] + [at for _, at in names]),
        [at for at in flags if joined.root(at) not in {joined.root(pin.at) for pin in pins}],
        {
            name.partition(":")[2]: sum(1 for _ in children(symbol, "symbol"))
            for name, symbol in library.items()
        },
    )


class _Joined:
    """Places that hang together (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Place, Place] = {}

    def root(self, at: Place) -> Place:
        self._parent.setdefault(at, at)
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: Place, other: Place) -> None:
        self._parent[self.root(one)] = self.root(other)


def _place(values: Sequence[float]) -> Place:
    return round(values[0] * 1000), round(values[1] * 1000)


def on_sheet(symbol: list[Node], at: Iterable[float]) -> tuple[float, float]:
    """Where a point of a placed symbol's drawing, y upward, lies on the sheet, in millimetres."""
    x, y, rotation_deg = numbers(child(symbol, "at"))
    dx, dy = at
    for _ in range(round(rotation_deg) // 90):
        dx, dy = -dy, dx
    return x + dx, y - dy


def _pins(
    symbol: list[Node], definition: list[Node], unit: int, reference: str
) -> list[PinOnSheet]:
    base = word(definition, 1).partition(":")[2]
    pins: list[PinOnSheet] = []
    for drawn in children(definition, "symbol"):
        if word(drawn, 1) != f"{base}_{unit}_1":
            continue
        for pin in children(drawn, "pin"):
            pin_x, pin_y, _ = numbers(child(pin, "at"))
            pins.append(
                PinOnSheet(
                    reference,
                    word(child(pin, "number"), 1),
                    word(child(pin, "name"), 1),
                    word(pin, 1),
                    _place(on_sheet(symbol, (pin_x, pin_y))),
                )
            )
    return pins


def _nets(joined: _Joined, pins: list[PinOnSheet], names: list[tuple[str, Place]]) -> list[Net]:
    members: dict[Place, tuple[set[str], list[PinOnSheet]]] = {}
    for pin in pins:
        members.setdefault(joined.root(pin.at), (set(), []))[1].append(pin)
    for name, at in names:
        members.setdefault(joined.root(at), (set(), []))[0].add(name)
    return [Net(tuple(sorted(found)), tuple(on_net)) for found, on_net in members.values()]


def _loose_ends(wires: list[tuple[Place, ...]], held: list[Place]) -> list[Place]:
    """Wire ends at which nothing else is."""
    taken = set(held)
    ends = Counter(end for wire in wires for end in wire)
    return [end for end, count in ends.items() if count == 1 and end not in taken]
