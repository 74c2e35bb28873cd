"""What the parts on the schematics are, where a second source is, and roughly what they cost.

Prices are rough single-piece guesses in EUR for planning, not quotations.
"""

from dataclasses import dataclass

from schematics.drawing.netlist import PlacedPart


@dataclass(frozen=True)
class Item:
    """One thing to buy. `price_eur` is for one piece."""

    part: str
    second_source: str
    price_eur: float
    note: str = ""


_RESISTOR = "resistor {} 1 %, 0.25 W, 1206"
_BY_SYMBOL_AND_VALUE = {
    ("D_Clamp_Pair", "BAT54S"): Item(
        "BAT54S, SOT-23 (Nexperia)", "BAT54S (Diodes Inc., onsemi)", 0.12
    ),
    ("D_Schottky", "BAT54"): Item("BAT54, SOT-23 (Nexperia)", "BAT54 (Diodes Inc., onsemi)", 0.12),
    ("D_Schottky", "SS14"): Item("SS14, DO-214AC (Vishay)", "SS14 (onsemi)", 0.15),
    ("D", "1N4148W"): Item("1N4148W, SOD-123 (Diodes Inc.)", "1N4148W (Vishay)", 0.05),
    ("D_TVS", "SMBJ5.0A"): Item("SMBJ5.0A, DO-214AA (Littelfuse)", "SMBJ5.0A (Bourns)", 0.35),
    ("D_TVS", "ESD 3.3 V"): Item(
        "PESD3V3L1UA, SOD-323 (Nexperia)", "ESD diode, 3.3 V standoff, SOD-323", 0.15
    ),
    ("LED", "green"): Item("LED green 3 mm, 2.1 V", "any green 3 mm LED", 0.10, "on the front"),
    ("NMOS", "AO3400A"): Item("AO3400A, SOT-23 (Alpha & Omega)", "IRLML6344 (Infineon)", 0.25),
    ("PMOS", "AO3401A"): Item("AO3401A, SOT-23 (Alpha & Omega)", "IRLML6402 (Infineon)", 0.25),
    ("OpAmp_Dual", "MCP6002"): Item(
        "MCP6002-I/SN, SO-8 (Microchip)", "TLV9002 (TI)", 0.55, "rail-to-rail in and out"
    ),
    ("Comparator_Dual", "LM393"): Item("LM393DR, SO-8 (TI)", "LM393 (onsemi, ST)", 0.30),
    ("Buffer_1G125", "74AHCT1G125"): Item(
        "SN74AHCT1G125DBVR, SOT-23-5 (TI)",
        "74AHCT1G125GV (Nexperia)",
        0.25,
        "AHCT: takes 3.3 V as high",
    ),
    ("Digital_Isolator", "ISO7721 (option)"): Item(
        "ISO7721DR, SO-8 (TI)",
        "ADuM1201 (Analog Devices), same pins",
        2.20,
        "option, left out as supplied",
    ),
    ("Regulator_3V3", "MCP1700-3302"): Item(
        "MCP1700T-3302E/TT, SOT-23 (Microchip)",
        "check the pinout of any other",
        0.45,
        "option, left out as supplied",
    ),
    ("Arduino_Nano", "Arduino Nano"): Item(
        "Arduino Nano, ATmega328P 5 V 16 MHz",
        "any Nano with an ATmega328P at 5 V, 16 MHz",
        12.0,
        "an Uno with a DIP chip lacks A6 and A7",
    ),
    ("FerriteBead", "600R@100MHz"): Item(
        "BLM18PG601, 0603 (Murata)", "ferrite bead 600 ohm, 0.5 A (TDK)", 0.10
    ),
    ("Polyfuse", "0.5 A"): Item(
        "MF-MSMF050, 1812 (Bourns)", "polyfuse 0.5 A hold (Littelfuse 1812L050)", 0.40
    ),
    ("Polyfuse", "1.1 A"): Item(
        "MF-MSMF110, 1812 (Bourns)", "polyfuse 1.1 A hold (Littelfuse 1812L110)", 0.45
    ),
    ("Trimmer", "10k"): Item("3362P-1-103 (Bourns)", "any single-turn 10k trimmer", 0.80),
    ("Buzzer", "5 V magnetic"): Item(
        "magnetic transducer 5 V, 42 ohm, 12 mm, without oscillator",
        "any of that kind",
        1.20,
        "not a buzzer with its own tone",
    ),
    ("C_Polarised", "470u"): Item(
        "aluminium capacitor 470 uF 10 V, low ESR", "any, 10 V or more", 0.35
    ),
    ("C_Polarised", "47u"): Item("aluminium capacitor 47 uF 16 V", "any, 10 V or more", 0.20),
}
_BY_SYMBOL = {
    "Jumper_2": Item("pin strip 2 x 2.54 mm with jumper", "any", 0.10),
    "Jumper_3": Item("pin strip 3 x 2.54 mm with jumper", "any", 0.12),
    "Socket_Sensor": Item("JST B3B-XH-A, keyed", "any XH-compatible 3-pin header", 0.15),
    "Socket_Belt": Item("JST B2B-XH-A, keyed", "any XH-compatible 2-pin header", 0.12),
    "Socket_Photodiode": Item("JST B2B-XH-A, keyed", "any XH-compatible 2-pin header", 0.12),
    "Socket_Link": Item("JST B4B-XH-A, keyed", "any XH-compatible 4-pin header", 0.18),
    "Socket_Ring": Item("JST B3B-XH-A, keyed", "any XH-compatible 3-pin header", 0.15),
    "Socket_Encoder": Item("JST B3B-XH-A, keyed", "any XH-compatible 3-pin header", 0.15),
    "Socket_LED": Item("JST B2B-XH-A, keyed", "any XH-compatible 2-pin header", 0.12),
    "Socket_Button": Item("JST B2B-XH-A, keyed", "any XH-compatible 2-pin header", 0.12),
    "Socket_Motor": Item("JST B2B-XH-A, keyed", "any XH-compatible 2-pin header", 0.12),
    "Socket_DAC": Item(
        "PCM5102A module, 6-pin header",
        "any I2S DAC module that makes its own system clock",
        6.0,
        "solder its SCK bridge to ground",
    ),
    "Raspberry_Pi_Header": Item("socket 2x20, 2.54 mm, stacking", "any", 1.50),
    "Jack_3.5mm": Item("3.5 mm stereo socket, panel", "any", 0.70),
}

# What is not on either schematic: at the ends of the cables, and around the boards.
OFF_BOARD: tuple[tuple[str, int, Item], ...] = (
    ("Raspberry Pi", 1, Item("Raspberry Pi 4, 2 GB", "Raspberry Pi 3B+ or 5", 50.0)),
    (
        "Power",
        1,
        Item(
            "USB-C power bank, 5 V 3 A, 10 Ah",
            "5 V 5 A supply approved to IEC 60601-1 (2 MOPP), about 90 EUR",
            30.0,
            "no other mains supply",
        ),
    ),
    ("Memory card", 1, Item("microSD 32 GB, high endurance", "any high-endurance card", 12.0)),
    (
        "Foot sensors",
        2,
        Item(
            "FSR 406, 38 mm square (Interlink)",
            "SEN-09376 or another 38 mm FSR",
            12.0,
            "under heel; one a shoe",
        ),
    ),
    (
        "Tap pads",
        4,
        Item("FSR 402, 13 mm (Interlink)", "piezo disc 27 mm, about 1 EUR (jumper to piezo)", 8.0),
    ),
    (
        "Belt",
        1,
        Item(
            "conductive rubber cord 2 mm, 10 cm, on an elastic strap",
            "any cord of 1 to 3 kohm at rest",
            10.0,
        ),
    ),
    ("Photodiode", 1, Item("BPW34 (Vishay)", "SFH 206K (ams Osram)", 1.0, "for calibration only")),
    ("Cue LED", 1, Item("LED white 5 mm, diffused, 3.0 V 20 mA", "any of that kind", 0.4)),
    ("Ring", 1, Item("NeoPixel ring, 16 pixels, 5 V", "any ring of 16 WS2812B", 10.0)),
    (
        "Motor",
        1,
        Item("coin vibration motor 3 V, 75 mA", "any eccentric motor 3 V up to 100 mA", 2.0),
    ),
    ("Button", 1, Item("arcade button 30 mm, momentary", "any large momentary switch", 3.0)),
    ("Encoder", 1, Item("EC11 rotary encoder with knob", "any quadrature encoder", 2.5)),
    (
        "Plugs and cable",
        1,
        Item("JST XH housings, crimped; shielded 3-core cable 10 m", "any", 12.0),
    ),
    (
        "Prototype boards",
        2,
        Item(
            "prototype board 100 x 80 mm",
            "a printed circuit board from the schematics (not laid out yet)",
            3.0,
        ),
    ),
    (
        "Enclosure",
        1,
        Item("PETG filament, 250 g; 12 heat-set inserts M3, 12 screws M3x10", "any", 8.0),
    ),
    ("Foot-sensor holders", 2, Item("TPU filament 60 g, silicone sheet 1 mm", "any", 3.0)),
)


def item_for(part: PlacedPart) -> Item:
    """What to buy for a part on a schematic. Raises KeyError for one that nobody has chosen."""
    if part.symbol == "R":
        return Item(_RESISTOR.format(part.value), "any", 0.03)
    if part.symbol == "C":
        # C0G where the value sets a delay or keeps an amplifier stable.
        kind = "C0G" if part.value in ("47p", "4.7n") else "X7R"
        return Item(f"ceramic capacitor {part.value}F {kind}, 25 V, 1206", "any", 0.08)
    found = _BY_SYMBOL_AND_VALUE.get((part.symbol, part.value)) or _BY_SYMBOL.get(part.symbol)
    if found is None:
        raise KeyError(f"{part.reference} ({part.symbol}, {part.value}) is not in the parts list")
    return found
