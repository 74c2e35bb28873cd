"""Breath sounds in the mixer follow their cue to the sample and never click."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cues.breath_line import CANCEL_MS, FADE_MS, TAKE_OVER_MS
from andante.cues.mixer import SoundMixer
from andante.cues.sounds import BreathState, Samples, make_sounds
from andante.ports import Cue, CueKind, breath_level
from andante.timebase import NS_PER_MS, NS_PER_S

RATE_HZ = 48_000
BUFFER_FRAMES = 1_536
PARTS = (CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT)


class Probe:
    """A breath sound that is nothing but its own state: what it was asked for, by stretch."""

    def __init__(self) -> None:
        self.stretches: list[tuple[int, BreathState, BreathState]] = []

    def add_to(self, out: Samples, begin: BreathState, end: BreathState) -> None:
        self.stretches.append((out.size, begin, end))
        out += 0.01  # so that what is heard tells where it sounded

    def states(self) -> npt.NDArray[np.float64]:
        """Fullness, inhale and exhale at each sounding sample, shape (n, 3)."""
        return np.concatenate(
            [
                np.linspace(_row(begin), _row(end), size, False)
                for size, begin, end in self.stretches
            ]
        )


def _row(state: BreathState) -> tuple[float, float, float]:
    return state.fullness, state.inhale, state.exhale


def frames_of(time_ns: int) -> float:
    return time_ns * RATE_HZ / NS_PER_S


def play(
    mixer: SoundMixer, length_frames: int, size: int = BUFFER_FRAMES
) -> npt.NDArray[np.float32]:
    heard = np.zeros(length_frames, dtype=np.float32)
    for first in range(0, length_frames, size):
        mixer.mix(heard[first : first + size], first, frames_of)
    return heard


@dataclass(frozen=True)
class Heard:
    """The state at every frame of a stretch of sound; NaN where it was silent."""

    fullness: npt.NDArray[np.float64]
    inhale: npt.NDArray[np.float64]
    exhale: npt.NDArray[np.float64]
    mixer: SoundMixer

    @property
    def sounding(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(np.isfinite(self.fullness))


def probed(cues: list[Cue], length_frames: int, size: int = BUFFER_FRAMES) -> Heard:
    probe = Probe()
    mixer = SoundMixer({"probe": probe}, RATE_HZ)
    for cue in cues:
        mixer.add(cue)
    heard = play(mixer, length_frames, size)
    states = np.full((length_frames, 3), np.nan)
    states[heard > 0] = probe.states()
    return Heard(states[:, 0], states[:, 1], states[:, 2], mixer)


def breaths(lengths_ms: list[int], sound: str = "probe", begin_ns: int = 0) -> list[Cue]:
    cues = []
    for index, length_ms in enumerate(lengths_ms):
        kind = PARTS[index % 4]
        cues.append(Cue(index, begin_ns, kind, sound, duration_ns=length_ms * NS_PER_MS))
        begin_ns += length_ms * NS_PER_MS
    return cues


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(300, 700), min_size=1, max_size=4),
    st.integers(0, 10_000),
    st.sampled_from([100, 500, 1_536, 4_800]),
)
def test_fullness_is_that_of_the_cue_at_every_sample(
    lengths_ms: list[int], begin_frames: int, size: int
) -> None:
    cues = breaths(lengths_ms, begin_ns=round(begin_frames / RATE_HZ * NS_PER_S))
    heard = probed(cues, 2 * RATE_HZ, size)
    assert heard.sounding[0] == round(frames_of(cues[0].planned_ns))
    for cue in cues:
        first, last = round(frames_of(cue.planned_ns)), round(frames_of(cue.end_ns))
        for frames in range(first, min(last, 2 * RATE_HZ), 97):
            if np.isfinite(heard.fullness[frames]):  # holding out is silent
                wanted = breath_level(cue.kind, cue.share_at(round(frames / RATE_HZ * NS_PER_S)))
                # Straight stretches of 5.3 ms against a half cosine of 0.3 s: 0.04 %.
                assert heard.fullness[frames] == pytest.approx(wanted, abs=5e-4)


def test_sides_take_turns_at_the_parts_of_the_breath() -> None:
    heard = probed(breaths([1_000, 500, 1_000, 500]), 3 * RATE_HZ)
    third = 1 / 3  # the first cue's share of the volume, which rises

    def sides(at_ms: float) -> tuple[float, float]:
        frames = round((at_ms + TAKE_OVER_MS + 6) * RATE_HZ / 1_000)
        return float(heard.inhale[frames]), float(heard.exhale[frames])

    np.testing.assert_allclose(sides(0), (third, 0.0))
    np.testing.assert_allclose(sides(1_000), (0.3 * (third + 2 / 27), 0.0))
    np.testing.assert_allclose(sides(1_500), (0.0, third + 4 / 27))
    assert np.isnan(sides(2_500)).all()  # holding out is silent


def test_a_cue_that_takes_over_in_mid_breath_goes_on_where_it_begins() -> None:
    """The rate changes at half the breath: the phase goes on, only faster."""
    cues = [
        Cue(0, 0, CueKind.INHALE, "probe", duration_ns=4 * NS_PER_S),
        Cue(1, 2 * NS_PER_S, CueKind.INHALE, "probe", duration_ns=NS_PER_S, begin_share=0.5),
    ]
    fullness = probed(cues, 3 * RATE_HZ).fullness
    assert fullness[2 * RATE_HZ] == pytest.approx(0.5, abs=1e-3)
    # No step but the faster one's own: pi/2 * 0.5 a second at half a breath.
    assert np.abs(np.diff(fullness)).max() < 0.8 / RATE_HZ
    wanted = breath_level(CueKind.INHALE, 0.75)
    assert fullness[round(2.5 * RATE_HZ)] == pytest.approx(wanted, abs=1e-3)


def test_a_cue_that_begins_elsewhere_is_reached_by_a_glide() -> None:
    cues = [
        Cue(0, 0, CueKind.INHALE, "probe", duration_ns=4 * NS_PER_S),
        Cue(1, NS_PER_S, CueKind.EXHALE, "probe", duration_ns=4 * NS_PER_S),
    ]
    fullness = probed(cues, 2 * RATE_HZ).fullness
    glide_frames = TAKE_OVER_MS * RATE_HZ / 1_000
    assert np.abs(np.diff(fullness)).max() < 1.1 / glide_frames
    reached = RATE_HZ + round(glide_frames) + 300
    wanted = breath_level(CueKind.EXHALE, (reached / RATE_HZ - 1) / 4)
    assert fullness[reached] == pytest.approx(wanted, abs=1e-3)


def test_a_breath_that_nothing_follows_fades() -> None:
    heard = probed(breaths([1_000]), 3 * RATE_HZ // 2)
    last = int(heard.sounding[-1])
    fade_frames = heard.inhale[RATE_HZ - 1] * FADE_MS * RATE_HZ / 1_000
    assert last - RATE_HZ == pytest.approx(fade_frames, abs=300)
    assert np.all(np.diff(heard.inhale[RATE_HZ : last + 1]) <= 0)
    assert heard.fullness[last] == pytest.approx(1.0)


def test_cancel_silences_a_breath_within_its_bound() -> None:
    heard = probed(breaths([4_000]), BUFFER_FRAMES * 20)
    mixer, level = heard.mixer, float(heard.inhale[-1])
    assert mixer.cancel() == []
    out = np.zeros(BUFFER_FRAMES * 4, dtype=np.float32)
    mixer.mix(out, BUFFER_FRAMES * 20, frames_of)
    # At full level it would take all of CANCEL_MS, and no more.
    fade_frames = level * CANCEL_MS * RATE_HZ / 1_000
    assert np.flatnonzero(out)[-1] == pytest.approx(fade_frames, abs=257)


def test_a_part_of_a_breath_that_comes_late_joins_in_where_it_is() -> None:
    probe = Probe()
    mixer = SoundMixer({"probe": probe}, RATE_HZ)
    mixer.add(Cue(0, 0, CueKind.INHALE, "probe", duration_ns=2 * NS_PER_S))
    out = np.zeros(BUFFER_FRAMES, dtype=np.float32)
    [placed] = mixer.mix(out, RATE_HZ, frames_of)
    assert placed.frames == RATE_HZ
    wanted = breath_level(CueKind.INHALE, 0.5 + 0.5 * BUFFER_FRAMES / RATE_HZ)
    assert probe.stretches[-1][2].fullness == pytest.approx(wanted)
    mixer.add(Cue(1, 0, CueKind.INHALE, "probe", duration_ns=NS_PER_S // 2))
    [placed] = mixer.mix(out, 2 * RATE_HZ, frames_of)
    assert placed.frames is None  # it is over


def test_another_breath_sound_takes_over() -> None:
    first, second = Probe(), Probe()
    mixer = SoundMixer({"first": first, "second": second}, RATE_HZ)
    mixer.add(Cue(0, 0, CueKind.INHALE, "first", duration_ns=4 * NS_PER_S))
    mixer.add(Cue(1, NS_PER_S, CueKind.EXHALE, "second", duration_ns=4 * NS_PER_S))
    play(mixer, 2 * RATE_HZ)
    over_frames = sum(size for size, _, _ in first.stretches)
    # It is let go at the beginning of the buffer in which the other begins.
    assert over_frames <= RATE_HZ + CANCEL_MS * RATE_HZ / 1_000 + 256
    assert first.stretches[-1][2].inhale == 0.0
    assert sum(size for size, _, _ in second.stretches) == RATE_HZ


event = st.tuples(
    st.integers(0, 1_500), st.sampled_from(PARTS), st.integers(20, 2_000), st.floats(0, 0.9)
)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(event, min_size=1, max_size=8),
    st.lists(st.integers(0, 60), max_size=3),
    st.integers(0, 2_000),
)
def test_no_order_of_cues_and_cancels_makes_the_tones_click(
    events: list[tuple[int, CueKind, int, float]], cancels: list[int], jump_us: int
) -> None:
    """Largest step: two tones at full level with three partials, and the fastest fade."""

    def later(time_ns: int) -> float:
        return frames_of(time_ns) + jump_us * RATE_HZ / 1e6

    mixer = SoundMixer(make_sounds(RATE_HZ, ["two-tone"]), RATE_HZ)
    for index, (at_ms, kind, length_ms, share) in enumerate(events):
        length_ns = length_ms * NS_PER_MS
        cue = Cue(index, at_ms * NS_PER_MS, kind, "two-tone", True, 1.0, length_ns, share)
        mixer.add(cue)
    heard = np.zeros(60 * BUFFER_FRAMES, dtype=np.float32)
    for number in range(60):
        if number in cancels:
            mixer.cancel()
        first = number * BUFFER_FRAMES
        # The sound device loses time in the middle, as it does when it runs dry.
        frames_at = later if number >= 30 else frames_of
        mixer.mix(heard[first : first + BUFFER_FRAMES], first, frames_at)
    tone = 0.105 * (1 + 2 * 0.35 + 3 * 0.12) * 2 * np.pi * 293.7 / RATE_HZ
    fade = 0.105 * 1.47 * 1_000 / (CANCEL_MS * RATE_HZ)
    assert np.abs(np.diff(heard, prepend=0.0)).max() <= 2 * (tone + fade)
