"""What the live page's forms send, turned into commands."""

from dataclasses import dataclass
from typing import Annotated

from litestar.enums import RequestEncodingType
from litestar.params import Body

from andante.commands import AnyCommand, Dizzy, Note, NudgeTempo, Pause, Resume, Stop, Unlock
from andante_host.console.device.problem import DeviceError

SOURCE = "page"
MOST_CHARS = 500
_LARGEST_NUDGE_PERCENT = 20.0


@dataclass
class Reason:
    """Why somebody takes the device."""

    reason: str = ""


@dataclass
class Asked:
    """One press of a button. `text` is a note's words or an unlock's reason."""

    command: str
    percent: str = ""
    text: str = ""


ReasonForm = Annotated[Reason, Body(media_type=RequestEncodingType.URL_ENCODED)]
AskedForm = Annotated[Asked, Body(media_type=RequestEncodingType.URL_ENCODED)]


def command_of(asked: Asked, role: str) -> AnyCommand:
    """The command that was asked for. Raises DeviceError for what is none or lacks something."""
    match asked.command:
        case "stop":
            return Stop(source=SOURCE)
        case "dizzy":
            return Dizzy(source=SOURCE)
        case "pause":
            return Pause(source=SOURCE)
        case "resume":
            return Resume(source=SOURCE)
        case "nudge_tempo":
            return NudgeTempo(source=SOURCE, percent=_percent(asked.percent))
        case "unlock":
            return Unlock(source=SOURCE, role=role, reason=_words(asked, "Say why"))
        case "note":
            return Note(source=SOURCE, role=role, text=_words(asked, "Write something"))
    raise DeviceError("The device knows no such command; go back and press a button.")


def _percent(text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = float("nan")
    if not abs(percent) <= _LARGEST_NUDGE_PERCENT:
        raise DeviceError(
            f"The tempo can be changed by {_LARGEST_NUDGE_PERCENT:g} % at most; press a button."
        )
    return percent


def _words(asked: Asked, what: str) -> str:
    text = asked.text.strip()
    if not text:
        raise DeviceError(f"{what}; the field was empty, so nothing was done.")
    if len(text) > MOST_CHARS:
        raise DeviceError(f"Shorten it to {MOST_CHARS} characters; nothing was done.")
    return text
