"""The output for simulated time, and the twins of the light hardware."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.errors import OutputError
from andante.ports import Cue
from andante.simulated.outputs import (
    RecordedFrames,
    SimulatedOutput,
    mock_led_output,
    simulated_ring_output,
    twin_strip,
)
from andante.timebase import NS_PER_S, MonotonicClock, SimulatedClock


def errors_us(seed: int, placement_sd_us: float, poll_ns: int, name: str = "sound") -> list[float]:
    clock = SimulatedClock()
    output = SimulatedOutput(name, clock, seed, placement_sd_us)
    output.start()
    start_ns = clock.now_ns() + NS_PER_S
    planned = {index: start_ns + index * NS_PER_S // 2 for index in range(200)}
    for index, planned_ns in planned.items():
        output.schedule(Cue(index, planned_ns))
    found: dict[int, float] = {}
    while len(found) < len(planned):
        clock.sleep_until_ns(clock.now_ns() + poll_ns)
        for report in output.take_reports():
            assert report.actual_ns is not None
            assert report.actual_ns <= clock.now_ns()
            found[report.cue_index] = (report.actual_ns - planned[report.cue_index]) / 1e3
    return [found[index] for index in sorted(found)]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(NS_PER_S // 20, 10 * NS_PER_S))
def test_errors_depend_on_the_seed_and_not_on_how_often_one_asks(seed: int, poll_ns: int) -> None:
    assert errors_us(seed, 50.0, poll_ns) == errors_us(seed, 50.0, NS_PER_S)
    assert errors_us(seed, 50.0, NS_PER_S) != errors_us(seed + 1, 50.0, NS_PER_S)


def test_errors_have_the_spread_asked_for_and_are_never_early() -> None:
    errors = np.array([e for seed in range(10) for e in errors_us(seed, 50.0, NS_PER_S)])
    assert errors.min() >= 0.0
    # The size of a normal error has root mean square sd: 2,000 of them know it to 1.6 %.
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(50.0, rel=0.06)
    assert errors_us(0, 0.0, NS_PER_S) == [0.0] * 200


def test_outputs_of_one_seed_differ_from_each_other() -> None:
    assert errors_us(0, 50.0, NS_PER_S, "sound") != errors_us(0, 50.0, NS_PER_S, "led")


def test_only_light_is_withheld() -> None:
    clock = SimulatedClock()
    outputs = [SimulatedOutput(name, clock) for name in ("sound", "haptic", "led", "ring")]
    for output in outputs:
        output.schedule(Cue(0, clock.now_ns() + NS_PER_S, light=False))
    clock.sleep_until_ns(clock.now_ns() + 2 * NS_PER_S)
    given_count = [
        sum(r.actual_ns is not None for r in output.take_reports()) for output in outputs
    ]
    assert given_count == [1, 1, 0, 0]


def test_the_twin_strip_records_what_is_shown_and_when() -> None:
    clock, recorded = SimulatedClock(), RecordedFrames()
    strip = twin_strip(clock, 2, recorded)
    strip.fill((1, 2, 3))
    assert recorded.frames == []
    strip.show()
    first_ns = clock.now_ns()
    clock.sleep_until_ns(first_ns + NS_PER_S)
    strip.deinit()
    assert recorded.frames == [
        (first_ns, bytes((1, 2, 3, 1, 2, 3))),
        (first_ns + NS_PER_S, bytes(6)),
    ]


def test_a_missing_library_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero.pins.mock", None)
    with pytest.raises(OutputError, match="install it with"):
        mock_led_output(MonotonicClock())
    monkeypatch.setitem(sys.modules, "adafruit_pixelbuf", None)
    with pytest.raises(OutputError, match="install it with"):
        simulated_ring_output(MonotonicClock())
