"""One answer, and the words that several kinds of answers share."""

from dataclasses import dataclass

from andante_host.report.figures import number


@dataclass(frozen=True)
class Answer:
    """A question, the figure that answers it, and the sentence around it."""

    question: str
    figure: str
    sentence: str


def signed(value: float, digits: int, unit: str = "") -> str:
    """A difference with its sign: `+1.2 %`, `−0.4 s`; no sign where it rounds to nothing."""
    text = number(value, digits, unit)
    return f"+{text}" if round(value, digits) > 0 else text
