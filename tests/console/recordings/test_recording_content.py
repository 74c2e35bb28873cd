"""What a file holds, whatever its name says: real files, sound and spoilt."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.music.prepare import prepare_recording
from andante.music.spec import RecordingSpec
from andante.safety import RECORDING_MINUTES
from andante_host.console.recordings.content import check_content, minutes_of
from andante_host.console.recordings.problem import RecordingFileError
from support.recordings import needs_preparing
from support.sound_files import BEATS, LENGTH_S, RATE_HZ, sound_bytes, written

FLAC, WAV = sound_bytes("FLAC"), sound_bytes("WAV")


def checked(folder: Path, content: bytes, name: str) -> Path:
    """The file, if it is taken."""
    path = folder / ".arriving"
    path.write_bytes(content)
    check_content(path, name)
    return path


@pytest.mark.parametrize(
    ("format", "subtype", "name"),
    [
        ("FLAC", "PCM_16", "a.flac"),
        ("FLAC", "PCM_24", "a.FLAC"),
        ("WAV", "PCM_U8", "a.wav"),
        ("WAV", "PCM_16", "a.wav"),
        ("WAV", "FLOAT", "a.WAV"),
        ("WAVEX", "PCM_24", "a.wav"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_and_flac_are_taken(
    tmp_path: Path, format: str, subtype: str, name: str, channels: int
) -> None:
    path = checked(tmp_path, sound_bytes(format, subtype, channels=channels), name)
    assert minutes_of(path) == pytest.approx(LENGTH_S / 60)


def test_silence_is_a_recording(tmp_path: Path) -> None:
    checked(tmp_path, sound_bytes(silent=True), "a.flac")


@needs_preparing
def test_what_is_taken_can_be_prepared(tmp_path: Path) -> None:
    for format, name in (("FLAC", "a.flac"), ("WAV", "a.wav")):
        path = checked(tmp_path, sound_bytes(format, length_s=8, channels=2), name)
        path = path.rename(tmp_path / name)
        spec = RecordingSpec(path=path, start_bpm=60, target_bpm=60, bpm=60)
        assert prepare_recording(spec, tmp_path / "kept").duration_s == pytest.approx(8, abs=0.01)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(("content", "name"), [(FLAC, "a.flac"), (WAV, "a.wav")])
def test_a_copy_that_was_cut_off_is_found(
    tmp_path: Path, content: bytes, name: str, share: float
) -> None:
    with pytest.raises(RecordingFileError, match="damaged or was cut off"):
        checked(tmp_path, content[: int(len(content) * share)], name)


def test_a_flac_spoilt_in_its_middle_is_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (8 * RATE_HZ, 1))
    spoilt = bytearray(written(noise, RATE_HZ, "FLAC"))
    spoilt[len(spoilt) // 2 : len(spoilt) // 2 + 4000] = bytes(4000)
    with pytest.raises(RecordingFileError, match="damaged"):
        checked(tmp_path, bytes(spoilt), "a.flac")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "a.wav"),
        (b"", "a.flac"),
        (b"RIFF", "a.wav"),
        (FLAC, "a.wav"),
        (WAV, "a.flac"),
        (sound_bytes("OGG"), "a.flac"),
        (sound_bytes("AIFF"), "a.wav"),
        (sound_bytes("MP3"), "a.wav"),
        (sound_bytes("MP3"), "a.flac"),
        (b"\xff\xfb\x90\x00" * 1000, "a.wav"),
        (b"<script>alert(1)</script>", "a.wav"),
        (b"#!/bin/sh\nreboot\n", "a.flac"),
    ],
)
def test_a_wrong_suffix_is_found(tmp_path: Path, content: bytes, name: str) -> None:
    with pytest.raises(RecordingFileError, match=r"is no (WAV|FLAC) file, whatever its name says"):
        checked(tmp_path, content, name)


def test_packed_wav_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecordingFileError, match=r"packed in a way .* save it as WAV"):
        checked(tmp_path, sound_bytes("WAV", "MS_ADPCM"), "a.wav")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sound_bytes(length_s=5.9), r"lasts 5\.9 s, but 6 s to 60 minutes"),
        (written(np.zeros((0, 1)), RATE_HZ, "WAV"), r"lasts 0\.0 s"),
        (sound_bytes(length_s=60 * 60 + 6, silent=True), r"lasts 60\.1 minutes"),
        (sound_bytes(rate_hz=4_000), "has 4000 Hz, but 8000 to 192000"),
        (sound_bytes("WAV", channels=9), "has 9 channels, but 1 to 8"),
    ],
)
def test_limits_are_those_of_the_engine(tmp_path: Path, content: bytes, words: str) -> None:
    name = "a.wav" if content.startswith(b"RIFF") else "a.flac"
    with pytest.raises(RecordingFileError, match=words):
        checked(tmp_path, content, name)


def test_the_longest_and_the_shortest_are_taken(tmp_path: Path) -> None:
    for minutes in (RECORDING_MINUTES.low, RECORDING_MINUTES.high):
        path = checked(tmp_path, sound_bytes(length_s=60 * minutes, silent=True), "a.flac")
        assert minutes_of(path) == pytest.approx(minutes)


def test_samples_that_are_no_numbers_are_found(tmp_path: Path) -> None:
    samples = np.zeros((8 * RATE_HZ, 1))
    samples[-1] = np.nan
    with pytest.raises(RecordingFileError, match="no numbers"):
        checked(tmp_path, written(samples, RATE_HZ, "WAV", "FLOAT"), "a.wav")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_spoilt_file_is_refused_in_a_sentence_or_still_sound(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content, name = data.draw(st.sampled_from([(FLAC, "a.flac"), (WAV, "a.wav")]))
    spoilt = bytearray(content)
    at = data.draw(st.integers(0, 200))
    patch = data.draw(st.binary(min_size=1, max_size=8))
    spoilt[at : at + len(patch)] = patch
    with suppress(RecordingFileError):
        path = checked(tmp_path_factory.getbasetemp(), bytes(spoilt), name)
        assert (minutes_of(path) or 0) in RECORDING_MINUTES


# --- beats --------------------------------------------------------------------------------------


def test_beats_are_taken_as_the_engine_reads_them(tmp_path: Path) -> None:
    for content in (BEATS, b"\xef\xbb\xbf0.5\r\n1\r\n", b"0,first\n3600,last\n"):
        checked(tmp_path, content, "a.txt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a.txt gives 0 beats, but at least two"),
        (b"1.0\n", "gives 1 beats"),
        (b"1.0\nno\n", "a.txt, line 2: found 'no', expected a time in seconds"),
        (b"2\n1\n", "beat 2 at 1 s is not after"),
        (b"-1\n1\n", "from -1 to 1 s"),
        (b"1\n3601\n", "from 1 to 3601 s"),
        (b"1\ninf\n", "line 2"),
        (FLAC, "no text in UTF-8"),
        (b"\x1f\x8b\x08\x00", "no text in UTF-8"),
    ],
)
def test_beats_that_cannot_be_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(RecordingFileError, match=words):
        checked(tmp_path, content, "a.txt")
