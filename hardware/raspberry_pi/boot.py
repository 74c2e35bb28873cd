"""The Pi's boot settings, by model: which lines, and how they get into and out of its files. Pure.

Sources: overlays and parameters from the firmware's `overlays/README`; core frequencies for
NeoPixels on SPI from the README of rpi_ws281x; serial ports from the Raspberry Pi documentation,
"Configuring UARTs".
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from hardware.raspberry_pi.errors import InstallError

BEGIN = "# >>> andante: written by its installer, taken away by its uninstaller"
END = "# <<< andante"
_JOINED = " (the line before had no end)"


class Model(StrEnum):
    """The models that the trainer is made for."""

    PI_3 = "3"
    PI_4 = "4"
    PI_5 = "5"
    ZERO_2 = "zero2"


class Dac(StrEnum):
    """How sound leaves the Pi; the value is the overlay's name."""

    PCM5102A = "hifiberry-dac"
    PCM512X = "hifiberry-dacplus"
    MAX98357A = "max98357a"
    NONE = "none"


_MODEL_WORDS = (
    (r"Raspberry Pi (3|Compute Module 3)\b", Model.PI_3),
    (r"Raspberry Pi (4|400|Compute Module 4S?)\b", Model.PI_4),
    (r"Raspberry Pi (5|500|Compute Module 5)\b", Model.PI_5),
    (r"Raspberry Pi Zero 2\b", Model.ZERO_2),
)

# Bluetooth is off where it would take the good serial port (PL011, whose 48 MHz clock makes
# exactly 250,000 baud); the trainer refuses Bluetooth for cues anyway.
_HEADER_UART = ("enable_uart=1", "dtoverlay=disable-bt")
_LINES: dict[Model, tuple[str, ...]] = {
    Model.PI_3: ("core_freq=250", *_HEADER_UART),
    Model.ZERO_2: ("core_freq=250", *_HEADER_UART),
    Model.PI_4: ("core_freq=500", "core_freq_min=500", *_HEADER_UART),
    Model.PI_5: ("dtoverlay=uart0-pi5",),
}

# The Pi 5 has a connector of its own for the console (ttyAMA10), which may stay.
_HEADER_CONSOLE = re.compile(r"console=(serial0|ttyAMA0|ttyS0)(,|$)")
_HEADER_CONSOLE_PI_5 = re.compile(r"console=ttyAMA0(,|$)")


def model_of(description: str) -> Model:
    """The model from /proc/device-tree/model. Raises InstallError for one that is not known."""
    for words, model in _MODEL_WORDS:
        if re.match(words, description):
            return model
    raise InstallError(
        f'"{description}" is none of the models that the trainer is made for (Raspberry Pi 3, 4, '
        "5 and Zero 2 W); name one with --model if it is like one of these."
    )


def settings_for(model: Model, dac: Dac) -> tuple[str, ...]:
    """The lines for config.txt: SPI for the ring, I2S for sound, the serial port of the header."""
    sound = () if dac is Dac.NONE else (f"dtoverlay={dac}",)
    return ("dtparam=spi=on", *sound, *_LINES[model])


def with_settings(text: str, lines: tuple[str, ...]) -> str:
    """config.txt with these lines at its end, in place of those of an earlier installation.

    They stand under [all], whatever filter is in force before them.
    """
    text = without_settings(text)
    joined = bool(text) and not text.endswith("\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    block = (BEGIN + (_JOINED if joined else ""), "[all]", *lines, END)
    return text + (newline if joined else "") + "".join(line + newline for line in block)


def without_settings(text: str) -> str:
    """config.txt as it would be had the lines never been there; everybody else's lines stay."""
    before: list[str] = []
    after: list[str] = []
    inside, found, joined = False, False, False
    for line in text.splitlines(keepends=True):
        word = line.rstrip("\r\n")
        if word in (BEGIN, BEGIN + _JOINED):
            inside, found, joined = True, True, joined or word.endswith(_JOINED)
        elif inside and word == END:
            inside = False
        elif not inside:
            (after if found else before).append(line)
    if inside:
        raise InstallError(
            f'config.txt has the line "{BEGIN}" without "{END}" after it; take both and what is '
            "between them out by hand, then try again."
        )
    if not found:
        return text
    if joined and not after:
        before[-1] = before[-1].rstrip("\r\n")
    return "".join(before) + _back_to_all(before, after) + "".join(after)


def _back_to_all(before: list[str], after: list[str]) -> str:
    """Lines that came to stand after ours did so under [all]; they keep that."""
    sections = [line.strip() for line in before if line.lstrip().startswith("[")]
    first = next((line.strip() for line in after if line.strip()), "[all]")
    if not sections or sections[-1] == "[all]" or first.startswith("["):
        return ""
    return "[all]\n"


@dataclass(frozen=True)
class TakenWord:
    """A word that was taken out of the kernel's command line: its place among the words."""

    place: int
    word: str


def without_console(command_line: str, model: Model) -> tuple[str, list[TakenWord]]:
    """cmdline.txt without a login console on the header's serial port, and what was taken out."""
    pattern = _HEADER_CONSOLE_PI_5 if model is Model.PI_5 else _HEADER_CONSOLE
    words, end = _words(command_line)
    taken = [TakenWord(place, word) for place, word in enumerate(words) if pattern.match(word)]
    kept = [word for word in words if not pattern.match(word)]
    return " ".join(kept) + end, taken


def with_console(command_line: str, taken: list[TakenWord]) -> str:
    """cmdline.txt with those words in their places again."""
    words, end = _words(command_line)
    for one in taken:
        if one.word not in words:
            words.insert(one.place, one.word)
    return " ".join(words) + end


def _words(command_line: str) -> tuple[list[str], str]:
    """The words, and the line's end. There is always another word, where the system lies."""
    line = command_line.rstrip("\r\n")
    return line.split(" "), command_line[len(line) :]
