"""Sounds that follow a breath: their pitch, their colour, and that nothing in them jumps."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cues.sounds import BreathSound, BreathState
from andante.cues.sounds.breath import STRETCH_FRAMES, Sea, TwoTone
from support.loudness import RATE_HZ, loudest_moment_lufs

INHALING, EXHALING = (1.0, 0.0), (0.0, 1.0)


def hold(
    sound: BreathSound, fullness: float, sides: tuple[float, float], duration_s: float
) -> npt.NDArray[np.float32]:
    """The sound standing still."""
    state = BreathState(fullness, *sides)
    out = np.zeros(round(duration_s * RATE_HZ) // STRETCH_FRAMES * STRETCH_FRAMES, np.float32)
    for begin in range(0, out.size, STRETCH_FRAMES):
        sound.add_to(out[begin : begin + STRETCH_FRAMES], state, state)
    return out


def pitch_hz(samples: npt.NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), 8 * RATE_HZ))
    return float(np.argmax(spectrum)) / 8


@pytest.mark.parametrize(
    ("sides", "empty_hz", "full_hz"),
    [(INHALING, 220.0, 293.7), (EXHALING, 164.8, 220.0)],
)
def test_tones_rise_by_a_fourth_with_the_breath(
    sides: tuple[float, float], empty_hz: float, full_hz: float
) -> None:
    tone = TwoTone(RATE_HZ)
    assert pitch_hz(hold(tone, 0.0, sides, 1.0)) == pytest.approx(empty_hz, abs=0.5)
    assert pitch_hz(hold(tone, 1.0, sides, 1.0)) == pytest.approx(full_hz, abs=0.5)


def test_the_sea_swells_with_the_breath_and_washes_back_brighter() -> None:
    def centre_hz(samples: npt.NDArray[np.float32]) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float(np.sum(power * np.fft.rfftfreq(samples.size, 1 / RATE_HZ)) / np.sum(power))

    levels = [np.sqrt(np.mean(hold(Sea(RATE_HZ), f, INHALING, 2.0) ** 2)) for f in (0.0, 0.5, 1.0)]
    assert levels[0] < 0.25 * levels[2]
    assert levels[1] == pytest.approx(0.56 * levels[2], rel=0.05)
    swell, wash = (hold(Sea(RATE_HZ), 1.0, sides, 2.0) for sides in (INHALING, EXHALING))
    assert centre_hz(wash) > 1.5 * centre_hz(swell)


def test_the_sea_goes_round_without_a_seam() -> None:
    heard = hold(Sea(RATE_HZ), 1.0, EXHALING, 8.2)
    seam = 8 * RATE_HZ
    # A step at the seam would stand out in the second difference.
    bends = np.abs(np.diff(heard[:-1], 2))
    assert bends[seam - 4 : seam + 4].max() < np.percentile(bends, 99.9)
    np.testing.assert_array_equal(heard[:1_000], heard[seam : seam + 1_000])


def test_breath_sounds_are_as_loud_as_the_others_where_they_are_fullest() -> None:
    for sound in (TwoTone(RATE_HZ), Sea(RATE_HZ)):
        for sides in (INHALING, EXHALING):
            lufs = loudest_moment_lufs(hold(sound, 1.0, sides, 2.0))
            assert lufs == pytest.approx(-23.0, abs=1.5), sound


state = st.builds(BreathState, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(state, st.integers(1, STRETCH_FRAMES)), min_size=1, max_size=20))
def test_tones_never_step_farther_than_their_pitch_and_glide_allow(
    stretches: list[tuple[BreathState, int]],
) -> None:
    tone, heard, before = TwoTone(RATE_HZ), [], BreathState(0.0, 0.0, 0.0)
    allowed = [np.zeros(1)]
    for after, size in stretches:
        out = np.zeros(size, dtype=np.float32)
        tone.add_to(out, before, after)
        heard.append(out)
        # Three partials at 0.105 * (1, 0.35, 0.12) of two tones, none above 293.7 Hz, and the
        # change of level from the first to the last sample.
        steepest = 2 * 0.105 * (1 + 2 * 0.35 + 3 * 0.12) * 2 * np.pi * 293.7 / RATE_HZ
        changed = abs(after.inhale - before.inhale) + abs(after.exhale - before.exhale)
        allowed.append(np.full(size, steepest + 0.105 * 1.47 * changed / size))
        before = after
    steps = np.abs(np.diff(np.concatenate(heard), prepend=0.0))
    bound = np.concatenate(allowed)
    assert np.all(steps <= np.maximum(bound[1:], bound[:-1]) + 1e-6)
