"""The electrical rules that every schematic has to keep."""

from collections import Counter

from schematics.drawing.netlist import Netlist
from schematics.drawing.symbols import POWER


def violations(netlist: Netlist) -> list[str]:
    """What is wrong with `netlist`, a sentence each; empty where nothing is.

    Looks for pins left open without a mark, marks on connected pins, labels that lead nowhere,
    wires that end nowhere, two names for one net, two outputs on one net, supply pins without a
    named supply, references used twice, and units of a part that were not drawn.
    """
    found: list[str] = []
    for net in netlist.nets:
        label = "/".join(net.names) or "an unnamed net"
        if len(net.pins) == 1 and not net.names:
            pin = net.pins[0]
            if pin.at not in netlist.no_connects:
                found.append(f"{pin.reference} pin {pin.number} ({pin.name}) is open and unmarked")
        else:
            found += [
                f"{pin.reference} pin {pin.number} is marked open and is on {label}"
                for pin in net.pins
                if pin.at in netlist.no_connects
            ]
            if len(net.pins) < 2:
                found.append(f"{label} has {len(net.pins)} pin")
        if len(net.names) > 1:
            found.append(f"one net has the names {' and '.join(net.names)}")
        outputs = [pin for pin in net.pins if pin.kind == "output"]
        if len(outputs) > 1:
            found.append(f"{label} is driven by {len(outputs)} outputs")
        found += [
            f"{pin.reference} pin {pin.number} needs a supply and is on {label}"
            for pin in net.pins
            if pin.kind == "power_in" and not any(name in POWER for name in net.names)
        ]
    pin_places = {pin.at for net in netlist.nets for pin in net.pins}
    found += [f"a no-connect mark at {at} is on no pin" for at in netlist.no_connects - pin_places]
    found += [f"a supply flag at {at} is on no net" for at in netlist.idle_flags]
    found += [f"a wire ends at {at} and meets nothing" for at in netlist.loose_ends]
    for part in netlist.parts.values():
        times = Counter(part.units)
        if max(times.values()) > 1:
            found.append(f"the reference {part.reference} is used twice")
        if len(times) != netlist.unit_counts[part.symbol]:
            found.append(f"{part.reference} is not drawn with all its units")
    return found
