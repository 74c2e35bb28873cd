"""Pictures for the assembly guide, drawn from the pin map and the schematics' netlists."""

from html import escape

from schematics.circuits import sheet_path
from schematics.circuits.pins import (
    HEADER_3V3,
    HEADER_5V,
    HEADER_GND,
    HEADER_PIN_OF_GPIO,
    PinMap,
)
from schematics.drawing.netlist import Netlist, extract

# The Nano seen from above, its USB socket at the top.
NANO_LEFT = (
    "D13", "3V3", "AREF", "A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "5V", "RST", "GND", "VIN",
)  # fmt: skip
NANO_RIGHT = (
    "D12", "D11", "D10", "D9", "D8", "D7", "D6", "D5", "D4", "D3", "D2", "GND", "RST", "D0", "D1",
)  # fmt: skip
_FONT = "font-family='DejaVu Sans,Arial,sans-serif'"
_RED, _BLACK, _BLUE, _GREEN, _GREY = "#c0392b", "#222222", "#1f5fa8", "#2e7d32", "#bbbbbb"
_PITCH = 24  # user units between two pins

# What hangs on each socket: (board, socket, what, cable).
CABLES = (
    ("sensor_board", "J1", "Tap pad 1", "FSR between 5V and SIG, or piezo between SIG and GND"),
    ("sensor_board", "J2", "Tap pad 2", "as tap pad 1"),
    ("sensor_board", "J3", "Tap pad 3", "as tap pad 1"),
    ("sensor_board", "J4", "Tap pad 4", "as tap pad 1"),
    ("sensor_board", "J5", "Left foot", "FSR between 5V and SIG; shield on GND"),
    ("sensor_board", "J6", "Right foot", "FSR between 5V and SIG; shield on GND"),
    ("sensor_board", "J7", "Breathing belt", "cord between the two pins, either way round"),
    ("sensor_board", "J8", "Photodiode", "BPW34: cathode (marked corner) on CATH"),
    ("sensor_board", "J9", "Sound line", "3.5 mm cable from a splitter at the DAC"),
    ("sensor_board", "J10", "Pi hat J8", "four wires, pin to pin, at most 30 cm"),
    ("pi_hat", "J2", "Start / stop button", "between the two pins, either way round"),
    ("pi_hat", "J3", "Encoder", "A, B, and the middle pin on GND"),
    ("pi_hat", "J4", "Ring", "at most 30 cm; DIN, not DOUT"),
    ("pi_hat", "J5", "Cue LED", "long leg on A"),
    ("pi_hat", "J6", "Motor", "red wire on +; the other way round it only turns backwards"),
    ("pi_hat", "J7", "DAC module", "pin names as on the module"),
    ("pi_hat", "J8", "Sensor board J10", "four wires, pin to pin, at most 30 cm"),
)
LINK = (("sensor_board", "J10"), ("pi_hat", "J8"))


def _document(width: int, height: int, title: str, body: list[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' aria-label='{escape(title)}'>\n"
        f"<rect width='{width}' height='{height}' fill='white'/>\n"
        + "\n".join([_text(title, 20, 34, 18, bold=True), *body])
        + "\n</svg>\n"
    )


def _text(
    text: str,
    x: float,
    y: float,
    size: int = 13,
    colour: str = _BLACK,
    anchor: str = "start",
    bold: bool = False,
) -> str:
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{x:g}' y='{y:g}' {_FONT} font-size='{size}' fill='{colour}' "
        f"text-anchor='{anchor}'{weight}>{escape(text)}</text>"
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, radius: int = 6) -> str:
    return (
        f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='{radius}' "
        f"fill='{fill}' stroke='{_BLACK}'/>"
    )


def _dot(x: float, y: float, colour: str) -> str:
    return f"<circle cx='{x:g}' cy='{y:g}' r='7' fill='{colour}' stroke='{_BLACK}'/>"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f"<line x1='{x1:g}' y1='{y1:g}' x2='{x2:g}' y2='{y2:g}' "
        f"stroke='{colour}' stroke-width='3'/>"
    )


def _supply_colour(name: str) -> str | None:
    if name.endswith("GND"):
        return _BLACK
    return _RED if "5V" in name or "3V3" in name else None


def header_picture(pins: PinMap) -> str:
    """The Pi's 40-pin header with every pin that the trainer uses."""
    what = {
        HEADER_PIN_OF_GPIO[gpio]: (f"{name}  (GPIO {gpio})", _BLUE)
        for name, gpio in pins.gpios.items()
    }
    what |= dict.fromkeys(HEADER_5V, ("5 V", _RED))
    what |= dict.fromkeys(HEADER_3V3, ("3.3 V", _RED))
    what |= dict.fromkeys(HEADER_GND, ("ground", _BLACK))
    body = [_text("Seen from above, the memory card at the top; pin 1 has a square pad.", 20, 56)]
    body.append(_rect(318, 76, 84, 20 * _PITCH + 8, "#eef3ee"))
    for pin in range(1, 41):
        row, right = divmod(pin - 1, 2)
        x, y = 342 + 36 * right, 92 + _PITCH * row
        text, colour = what.get(pin, ("not used", _GREY))
        body.append(_dot(x, y, colour))
        if right:
            body.append(_text(f"{pin}  {text}", 412, y + 5, colour=colour))
        else:
            body.append(_text(f"{text}  {pin}", 308, y + 5, colour=colour, anchor="end"))
    return _document(720, 590, "Raspberry Pi: which pin does what", body)


def module_picture(pins: PinMap) -> str:
    """The Arduino Nano with every pin that the sensor board uses."""
    signal = {pin: name for name, pin in pins.board_pins.items()}
    body = [_text("Seen from above, the USB socket at the top.", 20, 56)]
    body += [_rect(300, 84, 120, 15 * _PITCH + 24, "#e6eef7"), _rect(335, 72, 50, 34, "#cccccc")]
    for column, names in enumerate((NANO_LEFT, NANO_RIGHT)):
        for row, name in enumerate(names):
            x, y = (314, 406)[column], 122 + _PITCH * row
            used = signal.get(name)
            colour = _BLUE if used else _supply_colour(name) if name in ("5V", "GND") else _GREY
            assert colour is not None
            body.append(_dot(x, y, colour))
            body.append(_text(name, (328, 392)[column], y + 5, 11, anchor=("start", "end")[column]))
            text = used or {"5V": "+5 V", "GND": "ground"}.get(name, "not used")
            body.append(
                _text(
                    text,
                    (300 - 10, 430)[column],
                    y + 5,
                    colour=colour,
                    anchor=("end", "start")[column],
                )
            )
    return _document(720, 500, f"{pins.module}: which pin does what", body)


def sockets_picture(board: str, title: str) -> str:
    """Every socket of a board with its pins in order and what belongs on it."""
    netlist = extract(sheet_path(board))
    body: list[str] = [_text("Pin 1 is the one with the square pad; plugs are keyed.", 20, 56)]
    y = 84
    for cable_board, socket, what, cable in CABLES:
        if cable_board != board:
            continue
        pins = _socket_pins(netlist, socket)
        height = 14 + _PITCH * len(pins)
        body.append(_rect(20, y, 150, height, "#f5f0e6"))
        body.append(_text(socket, 32, y + 22, 15, bold=True))
        body.append(_text(what, 300, y + 20, 14, bold=True))
        body.append(_text(cable, 300, y + 40))
        for row, (number, name) in enumerate(pins):
            pin_y = y + 18 + _PITCH * row
            colour = _supply_colour(name) or (_BLUE, _GREEN)[row % 2]
            body.append(_text(f"{number}  {name}", 150, pin_y + 5, 12, anchor="end"))
            body += [_line(170, pin_y, 280, pin_y, colour), _dot(170, pin_y, colour)]
        y += max(height, 52) + 14
    return _document(720, y + 10, title, body)


def _socket_pins(netlist: Netlist, socket: str) -> list[tuple[int, str]]:
    """(number, name) of a socket's pins, in order. Raises KeyError where it is not drawn."""
    pins = sorted(
        (int(pin.number), pin.name)
        for net in netlist.nets
        for pin in net.pins
        if pin.reference == socket
    )
    if not pins:
        raise KeyError(f"{socket} is not on the schematic")
    return pins


def overview_picture() -> str:
    """The whole trainer: two boards, the Pi, and everything at the end of a cable."""
    body = [
        _rect(290, 80, 150, 90, "#e8f3e8"),
        _text("Raspberry Pi", 365, 120, 15, anchor="middle", bold=True),
        _text("and Pi hat on top", 365, 142, anchor="middle"),
        _rect(290, 330, 150, 90, "#e6eef7"),
        _text("Sensor board", 365, 370, 15, anchor="middle", bold=True),
        _text("with Arduino Nano", 365, 392, anchor="middle"),
        _line(365, 170, 365, 330, _GREEN),
        _text("J8 to J10, 4 wires", 375, 230),
        _rect(20, 90, 170, 60, "#fbeee6"),
        _text("Power bank, or supply", 105, 115, anchor="middle"),
        _text("approved to IEC 60601-1", 105, 134, anchor="middle"),
        _line(190, 120, 290, 120, _RED),
    ]
    for board, top, centre_y in (("pi_hat", 60, 125), ("sensor_board", 230, 375)):
        ends = [(s, what) for b, s, what, _ in CABLES if b == board and (b, s) not in LINK]
        for row, (socket, what) in enumerate(ends):
            y = top + 28 * row
            body.append(_line(440, centre_y, 560, y + 11, _BLUE))
            body += [_rect(560, y, 190, 23, "#ffffff", 4), _text(f"{socket}  {what}", 568, y + 16)]
    return _document(780, 500, "The trainer and its cables", body)
