"""The start/stop button and the tempo encoder, on mock pins."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante import pins
from andante.commands import AnyCommand, NudgeTempo, Pause, Resume, Stop
from andante.controls.buttons import ONE_PRESS_NS, Buttons, ControlError
from andante.simulated.controls import SimulatedHand
from andante.timebase import NS_PER_MS, SimulatedClock

PUSH_GPIO = 25
LOOK_NS = 20 * NS_PER_MS
PINS_TOML = Path(__file__).parents[2] / "hardware" / "pins.toml"


class Desk:
    """A hand on the controls and somebody who looks at them every 20 ms."""

    def __init__(self, push_gpio: int | None = PUSH_GPIO) -> None:
        self.clock = SimulatedClock()
        self.hand = SimulatedHand(self.clock, push_gpio)
        self.buttons = self.hand.buttons
        self.buttons.start()

    def look(self, count: int = 3) -> list[AnyCommand]:
        taken: list[AnyCommand] = []
        for _ in range(count):
            taken += self.buttons.take_commands()
            self.clock.sleep_until_ns(self.clock.now_ns() + LOOK_NS)
        return taken

    def look_for_start(self, count: int = 3) -> int:
        pressed = 0
        for _ in range(count):
            pressed += self.buttons.start_pressed()
            self.clock.sleep_until_ns(self.clock.now_ns() + LOOK_NS)
        return pressed


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.buttons.stop()


def test_one_press_starts_and_the_next_one_stops(desk: Desk) -> None:
    desk.buttons.begin_waiting()
    assert desk.look_for_start() == 0
    desk.hand.press()
    assert desk.look_for_start() == 1
    desk.buttons.begin_session()
    assert desk.look(40) == []  # still held, for longer than two presses lie apart
    desk.hand.release()
    assert desk.look() == []
    desk.hand.press()
    assert desk.look() == [Stop(source="button")]
    desk.hand.release()
    assert desk.look(30) == []


def test_a_press_shorter_than_a_look_counts(desk: Desk) -> None:
    desk.buttons.begin_session()
    desk.look()
    desk.hand.press()
    desk.hand.release()
    assert desk.look() == [Stop(source="button")]


def test_a_stop_reaches_the_very_next_look(desk: Desk) -> None:
    desk.buttons.begin_session()
    desk.look()
    desk.hand.press()
    assert desk.buttons.take_commands() == [Stop(source="button")]


def test_a_press_counts_where_edges_are_never_told(desk: Desk) -> None:
    """As on an emulated Pi, whose pins raise no interrupts."""
    desk.hand.deafen()
    desk.buttons.begin_session()
    desk.look()
    desk.hand.press()
    assert desk.look() == [Stop(source="button")]


def test_a_trembling_hand_presses_once(desk: Desk) -> None:
    desk.buttons.begin_session()
    desk.look()
    taken = []
    for _ in range(4):  # every 120 ms
        desk.hand.press()
        taken += desk.look(3)
        desk.hand.release()
        taken += desk.look(3)
    assert taken == [Stop(source="button")]
    desk.look(ONE_PRESS_NS // LOOK_NS)
    desk.hand.press()
    assert desk.look() == [Stop(source="button")]


def test_bouncing_when_let_go_is_no_press(desk: Desk) -> None:
    desk.buttons.begin_session()
    desk.look()
    desk.hand.press()
    assert desk.look(50) == [Stop(source="button")]
    for _ in range(5):
        desk.hand.release()
        desk.hand.press()
    desk.hand.release()
    assert desk.look(3) == []


def test_what_was_pressed_before_does_not_count(desk: Desk) -> None:
    desk.look()
    desk.hand.press()
    desk.hand.turn(3)
    desk.buttons.begin_waiting()
    assert desk.look_for_start(40) == 0  # held since before
    desk.hand.release()
    desk.look_for_start()
    desk.hand.press()
    assert desk.look_for_start() == 1
    desk.buttons.begin_session()
    assert desk.look() == []


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-30, 30), max_size=12))
def test_every_click_of_the_encoder_is_one_percent(turns: list[int]) -> None:
    desk = Desk()
    desk.buttons.begin_session()
    percents = []
    for clicks in turns:
        desk.hand.turn(clicks)
        for command in desk.look(2):
            assert isinstance(command, NudgeTempo)
            assert command.source == "encoder"
            assert abs(command.percent) <= 20
            percents.append(command.percent)
    assert sum(percents) == sum(turns)
    desk.buttons.stop()


def test_pushing_the_encoder_pauses_and_goes_on(desk: Desk) -> None:
    paused = False
    desk.buttons.begin_session(lambda: paused)
    desk.look()
    desk.hand.push(True)
    assert desk.look() == [Pause(source="encoder")]
    desk.hand.push(False)
    desk.look(30)
    paused = True
    desk.hand.push(True)
    assert desk.look() == [Resume(source="encoder")]


def test_an_encoder_without_push_still_turns() -> None:
    desk = Desk(push_gpio=None)
    desk.buttons.begin_session()
    desk.hand.turn(-2)
    assert desk.look() == [NudgeTempo(source="encoder", percent=-2)]
    with pytest.raises(ValueError, match="not wired"):
        desk.hand.push(True)
    desk.buttons.stop()


def test_closed_buttons_say_nothing_and_may_be_closed_twice(desk: Desk) -> None:
    desk.buttons.stop()
    desk.buttons.stop()
    assert desk.look() == []
    assert desk.look_for_start() == 0


def test_no_pins_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "there_is_none")
    with pytest.raises(ControlError, match="cannot be used"):
        Buttons(SimulatedClock()).start()
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(ControlError, match="is not installed; install it with"):
        Buttons(SimulatedClock()).start()


def test_the_pins_are_those_of_the_pin_map() -> None:
    gpios = {pin["name"]: pin["gpio"] for pin in tomllib.loads(PINS_TOML.read_text())["pi"]["pins"]}
    for name in ("cue_led", "ring", "haptic", "start_stop_button", "encoder_a", "encoder_b"):
        assert getattr(pins, f"{name.upper()}_GPIO") == gpios[name]
    assert PUSH_GPIO not in gpios.values()
