"""The procedure in real time: the real LED class on mock pins, the real link over a
pseudo-terminal, and a simulated board that sees the pin change.
"""

from typing import Any

import pytest

from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.calibration.estimate import LatencyEstimate, estimate_latency
from andante.calibration.procedure import CUE_COUNT, WARM_UP_CUES, observe
from andante.cues.led import LedOutput
from andante.ports import Channel
from andante.simulated.board import SimulatedBoard
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.ears import TICK_HZ, EarSource

pytestmark = pytest.mark.alone

INJECTED_MS = 2.5


@pytest.mark.long
def test_the_latency_found_is_the_latency_injected() -> None:
    for _ in range(3):  # a busy computer disturbs a measurement, which then says so: measure again
        found = measured()
        print(found)
        if not found.refusals:
            break
    assert found.refusals == ()
    assert found.heard_count >= 0.9 * (CUE_COUNT - WARM_UP_CUES)
    # Besides what was injected, the half of the call that follows its middle.
    assert found.latency_ms == pytest.approx(INJECTED_MS, abs=0.3)


def measured() -> LatencyEstimate:
    """The real LED class on mock pins, felt by a simulated board a known while later."""
    mock = pytest.importorskip("gpiozero.pins.mock", reason="needs gpiozero")
    clock = MonotonicClock()
    tick_clock = TickClock(clock.now_ns() - NS_PER_S, TICK_HZ, rate_error_ppm=30.0)
    source = EarSource(tick_clock)

    class SeenPin(mock.MockPin):  # type: ignore[misc,name-defined]
        """A pin whose changes the photodiode feels a known while later."""

        def _set_state(self, value: Any) -> None:
            super()._set_state(value)
            with pty.pause():
                source.feel(Channel.PHOTODIODE, clock.now_ns() + round(INJECTED_MS * NS_PER_MS))

    with PtyBoard(SimulatedBoard(tick_clock, source), clock) as pty:
        link = BoardLink(PySerialPort(str(pty.path), clock), clock)
        led = LedOutput(clock, pin_factory=mock.MockFactory(pin_class=SeenPin), simulated=True)
        try:
            link.start()
            led.start()
            return estimate_latency(observe([led], link, clock)["led"])
        finally:
            led.stop()
            link.stop()
