"""Sounds that die away: their level, their ends and their onset."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.cues.sounds import (
    BEAT_SOUNDS,
    PAD_SOUNDS,
    SOUND_NAMES,
    Samples,
    Strum,
    click,
    make_sounds,
    rising_level,
)
from andante.cues.sounds.shots import arpeggio, string_modes, struck
from andante.errors import OutputError
from andante.ports import CueKind
from support.loudness import RATE_HZ, loudest_moment_lufs

RATES_HZ = (22_050.0, 44_100.0, 48_000.0, 96_000.0)


def shots() -> dict[str, Samples]:
    """Every sound with an end, by name; a strum counts three times."""
    found: dict[str, Samples] = {}
    for name, sound in make_sounds(RATE_HZ).items():
        if isinstance(sound, np.ndarray):
            found[name] = sound
        elif isinstance(sound, Strum):
            found |= {"strum": sound.beat, "strum up": sound.up, "strum down": sound.down}
    return found


@pytest.fixture(scope="module")
def all_shots() -> dict[str, Samples]:
    return shots()


@given(st.sampled_from(RATES_HZ), st.floats(0.01, 1.0))
def test_click_keeps_its_level_and_ends_at_zero(rate_hz: float, peak_level: float) -> None:
    samples = click(rate_hz, peak_level)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(peak_level, rel=1e-5)
    assert samples[0] == 0.0
    assert abs(samples[-1]) < 1e-6
    # No edge at the end: the last millisecond is far below the peak.
    assert np.abs(samples[-int(rate_hz / 1000) :]).max() < 1e-3 * peak_level


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_onset_is_steep_within_300_us(rate_hz: float) -> None:
    samples = click(rate_hz)
    steepest_us = np.argmax(np.abs(np.diff(samples))) / rate_hz * 1e6
    assert steepest_us < 300.0
    half_us = np.argmax(np.abs(samples) > 0.5) / rate_hz * 1e6
    assert half_us < 300.0


def test_every_sound_begins_and_ends_in_silence_within_full_scale(
    all_shots: dict[str, Samples],
) -> None:
    for name, samples in all_shots.items():
        peak = np.abs(samples).max()
        assert samples[0] == 0.0, name
        assert peak <= 1.0, name
        assert np.abs(samples[-RATE_HZ // 1_000 :]).max() < 2e-3 * peak, name


@pytest.mark.parametrize("name", [*BEAT_SOUNDS, *PAD_SOUNDS])
def test_a_beat_rises_most_steeply_within_300_us_of_its_cue(
    name: str, all_shots: dict[str, Samples]
) -> None:
    first = all_shots[name][: RATE_HZ * 20 // 1_000]  # before a strum's second string
    steepest_us = np.argmax(np.abs(np.diff(first))) / RATE_HZ * 1e6
    assert steepest_us < 300.0


def test_a_strum_sounds_its_strings_one_after_another() -> None:
    strum = make_sounds(RATE_HZ, ["strum"])["strum"]
    assert isinstance(strum, Strum)
    apart_frames = RATE_HZ * 130 // 1_000
    for samples, rises in ((strum.up, True), (strum.down, False)):
        lowest_hz = []
        for number in range(5):
            begin = number * apart_frames
            # What was not there before this string was plucked.
            after = np.abs(np.fft.rfft(samples[begin : begin + apart_frames], RATE_HZ))
            before = np.zeros_like(after)
            if number:
                before = np.abs(np.fft.rfft(samples[begin - apart_frames : begin], RATE_HZ))
            fresh = np.maximum(after - before, 0.0)[100:480]
            lowest_hz.append(100 + int(np.argmax(fresh)))
        assert lowest_hz == sorted(lowest_hz, reverse=not rises)
        assert abs(lowest_hz[0] - (147 if rises else 440)) < 10


def test_a_strum_answers_a_breath_by_its_direction() -> None:
    strum = make_sounds(RATE_HZ, ["strum"])["strum"]
    assert isinstance(strum, Strum)
    assert strum.shot_for(CueKind.INHALE) is strum.up
    assert strum.shot_for(CueKind.EXHALE) is strum.down
    assert strum.shot_for(CueKind.HOLD_IN) is None
    assert strum.shot_for(CueKind.HOLD_OUT) is None
    assert strum.shot_for(CueKind.BEAT) is strum.beat


def test_pads_play_a_major_pentatonic_scale(all_shots: dict[str, Samples]) -> None:
    pitches_hz = []
    for name in PAD_SOUNDS:
        spectrum = np.abs(np.fft.rfft(all_shots[name], 8 * RATE_HZ))
        pitches_hz.append(np.argmax(spectrum) / 8)
    semitones = 12 * np.log2(np.array(pitches_hz) / 293.66)
    np.testing.assert_allclose(semitones, [0, 2, 4, 7, 9, 12, 14, 16], atol=0.05)


def test_sounds_are_about_equally_loud(all_shots: dict[str, Samples]) -> None:
    for name, samples in all_shots.items():
        assert loudest_moment_lufs(samples) == pytest.approx(-23.0, abs=1.0), name


@pytest.mark.parametrize("peak_level", [-0.1, 1.01])
def test_peak_level_outside_full_scale_is_refused(peak_level: float) -> None:
    with pytest.raises(ValueError, match="peak level"):
        click(48_000.0, peak_level)


def test_a_rate_that_cannot_hold_the_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10000 Hz"):
        click(8_000.0)
    with pytest.raises(ValueError, match="at least 20000 Hz"):
        struck(16_000.0, [(5_000.0, 1.0, 10.0)], 100.0)


def test_a_string_keeps_below_the_highest_pitch() -> None:
    assert 5_000.0 < max(hz for hz, _, _ in string_modes(800.0)) <= 6_000.0
    assert arpeggio(RATE_HZ, [220.0, 330.0], 50.0, 500.0, 0.5).size == RATE_HZ // 2


def test_sounds_go_by_their_names() -> None:
    assert tuple(make_sounds(RATE_HZ, ["wood", "click"])) == ("wood", "click")
    assert set(make_sounds(44_100)) == set(SOUND_NAMES)
    with pytest.raises(ValueError, match=r"no sound 'gong'; there are click"):
        make_sounds(RATE_HZ, ["gong"])
    with pytest.raises(OutputError, match="runs at 16000 Hz, but at least 32000 Hz"):
        make_sounds(16_000)


def test_level_starts_at_a_third_and_is_full_at_the_tenth_cue() -> None:
    levels = [rising_level(count) for count in range(12)]
    assert levels[0] == pytest.approx(1 / 3)
    assert levels[8] < 1.0
    assert levels[9] == pytest.approx(1.0)
    assert levels[11] == 1.0
    assert np.all(np.diff(levels) >= 0)
