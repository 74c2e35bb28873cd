"""Clicks land on their sample whatever the buffers are."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.cues.mixer import LATE_BOUND_MS, ClickMixer, Placement
from andante.cues.sounds import Samples, rising_level
from andante.ports import Cue

RATE_HZ = 48_000
SOUND: Samples = np.linspace(0.01, 1.0, 100, dtype=np.float32)


def same_frames(time_ns: int) -> float:
    """A mapping in which one nanosecond is one frame."""
    return float(time_ns)


def play(
    mixer: ClickMixer, sizes: list[int], first_frames: int = 0
) -> tuple[npt.NDArray[np.float32], list[Placement]]:
    heard, placements = [], []
    for size in sizes:
        out = np.full(size, np.nan, dtype=np.float32)
        placements += mixer.mix(out, first_frames, same_frames)
        heard.append(out)
        first_frames += size
    return np.concatenate(heard), placements


def expected(starts: list[int], length: int) -> npt.NDArray[np.float32]:
    out = np.zeros(length + SOUND.size, dtype=np.float32)
    for count, start in enumerate(sorted(starts)):
        out[start : start + SOUND.size] += SOUND * np.float32(rising_level(count))
    return out[:length]


@given(
    st.lists(st.integers(0, 1_500), min_size=1, max_size=15),
    st.lists(st.integers(1, 300), min_size=5, max_size=40),
)
def test_every_cue_sounds_whole_at_its_frame(starts: list[int], sizes: list[int]) -> None:
    mixer = ClickMixer({"click": SOUND}, RATE_HZ)
    for index, start in enumerate(starts):
        mixer.add(Cue(index, start))
    heard, placements = play(mixer, sizes)
    reached = [s for s in starts if s < sum(sizes)]
    np.testing.assert_allclose(heard, expected(reached, sum(sizes)), atol=1e-6)
    assert [p.frames for p in placements] == sorted(reached)
    left = mixer.cancel()
    assert sorted(c.index for c in left) == [i for i, s in enumerate(starts) if s >= sum(sizes)]


def test_a_cue_between_two_samples_takes_the_nearer() -> None:
    mixer = ClickMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 1_000))
    out = np.zeros(512, dtype=np.float32)
    [placed] = mixer.mix(out, 0, lambda time_ns: time_ns / 10 + 0.4)
    assert placed.frames == 100


def test_a_frame_just_gone_sounds_at_once_and_an_older_one_not_at_all() -> None:
    late_frames = round(RATE_HZ * LATE_BOUND_MS / 1_000)
    mixer = ClickMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 10_000 - late_frames - 1))
    mixer.add(Cue(1, 10_000 - late_frames))
    heard, placements = play(mixer, [256], first_frames=10_000)
    assert [(p.cue.index, p.frames) for p in placements] == [(0, None), (1, 10_000)]
    np.testing.assert_allclose(heard, expected([0], 256), atol=1e-6)


def test_cancel_withdraws_what_has_not_begun_and_leaves_what_has() -> None:
    mixer = ClickMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 50))
    mixer.add(Cue(1, 120))
    _, first = play(mixer, [100])
    assert [c.index for c in mixer.cancel()] == [1]
    rest, later = play(mixer, [100], first_frames=100)
    assert [p.cue.index for p in first] == [0]
    assert later == []
    np.testing.assert_allclose(rest[:50], SOUND[50:] * np.float32(rising_level(0)), atol=1e-6)
    assert not rest[50:].any()


def test_fading_ends_within_one_buffer_at_zero() -> None:
    mixer = ClickMixer({"click": np.ones(1_000, dtype=np.float32)}, RATE_HZ)
    mixer.add(Cue(0, 0))
    play(mixer, [100])
    mixer.fade_out()
    heard, _ = play(mixer, [100, 100], first_frames=100)
    assert heard[0] > 0
    assert np.all(np.diff(heard[:100]) < 0)
    assert not heard[99:].any()


def test_an_unknown_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="gong"):
        ClickMixer({"click": SOUND}, RATE_HZ).add(Cue(0, 0, sound="gong"))
