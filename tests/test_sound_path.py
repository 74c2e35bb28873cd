"""Which card is behind a sound device's name, and when a measured latency stops to hold."""

import stat
from pathlib import Path

import pytest

from andante.simulated.outputs import SimulatedOutput
from andante.sound_path import (
    default_sink_name,
    device_identity,
    sound_cards,
    sound_identity,
)
from andante.timebase import SimulatedClock

CARDS = """\
 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 1 [sndrpihifiberry]: RPi-simple - snd_rpi_hifiberry_dac
                      snd_rpi_hifiberry_dac
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CARDS, ("vc4hdmi0", "sndrpihifiberry")),
        ("--- no soundcards ---\n", ()),
        (None, ()),
    ],
)
def test_the_cards_of_alsa(text: str | None, expected: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "cards"
    if text is not None:
        file.write_text(text)
    assert sound_cards(file) == expected


def test_default_is_another_device_on_another_sink_or_card() -> None:
    default = "ALSA default, 48000 Hz"
    identities = [
        sound_identity(default, "alsa_output.hdmi", ("a", "b")),
        sound_identity(default, "alsa_output.usb", ("a", "b")),
        sound_identity(default, None, ("a", "b")),
        sound_identity(default, None, ("a",)),
        sound_identity(default, None, ()),
        sound_identity("ALSA default, 44100 Hz", None, ()),
    ]
    assert len(set(identities)) == len(identities)


def test_a_card_that_is_named_is_the_same_whatever_else_there_is() -> None:
    named = "ALSA snd_rpi_hifiberry_dac: HiFi (hw:1,0), 48000 Hz"
    assert sound_identity(named, "alsa_output.usb", ("a", "b")) == named


def test_lights_are_what_they_say_they_are() -> None:
    output = SimulatedOutput("led", SimulatedClock())
    assert device_identity(output) == output.description


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo alsa_output.usb", "alsa_output.usb"),
        ("echo refused >&2; exit 1", None),
        ("echo half; exit 3", None),
        ("true", None),
        (None, None),
    ],
)
def test_the_sound_server_is_asked(
    script: str | None,
    expected: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if script is not None:
        program = tmp_path / "pactl"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert default_sink_name() == expected
    if expected is not None:
        output = SimulatedOutput("sound", SimulatedClock())
        assert device_identity(output) == f"simulated sound, to {expected}"
