"""A KiCad schematic file as SVG: what the file says, drawn without KiCad."""

from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from pathlib import Path

from schematics.drawing.kicad import LINE_PITCH
from schematics.drawing.netlist import on_sheet
from schematics.drawing.sexpr import Node, child, children, numbers, read, word

PAPER_MM = {"A4": (297, 210), "A3": (420, 297)}
_FONT = "font-family='DejaVu Sans Condensed,DejaVu Sans,Arial,sans-serif'"
_TEXT_SCALE = 1.35  # KiCad's size is a capital's height, SVG's the whole line's
_BODY, _WIRE, _FIELD, _LABEL, _FRAME = "#8c1d18", "#0b6e2d", "#0f4c81", "#1a1a1a", "#777777"
_LEFT_OUT = "#bbbbbb"
_ANCHOR = {"left": "start", "right": "end", "middle": "middle"}


def render(path: Path) -> str:
    """The schematic at `path` as an SVG document, in millimetres."""
    root = read(path.read_text(encoding="utf-8"))
    width_mm, height_mm = PAPER_MM[word(child(root, "paper"), 1)]
    library = {word(found, 1): found for found in children(child(root, "lib_symbols"), "symbol")}
    body = [
        _polyline(_points(side), _FRAME, 0.2, dashed=True) for side in children(root, "polyline")
    ]
    body += [_polyline(_points(wire), _WIRE, 0.2) for wire in children(root, "wire")]
    for dot in children(root, "junction"):
        x, y = numbers(child(dot, "at"))
        body += [f"<circle cx='{_n(x)}' cy='{_n(y)}' r='0.5' fill='{_WIRE}'/>"]
    for mark in children(root, "no_connect"):
        x, y = numbers(child(mark, "at"))
        body += [
            _polyline([(x - 0.6, y - rise), (x + 0.6, y + rise)], _FIELD, 0.2)
            for rise in (-0.6, 0.6)
        ]
    for placed in children(root, "symbol"):
        body += _symbol(placed, library[word(child(placed, "lib_id"), 1)])
    for label in children(root, "label"):
        x, y, turn_deg = numbers(child(label, "at"))
        anchor = "right" if turn_deg == 180 else "left"
        body.append(_text(word(label, 1), x, y - 0.4, 1.27, _LABEL, anchor, bold=True))
    for note in children(root, "text"):
        body += _note(note)
    body += _title_block(child(root, "title_block"), width_mm, height_mm)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width_mm}mm' height='{height_mm}mm' "
        f"viewBox='0 0 {width_mm} {height_mm}'>\n"
        f"<rect width='{width_mm}' height='{height_mm}' fill='white'/>\n"
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _points(node: list[Node]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in (numbers(point) for point in children(child(node, "pts"), "xy"))]


def _polyline(
    points: Iterable[tuple[float, float]],
    colour: str,
    width_mm: float,
    filled: bool = False,
    dashed: bool = False,
) -> str:
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    dash = " stroke-dasharray='1.5 1'" if dashed else ""
    return (
        f"<polyline points='{path}' fill='{colour if filled else 'none'}' stroke='{colour}' "
        f"stroke-width='{width_mm}' stroke-linecap='round'{dash}/>"
    )


def _text(
    text: str, x: float, y: float, size_mm: float, colour: str, anchor: str, bold: bool = False
) -> str:
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{_n(x)}' y='{_n(y)}' {_FONT} font-size='{_n(size_mm * _TEXT_SCALE)}' "
        f"fill='{colour}' text-anchor='{_ANCHOR[anchor]}'{weight} xml:space='preserve'>"
        f"{escape(text)}</text>"
    )


def _note(note: list[Node]) -> list[str]:
    """A text's last line stands at its point, the others above it, as in KiCad."""
    x, y, _ = numbers(child(note, "at"))
    font = child(child(note, "effects"), "font")
    size_mm = numbers(child(font, "size"))[0]
    lines = word(note, 1).split("\n")
    return [
        _text(
            line,
            x,
            y - (len(lines) - 1 - row) * size_mm * LINE_PITCH,
            size_mm,
            _LABEL,
            "left",
            "bold" in font,
        )
        for row, line in enumerate(lines)
    ]


def _symbol(placed: list[Node], definition: list[Node]) -> list[str]:
    unit = word(child(placed, "unit"), 1)
    name = word(definition, 1).partition(":")[2]

    to_sheet = partial(on_sheet, placed)
    drawn: list[str] = []
    for part in children(definition, "symbol"):
        if word(part, 1) != f"{name}_{unit}_1":
            continue
        for shape in children(part, "polyline"):
            filled = word(child(child(shape, "fill"), "type"), 1) == "outline"
            drawn.append(_polyline(map(to_sheet, _points(shape)), _BODY, 0.25, filled))
        for circle in children(part, "circle"):
            cx, cy = to_sheet(numbers(child(circle, "center")))
            radius = numbers(child(circle, "radius"))[0]
            drawn.append(
                f"<circle cx='{_n(cx)}' cy='{_n(cy)}' r='{_n(radius)}' fill='white' "
                f"stroke='{_BODY}' stroke-width='0.25'/>"
            )
        for pin in children(part, "pin"):
            drawn += _pin(pin, definition, to_sheet)
    for field in children(placed, "property"):
        if "hide" in child(field, "effects") or not word(field, 2):
            continue
        at = numbers(child(field, "at"))
        drawn.append(_text(word(field, 2), at[0], at[1] + 0.55, 1.27, _FIELD, "middle"))
    left_out = word(child(placed, "in_bom"), 1) == "no" and not any(children(definition, "power"))
    if left_out and not _is_box(definition):
        drawn += [
            _polyline([to_sheet((-2.2, rise)), to_sheet((2.2, -rise))], _LEFT_OUT, 0.25)
            for rise in (-2.2, 2.2)
        ]
    return drawn


def _is_box(definition: list[Node]) -> bool:
    return "hide" not in child(definition, "pin_names")


def _pin(
    pin: list[Node],
    definition: list[Node],
    to_sheet: Callable[[Iterable[float]], tuple[float, float]],
) -> list[str]:
    if "hide" in pin:
        return []
    pin_x, pin_y, angle_deg = numbers(child(pin, "at"))
    length = numbers(child(pin, "length"))[0]
    step_x, step_y = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[round(angle_deg)]
    inner = pin_x + step_x * length, pin_y + step_y * length
    drawn = [_polyline([to_sheet((pin_x, pin_y)), to_sheet(inner)], _BODY, 0.2)] if length else []
    if not any(children(definition, "pin_numbers")) and step_x:
        middle_x, middle_y = to_sheet(((pin_x + inner[0]) / 2, pin_y))
        number = word(child(pin, "number"), 1)
        drawn.append(_text(number, middle_x, middle_y - 0.3, 0.9, _BODY, "middle"))
    if _is_box(definition):
        name_x, name_y = to_sheet((inner[0] + step_x * 0.76, inner[1]))
        name = word(child(pin, "name"), 1)
        anchor = "left" if step_x > 0 else "right"
        drawn.append(_text(name, name_x, name_y + 0.45, 1.0, _BODY, anchor))
    return drawn


def _title_block(block: list[Node], width_mm: float, height_mm: float) -> list[str]:
    right, bottom = width_mm - 10, height_mm - 10
    left, top = right - 110, bottom - 26
    comments = [word(comment, 2) for comment in children(block, "comment")]
    lines = [
        (word(child(block, "title"), 1), 3.0, True),
        ("   ".join(word(child(block, name), 1) for name in ("company", "date")), 1.5, False),
        *((comment, 1.4, False) for comment in comments),
    ]
    drawn = [
        _polyline([(10, 10), (right, 10), (right, bottom), (10, bottom), (10, 10)], _LABEL, 0.3),
        _polyline([(left, bottom), (left, top), (right, top)], _LABEL, 0.3),
    ]
    drawn += [
        _text(text, left + 2, top + 5.5 + 4.5 * row, size_mm, _LABEL, "left", bold)
        for row, (text, size_mm, bold) in enumerate(lines)
    ]
    return drawn
