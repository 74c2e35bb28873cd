"""A sheet as a KiCad 6 schematic file (format version 20211123), its symbols embedded.

The format: dev-docs.kicad.org, "Schematic File Format". The same sheet gives the same bytes.
"""

import uuid
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from schematics.drawing.sexpr import quoted
from schematics.drawing.sheet import STEP_MM, Note, Part, Sheet, lies_on
from schematics.drawing.symbols import Circle, Line, Pin, Point, Symbol

LIBRARY = "andante"
TEXT_MM = 1.27
LINE_PITCH = 1.62  # of KiCad's text, in letter heights
_NAMESPACE = uuid.UUID("6f0d6a3e-5f1c-4d6e-9a55-416e64616e74")
_PLAIN_STROKE = "(stroke (width 0) (type default) (color 0 0 0 0))"


def schematic(sheet: Sheet, date: str) -> str:
    """The file's text. `date` goes into the title block."""
    ids = _Ids(sheet.name)
    wires = _split_wires(sheet)
    symbols = {part.symbol.name: part.symbol for part in sheet.parts}
    lines = [
        f"(kicad_sch (version 20211123) (generator andante_schematics) (uuid {ids.root})",
        f"  (paper {quoted(sheet.paper)})",
        f'  (title_block (title {quoted(sheet.title)}) (date {quoted(date)}) (rev "1")',
        '    (company "Andante")',
        *(
            f"    (comment {number} {quoted(comment)})"
            for number, comment in enumerate(sheet.comments, 1)
        ),
        "  )",
        "  (lib_symbols",
        *(text for name in sorted(symbols) for text in _library_symbol(symbols[name])),
        "  )",
        *(
            f"  (junction (at {_at(point)}) (diameter 0) (color 0 0 0 0) (uuid {ids.new()}))"
            for point in _junctions(sheet, wires)
        ),
        *(f"  (no_connect (at {_at(at)}) (uuid {ids.new()}))" for at in sheet.unconnected),
        *(
            f"  (wire (pts (xy {_at(start)}) (xy {_at(end)})) {_PLAIN_STROKE} (uuid {ids.new()}))"
            for start, end in wires
        ),
        *(
            f"  (polyline (pts (xy {_at(start)}) (xy {_at(end)})) "
            f"(stroke (width 0.2) (type dash) (color 0 0 0 0)) (uuid {ids.new()}))"
            for frame in sheet.frames
            for start, end in _sides(frame)
        ),
        *(
            f"  (text {quoted(note.text)} (at {_at(_foot(note))} 0) "
            f"(effects (font (size {_mm(note.size_mm)} {_mm(note.size_mm)})"
            f"{' bold' if note.bold else ''}) (justify left bottom)) (uuid {ids.new()}))"
            for note in sheet.notes
        ),
        *(
            f"  (label {quoted(label.net)} (at {_at(label.at)} {180 if label.leftward else 0}) "
            f"(effects (font (size {TEXT_MM} {TEXT_MM})) "
            f"(justify {'right' if label.leftward else 'left'} bottom)) (uuid {ids.new()}))"
            for label in sheet.labels
        ),
    ]
    instances = []
    for part in sheet.parts:
        part_id = ids.new()
        lines += _placed_symbol(part, part_id, ids)
        instances.append(
            f'    (path "/{part_id}" (reference {quoted(part.reference)}) (unit {part.unit}) '
            f'(value {quoted(part.value)}) (footprint ""))'
        )
    lines += [
        '  (sheet_instances (path "/" (page "1")))',
        "  (symbol_instances",
        *instances,
        "  )",
        ")",
    ]
    return "\n".join(lines) + "\n"


class _Ids:
    """Identifiers that depend on nothing but the sheet's name and their order."""

    def __init__(self, name: str) -> None:
        self.root = uuid.uuid5(_NAMESPACE, name)
        self._count = 0

    def new(self) -> uuid.UUID:
        self._count += 1
        return uuid.uuid5(self.root, str(self._count))


def _mm(length_mm: float) -> str:
    return f"{length_mm:.4f}".rstrip("0").rstrip(".")


def _at(point: Point) -> str:
    return f"{_mm(point[0] * STEP_MM)} {_mm(point[1] * STEP_MM)}"


def _sides(frame: tuple[float, float, float, float]) -> Iterable[tuple[Point, Point]]:
    """A frame's four sides; KiCad 6 reads drawn lines with two ends only."""
    left, top, right, bottom = frame
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return pairwise(corners)


def _foot(note: Note) -> Point:
    """KiCad hangs a text from the foot of its last line."""
    lines_below = note.text.count("\n")
    return note.at[0], note.at[1] + lines_below * note.size_mm * LINE_PITCH / STEP_MM


def _connection_points(sheet: Sheet) -> Counter[Point]:
    points: Counter[Point] = Counter()
    for part in sheet.parts:
        points.update(part.pin_at(pin) for pin in part.pins)
    return points


def _split_wires(sheet: Sheet) -> list[tuple[Point, Point]]:
    """The wires, cut wherever a pin, a label or another wire's end touches them.

    KiCad joins only ends; a pin on the middle of a wire would look connected and not be.
    """
    cuts = set(_connection_points(sheet)) | {label.at for label in sheet.labels}
    cuts |= {end for wire in sheet.wires for end in wire}
    pieces: list[tuple[Point, Point]] = []
    for start, end in sheet.wires:
        if start[0] != end[0] and start[1] != end[1]:
            raise ValueError(f"{sheet.name}: the wire {start}-{end} is not straight")
        inside = sorted(point for point in cuts if lies_on(point, start, end))
        ordered = inside if (start <= end) else inside[::-1]
        pieces += pairwise(ordered)
    return pieces


def _junctions(sheet: Sheet, wires: Iterable[tuple[Point, Point]]) -> list[Point]:
    """Every point where three or more wire ends and pins meet."""
    meeting = _connection_points(sheet)
    for wire in wires:
        meeting.update(wire)
    return sorted(point for point, count in meeting.items() if count >= 3)


def _effects(hidden: bool = False, size_mm: float = TEXT_MM) -> str:
    return f"(effects (font (size {size_mm} {size_mm})){' hide' if hidden else ''})"


def _library_symbol(symbol: Symbol) -> list[str]:
    flags = "".join(
        (
            " (power)" if symbol.power else "",
            "" if symbol.show_numbers else " (pin_numbers hide)",
            f" (pin_names (offset {'0.762' if symbol.show_names else '0'})"
            f"{'' if symbol.show_names else ' hide'})",
        )
    )
    lines = [
        f"    (symbol {quoted(f'{LIBRARY}:{symbol.name}')}{flags} (in_bom yes) (on_board yes)",
        f'      (property "Reference" {quoted(symbol.prefix)} (id 0) (at 0 0 0) {_effects()})',
        f'      (property "Value" {quoted(symbol.name)} (id 1) (at 0 0 0) {_effects()})',
        f'      (property "Footprint" "" (id 2) (at 0 0 0) {_effects(hidden=True)})',
        f'      (property "Datasheet" "" (id 3) (at 0 0 0) {_effects(hidden=True)})',
    ]
    for number, unit in enumerate(symbol.units, 1):
        lines.append(f"      (symbol {quoted(f'{symbol.name}_{number}_1')}")
        lines += [f"        {_shape(shape)}" for shape in unit.shapes]
        lines += [f"        {_library_pin(pin, symbol.power)}" for pin in unit.pins]
        lines.append("      )")
    return [*lines, "    )"]


def _shape(shape: Line | Circle) -> str:
    stroke = "(stroke (width 0.2) (type default) (color 0 0 0 0))"
    if isinstance(shape, Circle):
        return (
            f"(circle (center {_at(shape.at)}) (radius {_mm(shape.radius_steps * STEP_MM)}) "
            f"{stroke} (fill (type none)))"
        )
    points = " ".join(f"(xy {_at(point)})" for point in shape.points)
    return (
        f"(polyline (pts {points}) {stroke} (fill (type {'outline' if shape.filled else 'none'})))"
    )


def _library_pin(pin: Pin, hidden: bool) -> str:
    return (
        f"(pin {pin.kind} line (at {_at(pin.at)} {pin.angle_deg}) "
        f"(length {_mm(pin.length_steps * STEP_MM)}){' hide' if hidden else ''} "
        f"(name {quoted(pin.name)} {_effects(size_mm=1.0)}) "
        f"(number {quoted(pin.number)} {_effects(size_mm=1.0)}))"
    )


def _placed_symbol(part: Part, part_id: uuid.UUID, ids: _Ids) -> list[str]:
    reference_at, value_at = _text_places(part)
    # A field's angle counts from its symbol's, so this keeps every text level.
    field_deg = part.rotation_deg % 180
    supply = part.symbol.power
    flag = part.symbol.prefix == "#FLG"
    in_bom = "no" if supply or not part.fitted else "yes"
    lines = [
        f"  (symbol (lib_id {quoted(f'{LIBRARY}:{part.symbol.name}')}) "
        f"(at {_at(part.at)} {part.rotation_deg}) (unit {part.unit})",
        f"    (in_bom {in_bom}) (on_board yes) (uuid {part_id})",
        f'    (property "Reference" {quoted(part.reference)} (id 0) '
        f"(at {_at(reference_at)} {field_deg}) {_effects(hidden=supply)})",
        f'    (property "Value" {quoted(part.value)} (id 1) '
        f"(at {_at(value_at)} {field_deg}) {_effects(hidden=flag)})",
        f'    (property "Footprint" "" (id 2) (at {_at(part.at)} 0) {_effects(hidden=True)})',
        f'    (property "Datasheet" "" (id 3) (at {_at(part.at)} 0) {_effects(hidden=True)})',
        *(f"    (pin {quoted(pin.number)} (uuid {ids.new()}))" for pin in part.pins),
    ]
    return [*lines, "  )"]


def _text_places(part: Part) -> tuple[Point, Point]:
    """The middles of reference and value: beside an upright part, above and below a level one."""
    left, top, right, bottom = part.box
    middle = (left + right) / 2
    if part.symbol.power:
        above = part.symbol.box[3] > 0
        place = (part.at[0], top - 0.45) if above else (part.at[0], bottom + 0.5)
        return place, place
    if len(part.symbol.units) > 1:
        reference, value = (part.at[0] + 1.5, top - 0.3), (part.at[0] + 2.2, top + 0.6)
    elif part.symbol.show_names:
        reference, value = (middle, top - 0.5), (middle, bottom + 0.5)
    elif right - left > bottom - top:
        reference, value = (middle, top - 0.45), (middle, bottom + 0.5)
    else:
        widest = max(len(part.reference), len(part.value)) * TEXT_MM * 0.9 / STEP_MM
        beside = right + 0.3 + widest / 2
        reference, value = (beside, part.at[1] - 0.45), (beside, part.at[1] + 0.45)
    return part.reference_at or reference, part.value_at or value
