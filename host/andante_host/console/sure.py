"""The tick in front of what cannot be taken back."""

from dataclasses import dataclass

from andante.errors import AndanteError


@dataclass
class Sure:
    """What a form sends that has nothing but the tick."""

    sure: str = ""


def check_sure(sure: str, problem: type[AndanteError]) -> None:
    """Raise `problem`, with a sentence for the person, unless the tick was set."""
    if not sure:
        raise problem("Tick that you mean it, then try again; nothing was changed.")
