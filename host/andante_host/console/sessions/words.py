"""Words that the pages about sessions share."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from andante_host.archive.products import Kind
from andante_host.archive.summary import State, Summary
from andante_host.report.figures import clock_text

KIND_WORDS = {
    Kind.SESSION: "Session file, as it was recorded",
    Kind.CSV: "CSV tables with their data dictionary",
    Kind.HTML: "Report as a page",
    Kind.PDF: "Report as PDF",
    Kind.MEASURES: "Every measure, as JSON",
}
STATE_BADGES = {  # of what is not as usual
    State.WAITING: "busy",
    State.RUNNING: "busy",
    State.CUT_OFF: "warn",
    State.DAMAGED: "bad",
}
NOT_DATED = "Day not known"


@dataclass(frozen=True)
class When:
    """A moment as people say it where the device stands, and in UTC; empty where not known."""

    local: str
    utc: str


def when_words(moment: datetime | None, zone: tzinfo | None = None) -> When:
    """`zone`: None is the device's own."""
    if moment is None:
        return When(NOT_DATED, "")
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    day = utc.strftime("%Y-%m-%d ") if utc.date() != local.date() else ""
    return When(
        f"{local:%A} {local.day} {local:%B %Y, %H:%M}",
        f"{day}{utc:%H:%M} UTC",
    )


def utc_words(at_utc: str, zone: tzinfo | None = None) -> When:
    """The same of a time as the database keeps it."""
    return when_words(datetime.fromisoformat(at_utc), zone)


def title_of(summary: Summary) -> str:
    """What was done: `Walk`, `Tap, continuation`."""
    if summary.exercise is None:
        return "Session"
    task = f", {summary.task}" if summary.task and summary.task != "paced" else ""
    return summary.exercise.capitalize() + task


def length_words(summary: Summary) -> str:
    """`7:20 min`; empty where it is not known."""
    return "" if summary.duration_s is None else f"{clock_text(summary.duration_s)} min"


def size_words(size_bytes: int) -> str:
    """`2.4 MB`; decimal, as files are sold."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1_000))} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"
