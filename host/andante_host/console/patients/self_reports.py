"""How patients felt after a session, kept beside its file, which nothing is added to any more.

What is asked before and during a session goes into its file as commands; whoever reads the
scores of a session takes both.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from andante.commands import Item, Moment, SelfReport
from andante.errors import AndanteError
from andante.timebase import Clock
from andante_host.console.audit import utc_text
from andante_host.console.database import Database

_RANGE = next(
    field.type
    for field in msgspec.inspect.type_info(SelfReport).fields  # type: ignore[attr-defined]
    if field.name == "score"
)
HIGHEST_SCORE = int(_RANGE.le)
"""0 is the lowest; both as the engine takes them."""


class SelfReportError(AndanteError):
    """A score that cannot be kept."""


class KeptReport(Struct, frozen=True, kw_only=True):
    """One score, 0 to 10, with the session's file name, who wrote it down and when."""

    file: str
    code: str
    moment: Moment
    item: Item
    score: int
    who: str
    at_utc: str


class SelfReports:
    """Keeps them; the newest answer to a question counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        file: str,
        code: str,
        scores: Mapping[Item, int],
        who: str,
        moment: Moment = Moment.AFTER,
    ) -> None:
        """Keep scores of a finished session. Raises SelfReportError."""
        reports = commands_of(scores, moment)
        with self._database.changes():
            for report in reports:
                self._database.write(
                    "INSERT INTO self_reports (file, code, moment, item, score, who, at_utc) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file, moment, item) DO UPDATE SET "
                    "score = excluded.score, who = excluded.who, at_utc = excluded.at_utc",
                    (
                        file,
                        code,
                        report.moment,
                        report.item,
                        report.score,
                        who,
                        utc_text(self._clock),
                    ),
                )

    def of_session(self, file: str) -> list[KeptReport]:
        """Those of a session, by its file's name."""
        return self._found("file", file)

    def of_patient(self, code: str) -> list[KeptReport]:
        """Those of a patient's sessions."""
        return self._found("code", code)

    def _found(self, column: str, value: str) -> list[KeptReport]:
        found = self._database.rows(
            "SELECT file, code, moment, item, score, who, at_utc FROM self_reports "
            f"WHERE {column} = ? ORDER BY file, moment, item",
            (value,),
        )
        return [msgspec.convert(dict(row), KeptReport) for row in found]


def commands_of(scores: Mapping[Item, int], moment: Moment) -> list[SelfReport]:
    """The scores as what a session under way takes. Raises SelfReportError."""
    try:
        return [
            msgspec.convert(
                {"command": "self_report", "moment": moment, "item": item, "score": score},
                SelfReport,
            )
            for item, score in scores.items()
        ]
    except msgspec.ValidationError:
        raise SelfReportError("A score is a whole number from 0 to 10; choose one.") from None


def read_scores(posted: Mapping[str, str]) -> dict[Item, int]:
    """What a form says; a question may be left open. Raises SelfReportError."""
    scores: dict[Item, int] = {}
    for item in Item:
        typed = posted.get(item, "").strip()
        if not typed:
            continue
        if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(HIGHEST_SCORE))):
            raise SelfReportError("A score is a whole number from 0 to 10; choose one.")
        scores[item] = int(typed)
    commands_of(scores, Moment.BEFORE)  # its range
    return scores
