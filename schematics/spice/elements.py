"""Parts of an extracted netlist as elements of a SPICE deck."""

from collections.abc import Collection, Iterator, Mapping

from schematics.drawing.netlist import Net, Netlist, PlacedPart

_RESISTANCE_OHM = {
    ("FerriteBead", "600R@100MHz"): "0.3",
    ("Buzzer", "5 V magnetic"): "42",
    ("Polyfuse", "0.5 A"): "0.15",
    ("Polyfuse", "1.1 A"): "0.04",
}
_CLOSED_OHM = "1m"
_DIODES = {
    "BAT54": "BAT54",
    "BAT54S": "BAT54",
    "SS14": "SS14",
    "1N4148W": "D1N4148W",
    "SMBJ5.0A": "SMBJ5V0",
    "ESD 3.3 V": "ESD3V3",
    "green": "LEDGREEN",
}
_NO_ELEMENT = ("Socket_", "Jack_", "Arduino_Nano", "Raspberry_Pi_Header", "Buffer_1G125")


def node(net: Net) -> str:
    """The SPICE node of `net`: `0` for ground, its name, or its first pin."""
    if net.names:
        name = net.names[0]
        return "0" if name == "GND" else name.lower().replace("+", "p")
    first = min((pin.reference, pin.number) for pin in net.pins)
    return f"n_{first[0]}_{first[1]}".lower()


def node_of(netlist: Netlist, reference: str, pin: str) -> str:
    """The SPICE node of a pin. Raises KeyError where there is no such pin."""
    return node(netlist.net_of(reference, pin))


def elements(
    netlist: Netlist,
    references: Collection[str],
    closed: Mapping[str, tuple[str, str]],
    wiper_percent: Mapping[str, float],
) -> Iterator[str]:
    """Element lines for the parts named in `references`, sorted.

    `closed` maps a jumper to the two pins that it joins, open where it is not named;
    `wiper_percent` maps a trimmer to its wiper's way from pin 3 to pin 1. Sockets, modules and
    logic give none: a deck puts its sources there. Raises ValueError for a part without a model.
    """
    for reference in sorted(references):
        part = netlist.parts[reference]
        if part.fitted and not part.symbol.startswith(_NO_ELEMENT):
            yield from _element(netlist, part, closed, wiper_percent)


def _element(
    netlist: Netlist,
    part: PlacedPart,
    closed: Mapping[str, tuple[str, str]],
    wiper_percent: Mapping[str, float],
) -> Iterator[str]:
    def at(*pins: str) -> str:
        return " ".join(node_of(netlist, part.reference, pin) for pin in pins)

    ref, symbol, value = part.reference, part.symbol, part.value
    if symbol == "R" or symbol in ("C", "C_Polarised"):
        yield f"{ref} {at('1', '2')} {spice_value(value)}"
    elif (symbol, value) in _RESISTANCE_OHM:
        yield f"R_{ref} {at('1', '2')} {_RESISTANCE_OHM[symbol, value]}"
    elif symbol == "D_Clamp_Pair":
        yield f"{ref}_high {at('3', '2')} {_DIODES[value]}"
        yield f"{ref}_low {at('1', '3')} {_DIODES[value]}"
    elif symbol in ("D", "D_Schottky", "D_TVS", "LED"):
        yield f"{ref} {at('2', '1')} {_DIODES[value]}"
    elif symbol in ("NMOS", "PMOS"):
        yield f"M_{ref} {at('3', '1', '2', '2')} {value}"
    elif symbol in ("OpAmp_Dual", "Comparator_Dual"):
        model = "OPAMP" if symbol == "OpAmp_Dual" else "COMPARATOR"
        yield f"X_{ref}A {at('3', '2', '1', '8', '4')} {model}"
        yield f"X_{ref}B {at('5', '6', '7', '8', '4')} {model}"
    elif symbol == "Trimmer":
        total_ohm, share = ohms(value), wiper_percent[ref] / 100
        yield f"R_{ref}_top {at('1', '2')} {total_ohm * (1 - share):.6g}"
        yield f"R_{ref}_bottom {at('2', '3')} {total_ohm * share:.6g}"
    elif symbol.startswith("Jumper_"):
        if ref in closed:
            yield f"R_{ref} {at(*closed[ref])} {_CLOSED_OHM}"
    else:
        raise ValueError(f"{ref} ({symbol}, {value}) has no SPICE model")


def spice_value(value: str) -> str:
    """A resistor's or capacitor's value as SPICE reads it: `1M` is a megohm there only as 1Meg."""
    return value.replace("M", "Meg")


def ohms(value: str) -> float:
    """A resistance as drawn (`220`, `4.7k`, `1M`) in ohm."""
    scale = {"k": 1e3, "M": 1e6}.get(value[-1])
    return float(value) if scale is None else float(value[:-1]) * scale
