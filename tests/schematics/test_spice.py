"""What the drawn circuits do in ngspice: simulated, with behavioural models of our own."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from schematics.spice import decks
from schematics.spice.ngspice import run

SUPPLY_V = 5.0
BEYOND_V = 0.5  # ATmega328P, absolute maximum ratings: -0.5 V to VCC + 0.5 V
DECKS = {deck.name: deck for deck in decks.DECKS}

needs_ngspice = pytest.mark.skipif(
    shutil.which("ngspice") is None, reason="ngspice is not installed (package ngspice)"
)


@cache
def measured(name: str) -> dict[str, float]:
    return run(decks.SPICE / f"{name}.cir")


def test_the_decks_are_what_the_schematics_say(tmp_path: Path) -> None:
    for path in decks.write_all(tmp_path):
        assert path.read_bytes() == (decks.SPICE / path.name).read_bytes()
    assert {path.stem for path in decks.SPICE.glob("*.cir")} == set(DECKS)


@needs_ngspice
@pytest.mark.parametrize(
    ("deck", "pin"),
    [
        ("tap_fsr_hit", "tap1"),
        ("tap_fsr_reversed", "tap1"),
        ("tap_piezo_hit", "tap1"),
        ("tap_piezo_turned", "tap1"),
        ("tap_piezo_reversed", "tap1"),
        ("tap_piezo_as_fsr", "tap1"),
        ("foot_hit", "left"),
        ("foot_reversed", "left"),
        ("belt_limits", "belt"),
        ("photodiode", "photodiode_level"),
        ("photodiode", "photodiode"),
        ("photodiode_reversed", "photodiode_level"),
        ("photodiode_reversed", "photodiode"),
        ("sound_line", "sound_line"),
    ],
)
def test_no_input_leaves_its_supply(deck: str, pin: str) -> None:
    figures = measured(deck)
    assert -BEYOND_V <= figures[f"{pin}_min"] <= figures[f"{pin}_max"] <= SUPPLY_V + BEYOND_V


@needs_ngspice
def test_a_reversed_link_leaves_the_board_unpowered() -> None:
    figures = measured("link_reversed")
    assert figures["p5va_min"] >= -0.3
    for pin in ("tap1", "left"):
        assert figures[f"{pin}_min"] >= -BEYOND_V
        assert figures[f"{pin}_max"] <= figures["p5va_max"] + BEYOND_V


@needs_ngspice
def test_hits_and_steps_are_seen() -> None:
    """The protection must not eat the signal: half the range and more for what it is made for."""
    assert measured("tap_fsr_hit")["tap1_max"] > SUPPLY_V / 2
    assert measured("tap_piezo_hit")["tap1_max"] > SUPPLY_V / 2
    assert measured("foot_hit")["left_max"] > SUPPLY_V / 2


@needs_ngspice
def test_the_taps_filter_delays_by_at_most_200_us() -> None:
    figures = measured("tap_delay")
    delay_s = figures["crossing_filtered"] - figures["crossing_ideal"]
    assert 0 < delay_s <= 0.2e-3


@needs_ngspice
def test_the_feet_are_delayed_as_the_drawing_says() -> None:
    figures = measured("foot_delay")
    delay_s = figures["crossing_filtered"] - figures["crossing_ideal"]
    assert delay_s == pytest.approx(147e-6, abs=5e-6)


@needs_ngspice
def test_the_belt_passes_5_hz_and_stops_mains_hum() -> None:
    figures = measured("belt_bandwidth")
    assert figures["five_db"] > figures["low_db"] - 3.0
    assert figures["ten_db"] < figures["low_db"] - 3.0
    assert figures["mains_db"] < figures["low_db"] - 20.0


@needs_ngspice
def test_light_and_sound_are_stamped_without_delay() -> None:
    assert 0 < measured("photodiode")["edge"] < 50e-6
    assert 0 < measured("sound_line")["edge"] < 250e-6  # the first quarter of a 1 kHz click


@needs_ngspice
def test_the_sound_amplifier_is_kept_in_its_range() -> None:
    figures = measured("sound_line")
    assert figures["opamp_input_min"] >= -0.3  # MCP6002, absolute maximum: 1.0 V beyond
    assert figures["opamp_input_max"] <= SUPPLY_V + 0.3


@needs_ngspice
def test_the_cue_light_stays_within_its_rating() -> None:
    figures = measured("cue_led")
    assert 0.008 <= figures["led_current"] <= 0.020  # a 5 mm LED's continuous rating
    assert figures["led_dark"] < 1e-6


@needs_ngspice
def test_the_ring_starts_softly() -> None:
    figures = measured("ring_inrush")
    assert figures["inrush"] <= 0.5  # below the 1.1 A that the fuse holds, and half a Pi's spare
    assert figures["ring_final"] > 4.9
    assert figures["rise"] < 0.1


@needs_ngspice
def test_the_motor_switch_is_safe_when_it_opens() -> None:
    figures = measured("haptic")
    assert figures["drain_max"] <= 6.0  # the transistor stands 30 V
    assert figures["motor_current"] <= 0.15


@needs_ngspice
def test_the_board_keeps_its_supply_behind_the_protection() -> None:
    assert measured("supply_on")["p5va_final"] > 4.75


@needs_ngspice
def test_the_bounds_can_fail(tmp_path: Path) -> None:
    """Without the parts that protect, the decks show it."""
    without_clamp = _altered(tmp_path, "tap_piezo_hit", ("D11_",))
    assert run(without_clamp)["tap1_max"] > SUPPLY_V + BEYOND_V
    without_soft_start = _altered(tmp_path, "ring_inrush", ("C10 ", "C11 "))
    assert run(without_soft_start)["inrush"] > 2.0
    bridge = "Rbridge n_f1_2 p5v 1m"
    without_switch = _altered(tmp_path, "link_reversed", ("M_Q1 ",), bridge)
    assert run(without_switch)["p5va_min"] < -0.3


def _altered(folder: Path, name: str, taken: tuple[str, ...], instead: str = "* taken") -> Path:
    """The deck with every line that begins like one of `taken` replaced."""
    models = (decks.SPICE / "models.lib").read_text(encoding="utf-8")
    (folder / "models.lib").write_text(models, encoding="utf-8")
    lines = (decks.SPICE / f"{name}.cir").read_text(encoding="utf-8").splitlines()
    altered = [instead if line.startswith(taken) else line for line in lines]
    assert altered != lines
    path = folder / f"{name}.cir"
    path.write_text("\n".join(altered) + "\n", encoding="utf-8")
    return path
