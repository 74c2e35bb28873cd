"""Recordings as prepared: beats at their times, pitch kept, loudness limited. Real Rubber Band."""

import builtins
import ctypes.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante.cli_sounds import prepare
from andante.cues.track import Track
from andante.music import PreparedTrack, RecordingError, RecordingSpec, prepare_recording
from andante.music.loudness import measure
from andante.music.stretch import MOST_BEAT_ERROR_MS, Pilot, beat_errors_s, corrected, smoothed
from andante.music.tempo_map import led_beats_s
from support.recordings import knock_times_s, knocks, needs_preparing, write_text

soundfile = pytest.importorskip("soundfile", reason="preparing recordings needs soundfile")
BEAT_ERROR_S = 0.005


def spec_of(path: Path, **changes: Any) -> RecordingSpec:
    spec = RecordingSpec(path=path, start_bpm=66.0, target_bpm=55.0, bpm=60.0, first_beat_s=0.4)
    return msgspec.structs.replace(spec, **changes)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine seconds at 44.1 kHz with a knock each second and a chord held all the while."""
    beats_s = np.arange(0.4, 8.6, 1.0)
    path = tmp_path_factory.mktemp("song") / "song.flac"
    samples = knocks(beats_s, 9.0, 44_100, chord=True)
    soundfile.write(path, np.column_stack((samples, samples)), 44_100)
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the song's preparation is kept for the whole file."""
    return tmp_path_factory.mktemp("kept")


def heard_errors_s(track: PreparedTrack) -> npt.NDArray[np.float64]:
    """Heard less told, of all beats but the last, whose knock may be cut off."""
    samples, rate_hz = soundfile.read(track.path)
    told_s = np.array(track.beat_times_s[:-1])
    return np.asarray(knock_times_s(samples, rate_hz, told_s) - told_s)


@needs_preparing
def test_beats_follow_the_tempo_and_the_pitch_stays(song: Path, kept: Path) -> None:
    track = prepare_recording(spec_of(song), kept)
    wanted_s = led_beats_s(9, 66.0, 55.0)
    told_s = np.array(track.beat_times_s)
    np.testing.assert_allclose(told_s - told_s[0], wanted_s, atol=1e-9)
    assert np.abs(heard_errors_s(track)).max() < BEAT_ERROR_S
    samples, rate_hz = soundfile.read(track.path)
    assert (samples.size / rate_hz, rate_hz) == (pytest.approx(track.duration_s), track.rate_hz)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), 8 * rate_hz))
    for pitch_hz in (220.0, 277.2, 329.6):
        near = slice(round(8 * (pitch_hz - 12)), round(8 * (pitch_hz + 12)))
        assert (near.start + np.argmax(spectrum[near])) / 8 == pytest.approx(pitch_hz, abs=0.5)
    assert abs(float(samples[0])) < 1e-3
    assert abs(float(samples[-1])) < 1e-3
    assert Track(track.path).duration_s == pytest.approx(track.duration_s)


@needs_preparing
def test_loudness_and_true_peak_are_limited(song: Path, kept: Path) -> None:
    track = prepare_recording(spec_of(song), kept)
    samples, rate_hz = soundfile.read(track.path, dtype="float32")
    found = measure([samples], rate_hz)
    assert found.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert found.true_peak_dbtp <= -1.0
    told = json.loads(track.path.with_suffix(".json").read_text())
    assert told["loudness_lufs"] == pytest.approx(found.integrated_lufs, abs=0.1)
    assert told["true_peak_dbtp"] == pytest.approx(found.true_peak_dbtp, abs=0.2)


@needs_preparing
def test_a_recording_of_few_loud_peaks_stays_below_the_true_peak(tmp_path: Path) -> None:
    beats_s = np.arange(0.4, 7.6, 1.0)
    path = tmp_path / "sparse.wav"
    soundfile.write(path, 0.2 * knocks(beats_s, 8.0, 48_000), 48_000)
    track = prepare_recording(spec_of(path, start_bpm=60.0, target_bpm=60.0), tmp_path)
    samples, rate_hz = soundfile.read(track.path, dtype="float32")
    found = measure([samples], rate_hz)
    assert found.true_peak_dbtp <= -1.0 + 0.01
    assert found.integrated_lufs <= -23.0 + 0.1
    assert found.integrated_lufs == pytest.approx(-23.0, abs=0.1) or (
        found.true_peak_dbtp == pytest.approx(-1.0, abs=0.1)
    )


@needs_preparing
def test_uneven_beats_from_a_file_become_even(tmp_path: Path) -> None:
    intervals_s = np.tile([0.95, 1.06, 1.0], 3)
    beats_s = 0.5 + np.concatenate(([0.0], np.cumsum(intervals_s)))
    path = tmp_path / "live.wav"
    soundfile.write(path, knocks(beats_s, float(beats_s[-1]) + 1.0, 48_000), 48_000)
    beats_file = write_text(tmp_path / "live.txt", "\n".join(f"{b:.4f}" for b in beats_s))
    spec = spec_of(path, bpm=None, beats_file=beats_file, start_bpm=60.0, target_bpm=60.0)
    track = prepare_recording(spec, tmp_path)
    np.testing.assert_allclose(np.diff(track.beat_times_s), 1.0, atol=1e-9)
    assert np.abs(heard_errors_s(track)).max() < BEAT_ERROR_S


@needs_preparing
@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_beats_at_either_end_are_no_worse_than_others(tmp_path: Path, speed: float) -> None:
    """A recording cut to its first beat, as `first_beat_s` has it where nobody says more."""
    beats_s = np.arange(0.0, 10.1, 1.0)
    path = tmp_path / "cut.wav"
    soundfile.write(path, knocks(beats_s, 10.0, 48_000, chord=True), 48_000)
    beats_file = write_text(tmp_path / "cut.txt", "\n".join(f"{b:.1f}" for b in beats_s))
    spec = spec_of(
        path, bpm=None, beats_file=beats_file, start_bpm=60 * speed, target_bpm=60 * speed
    )
    track = prepare_recording(spec, tmp_path)
    told_s = np.array(track.beat_times_s)
    np.testing.assert_allclose(told_s, beats_s / speed, atol=1e-9)
    assert track.duration_s == pytest.approx(10.0 / speed, abs=1e-4)
    assert np.abs(heard_errors_s(track)[1:]).max() < BEAT_ERROR_S
    told = json.loads(track.path.with_suffix(".json").read_text())
    assert told["most_beat_error_ms"] < MOST_BEAT_ERROR_MS / 2


@needs_preparing
def test_the_same_preparation_is_done_once(
    song: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare_recording(spec_of(song), kept)
    written_ns = first.path.stat().st_mtime_ns
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert prepare_recording(spec_of(song), kept) == first
    assert first.path.stat().st_mtime_ns == written_ns
    with pytest.raises(RecordingError, match="apt install rubberband-cli"):
        prepare_recording(spec_of(song, target_bpm=56.0), kept)
    # What failed leaves nothing behind.
    assert len(list(kept.iterdir())) == 2


def test_beats_that_come_out_elsewhere_are_found_and_put_right(tmp_path: Path) -> None:
    """A stand-in for what Rubber Band made: pulses that drift away by 8 ms, on both channels."""
    rate_hz = 48_000
    beats_s = np.linspace(0.5, 16.1, 40)
    late_s = np.linspace(-0.002, 0.008, 40)
    pulses = Pilot(beats_s + late_s, rate_hz).block(0, 17 * rate_hz)
    path = tmp_path / "made.wav"
    soundfile.write(path, np.column_stack((pulses, pulses)), rate_hz, subtype="FLOAT")
    with soundfile.SoundFile(path) as wav:
        found_s = beat_errors_s(wav, beats_s)
        np.testing.assert_allclose(found_s, late_s, atol=0.000_02)
        right = np.concatenate(list(corrected(wav, beats_s, smoothed(found_s), range(wav.frames))))
    assert right.shape == pulses.shape
    soundfile.write(path, np.column_stack((right, right)), rate_hz, subtype="FLOAT")
    with soundfile.SoundFile(path) as wav:
        # The median of nine leaves what the drift adds within four beats, near the ends alone.
        left_s = beat_errors_s(wav, beats_s)
    assert np.abs(left_s).max() < 0.000_6
    assert np.abs(left_s[4:-4]).max() < 0.000_03


def test_a_lost_beat_is_refused(tmp_path: Path) -> None:
    beats_s = np.array([0.5, 1.0, 1.5])
    pulses = Pilot(beats_s[:2], 48_000).block(0, 96_000)
    path = tmp_path / "made.wav"
    soundfile.write(path, np.column_stack((pulses, pulses)), 48_000, subtype="FLOAT")
    with (
        soundfile.SoundFile(path) as wav,
        pytest.raises(RecordingError, match=r"lost the beat at 1\.5 s"),
    ):
        beat_errors_s(wav, beats_s)


@needs_preparing
@pytest.mark.long
def test_hundreds_of_beats_stay_on_time(tmp_path: Path) -> None:
    beats_s = np.arange(0.4, 149.0, 0.5)
    path = tmp_path / "long.wav"
    soundfile.write(path, knocks(beats_s, 149.3, 48_000, chord=True), 48_000)
    spec = spec_of(path, bpm=120.0, start_bpm=150.0, target_bpm=95.0)
    errors_s = heard_errors_s(prepare_recording(spec, tmp_path))
    print(f"beats off by {errors_s.min() * 1e3:.2f} to {errors_s.max() * 1e3:.2f} ms")
    assert np.abs(errors_s).max() < BEAT_ERROR_S


@needs_preparing
@pytest.mark.long
@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    bpm=st.floats(50, 150),
    start=st.floats(0.76, 1.32),
    target=st.floats(0.76, 1.32),
    first_beat_s=st.floats(0.1, 1.0),
    rate_hz=st.sampled_from([44_100, 48_000, 96_000]),
    chord=st.booleans(),
)
def test_beats_land_where_any_tempo_says(
    tmp_path: Path,
    bpm: float,
    start: float,
    target: float,
    first_beat_s: float,
    rate_hz: int,
    chord: bool,
) -> None:
    interval_s = 60.0 / bpm
    # Enough of them for the shortest recording that is taken, even at 150 bpm led up to 198.
    beats_s = np.linspace(first_beat_s, first_beat_s + 23 * interval_s, 24)
    path = tmp_path / "any.wav"
    soundfile.write(path, knocks(beats_s, float(beats_s[-1]) + 0.3, rate_hz, chord), rate_hz)
    spec = RecordingSpec(
        path=path,
        start_bpm=bpm * start,
        target_bpm=bpm * target,
        bpm=bpm,
        first_beat_s=first_beat_s,
    )
    track = prepare_recording(spec, tmp_path)
    told_s = np.array(track.beat_times_s)
    wanted_s = led_beats_s(beats_s.size, bpm * start, bpm * target)
    np.testing.assert_allclose(told_s - told_s[0], wanted_s, atol=1e-9)
    errors_s = heard_errors_s(track)
    print(
        f"{bpm:.0f} bpm, {start:.2f} to {target:.2f}: off by {np.abs(errors_s).max() * 1e3:.2f} ms"
    )
    assert np.abs(errors_s).max() < BEAT_ERROR_S


@needs_preparing
def test_what_was_spoilt_is_prepared_anew(song: Path, kept: Path) -> None:
    first = prepare_recording(spec_of(song), kept)
    first.path.with_suffix(".json").write_text("{")
    assert prepare_recording(spec_of(song), kept) == first


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bpm": None}, "say where its beats are"),
        ({"beats_file": Path("beats.txt")}, "say where its beats are"),
        ({"target_bpm": 0.0}, "target_bpm is 0, but has to be above zero"),
        ({"bpm": float("nan")}, "bpm is nan"),
        ({"change_minutes": -1.0}, "change_minutes is -1"),
        ({"first_beat_s": 30.0}, "gives 0 beats"),
        ({"target_bpm": 40.0}, "choose tempos from 45 to 80 beats a minute"),
    ],
)
def test_what_cannot_be_is_one_plain_sentence(
    song: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        prepare_recording(spec_of(song, **changes), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_file_that_is_no_recording_is_one_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="There is no recording"):
        prepare_recording(spec_of(tmp_path / "none.wav"), tmp_path)
    text = write_text(tmp_path / "song.wav", "la la la")
    with pytest.raises(RecordingError, match="use a WAV or FLAC file"):
        prepare_recording(spec_of(text), tmp_path)


def test_a_recording_too_short_for_a_session_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros(3 * 48_000), 48_000)
    with pytest.raises(RecordingError, match=r"would become 3\.0 s long, but 6 s to 60 minutes"):
        prepare_recording(spec_of(path), tmp_path)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "words"),
    [(4_000, 1, "has 4000 Hz, but 8000 to 192000"), (8_000, 9, "has 9 channels, but 1 to 8")],
)
def test_rates_and_channels_have_limits(
    tmp_path: Path, rate_hz: int, channels: int, words: str
) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, np.zeros((8 * rate_hz, channels)), rate_hz)
    with pytest.raises(RecordingError, match=words):
        prepare_recording(spec_of(path), tmp_path)


@needs_preparing
def test_silence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(8 * 48_000), 48_000)
    with pytest.raises(RecordingError, match="is silent"):
        prepare_recording(spec_of(path), tmp_path)


@pytest.mark.parametrize("name", ["soundfile", "soxr"])
def test_a_missing_library_is_named(
    song: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really: Callable[..., Any] = builtins.__import__

    def without(wanted: str, *rest: Any, **more: Any) -> Any:
        if wanted == name:
            raise ImportError(name=name)
        return really(wanted, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RecordingError, match=f"needs {name}, which is not installed"):
        prepare_recording(spec_of(song), tmp_path)


def test_a_missing_loudness_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    with pytest.raises(RecordingError, match="apt install libebur128-1"):
        measure([np.zeros(100, dtype=np.float32)], 48_000)


@needs_preparing
def test_loudness_of_a_known_tone() -> None:
    """EBU Tech 3341, case 1: 1 kHz at -23 dBFS on two channels is -23 LUFS; on one, 3 less."""
    times_s = np.arange(20 * 48_000) / 48_000
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1_000.0 * times_s)).astype(np.float32)
    found = measure([tone[:500_000], tone[500_000:]], 48_000)
    assert found.integrated_lufs == pytest.approx(-26.0, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(-23.0, abs=0.1)


@needs_preparing
def test_the_command_prepares_and_tells(song: Path, kept: Path) -> None:
    arguments = [str(song), "--bpm", "60", "--first-beat", "0.4", "--start", "66"]
    arguments += ["--target", "55", "--out", str(kept), "--json"]
    done = CliRunner().invoke(prepare, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert len(told["beat_times_s"]) == 9
    assert Path(told["path"]).is_file()
