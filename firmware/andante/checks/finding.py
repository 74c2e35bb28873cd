"""What a check has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Figures = Mapping[str, float | int | None]


class Verdict(StrEnum):
    """`missing`: not there, which many sessions can do without; `failed`: there and not fit."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One part, a verdict, what was found, and what to do where there is something to do.

    `figures` are what was measured, the unit in each name.
    """

    part: str
    verdict: Verdict
    found: str
    to_do: str | None = None
    figures: Figures = field(default_factory=dict)


def finding_of_error(part: str, error: Exception, expected: bool) -> Finding:
    """An error's sentence as a finding: failed where the part is `expected` here, else missing.

    The sentences of `andante.errors` say first what is wrong and, after the last semicolon, what
    to do.
    """
    verdict = Verdict.FAILED if expected else Verdict.MISSING
    found, separator, to_do = str(error).rpartition("; ")
    if not separator:
        return Finding(part, verdict, to_do)
    return Finding(part, verdict, f"{found}.", to_do[:1].upper() + to_do[1:])


def nothing_failed(findings: Sequence[Finding]) -> bool:
    """True where the device may be used."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)
