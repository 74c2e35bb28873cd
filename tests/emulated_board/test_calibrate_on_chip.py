"""The calibration through the board's own firmware: clicks and flashes at the chip's pins, at
known cycles after what the outputs report.

Simulated: outputs, oscillator, line and the shapes at the pins. The firmware is the real one.
"""

import random

import pytest

from andante.calibration.estimate import LatencyEstimate, estimate_latency
from andante.calibration.procedure import CUE_COUNT, WARM_UP_CUES, observe
from andante.ports import Channel
from andante.simulated.outputs import SimulatedOutput
from andante.timebase import NS_PER_MS
from emulated_board.chip import CLOCK_HZ
from emulated_board.rig import ChipRig
from emulated_board.wiring import port_and_bit
from support.ears import HeardOutput, Hearing

EXACT_MS = 0.1
HALF_WAVE_CYCLES = CLOCK_HZ // 2000  # of a click's 1 kHz
CLICK_EDGES = 10

Edges = list[tuple[int, int]]


class Pins:
    """What is still to happen at the chip's sound and light inputs."""

    def __init__(self, rig: ChipRig) -> None:
        self._rig = rig
        rested: Edges = [(rig.cycle, 0)]  # against the pull-up, as a comparator at rest
        self._edges = {Channel.SOUND_LINE: rested, Channel.PHOTODIODE: rested}
        for channel in self._edges:
            self._tell(channel)

    def feel(self, channel: Channel, time_ns: int) -> None:
        """A click begins; or the light changes, on and off in turn."""
        cycle = self._rig.port.cycles.ticks_at(time_ns)
        edges = self._edges[channel]
        if channel is Channel.SOUND_LINE:
            new = [(cycle + n * HALF_WAVE_CYCLES, 1 - n % 2) for n in range(CLICK_EDGES)]
        else:
            new = [(cycle, 1 - edges[-1][1])]
        self._edges[channel] = [*edges, *new]
        self._tell(channel)

    def _tell(self, channel: Channel) -> None:
        now_cycle = self._rig.chip.counts.cycle
        coming = [edge for edge in self._edges[channel] if edge[0] > now_cycle]
        self._rig.chip.set_pin(*port_and_bit(channel), coming)


def measure(rig: ChipRig, hearings: dict[str, Hearing]) -> dict[str, LatencyEstimate]:
    pins = Pins(rig)
    outputs = [
        HeardOutput(SimulatedOutput(name, rig.clock, seed=5), pins.feel, hearing, seed=5)
        for name, hearing in hearings.items()
    ]
    seen = observe(outputs, rig.link, rig.clock)
    return {name: estimate_latency(observation) for name, observation in seen.items()}


def test_the_latency_found_is_the_latency_injected(rig: ChipRig) -> None:
    rng = random.Random(11)
    true_ms = {"sound": rng.uniform(1.0, 60.0), "led": rng.uniform(0.5, 3.0)}
    hearings = {
        name: Hearing(round(latency_ms * NS_PER_MS), noise_us=50.0)
        for name, latency_ms in true_ms.items()
    }
    for name, found in measure(rig, hearings).items():
        print(f"{name}: injected {true_ms[name]:.4f} ms, found {found}")
        assert found.refusals == ()
        assert found.heard_count == CUE_COUNT - WARM_UP_CUES
        assert found.stray_count == 0
        assert found.latency_ms == pytest.approx(true_ms[name], abs=EXACT_MS)


def test_a_latency_in_steps_is_refused(rig: ChipRig) -> None:
    hearing = Hearing(3 * NS_PER_MS, delay_ns=lambda index: 10 * NS_PER_MS * (index % 2))
    (refusal,) = measure(rig, {"sound": hearing})["sound"].refusals
    assert "3.0 or 13.0 ms" in refusal
