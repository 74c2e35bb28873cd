"""Where beats are to go: the tempo's course, and what is refused. Pure."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.errors import RecordingError, SignalFileError
from andante.music.stretch import Pilot, smoothed
from andante.music.tempo_map import led_beats_s, steady_beats_s, tempo_map_s
from andante.safety import RECORDING_SPEED
from andante.signal_file import check_beats, read_beats_s

tempos = st.floats(30, 200)


@given(tempos, tempos, st.integers(2, 400), st.none() | st.floats(1, 600))
def test_the_tempo_goes_evenly_from_start_to_target(
    start_bpm: float, target_bpm: float, beat_count: int, change_s: float | None
) -> None:
    times_s = led_beats_s(beat_count, start_bpm, target_bpm, change_s)
    span_s = times_s[-1] if change_s is None else change_s
    # Beats passed by time t, integrated step by step and not by the formula.
    fine_s = np.linspace(0.0, times_s[-1], 200_001)
    tempo_bpm = start_bpm + (target_bpm - start_bpm) * np.minimum(fine_s / span_s, 1.0)
    step = np.diff(fine_s) * (tempo_bpm[1:] + tempo_bpm[:-1]) / 2 / 60
    passed = np.concatenate(([0.0], np.cumsum(step)))
    at_beats = np.interp(times_s, fine_s, passed)
    np.testing.assert_allclose(at_beats, np.arange(beat_count), atol=1e-4)
    assert times_s[0] == 0.0


@given(tempos, st.integers(2, 200))
def test_an_even_tempo_stays_even(bpm: float, beat_count: int) -> None:
    times_s = led_beats_s(beat_count, bpm, bpm)
    np.testing.assert_allclose(times_s, np.arange(beat_count) * 60 / bpm, rtol=1e-12, atol=1e-12)


@given(
    st.lists(st.floats(0.5, 0.9), min_size=2, max_size=50),
    st.floats(0, 3),
    st.floats(70, 100),
    st.floats(70, 100),
)
def test_the_map_leads_each_beat_to_its_time_or_is_refused(
    intervals_s: list[float], first_s: float, start_bpm: float, target_bpm: float
) -> None:
    beats_s = first_s + np.concatenate(([0.0], np.cumsum(intervals_s)))
    duration_s = float(beats_s[-1]) + 1.0
    led_s = led_beats_s(beats_s.size, start_bpm, target_bpm)
    try:
        recorded_s, made_s = tempo_map_s(beats_s, led_s, duration_s)
    except RecordingError:
        speeds = np.diff(beats_s) / np.diff(led_s)
        assert speeds.min() < RECORDING_SPEED.low or speeds.max() > RECORDING_SPEED.high
        return
    np.testing.assert_allclose(recorded_s, [0.0, *beats_s, duration_s])
    np.testing.assert_allclose(np.diff(made_s[1:-1]), np.diff(led_s), atol=1e-9)
    speeds = np.diff(recorded_s)[recorded_s[1:] > 0] / np.diff(made_s)[recorded_s[1:] > 0]
    assert np.all(speeds >= RECORDING_SPEED.low - 1e-9)
    assert np.all(speeds <= RECORDING_SPEED.high + 1e-9)


def test_a_tempo_too_far_from_the_recordings_own_says_which_would_do() -> None:
    beats_s = steady_beats_s(60.0, 0.5, 30.0)
    with pytest.raises(RecordingError, match="45 to 80 beats a minute"):
        tempo_map_s(beats_s, led_beats_s(beats_s.size, 60.0, 40.0), 30.0)


@pytest.mark.parametrize(
    ("beats_s", "words"),
    [
        ([1.0], "gives 1 beats, but at least two"),
        ([1.0, 3.0, 2.0], "beat 3 at 2 s is not after the one before it at 3 s"),
        ([1.0, 1.0], "beat 2 at 1 s is not after"),
        ([-0.5, 1.0], "from -0.5 to 1 s, but the recording from 0 to 10.0 s"),
        ([1.0, 11.0], "from 1 to 11 s"),
    ],
)
def test_beats_that_cannot_be_are_refused(beats_s: list[float], words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        check_beats(np.array(beats_s), 10.0, "beats.txt")


def test_beats_are_read_from_labels_of_sound_editors(tmp_path: Path) -> None:
    path = tmp_path / "beats.txt"
    path.write_text("# my song\n0.5\t0.5\tone\n\n1.25,two\n2.0\n")
    np.testing.assert_array_equal(read_beats_s(path), [0.5, 1.25, 2.0])
    path.write_text("0.5\nbeat\n")
    with pytest.raises(RecordingError, match="line 2: found 'beat'"):
        read_beats_s(path)
    path.write_text("inf\n")
    with pytest.raises(RecordingError, match="line 1"):
        read_beats_s(path)
    with pytest.raises(SignalFileError, match="no file"):
        read_beats_s(tmp_path / "none.txt")


@given(
    st.lists(st.integers(0, 40_000), min_size=1, max_size=8, unique=True),
    st.lists(st.integers(1, 7_000), min_size=1, max_size=12),
)
def test_the_pilot_is_the_same_in_any_blocks(beats: list[int], sizes: list[int]) -> None:
    pilot = Pilot(np.sort(np.array(beats)) / 48_000, 48_000)
    whole = pilot.block(0, sum(sizes))
    first, pieces = 0, []
    for size in sizes:
        pieces.append(pilot.block(first, size))
        first += size
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    for beat in beats:
        alone = all(abs(other - beat) > 800 for other in beats if other != beat)
        if alone and 400 < beat < whole.size - 400:
            assert np.argmax(np.abs(whole[beat - 400 : beat + 400])) == 400


def test_one_misplaced_pulse_does_not_move_the_beats_around_it() -> None:
    errors_s = np.linspace(0.0, 0.02, 101)
    errors_s[50] += 0.03
    np.testing.assert_allclose(smoothed(errors_s), np.linspace(0.0, 0.02, 101), atol=0.0009)
