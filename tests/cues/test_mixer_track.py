"""A prepared recording in the mixer: its samples stay on session time, and nothing clicks."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from andante.cues.breath_line import CANCEL_MS
from andante.cues.mixer import SoundMixer
from andante.cues.sounds import FIRST_LEVEL
from andante.cues.track import RISE_S, START_MS, Track
from andante.errors import OutputError
from andante.ports import TRACK_BEAT, Cue, CueKind
from andante.timebase import NS_PER_S

RATE_HZ = 48_000
BUFFER_FRAMES = 1_536
PULSE_HZ = 1_500.0
PULSE_SD_S = 0.001
PULSES_EVERY_S = 0.5


def save(path: Path, samples: npt.NDArray[np.float64], rate_hz: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate_hz, 0, "NONE", ""))
        wav.writeframes(np.rint(samples * 32_767).astype("<i2").tobytes())
    return path


def pulse(times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    bell = np.exp(-0.5 * (times_s / PULSE_SD_S) ** 2)
    return np.asarray(0.5 * bell * np.cos(2 * np.pi * PULSE_HZ * times_s))


@pytest.fixture
def pulses(tmp_path: Path) -> Track:
    """Twelve seconds with a pulse every half second, the first at 0.5 s."""
    times_s = np.arange(12 * RATE_HZ) / RATE_HZ
    since_s = times_s - PULSES_EVERY_S * np.rint(times_s / PULSES_EVERY_S)
    since_s[times_s < PULSES_EVERY_S / 2] = 1.0
    return Track(save(tmp_path / "pulses.wav", pulse(since_s)))


@pytest.fixture
def tone(tmp_path: Path) -> Track:
    times_s = np.arange(4 * RATE_HZ) / RATE_HZ
    return Track(save(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 440.0 * times_s)))


def play(
    mixer: SoundMixer,
    length_frames: int,
    frames_at: Callable[[int], float] = lambda time_ns: time_ns * RATE_HZ / NS_PER_S,
    first_frames: int = 0,
) -> npt.NDArray[np.float32]:
    heard = np.zeros(length_frames, dtype=np.float32)
    for begin in range(0, length_frames, BUFFER_FRAMES):
        mixer.mix(heard[begin : begin + BUFFER_FRAMES], first_frames + begin, frames_at)
    return heard


def pulse_frames(heard: npt.NDArray[np.float32], near_frames: float) -> float:
    """Where a pulse is, to a fraction of a frame: the phase of its carrier around its centre."""
    first = round(near_frames) - 240
    times_s = (np.arange(481) + first - near_frames) / RATE_HZ
    window = np.exp(-0.5 * (times_s / (2 * PULSE_SD_S)) ** 2)
    turn = np.sum(heard[first : first + 481] * window * np.exp(-2j * np.pi * PULSE_HZ * times_s))
    return float(near_frames - np.angle(turn) / (2 * np.pi * PULSE_HZ) * RATE_HZ)


@pytest.mark.parametrize("drift_ppm", [0.0, 250.0, -100.0])
def test_its_beats_stay_on_session_time_though_the_device_drifts(
    pulses: Track, drift_ppm: float
) -> None:
    def frames_at(time_ns: int) -> float:
        return 1_000.3 + time_ns * RATE_HZ * (1 + drift_ppm * 1e-6) / NS_PER_S

    mixer = SoundMixer({}, RATE_HZ, tracks={"song": pulses})
    begin_ns = NS_PER_S // 3
    mixer.add(Cue(0, begin_ns, CueKind.NOTE, "track:song"))
    heard = play(mixer, 12 * RATE_HZ, frames_at)
    for number in range(1, 22):
        wanted = frames_at(begin_ns + round(number * PULSES_EVERY_S * NS_PER_S))
        assert pulse_frames(heard, wanted) == pytest.approx(wanted, abs=0.05)


def test_a_jump_of_the_devices_clock_is_made_up_for_without_a_step(tone: Track) -> None:
    lost_frames = 48.0  # 1 ms

    def later(time_ns: int) -> float:
        return time_ns * RATE_HZ / NS_PER_S + lost_frames

    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    mixer.add(Cue(0, 0, CueKind.NOTE, "track:song"))
    before = play(mixer, BUFFER_FRAMES * 31)
    after = play(mixer, BUFFER_FRAMES * 62, later, BUFFER_FRAMES * 31)
    heard = np.concatenate((before, after))
    steepest = 0.5 * 2 * np.pi * 440.0 / RATE_HZ
    assert np.abs(np.diff(heard)).max() < 1.01 * steepest
    # After 1.5 s at a thousandth faster or slower, the place is the one asked for again.
    frames = np.arange(heard.size - RATE_HZ // 10, heard.size)
    wanted = np.sin(2 * np.pi * 440.0 * (frames - lost_frames) / RATE_HZ)
    assert np.corrcoef(heard[frames], wanted)[0, 1] > 0.9999


def test_it_starts_at_a_third_and_rises_slowly(tmp_path: Path) -> None:
    track = Track(save(tmp_path / "steady.wav", np.full(12 * RATE_HZ, 0.6)))
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": track})
    mixer.add(Cue(0, 0, CueKind.NOTE, "track:song", level=0.5))
    heard = play(mixer, 12 * RATE_HZ - 2 * BUFFER_FRAMES)
    assert heard[100] == pytest.approx(0.3 * FIRST_LEVEL, rel=0.01)
    assert heard[round(RISE_S / 2 * RATE_HZ)] == pytest.approx(
        0.3 * (1 + FIRST_LEVEL) / 2, rel=0.01
    )
    assert heard[round((RISE_S + 1) * RATE_HZ)] == pytest.approx(0.3, rel=1e-3)
    assert np.abs(np.diff(heard[100:])).max() < 1e-4


def test_a_share_starts_it_in_its_middle_and_a_length_ends_it(tone: Track) -> None:
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    cue = Cue(0, 0, CueKind.NOTE, "track:song", duration_ns=NS_PER_S, begin_share=0.500_1)
    mixer.add(cue)
    heard = play(mixer, 2 * RATE_HZ)
    frames = np.arange(RATE_HZ // 2, RATE_HZ // 2 + 1_000)
    wanted = np.sin(2 * np.pi * 440.0 * (frames / RATE_HZ + 0.500_1 * 4))
    assert np.corrcoef(heard[frames], wanted)[0, 1] > 0.9999
    steepest = 0.5 * 2 * np.pi * 440.0 / RATE_HZ
    assert np.abs(np.diff(heard, prepend=0.0)).max() < steepest
    last = int(np.flatnonzero(np.abs(heard) > 1e-6)[-1])
    assert RATE_HZ < last <= RATE_HZ * (1 + START_MS / 1_000) + 512


def test_cancel_fades_it_within_its_bound(tone: Track) -> None:
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    mixer.add(Cue(0, 0, CueKind.NOTE, "track:song"))
    play(mixer, 20 * BUFFER_FRAMES)
    mixer.cancel()
    heard = play(mixer, 10 * BUFFER_FRAMES, first_frames=20 * BUFFER_FRAMES)
    assert np.abs(np.diff(heard)).max() < 0.5 * 2 * np.pi * 440.0 / RATE_HZ
    last = int(np.flatnonzero(np.abs(heard) > 1e-6)[-1])
    assert last <= CANCEL_MS / 1_000 * RATE_HZ + 256


def test_it_ends_by_itself(tone: Track) -> None:
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    mixer.add(Cue(0, 0, CueKind.NOTE, "track:song"))
    heard = play(mixer, 5 * RATE_HZ)
    assert np.abs(heard[4 * RATE_HZ - 1_000 : 4 * RATE_HZ]).max() > 0.2
    assert not heard[4 * RATE_HZ + 512 :].any()


def test_a_beat_of_the_recording_adds_nothing_and_is_placed_while_it_plays(tone: Track) -> None:
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    mixer.add(Cue(0, 0, CueKind.NOTE, TRACK_BEAT))
    out = np.zeros(BUFFER_FRAMES, dtype=np.float32)
    [placed] = mixer.mix(out, 0, lambda time_ns: time_ns * RATE_HZ / NS_PER_S)
    assert placed.frames is None
    assert not out.any()
    mixer.add(Cue(1, NS_PER_S, CueKind.NOTE, "track:song"))
    mixer.add(Cue(2, NS_PER_S + NS_PER_S // 100, CueKind.NOTE, TRACK_BEAT))
    placements = mixer.mix(out, RATE_HZ, lambda time_ns: time_ns * RATE_HZ / NS_PER_S)
    assert [(p.cue.index, p.frames) for p in placements] == [(1, 48_000), (2, 48_480)]


def test_reading_ahead_touches_what_comes_next(tone: Track) -> None:
    class Watched:
        """An array that keeps what was asked of it."""

        def __init__(self, samples: npt.NDArray[np.int16]) -> None:
            self.samples, self.asked, self.size = samples, [], samples.size  # type: ignore[var-annotated]

        def __getitem__(self, key: slice) -> npt.NDArray[np.int16]:
            self.asked.append(key)
            return self.samples[key]

    watched = Watched(tone.samples)
    tone.samples = watched  # type: ignore[assignment]
    mixer = SoundMixer({}, RATE_HZ, tracks={"song": tone})
    mixer.add(Cue(0, 0, CueKind.NOTE, "track:song", begin_share=0.5))
    mixer.read_ahead()
    assert [key.start for key in watched.asked] == [0, 2 * RATE_HZ]
    assert all(key.step * 2 <= 4_096 for key in watched.asked)  # no page is passed over
    play(mixer, RATE_HZ // 2)
    watched.asked.clear()
    mixer.read_ahead()
    [key] = watched.asked
    assert key.start == pytest.approx(2.5 * RATE_HZ, abs=1.5 * BUFFER_FRAMES)


def test_a_recording_for_another_rate_is_refused(tmp_path: Path) -> None:
    track = Track(save(tmp_path / "slow.wav", np.zeros(1_000), 44_100))
    with pytest.raises(OutputError, match="prepared for 44100 Hz, but the sound device runs at"):
        SoundMixer({}, RATE_HZ, tracks={"song": track})


def test_what_is_no_prepared_recording_is_one_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        Track(tmp_path / "none.wav")
    wrong = tmp_path / "text.wav"
    wrong.write_text("la la la")
    with pytest.raises(OutputError, match="andante prepare"):
        Track(wrong)
    stereo = tmp_path / "stereo.wav"
    with wave.open(str(stereo), "wb") as wav:
        wav.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        wav.writeframes(bytes(400))
    with pytest.raises(OutputError, match="one channel"):
        Track(stereo)
    cut = save(tmp_path / "cut.wav", np.zeros(10_000))
    cut.write_bytes(cut.read_bytes()[:5_000])
    with pytest.raises(OutputError, match="cut off"):
        Track(cut)
