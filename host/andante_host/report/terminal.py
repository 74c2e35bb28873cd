"""The figures as plain text for a terminal."""

from typing import Any

from andante_host.report.figures import (
    OUTPUT_COLUMNS,
    Section,
    output_rows,
    sections,
    timing_section,
)
from andante_host.report.words import missing_words


def as_text(blocks: dict[str, Any]) -> str:
    """All figures with their units, one a line."""
    session = blocks["session"]
    simulated = ", ".join(session["simulated_parts"])
    lines = [
        f"{session['file']}: {session['exercise']}, patient {session['patient_code']}, "
        f"{session['duration_s']:.1f} s, {_ending(session)}"
    ]
    if simulated:
        lines.append(f"Simulated: {simulated}")
    for section in sections(blocks):
        lines += ["", *_section_lines(section)]
    lines += ["", *_section_lines(timing_section(blocks["timing"])), *_output_lines(blocks)]
    if missing := missing_words(blocks):
        lines += ["", *missing]
    return "\n".join(lines)


def _ending(session: dict[str, Any]) -> str:
    return str(session["end_reason"]) if session["complete"] else "cut off before its end"


def _output_lines(blocks: dict[str, Any]) -> list[str]:
    rows = output_rows(blocks["timing"])
    if not rows:
        return []
    table = [OUTPUT_COLUMNS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(OUTPUT_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return ["", "Cues given and missed; errors without sign, in µs", *(f"  {x}" for x in lines)]


def _section_lines(section: Section) -> list[str]:
    width = max(len(row.label) for row in section.rows)
    lines = [section.title]
    for row in section.rows:
        line = f"  {row.label:<{width}}  {row.value:>9} {row.unit}"
        lines.append(f"{line.rstrip()}  ({row.remark})" if row.remark else line.rstrip())
    return lines
