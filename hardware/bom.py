"""The bill of materials, from the netlists of the two schematics."""

import csv
import io
import re
from collections import defaultdict

from schematics.circuits import SHEETS, sheet_path
from schematics.drawing.netlist import extract

from hardware.parts import OFF_BOARD, Item, item_for

COLUMNS = (
    "board", "references", "quantity", "value", "part", "second_source", "unit_price_eur",
    "price_eur", "note",
)  # fmt: skip


def bill_of_materials() -> str:
    """The bill as CSV, one line a kind of part, with a total of what is fitted as supplied."""
    rows: list[tuple[str, str, int, str, Item, bool]] = []
    for board in SHEETS:
        grouped: dict[tuple[str, Item, bool], list[str]] = defaultdict(list)
        for part in extract(sheet_path(board)).parts.values():
            grouped[part.value, item_for(part), part.fitted].append(part.reference)
        rows += [
            (board, " ".join(sorted(refs, key=_natural)), len(refs), value, item, fitted)
            for (value, item, fitted), refs in grouped.items()
        ]
    rows.sort(key=lambda row: (row[0], _natural(row[1].split()[0])))
    rows += [("off board", name, count, "", item, True) for name, count, item in OFF_BOARD]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    total_eur = 0.0
    for board, refs, count, value, item, fitted in rows:
        price_eur = count * item.price_eur if fitted else 0.0
        total_eur += price_eur
        note = item.note if fitted or "option" in item.note else f"option, left out {item.note}"
        table.writerow(
            (board, refs, count, value, item.part, item.second_source,
             f"{item.price_eur:.2f}", f"{price_eur:.2f}", note.strip())
        )  # fmt: skip
    table.writerow(("total", "", "", "", "", "", "", f"{total_eur:.2f}", "rough, without options"))
    return text.getvalue()


def _natural(reference: str) -> tuple[str, int]:
    found = re.fullmatch(r"([A-Z]+)(\d+)", reference)
    assert found is not None
    return found[1], int(found[2])
