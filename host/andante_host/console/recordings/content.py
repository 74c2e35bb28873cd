"""Whether a file is what its name says, and one that the engine can prepare.

It is decoded to its end, as the engine will: a copy that was cut off is found here and not in front
of a patient. Only what begins as WAV or FLAC reaches the library, and only plain samples.
"""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import soundfile  # type: ignore[import-untyped]

from andante.errors import RecordingError
from andante.safety import RECORDING_CHANNELS, RECORDING_MINUTES, RECORDING_RATE_HZ, Range
from andante.signal_file import beats_in_s, check_beats
from andante.timebase import S_PER_MINUTE
from andante_host.console.recordings.names import BEATS_SUFFIX, suffix_of
from andante_host.console.recordings.problem import RecordingFileError
from andante_host.console.uploads import LARGEST_BEATS_BYTES

_FORMATS = {".wav": ("WAV", "WAVEX"), ".flac": ("FLAC",)}
_SUBTYPES = {"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}
_BLOCK_FRAMES = 65_536
_RIFF_HEAD_BYTES = 12
_RIFF_SIZE_UNKNOWN = 0xFFFF_FFFF
"""What a program writes that did not know the length yet."""
_RIFF_BEFORE_SIZE_BYTES = 8


def check_content(path: Path, name: str) -> None:
    """Raise RecordingFileError unless the file at `path` is what one called `name` has to be."""
    if suffix_of(name) == BEATS_SUFFIX:
        _check_beats(path, name)
    else:
        _check_sound(path, name)


def minutes_of(path: Path) -> float | None:
    """How long a recording is, in minutes, as its beginning says; None where it cannot be read."""
    try:
        return float(soundfile.info(path).duration) / S_PER_MINUTE
    except (OSError, soundfile.LibsndfileError):
        return None


def _check_beats(path: Path, name: str) -> None:
    try:
        text = path.read_bytes()[: LARGEST_BEATS_BYTES + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecordingFileError(
            f"{name} is no text in UTF-8; a file with beats has the time of each in seconds, one a "
            "line. Save it as plain text."
        ) from None
    try:
        check_beats(beats_in_s(text, name), RECORDING_MINUTES.high * S_PER_MINUTE, name)
    except RecordingError as error:
        raise RecordingFileError(str(error)) from None


def _check_sound(path: Path, name: str) -> None:
    _check_beginning(path, name)
    try:
        with soundfile.SoundFile(path) as source:
            _check_kind(source, name)
            whole_frames, read_frames = source.frames, 0
            for block in source.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
                read_frames += len(block)
                if not np.isfinite(block).all():
                    raise RecordingFileError(
                        f"{name} has samples that are no numbers; save it again as WAV or FLAC."
                    )
            rate_hz = source.samplerate
    except soundfile.LibsndfileError:
        _damaged(name)
    if read_frames < whole_frames:
        _damaged(name)
    minutes = read_frames / rate_hz / S_PER_MINUTE
    if minutes not in RECORDING_MINUTES:
        least_s = RECORDING_MINUTES.low * S_PER_MINUTE
        raise RecordingFileError(
            f"{name} lasts {_length(minutes)}, but {least_s:g} s to {RECORDING_MINUTES.high:g} "
            "minutes are allowed; cut it, or choose another."
        )


def _check_beginning(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(_RIFF_HEAD_BYTES)
    if suffix_of(name) == ".flac":
        if not head.startswith(b"fLaC"):
            _not_that(name)
        return
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        _not_that(name)
    stated_bytes = int.from_bytes(head[4:8], "little")
    there_bytes = path.stat().st_size - _RIFF_BEFORE_SIZE_BYTES
    if stated_bytes != _RIFF_SIZE_UNKNOWN and stated_bytes > there_bytes:
        _damaged(name)


def _check_kind(source: Any, name: str) -> None:
    if source.format not in _FORMATS[suffix_of(name)]:
        _not_that(name)
    if source.subtype not in _SUBTYPES:
        raise RecordingFileError(
            f"{name} is packed in a way ({source.subtype_info}) that is not taken; save it as WAV "
            "with 16 or 24 bits, or as FLAC."
        )
    _check_within(name, source.samplerate, RECORDING_RATE_HZ)
    _check_within(name, source.channels, RECORDING_CHANNELS)


def _check_within(name: str, value: int, limits: Range) -> None:
    if value not in limits:
        raise RecordingFileError(
            f"{name} has {value} {limits.unit}, but {limits.low:g} to {limits.high:g} is allowed; "
            "convert it, or choose another."
        )


def _length(minutes: float) -> str:
    return f"{minutes * S_PER_MINUTE:.1f} s" if minutes < 1 else f"{minutes:.1f} minutes"


def _not_that(name: str) -> NoReturn:
    kind = suffix_of(name)[1:].upper()
    raise RecordingFileError(
        f"{name} is no {kind} file, whatever its name says; save the recording as {kind} in a "
        "sound editor."
    )


def _damaged(name: str) -> NoReturn:
    raise RecordingFileError(
        f"{name} is damaged or was cut off; copy it again from where it came from."
    )
