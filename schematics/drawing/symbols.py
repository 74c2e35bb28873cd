"""The symbols of our schematics, drawn by ourselves.

Coordinates are in grid steps of 2.54 mm with y upward, as in KiCad's symbol libraries. A pin's
`angle_deg` points from its electrical end into the body: 0 for a pin on the left side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Point = tuple[float, float]
PinKind = Literal[
    "passive", "input", "output", "bidirectional", "power_in", "power_out", "open_collector"
]

PinRow: TypeAlias = "tuple[str, str, PinKind] | None"


@dataclass(frozen=True)
class Pin:
    """One pin: its electrical end at `at`, `length_steps` long."""

    number: str
    name: str
    at: Point
    angle_deg: int
    kind: PinKind = "passive"
    length_steps: float = 1.0


@dataclass(frozen=True)
class Line:
    """An open or closed run of straight lines; `filled` in the line's colour."""

    points: tuple[Point, ...]
    filled: bool = False


@dataclass(frozen=True)
class Circle:
    """A circle around `at`."""

    at: Point
    radius_steps: float


@dataclass(frozen=True)
class Unit:
    """One of the parts that a symbol is drawn as; most have a single one."""

    shapes: tuple[Line | Circle, ...]
    pins: tuple[Pin, ...]


@dataclass(frozen=True)
class Symbol:
    """A symbol. `box` is (left, bottom, right, top) around which texts are placed."""

    name: str
    prefix: str
    units: tuple[Unit, ...]
    box: tuple[float, float, float, float]
    power: bool = False
    show_names: bool = False
    show_numbers: bool = False


def line(*points: Point) -> Line:
    """Straight lines through `points`."""
    return Line(points)


def box(left: float, bottom: float, right: float, top: float) -> Line:
    """A rectangle."""
    return line((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom))


def _upright(name: str, prefix: str, shapes: tuple[Line | Circle, ...], length: float) -> Symbol:
    pins = (
        Pin("1", "~", (0, 2), 270, length_steps=length),
        Pin("2", "~", (0, -2), 90, length_steps=length),
    )
    half = 0.8 if prefix == "C" else 0.5
    return Symbol(name, prefix, (Unit(shapes, pins),), (-half, -1, half, 1))


def _diode(
    name: str,
    extra: tuple[Line | Circle, ...] = (),
    bar: tuple[Point, ...] = ((-0.5, -0.5), (-0.5, 0.5)),
) -> Symbol:
    shapes = (line((0.5, 0.5), (0.5, -0.5), (-0.5, 0), (0.5, 0.5)), Line(bar), *extra)
    pins = (
        Pin("1", "K", (-2, 0), 0, length_steps=1.5),
        Pin("2", "A", (2, 0), 180, length_steps=2.5),
    )
    return Symbol(name, "D", (Unit(shapes, pins),), (-1, -0.6, 1, 0.6))


def _arrow(tail: Point, head: Point) -> tuple[Line, Line]:
    across = (head[0] - 0.25, head[1] - 0.02), head, (head[0] - 0.02, head[1] - 0.25)
    return line(tail, head), line(*across)


_HOOKED_BAR = ((-0.25, 0.3), (-0.25, 0.5), (-0.5, 0.5), (-0.5, -0.5), (-0.75, -0.5), (-0.75, -0.3))
_BENT_BAR = ((-0.75, 0.7), (-0.5, 0.5), (-0.5, -0.5), (-0.25, -0.7))

R = _upright("R", "R", (box(-0.4, -1, 0.4, 1),), 1)
C = _upright("C", "C", (line((-0.7, 0.2), (0.7, 0.2)), line((-0.7, -0.2), (0.7, -0.2))), 1.8)
C_POLARISED = _upright(
    "C_Polarised",
    "C",
    (
        box(-0.7, 0.2, 0.7, 0.35),
        line((-0.7, -0.2), (0.7, -0.2)),
        line((-0.8, 0.8), (-0.4, 0.8)),
        line((-0.6, 0.6), (-0.6, 1.0)),
    ),
    1.8,
)
FERRITE = _upright("FerriteBead", "FB", (box(-0.4, -1, 0.4, 1), line((-0.7, -0.5), (0.7, 0.5))), 1)
POLYFUSE = _upright(
    "Polyfuse", "F", (box(-0.4, -1, 0.4, 1), line((-0.9, -1.1), (-0.5, -1.1), (0.7, 1.0))), 1
)
DIODE = _diode("D")
SCHOTTKY = _diode("D_Schottky", bar=_HOOKED_BAR)
TVS = _diode("D_TVS", bar=_BENT_BAR)
LED = _diode("LED", (*_arrow((0.0, 0.6), (0.6, 1.2)), *_arrow((0.5, 0.4), (1.1, 1.0))))

# The middle of the pair lies on the signal's line, which runs right through the symbol.
CLAMP = Symbol(
    "D_Clamp_Pair",
    "D",
    (
        Unit(
            (
                line((-0.5, 0.9), (0.5, 0.9), (0, 1.7), (-0.5, 0.9)),
                line((-0.5, 1.7), (0.5, 1.7)),
                line((-0.5, -1.7), (0.5, -1.7), (0, -0.9), (-0.5, -1.7)),
                line((-0.5, -0.9), (0.5, -0.9)),
                line((0, -0.9), (0, 0.9)),
            ),
            (
                Pin("1", "A", (0, -3), 90, length_steps=1.3),
                Pin("2", "K", (0, 3), 270, length_steps=1.3),
                Pin("3", "COM", (0, 0), 0, length_steps=0),
            ),
        ),
    ),
    (-0.6, -1.7, 0.6, 1.7),
)

_CHANNEL = (line((-1, -0.9), (-1, 0.9)), line((-0.7, -0.9), (-0.7, 0.9)))
_FET_PINS = (
    Pin("1", "G", (-3, 0), 0, "input", 2),
    Pin("2", "S", (0, -2), 90, length_steps=1.3),
    Pin("3", "D", (0, 2), 270, length_steps=1.3),
)
_FET_TAPS = (
    line((-0.7, 0.7), (0, 0.7)),
    line((-0.7, -0.7), (0, -0.7)),
    line((-0.7, 0), (0, 0), (0, -0.7)),
)
NMOS = Symbol(
    "NMOS",
    "Q",
    (
        Unit(
            (
                *_CHANNEL,
                *_FET_TAPS,
                Line(((-0.65, 0), (-0.25, 0.2), (-0.25, -0.2), (-0.65, 0)), True),
            ),
            _FET_PINS,
        ),
    ),
    (-1, -1, 0.4, 1),
)
PMOS = Symbol(
    "PMOS",
    "Q",
    (
        Unit(
            (*_CHANNEL, *_FET_TAPS, Line(((-0.1, 0), (-0.5, 0.2), (-0.5, -0.2), (-0.1, 0)), True)),
            _FET_PINS,
        ),
    ),
    (-1, -1, 0.4, 1),
)
POTENTIOMETER = Symbol(
    "Trimmer",
    "RV",
    (
        Unit(
            (
                box(-0.4, -1, 0.4, 1),
                line((2, 0), (0.4, 0)),
                line((0.75, 0.2), (0.4, 0), (0.75, -0.2)),
            ),
            (
                Pin("1", "~", (0, 2), 270),
                Pin("2", "W", (2, 0), 180, length_steps=0),
                Pin("3", "~", (0, -2), 90),
            ),
        ),
    ),
    (-0.6, -1, 0.6, 1),
)
JUMPER_2 = Symbol(
    "Jumper_2",
    "JP",
    (
        Unit(
            (Circle((-0.8, 0), 0.2), Circle((0.8, 0), 0.2), line((-0.8, 0.4), (0.8, 0.4))),
            (Pin("1", "~", (-2, 0), 0), Pin("2", "~", (2, 0), 180)),
        ),
    ),
    (-1, -0.4, 1, 0.5),
)
JUMPER_3 = Symbol(
    "Jumper_3",
    "JP",
    (
        Unit(
            (
                Circle((-0.8, 0), 0.2),
                Circle((0, 0), 0.2),
                Circle((0.8, 0), 0.2),
                line((-0.9, -0.4), (0.1, -0.4)),
            ),
            (
                Pin("1", "~", (-2, 0), 0),
                Pin("2", "~", (0, 1), 270, length_steps=0.8),
                Pin("3", "~", (2, 0), 180),
            ),
        ),
    ),
    (-1, -0.5, 1, 0.3),
)
BUZZER = Symbol(
    "Buzzer",
    "LS",
    (
        Unit(
            (box(-0.2, -0.7, 0.4, 0.7), line((0.4, 0.7), (1.2, 1.3), (1.2, -1.3), (0.4, -0.7))),
            (
                Pin("1", "+", (0, 2), 270, length_steps=1.3),
                Pin("2", "-", (0, -2), 90, length_steps=1.3),
            ),
        ),
    ),
    (-0.4, -1.3, 1.3, 1.3),
)

_TRIANGLE = line((-2, 2), (2, 0), (-2, -2), (-2, 2))
_PLUS_MINUS = (
    line((-1.7, 1), (-1.2, 1)),
    line((-1.45, 0.75), (-1.45, 1.25)),
    line((-1.7, -1), (-1.2, -1)),
)


def _dual(name: str, out_kind: PinKind) -> Symbol:
    """A dual op-amp or comparator: units A and B, and C for the supply (JEDEC pinout)."""

    def half(plus: str, minus: str, out: str) -> Unit:
        return Unit(
            (_TRIANGLE, *_PLUS_MINUS),
            (
                Pin(plus, "+", (-3, 1), 0, "input"),
                Pin(minus, "-", (-3, -1), 0, "input"),
                Pin(out, "~", (3, 0), 180, out_kind),
            ),
        )

    supply = Unit(
        (line((-0.7, 1), (0.7, 1)), line((-0.7, -1), (0.7, -1))),
        (Pin("8", "V+", (0, 2), 270, "power_in"), Pin("4", "V-", (0, -2), 90, "power_in")),
    )
    units = (half("3", "2", "1"), half("5", "6", "7"), supply)
    return Symbol(name, "U", units, (-2, -2, 2, 2), show_numbers=True)


OP_AMP = _dual("OpAmp_Dual", "output")
COMPARATOR = _dual("Comparator_Dual", "open_collector")
BUFFER = Symbol(
    "Buffer_1G125",
    "U",
    (
        Unit(
            (_TRIANGLE, Circle((1, 0.7), 0.2)),
            (
                Pin("1", "OE", (1, 3), 270, "input", 2.1),
                Pin("2", "A", (-3, 0), 0, "input"),
                Pin("3", "GND", (-1, -3), 90, "power_in", 1.5),
                Pin("4", "Y", (3, 0), 180, "output"),
                Pin("5", "VCC", (-1, 3), 270, "power_in", 1.5),
            ),
        ),
    ),
    (-2, -2, 2, 2),
    show_numbers=True,
)


def block(
    name: str,
    prefix: str,
    width: int,
    left: Sequence[PinRow],
    right: Sequence[PinRow] = (),
) -> Symbol:
    """A box with pins (number, name, kind) one step apart, None leaving a gap.

    The first pins lie at y = 0, the box's left edge at x = 0, so left pins end at x = -1.
    """
    rows = max(len(left), len(right))
    pins = [
        Pin(pin[0], pin[1], (-1, -row), 0, pin[2])
        for row, pin in enumerate(left)
        if pin is not None
    ]
    pins += [
        Pin(pin[0], pin[1], (width + 1, -row), 180, pin[2])
        for row, pin in enumerate(right)
        if pin is not None
    ]
    edge = (0.0, float(-rows), float(width), 1.0)
    return Symbol(
        name, prefix, (Unit((box(*edge),), tuple(pins)),), edge, show_names=True, show_numbers=True
    )


def connector(name: str, pin_names: tuple[str, ...], width: int = 4, left: bool = False) -> Symbol:
    """A connector with its pins on the right, or on the left where signals leave there."""
    rows: tuple[tuple[str, str, PinKind], ...] = tuple(
        (str(number), pin_name, "passive") for number, pin_name in enumerate(pin_names, 1)
    )
    return block(name, "J", width, rows if left else (), () if left else rows)


def _supply(name: str) -> Symbol:
    shapes: tuple[Line, ...]
    if name.endswith("GND"):
        shapes = (
            line((0, 0), (0, -0.5)),
            line((-0.6, -0.5), (0.6, -0.5)),
            line((-0.35, -0.75), (0.35, -0.75)),
            line((-0.1, -1), (0.1, -1)),
        )
        angle_deg, edge = 270, (-0.6, -1.0, 0.6, 0.0)
    else:
        shapes = (line((0, 0), (0, 0.6)), line((-0.4, 0.6), (0.4, 0.6)))
        angle_deg, edge = 90, (-0.6, 0.0, 0.6, 0.7)
    pin = Pin("1", name, (0, 0), angle_deg, "power_in", 0)
    return Symbol(name, "#PWR", (Unit(shapes, (pin,)),), edge, power=True)


POWER = {
    name: _supply(name)
    for name in ("+5V", "+5VA", "+5V_PI", "+5V_BRD", "+3V3", "+3V3_BRD", "GND", "BRD_GND")
}

# Tells KiCad's rule check that the net is supplied from outside.
POWER_FLAG = Symbol(
    "PWR_FLAG",
    "#FLG",
    (
        Unit(
            (line((0, 0), (0, 0.4), (-0.4, 0.7), (0, 1.0), (0.4, 0.7), (0, 0.4)),),
            (Pin("1", "pwr", (0, 0), 90, "power_out", 0),),
        ),
    ),
    (-0.6, 0.0, 0.6, 1.0),
    power=True,
)
