"""Which sound card is behind a device that is only called `default`.

A measured latency holds for one card. PortAudio's name of a device may stand for any: what the
sound server plays to, or where there is none ALSA's cards, says which.
"""

import re
import shutil
import subprocess
from pathlib import Path

from andante.ports import CueOutput

CARDS_FILE = Path("/proc/asound/cards")
_CARD = re.compile(r"^\s*\d+ \[(\S+)\s*\]", re.MULTILINE)
_ANSWER_TIMEOUT_S = 5.0


def device_identity(output: CueOutput) -> str:
    """What a measured latency of this started output is kept under: its device, for sound with
    the card behind it. Asks the sound server, which takes some 10 ms.
    """
    if output.name != "sound":
        return output.description
    return sound_identity(output.description, default_sink_name(), sound_cards(CARDS_FILE))


def sound_identity(description: str, sink: str | None, cards: tuple[str, ...]) -> str:
    """A sound device's description with the server's `sink`, or without a server with the card.

    A description that names its card (`hw:`) needs nothing more. Where several cards may be meant
    all are named, so that a change of any ends what was measured.
    """
    if "hw:" in description:
        return description
    behind = sink or "+".join(cards)
    return f"{description}, to {behind}" if behind else description


def sound_cards(cards_file: Path) -> tuple[str, ...]:
    """The identifiers of ALSA's cards in order (`/proc/asound/cards`); none without ALSA."""
    try:
        return tuple(_CARD.findall(cards_file.read_text()))
    except OSError:
        return ()


def default_sink_name() -> str | None:
    """The sound server's own name for where sound goes by default; None without a server.

    PipeWire answers PulseAudio's question as well.
    """
    return answer_of("pactl", "get-default-sink")


def answer_of(*command: str) -> str | None:
    """What a program prints; None where it is not there, fails, says nothing or takes too long."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
