"""The SPICE decks: blocks of the drawn schematics, and what a patient or a wrong plug does.

The parts' values come from the schematic files. A deck adds sources, links and measures only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schematics.circuits import SHEETS, sheet_path
from schematics.circuits.pins import read_pin_map
from schematics.drawing.netlist import Netlist, extract
from schematics.spice.elements import elements, node_of

SPICE = Path(__file__).parent
TAP_FSR = {"JP1": ("1", "2")}
TAP_PIEZO = {"JP1": ("2", "3")}
HAT_FEEDS = {"JP5": ("1", "2")}
RAILS = ("Vsupply p5v 0 5", "Vanalogue p5va 0 5")
# Half a sine: 50 N within 2.5 ms for a foot or a hand, within 0.25 ms for a stick.
HIT_50N = "Bforce force 0 V=(time > 1m && time < 6m) ? 50*sin(3.14159265*(time-1m)/5m) : 0"
STICK_50N = "Bforce force 0 V=(time > 1m && time < 1.5m) ? 50*sin(3.14159265*(time-1m)/0.5m) : 0"


@dataclass(frozen=True)
class Deck:
    """`lines` may name a pin as `{J1.2}`, which stands for its node."""

    name: str
    title: str
    sheet: str
    blocks: tuple[str, ...]
    lines: tuple[str, ...]
    closed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    wiper_percent: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def _limits(node: str) -> tuple[str, str]:
    return f".meas tran {node}_max MAX v({node})", f".meas tran {node}_min MIN v({node})"


def _tap(
    name: str, title: str, sensor: str, force: str, closed: Mapping[str, tuple[str, str]]
) -> Deck:
    lines = (*RAILS, force, sensor, ".tran 2u 12m", *_limits("tap1"))
    return Deck(name, title, "sensor_board", ("TAP 1", "SUPPLY"), lines, closed)


def _delay(
    name: str,
    block: str,
    socket: str,
    net: str,
    ohm: str,
    ampere: str,
    closed: Mapping[str, tuple[str, str]],
) -> Deck:
    """A ramp through a barely touched, almost open sensor, beside the divider without filter."""
    ramp = f"PWL(0 0 5m {ampere} 20m {ampere})"
    lines = (
        *RAILS,
        f"Iramp 0 {{{socket}.2}} {ramp}",
        f"Iideal 0 ideal {ramp}",
        f"Rideal ideal 0 {ohm}",
        ".tran 1u 10m",
        ".meas tran crossing_ideal WHEN v(ideal)=2 RISE=1",
        f".meas tran crossing_filtered WHEN v({net})=2 RISE=1",
    )
    return Deck(
        name,
        "The filter's delay of a crossing, at its slowest",
        "sensor_board",
        (block,),
        lines,
        closed,
    )


def _photodiode(name: str, title: str, source: str, measures: tuple[str, ...]) -> Deck:
    """The diode as a current source with the capacitance of itself and its cable."""
    lines = (
        *RAILS,
        "Cdiode {J8.1} 0 270p",
        f"{source} PWL(0 0 1m 0 1.001m 5u 3m 5u 3.001m 2m 5m 2m)",
        "X_U2A {U2.3} {U2.2} {U2.1} p5va 0 OPAMP",
        "X_U3A {U3.3} {U3.2} {U3.1} p5va 0 COMPARATOR",
        ".tran 0.5u 5m",
        *measures,
        *_limits("photodiode_level"),
        *_limits("photodiode"),
    )
    block = "PHOTODIODE ON THE CUE LIGHT"
    return Deck(name, title, "sensor_board", (block,), lines, {}, {"RV2": 15}, without=("U2", "U3"))


_FSR_RIGHT = "Xsensor {J1.1} {J1.2} force FSR"
_FSR_REVERSED = "Xsensor {J1.3} {J1.2} force FSR"
_PIEZO_RIGHT = "Xsensor {J1.2} {J1.3} force PIEZO"
_PIEZO_TURNED = "Xsensor {J1.3} {J1.2} force PIEZO"
_PIEZO_REVERSED = "Xsensor {J1.2} {J1.1} force PIEZO"

DECKS = (
    _tap("tap_fsr_hit", "A 50 N hit on a tap pad with an FSR", _FSR_RIGHT, HIT_50N, TAP_FSR),
    _tap("tap_fsr_reversed", "The same, plug reversed", _FSR_REVERSED, HIT_50N, TAP_FSR),
    _tap("tap_piezo_hit", "A 50 N stick hit on a piezo", _PIEZO_RIGHT, STICK_50N, TAP_PIEZO),
    _tap("tap_piezo_turned", "The same, disc turned over", _PIEZO_TURNED, STICK_50N, TAP_PIEZO),
    _tap("tap_piezo_reversed", "The same, plug reversed", _PIEZO_REVERSED, STICK_50N, TAP_PIEZO),
    _tap("tap_piezo_as_fsr", "A piezo with the jumper at FSR", _PIEZO_RIGHT, STICK_50N, TAP_FSR),
    _delay("tap_delay", "TAP 1", "J1", "tap1", "10k", "0.4m", TAP_FSR),
    _delay("foot_delay", "LEFT FOOT", "J5", "left", "1k", "4m", {}),
    Deck(
        "foot_hit",
        "A 50 N step on a foot sensor",
        "sensor_board",
        ("LEFT FOOT",),
        (
            *RAILS,
            HIT_50N,
            "Xsensor {J5.1} {J5.2} force FSR",
            ".tran 2u 12m",
            *_limits("left"),
        ),
    ),
    Deck(
        "foot_reversed",
        "The same, plug reversed",
        "sensor_board",
        ("LEFT FOOT",),
        (*RAILS, HIT_50N, "Xsensor {J5.3} {J5.2} force FSR", ".tran 2u 12m", *_limits("left")),
    ),
    Deck(
        "link_reversed",
        "The link's plug forced in the wrong way round: -5 V at the supply, taps and feet hit",
        "sensor_board",
        ("SUPPLY", "TAP 1", "LEFT FOOT"),
        (
            "Vlink link_5v 0 PWL(0 0 0.5m -5)",
            "Rboard p5v 0 250",
            HIT_50N,
            "Xtap {J1.1} {J1.2} force FSR",
            "Xfoot {J5.1} {J5.2} force FSR",
            ".tran 5u 12m",
            *_limits("p5va"),
            *_limits("tap1"),
            *_limits("left"),
        ),
        {**TAP_FSR, **HAT_FEEDS},
    ),
    Deck(
        "supply_on",
        "The link plugged in rightly: what reaches the board, and what flows",
        "sensor_board",
        ("SUPPLY",),
        (
            "Vlink link 0 PWL(0 0 0.1m 5)",
            "Rcable link link_5v 0.2",
            "Rboard p5v 0 50",
            ".tran 5u 50m",
            ".meas tran p5va_final FIND v(p5va) AT=49m",
            ".meas tran surge MIN i(vlink)",
        ),
        HAT_FEEDS,
    ),
    Deck(
        "belt_bandwidth",
        "The belt amplifier's bandwidth",
        "sensor_board",
        ("BREATHING BELT: GAIN 11, LOW-PASS 8 Hz",),
        (
            *RAILS,
            "Rcord {J7.1} cord 1.5k",
            "Vstretch cord 0 DC 0 AC 1",
            ".save v(belt)",
            ".ac dec 200 0.05 1k",
            ".meas ac low_db FIND vdb(belt) AT=0.1",
            ".meas ac five_db FIND vdb(belt) AT=5",
            ".meas ac eight_db FIND vdb(belt) AT=8",
            ".meas ac ten_db FIND vdb(belt) AT=10",
            ".meas ac mains_db FIND vdb(belt) AT=50",
        ),
        wiper_percent={"RV1": 50},
    ),
    Deck(
        "belt_limits",
        "The belt unplugged and short-circuited",
        "sensor_board",
        ("BREATHING BELT: GAIN 11, LOW-PASS 8 Hz",),
        (
            *RAILS,
            "Bcord {J7.1} 0 I=V({J7.1})*((time < 0.5) ? 1/1500 : ((time < 1) ? 1e-9 : 10))",
            ".tran 0.1m 2",
            *_limits("belt"),
        ),
        wiper_percent={"RV1": 50},
    ),
    _photodiode(
        "photodiode",
        "Light on the photodiode: level, comparator, and a glare of 2 mA",
        "Ilight {J8.1} 0",
        (".meas tran edge TRIG AT=1m TARG v(photodiode) VAL=2.5 RISE=1",),
    ),
    _photodiode("photodiode_reversed", "The same, plug reversed", "Ilight 0 {J8.1}", ()),
    Deck(
        "sound_line",
        "A 1 kHz click of 0.3 V peak on the line, then the loudest line of 3 V peak",
        "sensor_board",
        ("SOUND LINE: ENVELOPE AND COMPARATOR",),
        (
            *RAILS,
            "Bline {J9.1} 0 V=(time < 5m) ? 0 : ((time < 15m) ? 0.3*sin(6283.19*(time-5m)) : "
            "((time < 60m) ? 0 : 3*sin(6283.19*(time-60m))))",
            "Rright {J9.2} {J9.1} 1",
            "X_U2B {U2.5} {U2.6} {U2.7} p5va 0 OPAMP",
            "X_U3B {U3.5} {U3.6} {U3.7} p5va 0 COMPARATOR",
            ".tran 5u 70m",
            ".meas tran edge TRIG AT=5m TARG v(sound_line) VAL=2.5 RISE=1",
            *_limits("sound_line"),
            ".meas tran opamp_input_max MAX v({U2.5})",
            ".meas tran opamp_input_min MIN v({U2.5})",
        ),
        wiper_percent={"RV3": 15},
        without=("U2", "U3"),
    ),
    Deck(
        "cue_led",
        "The cue light's current, at 5.25 V and 3.3 V on the gate",
        "pi_hat",
        ("CUE LED",),
        (
            "Vsupply p5v 0 5.25",
            "Vpin cue_led 0 PULSE(0 3.3 1m 10n 10n 60m 200m)",
            "Dled {J5.1} led_k LEDWHITE",
            "Vsense led_k {J5.2} 0",
            ".tran 1u 5m",
            ".meas tran led_current MAX i(vsense)",
            ".meas tran led_dark FIND i(vsense) AT=0.9m",
        ),
    ),
    Deck(
        "ring_inrush",
        "The ring's supply switched on at once, its 470 uF empty, 16 mA of idle pixels",
        "pi_hat",
        ("LED RING: SOFT START, FUSE, LEVEL SHIFTER",),
        (
            "Vsupply supply 0 PWL(0 0 0.1m 5)",
            "Vsense supply p5v_pi 0",
            "Vlogic p5v 0 5",
            "Vdata ring 0 0",
            "Ridle {J4.1} 0 312",
            ".tran 10u 1",
            ".meas tran inrush MAX i(vsense)",
            ".meas tran ring_final FIND v({J4.1}) AT=0.95",
            ".meas tran rise TRIG v({J4.1}) VAL=0.5 RISE=1 TARG v({J4.1}) VAL=4.5 RISE=1",
        ),
    ),
    Deck(
        "haptic",
        "The motor switched on, standing still (20 ohm, 0.2 mH), and off",
        "pi_hat",
        ("HAPTIC MOTOR",),
        (
            "Vsupply p5v 0 5.25",
            "Vpin haptic 0 PULSE(0 3.3 1m 10n 10n 10m 200m)",
            "Rmotor {J6.1} coil 20",
            "Lmotor coil {J6.2} 0.2m",
            ".tran 0.2u 15m",
            ".meas tran motor_current MAX i(lmotor)",
            ".meas tran drain_max MAX v({J6.2})",
        ),
    ),
)


def text(deck: Deck, netlist: Netlist, blocks: Mapping[str, list[str]]) -> str:
    """The deck as ngspice reads it. Raises KeyError for a block or pin that is not drawn."""
    references = {ref for block in deck.blocks for ref in blocks[block]} - set(deck.without)
    stimulus = []
    for line in deck.lines:
        while "{" in line:
            before, _, rest = line.partition("{")
            pin, _, after = rest.partition("}")
            line = before + node_of(netlist, *pin.split(".")) + after
        stimulus.append(line)
    return "\n".join(
        (
            f"* {deck.title}",
            f"* Generated by python -m schematics from {deck.sheet}.kicad_sch:",
            f"* {'; '.join(deck.blocks)}.",
            ".include models.lib",
            *elements(netlist, references, deck.closed, deck.wiper_percent),
            *stimulus,
            ".end",
            "",
        )
    )


def write_all(folder: Path = SPICE) -> list[Path]:
    """Write every deck into `folder`; their paths."""
    pins = read_pin_map()
    netlists = {name: extract(sheet_path(name)) for name in SHEETS}
    blocks = {name: draw(pins).blocks for name, draw in SHEETS.items()}
    written = []
    for deck in DECKS:
        path = folder / f"{deck.name}.cir"
        path.write_text(text(deck, netlists[deck.sheet], blocks[deck.sheet]), encoding="utf-8")
        written.append(path)
    return written
