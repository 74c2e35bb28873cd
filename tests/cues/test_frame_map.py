"""The mapping of audio frames to session time, on a simulated device whose truth is known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cues.frame_map import BIN_NS, STEP_BINS, FrameMap, FrameMapping
from andante.ports import AudioTiming
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

RATE_HZ = 48_000
BUFFER_FRAMES = 1_024
ORIGIN_NS = 7_000_000 * NS_PER_S + 123


@dataclass
class SimulatedDevice:
    """A device `rate_ppm` fast whose readings are as noisy as PulseAudio's (platform notes)."""

    rate_ppm: float = 250.0
    noise_sd_us: float = 45.0
    wander_us: float = 100.0  # of its delay, over seconds
    late_share: float = 0.03  # callbacks that the program was too busy for, 1-10 ms
    step_at_s: float = 1e9
    step_ms: float = 0.0
    seed: int = 0

    def true_ns(self, frames: int) -> int:
        nominal_s = frames / RATE_HZ
        step_ns = self.step_ms * NS_PER_MS if nominal_s >= self.step_at_s else 0.0
        return ORIGIN_NS + round(nominal_s * (1 - self.rate_ppm * 1e-6) * NS_PER_S + step_ns)

    def readings(self, duration_s: float) -> Iterator[AudioTiming]:
        rng = np.random.default_rng(self.seed)
        for frames in range(0, round(duration_s * RATE_HZ), BUFFER_FRAMES):
            wander_us = self.wander_us * np.sin(2 * np.pi * frames / RATE_HZ / 6.0)
            error_us = rng.normal(0.0, self.noise_sd_us) + wander_us
            if rng.random() < self.late_share:
                error_us += rng.uniform(1_000, 10_000)
            dac_ns = self.true_ns(frames) + round(error_us * NS_PER_US)
            yield AudioTiming(frames, dac_ns - 43 * NS_PER_MS, dac_ns, 0)


def follow(device: SimulatedDevice, duration_s: float) -> list[tuple[int, FrameMapping]]:
    """Every mapping with the frame at which the next buffer would be filled."""
    frame_map = FrameMap(RATE_HZ)
    states = []
    for reading in device.readings(duration_s):
        frame_map.add(reading)
        if frame_map.mapping is not None:
            states.append((reading.frames, frame_map.mapping))
    return states


@settings(max_examples=20, deadline=None)
@given(st.floats(-300.0, 300.0), st.integers(0, 1_000))
def test_cues_are_placed_on_time_and_evenly(rate_ppm: float, seed: int) -> None:
    device = SimulatedDevice(rate_ppm=rate_ppm, seed=seed)
    states = follow(device, 20.0)
    placed_us = np.array([m.placed_ns(f) - device.true_ns(f) for f, m in states]) / NS_PER_US
    # The bounds asked of real sound: 1 ms of drift, 0.2 ms from one beat to the next.
    assert np.abs(placed_us).max() < 1_000.0
    beat = round(0.6 * RATE_HZ / BUFFER_FRAMES)
    assert np.abs(placed_us[beat:] - placed_us[:-beat]).max() < 200.0
    settled_us = placed_us[len(placed_us) // 2 :]
    # A wander of 100 us tilts as well as shifts a window that holds two turns of it.
    assert np.abs(settled_us).max() < 400.0


def test_what_it_says_of_past_frames_lies_within_what_it_claims() -> None:
    device = SimulatedDevice(seed=5)
    frames, mapping = follow(device, 40.0)[-1]
    for seconds in range(1, 20):
        past = frames - seconds * RATE_HZ
        error_us = abs(mapping.ns_at(past) - device.true_ns(past)) / NS_PER_US
        assert error_us < 2 * mapping.uncertainty_us(past)
    assert mapping.uncertainty_us(frames) < 150.0


def test_frames_at_is_the_way_back() -> None:
    frames, mapping = follow(SimulatedDevice(), 10.0)[-1]
    assert mapping.frames_at(round(mapping.placed_ns(frames))) == pytest.approx(frames, abs=1e-2)


def test_ready_after_four_seconds_and_not_before() -> None:
    frames, _ = follow(SimulatedDevice(wander_us=0.0), 8.0)[0]
    assert 4.0 <= frames / RATE_HZ <= 5.0


ASTRAY_US = (
    *(0, -329, -867, -1282, -1690, -1973, -1815, -2106, -2316, -1640, -1857, -1958, -918, -1043),
    *(-1103, -512, -546, -587, -256, -279, -303, -109, -113, -115, -49, -50, -44, -46, -47, 0),
)
"""How far PulseAudio's delay was off after one start, every 0.5 s from 1.5 s on (measured)."""


def test_not_ready_while_the_delay_is_astray() -> None:
    device = SimulatedDevice(wander_us=0.0, late_share=0.0)
    frame_map = FrameMap(RATE_HZ)
    for reading in device.readings(25.0):
        halves = (reading.frames / RATE_HZ - 1.5) * 2
        astray_us = float(np.interp(halves, np.arange(len(ASTRAY_US)), ASTRAY_US))
        frame_map.add(replace(reading, dac_ns=reading.dac_ns + round(astray_us * NS_PER_US)))
        if frame_map.mapping is not None:
            error_ns = frame_map.mapping.placed_ns(reading.frames) - device.true_ns(reading.frames)
            assert abs(error_ns) < NS_PER_MS / 2
    assert frame_map.ready


def test_a_noisy_device_is_taken_after_some_patience() -> None:
    frames, mapping = follow(SimulatedDevice(noise_sd_us=800.0), 25.0)[0]
    assert 15.0 <= frames / RATE_HZ <= 24.0
    assert mapping.uncertainty_us(frames) > 100.0


def test_not_ready_while_the_device_gives_no_delay() -> None:
    frame_map = FrameMap(RATE_HZ)
    for reading in SimulatedDevice().readings(12.0):
        frame_map.add(
            AudioTiming(reading.frames, reading.callback_ns, reading.callback_ns, reading.status)
        )
    assert not frame_map.ready


def test_not_ready_while_time_is_not_steady() -> None:
    assert follow(SimulatedDevice(noise_sd_us=5_000.0), 20.0) == []


def test_the_gap_after_the_first_buffers_is_left_out() -> None:
    device = SimulatedDevice()
    frame_map = FrameMap(RATE_HZ)
    gap_ns = 1_200 * NS_PER_MS
    for reading in device.readings(8.0):
        ahead_ns = gap_ns if reading.frames < 12 * BUFFER_FRAMES else 0
        frame_map.add(
            AudioTiming(
                reading.frames, reading.callback_ns - ahead_ns, reading.dac_ns - ahead_ns, 0
            )
        )
    assert frame_map.mapping is not None
    frames = 7 * RATE_HZ
    assert abs(frame_map.mapping.ns_at(frames) - device.true_ns(frames)) < 300 * NS_PER_US
    assert frame_map.mapping.before is None


@pytest.mark.parametrize("step_ms", [-40.0, 3.0, 2_000.0])
def test_a_step_restarts_the_window_and_keeps_the_past(step_ms: float) -> None:
    device = SimulatedDevice(step_at_s=12.0, step_ms=step_ms, late_share=0.0)
    states = follow(device, 20.0)
    frames, mapping = states[-1]
    assert mapping.before is not None
    assert abs(mapping.first_frames / RATE_HZ - 12.0) < 2 * BIN_NS / NS_PER_S
    for at_s in (8.0, 11.5, 12.5, 15.0):
        there = round(at_s * RATE_HZ)
        assert abs(mapping.ns_at(there) - device.true_ns(there)) < 400 * NS_PER_US
    doubtful = [mapping.doubtful(round(at_s * RATE_HZ), RATE_HZ) for at_s in (10, 11.5, 15, 19)]
    assert doubtful == [False, True, True, False]
    noticed_s = next(f for f, m in states if m.before is not None) / RATE_HZ
    assert noticed_s < 12.0 + (STEP_BINS + 2) * BIN_NS / NS_PER_S
    assert abs(mapping.placed_ns(frames) - device.true_ns(frames)) < 400 * NS_PER_US


def test_a_moment_of_bad_readings_moves_nothing() -> None:
    device = SimulatedDevice(late_share=0.0)
    frame_map = FrameMap(RATE_HZ)
    for reading in device.readings(12.0):
        bad_ns = 8 * NS_PER_MS if 9.0 < reading.frames / RATE_HZ < 9.5 else 0
        frame_map.add(
            AudioTiming(reading.frames, reading.callback_ns + bad_ns, reading.dac_ns + bad_ns, 0)
        )
    assert frame_map.mapping is not None
    assert frame_map.mapping.before is None
    frames = 12 * RATE_HZ
    assert abs(frame_map.mapping.ns_at(frames) - device.true_ns(frames)) < 200 * NS_PER_US
