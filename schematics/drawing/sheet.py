"""A schematic sheet as data: blocks of parts, wires, labels and notes on a grid.

One grid step is 2.54 mm; x runs right and y down, as on the sheet. Parts are placed relative to
the corner of the block that they belong to.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from schematics.drawing.symbols import POWER, POWER_FLAG, Pin, Point, Symbol

STEP_MM = 2.54


def turned(at: Point, rotation_deg: int) -> Point:
    """`at`, y upward, turned anticlockwise, in the sheet's coordinates with y downward."""
    x, y = at
    for _ in range(rotation_deg // 90):
        x, y = -y, x
    return x, -y


def lies_on(point: Point, start: Point, end: Point) -> bool:
    """Whether `point` lies on the straight line from `start` to `end`, ends included."""
    return (
        min(start[0], end[0]) <= point[0] <= max(start[0], end[0])
        and min(start[1], end[1]) <= point[1] <= max(start[1], end[1])
        and (end[0] - start[0]) * (point[1] - start[1])
        == (end[1] - start[1]) * (point[0] - start[0])
    )


@dataclass(frozen=True)
class Part:
    """A symbol on the sheet. `unit` counts from 1; `fitted` is False for an option left out."""

    symbol: Symbol
    reference: str
    value: str
    at: Point
    rotation_deg: int = 0
    unit: int = 1
    fitted: bool = True
    reference_at: Point | None = None
    value_at: Point | None = None

    def pin_at(self, pin: Pin) -> Point:
        """Where the electrical end of `pin` lies on the sheet."""
        x, y = turned(pin.at, self.rotation_deg)
        return self.at[0] + x, self.at[1] + y

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of this unit."""
        return self.symbol.units[self.unit - 1].pins

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the body on the sheet."""
        left, bottom, right, top = self.symbol.box
        corners = [turned(corner, self.rotation_deg) for corner in ((left, bottom), (right, top))]
        xs = [self.at[0] + x for x, _ in corners]
        ys = [self.at[1] + y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class Label:
    """A net's name on a wire; `leftward` where the text ends at the point."""

    net: str
    at: Point
    leftward: bool = False


@dataclass(frozen=True)
class Note:
    """Free text, its first line starting at `at`."""

    text: str
    at: Point
    size_mm: float = 1.5
    bold: bool = False


@dataclass
class Sheet:
    """One page. `blocks` maps a title to the references of the parts drawn in it."""

    name: str
    title: str
    comments: tuple[str, ...]
    paper: str = "A3"
    parts: list[Part] = field(default_factory=list)
    wires: list[tuple[Point, Point]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    frames: list[tuple[float, float, float, float]] = field(default_factory=list)
    unconnected: list[Point] = field(default_factory=list)
    blocks: dict[str, list[str]] = field(default_factory=dict)

    def block(self, title: str, left: float, top: float, width: float, height: float) -> "Block":
        """A titled frame on the sheet."""
        self.frames.append((left, top, left + width, top + height))
        self.notes.append(Note(title, (left + 0.6, top + 1.3), 2.0, bold=True))
        self.blocks[title] = []
        return Block(self, title, left, top)


@dataclass
class Block:
    """A part of a sheet with its own origin. Its methods place things and give back points."""

    sheet: Sheet
    title: str
    left: float
    top: float

    def _on_sheet(self, at: Point) -> Point:
        return self.left + at[0], self.top + at[1]

    def part(
        self,
        symbol: Symbol,
        reference: str,
        value: str,
        at: Point,
        rotation_deg: int = 0,
        unit: int = 1,
        fitted: bool = True,
        reference_at: Point | None = None,
        value_at: Point | None = None,
    ) -> None:
        """Place a part; texts are placed beside it unless their points are given."""
        self.sheet.parts.append(
            Part(
                symbol,
                reference,
                value,
                self._on_sheet(at),
                rotation_deg,
                unit,
                fitted,
                None if reference_at is None else self._on_sheet(reference_at),
                None if value_at is None else self._on_sheet(value_at),
            )
        )
        self.sheet.blocks[self.title].append(reference)

    def power(self, net: str, *places: Point) -> None:
        """A supply symbol for `net` at each of `places`."""
        for at in places:
            number = sum(part.symbol.prefix == "#PWR" for part in self.sheet.parts) + 1
            self.sheet.parts.append(Part(POWER[net], f"#PWR{number:03}", net, self._on_sheet(at)))

    def supplied(self, at: Point) -> None:
        """Mark the net at `at` as supplied from outside the sheet or through a passive part."""
        number = sum(part.symbol.prefix == "#FLG" for part in self.sheet.parts) + 1
        self.sheet.parts.append(
            Part(POWER_FLAG, f"#FLG{number:03}", "PWR_FLAG", self._on_sheet(at))
        )

    def wire(self, *points: Point) -> None:
        """Straight wires through `points`."""
        placed = [self._on_sheet(at) for at in points]
        self.sheet.wires += list(pairwise(placed))

    def label(self, net: str, at: Point, leftward: bool = False) -> None:
        """Name the net at `at`."""
        self.sheet.labels.append(Label(net, self._on_sheet(at), leftward))

    def not_connected(self, *places: Point) -> None:
        """Mark pins that are left open on purpose."""
        self.sheet.unconnected += [self._on_sheet(at) for at in places]

    def note(self, text: str, at: Point) -> None:
        """Free text, its first line starting at `at`."""
        self.sheet.notes.append(Note(text, self._on_sheet(at)))
