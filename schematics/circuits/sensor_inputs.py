"""The sensor board's inputs: what makes a sensor's signal fit for the chip's pins."""

from schematics.drawing import symbols as s
from schematics.drawing.sheet import Block

SENSOR_PINS = ("5V", "SIG", "GND")


def _signal_chain(b: Block, x: float, number: int, kind: str, capacitor: str, net: str) -> None:
    """Series resistor, clamp to both rails, resistor, capacitor at the ADC pin."""
    b.part(s.R, f"R{number}2", "4.7k", (x + 2, 7), 90)
    b.wire((x + 4, 7), (x + 8, 7), (x + 10, 7))
    b.part(
        s.CLAMP,
        f"D{number}1",
        "BAT54S",
        (x + 8, 7),
        reference_at=(x + 10, 3.8),
        value_at=(x + 10.6, 4.7),
    )
    b.power("+5VA", (x + 8, 4))
    b.power("GND", (x + 8, 10))
    b.part(s.R, f"R{number}3", "1k", (x + 12, 7), 90)
    b.part(s.C, f"C{number}1", capacitor, (x + 17, 9))
    b.power("GND", (x + 17, 11))
    b.wire((x + 14, 7), (x + 17, 7), (x + 23, 7))
    b.label(net, (x + 23, 7), leftward=True)
    b.note(kind, (x + 1, 13.5))


def _sensor_socket(b: Block, reference: str, number: int, what: str) -> None:
    """The socket; pin 1 is 5 V through a resistor that a short circuit cannot overload."""
    b.part(s.connector("Socket_Sensor", SENSOR_PINS), reference, what, (2, 6))
    b.part(s.R, f"R{number}1", "220", (9, 4))
    b.power("+5VA", (9, 2))
    b.wire((7, 6), (9, 6))
    b.wire((7, 8), (8, 8), (8, 10))
    b.power("GND", (8, 10))


def tap(b: Block, number: int) -> None:
    """One tap pad: force-sensitive resistor or piezo, by jumper."""
    _sensor_socket(b, f"J{number}", number, f"Tap {number}")
    b.wire((7, 7), (15, 7), (22, 7))
    b.part(
        s.JUMPER_3,
        f"JP{number}",
        "FSR | piezo",
        (15, 9),
        reference_at=(17.5, 8.2),
        value_at=(15.4, 10.1),
    )
    b.wire((15, 8), (15, 7))
    b.wire((13, 9), (12, 9))
    b.part(s.R, f"R{number}4", "10k", (12, 11), reference_at=(10.5, 10.6), value_at=(10.5, 11.5))
    b.power("GND", (12, 13))
    b.wire((17, 9), (19, 9))
    b.part(s.R, f"R{number}5", "100k", (19, 11))
    b.wire((19, 13), (21.5, 13))
    b.label("VBIAS", (21.5, 13), leftward=True)
    _signal_chain(
        b,
        22,
        number,
        "(10k + 4.7k + 1k) x 4.7n = 74 us at most; corner 2.2 kHz",
        "4.7n",
        f"TAP{number}",
    )


def foot(b: Block, side: str, number: int) -> None:
    """One foot sensor."""
    _sensor_socket(b, f"J{number}", number, f"{side.title()} foot")
    b.wire((7, 7), (15, 7), (22, 7))
    b.part(s.R, f"R{number}4", "1k", (15, 9))
    b.power("GND", (15, 11))
    _signal_chain(b, 22, number, "(1k + 4.7k + 1k) x 22n = 147 us; corner 1.1 kHz", "22n", side)


def belt(b: Block) -> None:
    """The breathing belt: buffered reference, gain of 11, three poles near 15 Hz."""
    b.part(s.connector("Socket_Belt", ("CORD+", "CORD-")), "J7", "Belt", (2, 8))
    b.part(s.R, "R70", "1.5k", (10, 6))
    b.power("+5VA", (10, 4))
    b.wire((7, 8), (10, 8), (12, 8))
    b.wire((7, 9), (8, 9), (8, 10))
    b.power("GND", (8, 10))
    b.part(s.R, "R71", "10k", (14, 8), 90)
    b.wire((16, 8), (19, 8), (23, 8), (26, 8))
    b.part(s.CLAMP, "D71", "BAT54S", (19, 8), reference_at=(21, 6.2), value_at=(21.4, 7.0))
    b.power("+5VA", (19, 5))
    b.power("GND", (19, 11))
    b.part(s.C, "C71", "1u", (23, 10), reference_at=(21.2, 10.2), value_at=(21.4, 11.1))
    b.power("GND", (23, 12))
    b.part(s.OP_AMP, "U1", "MCP6002", (29, 9), unit=1)
    b.wire((26, 10), (25, 10), (25, 14), (25, 18), (27, 18))
    b.wire((25, 14), (27, 14))
    b.part(s.R, "R72", "100k", (29, 14), 90)
    b.part(s.C, "C72", "100n", (29, 18), 90)
    b.wire((31, 14), (33, 14))
    b.wire((31, 18), (33, 18), (33, 14), (33, 9), (32, 9))
    b.part(s.R, "R73", "10k", (21, 14.0), 90)
    b.wire((23, 14), (25, 14))
    b.wire((33, 9), (35, 9))
    b.part(s.R, "R74", "4.7k", (37, 9), 90)
    b.part(s.C, "C73", "2.2u", (42, 11))
    b.power("GND", (42, 13))
    b.wire((39, 9), (42, 9), (47, 9))
    b.label("BELT", (47, 9), leftward=True)
    # A buffered reference: the trimmer puts the resting belt in the middle of the range.
    b.part(s.R, "R75", "4.7k", (5, 17))
    b.power("+5VA", (5, 15))
    b.part(s.POTENTIOMETER, "RV1", "10k", (5, 21), reference_at=(3.2, 20.5), value_at=(3.2, 21.5))
    b.part(s.R, "R76", "4.7k", (5, 25))
    b.power("GND", (5, 27))
    b.wire((7, 21), (10, 21))
    b.part(s.OP_AMP, "U1", "MCP6002", (13, 22), unit=2)
    b.wire((16, 22), (17, 22), (17, 25), (9, 25), (9, 23), (10, 23))
    b.wire((17, 22), (17, 14), (19, 14))
    b.part(
        s.OP_AMP, "U1", "MCP6002", (38, 21), unit=3, reference_at=(35.9, 20.5), value_at=(35, 21.4)
    )
    b.part(s.C, "C74", "100n", (42, 21))
    b.wire((38, 19), (42, 19))
    b.wire((38, 23), (42, 23))
    b.power("+5VA", (42, 19))
    b.power("GND", (42, 23))
    b.note("conductive-rubber cord, about\n1.5k at rest, more when stretched", (20, 26.2))


def _threshold(b: Block, top: str, trimmer: str, x: float, y: float) -> None:
    """A trimmer for 0 to 3.3 V, within the comparator's input range; its wiper at (x + 2, y)."""
    b.part(s.R, top, "5.1k", (x, y - 4))
    b.power("+5VA", (x, y - 6))
    b.part(
        s.POTENTIOMETER,
        trimmer,
        "10k",
        (x, y),
        reference_at=(x - 1.8, y - 0.5),
        value_at=(x - 1.8, y + 0.5),
    )
    b.power("GND", (x, y + 2))


def _comparator(
    b: Block, unit: int, numbers: int, x: float, y: float, net: str, hysteresis: str
) -> None:
    """`hysteresis` and what feeds the + input make some 50 mV of it; pulled up to the chip's 5 V.

    The input resistor's left end is at (x - 7, y - 1), the threshold goes to (x - 3, y + 1).
    """
    b.part(s.R, f"R{numbers}", "10k", (x - 5, y - 1), 90)
    b.part(s.COMPARATOR, "U3", "LM393", (x, y), unit=unit)
    b.part(s.R, f"R{numbers + 1}", hysteresis, (x, y - 4), 90)
    b.wire((x - 3, y - 1), (x - 3, y - 4), (x - 2, y - 4))
    b.wire((x + 2, y - 4), (x + 4, y - 4), (x + 4, y), (x + 3, y))
    b.part(s.R, f"R{numbers + 2}", "10k", (x + 6, y - 2))
    b.power("+5V", (x + 6, y - 4))
    b.wire((x + 4, y), (x + 6, y), (x + 12, y))
    b.label(net, (x + 12, y), leftward=True)


def photodiode(b: Block) -> None:
    """The photodiode: transimpedance amplifier, level and comparator."""
    b.part(s.connector("Socket_Photodiode", ("CATH", "ANODE")), "J8", "Photodiode", (2, 8))
    b.wire((7, 9), (8, 9), (8, 10))
    b.power("GND", (8, 10))
    b.wire((7, 8), (9, 8))
    b.part(s.R, "R80", "1k", (11, 8), 90)
    b.part(s.CLAMP, "D81", "BAT54S", (15, 8), reference_at=(16.8, 6.3), value_at=(17.2, 9.8))
    b.power("+5VA", (15, 5))
    b.power("GND", (15, 11))
    b.wire((13, 8), (15, 8), (21, 8), (22, 8))
    b.part(s.OP_AMP, "U2", "MCP6002", (25, 7), unit=1)
    b.wire((19, 6), (22, 6))
    b.label("V_DARK", (19, 6))
    b.wire((21, 8), (21, 11), (21, 14.5), (23, 14.5))
    b.wire((21, 11), (23, 11))
    b.part(s.R, "R81", "220k", (25, 11), 90)
    b.part(s.C, "C81", "47p", (25, 14.5), 90)
    b.wire((27, 11), (29, 11))
    b.wire((27, 14.5), (29, 14.5), (29, 18))
    b.wire((28, 7), (29, 7), (29, 11), (29, 14.5))
    b.wire((29, 7), (31, 7))
    b.part(s.R, "R82", "1k", (33, 7), 90)
    b.part(s.C, "C82", "10n", (37, 9))
    b.power("GND", (37, 11))
    b.wire((35, 7), (37, 7), (47, 7))
    b.label("PHOTODIODE_LEVEL", (47, 7), leftward=True)
    _comparator(b, 1, 83, 36, 19, "PHOTODIODE", "1M")
    _threshold(b, "R86", "RV2", 18, 20)
    b.wire((20, 20), (33, 20))
    b.part(s.R, "R87", "100k", (5, 17))
    b.power("+5VA", (5, 15))
    b.part(s.R, "R88", "2.2k", (5, 21))
    b.power("GND", (5, 23))
    b.wire((5, 19), (9, 19))
    b.label("V_DARK", (9, 19), leftward=True)
    b.note("BPW34 at the end of a cable; 220k x 47p: corner 15 kHz, delay 10 us", (10, 24.9))


def sound(b: Block) -> None:
    """The sound line: half-wave envelope and comparator."""
    b.part(s.connector("Jack_3.5mm", ("TIP", "RING", "SLEEVE")), "J9", "Line in", (2, 7))
    b.wire((7, 7), (8, 7), (8, 5), (9, 5))
    b.part(s.R, "R90", "47k", (11, 5), 90)
    b.wire((7, 8), (9, 8))
    b.part(s.R, "R91", "47k", (11, 8), 90)
    b.wire((7, 9), (8, 9), (8, 10))
    b.power("GND", (8, 10))
    b.wire((13, 5), (14, 5), (14, 8), (13, 8))
    b.wire((14, 8), (15, 8))
    b.part(s.C, "C91", "100n", (17, 8), 90)
    b.part(s.R, "R92", "22k", (20.0, 10))
    b.power("GND", (20, 12))
    b.wire((19, 8), (20, 8), (24, 8), (26, 8))
    b.part(s.CLAMP, "D91", "BAT54S", (24, 8), reference_at=(25.8, 4.8), value_at=(26.5, 5.7))
    b.power("+5VA", (24, 5))
    b.power("GND", (24, 11))
    b.part(s.R, "R93", "10k", (28, 8), 90)
    b.wire((30, 8), (31, 8))
    b.part(s.OP_AMP, "U2", "MCP6002", (34, 9), unit=2)
    b.wire((31, 10), (30, 10), (30, 13), (32, 13))
    b.part(s.R, "R94", "100k", (34, 13), 90)
    b.wire((36, 13), (38, 13), (38, 9), (37, 9))
    b.part(s.R, "R95", "10k", (30, 15))
    b.power("GND", (30, 17))
    b.wire((38, 9), (39, 9))
    b.part(s.SCHOTTKY, "D92", "BAT54", (41, 9), 180)
    b.part(s.C, "C92", "100n", (44, 11))
    b.part(s.R, "R96", "47k", (48, 11), reference_at=(49.6, 10.5), value_at=(49.6, 11.5))
    b.power("GND", (44, 13), (48, 13))
    b.wire((43, 9), (44, 9), (48, 9))
    b.wire((44, 9), (44, 7), (49, 7))
    b.label("ENVELOPE", (49, 7), leftward=True)
    b.wire((8, 19), (13, 19))
    b.label("ENVELOPE", (8, 19))
    _comparator(b, 2, 97, 20, 20, "SOUND_LINE", "4.7M")
    _threshold(b, "R100", "RV3", 5, 21)
    b.wire((7, 21), (17, 21))
    b.part(
        s.OP_AMP, "U2", "MCP6002", (39, 20), unit=3, reference_at=(37, 19.5), value_at=(36.2, 20.4)
    )
    b.part(
        s.COMPARATOR,
        "U3",
        "LM393",
        (42, 20),
        unit=3,
        reference_at=(43.9, 18.6),
        value_at=(44.3, 21.4),
    )
    b.part(s.C, "C93", "100n", (47, 20))
    b.wire((39, 18), (42, 18), (47, 18))
    b.wire((39, 22), (42, 22), (47, 22))
    b.power("+5VA", (42, 18))
    b.power("GND", (42, 22))
    b.note("rises within 20 us, decays in 4.7 ms: the first crossing is the onset", (12, 24.8))
