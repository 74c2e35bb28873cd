"""Cues sound at their sample whatever the buffers are, and no sample exceeds the volume."""

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.cues.breath_line import CANCEL_MS
from andante.cues.mixer import LATE_BOUND_MS, LIMITER_KNEE, Placement, SoundMixer
from andante.cues.sounds import Samples, Strum, make_sounds, rising_level
from andante.ports import Cue, CueKind

RATE_HZ = 48_000
# Soft enough for fifteen at once to stay below the limiter's knee.
SOUND: Samples = np.linspace(0.0005, 0.05, 100, dtype=np.float32)
CANCEL_FRAMES = round(RATE_HZ * CANCEL_MS / 1_000)


def same_frames(time_ns: int) -> float:
    """A mapping in which one nanosecond is one frame."""
    return float(time_ns)


def play(
    mixer: SoundMixer, sizes: list[int], first_frames: int = 0
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
    st.lists(st.integers(0, 1_500), min_size=1, max_size=14),
    st.lists(st.integers(1, 300), min_size=5, max_size=40),
)
def test_every_cue_sounds_whole_at_its_frame(starts: list[int], sizes: list[int]) -> None:
    mixer = SoundMixer({"click": SOUND}, RATE_HZ)
    for index, start in enumerate(starts):
        mixer.add(Cue(index, start))
    heard, placements = play(mixer, sizes)
    reached = [s for s in starts if s < sum(sizes)]
    np.testing.assert_allclose(heard, expected(reached, sum(sizes)), atol=1e-6)
    assert [p.frames for p in placements] == sorted(reached)
    left = mixer.cancel()
    assert sorted(c.index for c in left) == [i for i, s in enumerate(starts) if s >= sum(sizes)]


def test_a_cue_between_two_samples_takes_the_nearer() -> None:
    mixer = SoundMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 1_000))
    out = np.zeros(512, dtype=np.float32)
    [placed] = mixer.mix(out, 0, lambda time_ns: time_ns / 10 + 0.4)
    assert placed.frames == 100


def test_a_frame_just_gone_sounds_at_once_and_an_older_one_not_at_all() -> None:
    late_frames = round(RATE_HZ * LATE_BOUND_MS / 1_000)
    mixer = SoundMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 10_000 - late_frames - 1))
    mixer.add(Cue(1, 10_000 - late_frames))
    heard, placements = play(mixer, [256], first_frames=10_000)
    assert [(p.cue.index, p.frames) for p in placements] == [(0, None), (1, 10_000)]
    np.testing.assert_allclose(heard, expected([0], 256), atol=1e-6)


def test_a_cue_at_once_sounds_at_the_buffers_first_frame_however_late() -> None:
    mixer = SoundMixer({"click": SOUND}, RATE_HZ)
    mixer.add(Cue(0, 10_010))
    mixer.add(Cue(1, 10, CueKind.ANSWER))
    mixer.add(Cue(2, 90_000, CueKind.ANSWER))
    _, placements = play(mixer, [256], first_frames=10_000)
    assert [(p.cue.index, p.frames) for p in placements] == [
        (1, 10_000),
        (2, 10_000),
        (0, 10_010),
    ]


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_loudness_is_the_cues_share_of_the_volume(level: float, volume_share: float) -> None:
    mixer = SoundMixer({"click": SOUND}, RATE_HZ, volume_share)
    mixer.add(Cue(0, 0, level=level))
    heard, _ = play(mixer, [SOUND.size])
    wanted = SOUND * level * volume_share * rising_level(0)
    np.testing.assert_allclose(heard, wanted, atol=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.floats(0, 1)), min_size=1, max_size=40),
    st.floats(0.01, 1.0),
)
def test_no_sample_exceeds_the_volume_however_many_sounds_meet(
    cues: list[tuple[int, float]], volume_share: float
) -> None:
    loud = np.sin(np.arange(4_000, dtype=np.float32) / 20)
    mixer = SoundMixer({"click": loud}, RATE_HZ, volume_share)
    for index, (start, level) in enumerate(cues):
        mixer.add(Cue(index, start, level=level))
    heard, _ = play(mixer, [512] * 12)
    assert np.abs(heard).max() <= volume_share * (1 + 1e-6)
    # The limiter's slope is at most one, so it makes no step larger than it was.
    plain = np.zeros(512 * 12 + loud.size)
    for count, (start, level) in enumerate(sorted(cues, key=lambda c: c[0])):
        plain[start : start + loud.size] += loud * level * rising_level(count)
    steepest = np.abs(np.diff(plain[: heard.size], prepend=0.0)).max()
    assert np.abs(np.diff(heard, prepend=0.0)).max() <= volume_share * steepest + 1e-6


def test_the_limiter_leaves_what_is_below_its_knee_and_bends_the_rest_evenly() -> None:
    ramp = np.linspace(0.0, 3.0, 3_000, dtype=np.float32)
    mixer = SoundMixer({"click": ramp}, RATE_HZ)
    for index in range(10):  # the level has risen to the whole by the tenth
        mixer.add(Cue(index, 0, level=0.0 if index < 9 else 1.0))
    heard, _ = play(mixer, [3_000])
    below = ramp < LIMITER_KNEE
    np.testing.assert_array_equal(heard[below], ramp[below])
    assert np.all(np.diff(heard) >= 0)
    assert 0.99 < heard[-1] <= 1.0
    bends = np.abs(np.diff(heard.astype(np.float64), 2))
    assert bends.max() < 1e-5  # a corner would bend by a whole step, 1e-3


def test_cancel_withdraws_what_has_not_begun_and_fades_what_has() -> None:
    steady = np.full(10_000, 0.5, dtype=np.float32)
    mixer = SoundMixer({"click": steady}, RATE_HZ)
    mixer.add(Cue(0, 50))
    mixer.add(Cue(1, 120))
    _, first = play(mixer, [100])
    assert [c.index for c in mixer.cancel()] == [1]
    rest, later = play(mixer, [100] * 40, first_frames=100)
    assert [p.cue.index for p in first] == [0]
    assert later == []
    level = 0.5 * rising_level(0)
    assert rest[0] == pytest.approx(level)
    assert np.all(np.diff(rest) <= 0)
    assert np.abs(np.diff(rest)).max() <= level * np.pi / 2 / CANCEL_FRAMES * 1.01
    assert rest[CANCEL_FRAMES // 2] == pytest.approx(level / 2, rel=0.01)
    assert not rest[CANCEL_FRAMES:].any()


def test_a_cue_after_cancel_sounds_whole() -> None:
    mixer = SoundMixer({"click": SOUND}, RATE_HZ)
    mixer.cancel()
    mixer.add(Cue(0, 10))
    heard, _ = play(mixer, [200])
    np.testing.assert_allclose(heard, expected([10], 200), atol=1e-6)


def test_fading_ends_within_one_buffer_at_zero() -> None:
    mixer = SoundMixer({"click": np.full(1_000, 0.5, dtype=np.float32)}, RATE_HZ)
    mixer.add(Cue(0, 0))
    play(mixer, [100])
    mixer.fade_out()
    heard, _ = play(mixer, [100, 100], first_frames=100)
    assert heard[0] > 0
    assert np.all(np.diff(heard[:100]) < 0)
    assert not heard[99:].any()


def test_a_strum_gives_breaths_and_beats_each_their_own() -> None:
    beat, up, down = (np.full(10, level, dtype=np.float32) for level in (0.1, 0.2, 0.3))
    mixer = SoundMixer({"strum": Strum(beat, up, down)}, RATE_HZ)
    kinds = (CueKind.BEAT, CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE)
    for index, kind in enumerate(kinds):
        mixer.add(Cue(index, 100 * index, kind, "strum", duration_ns=50))
    heard, placements = play(mixer, [400])
    assert [p.frames for p in placements] == [0, 100, 200, 300]
    levels = [float(heard[100 * n]) / rising_level(n) for n in range(4)]
    np.testing.assert_allclose(levels, [0.1, 0.2, 0.0, 0.3], rtol=1e-6)


@pytest.mark.parametrize("sound", ["gong", "track:none"])
def test_an_unknown_sound_is_refused(sound: str) -> None:
    with pytest.raises(ValueError, match=sound):
        SoundMixer({"click": SOUND}, RATE_HZ).add(Cue(0, 0, sound=sound))


def test_a_breath_sound_gives_no_beat() -> None:
    mixer = SoundMixer(make_sounds(RATE_HZ, ["two-tone"]), RATE_HZ)
    with pytest.raises(ValueError, match="can only follow a breath"):
        mixer.add(Cue(3, 0, CueKind.BEAT, "two-tone"))


@pytest.mark.parametrize("size", [256, 16_384])
def test_mixing_allocates_no_more_than_small_arrays_of_one_size(size: int) -> None:
    mixer = SoundMixer(make_sounds(RATE_HZ, ["two-tone", "sea", "wood"]), RATE_HZ)
    mixer.add(Cue(0, 0, CueKind.INHALE, "two-tone", duration_ns=RATE_HZ))
    mixer.add(Cue(1, RATE_HZ, CueKind.EXHALE, "sea", duration_ns=RATE_HZ))
    for index in range(40):
        mixer.add(Cue(2 + index, index * RATE_HZ // 20, sound="wood"))
    out = np.zeros(size, dtype=np.float32)
    mixer.mix(out, 0, same_frames)  # a buffer larger than usual makes its room once
    tracemalloc.start()
    try:
        for first_frames in range(size, 2 * RATE_HZ, size):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            mixer.mix(out, first_frames, same_frames)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < 12_000  # the larger buffer is 65,536
    finally:
        tracemalloc.stop()
