"""From a recording to a track that a session can play: mono, 48 kHz, 16 bits, tempo led.

1. Read WAV or FLAC (libsndfile through soundfile), mix to one channel, resample (soxr).
2. Stretch along the tempo map by Rubber Band, which moves time and leaves pitch alone, and put
   right what it misses (`stretch.py`).
3. Measure loudness and true peak by EBU R 128 and turn the whole by one gain, to -23 LUFS or as
   near as the true peak of -1 dBTP allows: nothing is compressed or clipped.
4. Keep the track and, beside it, its beats as JSON, under a name made from all that went into it,
   so that the same preparation is never done twice.

All of it goes in blocks: an hour of music needs no more memory than a minute.
"""

import hashlib
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from andante.errors import RecordingError
from andante.music.loudness import measure
from andante.music.spec import RecordingSpec
from andante.music.stretch import (
    MOST_BEAT_ERROR_MS,
    Pilot,
    beat_errors_s,
    corrected,
    lead,
    smoothed,
)
from andante.music.tempo_map import led_beats_s, steady_beats_s, tempo_map_s
from andante.safety import (
    RECORDING_CHANNELS,
    RECORDING_LOUDNESS_LUFS,
    RECORDING_MINUTES,
    RECORDING_RATE_HZ,
    RECORDING_TRUE_PEAK_DBTP,
)
from andante.signal_file import check_beats, read_beats_s
from andante.timebase import MS_PER_S, S_PER_MINUTE

RATE_HZ = 48_000
_RECIPE = "2"
"""Changed whenever the same recording would be prepared differently."""
_BLOCK_FRAMES = 65_536
_EDGE_MS = 5.0
_ROOM_S = 0.25
"""Silence before and after while the tempo is changed, so that no beat lies at an edge."""
_FULL_SCALE = 32_767

Samples = npt.NDArray[np.float32]
Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PreparedTrack:
    """A prepared recording. `beat_times_s`: when its beats sound, from its beginning."""

    path: Path
    beat_times_s: tuple[float, ...]
    duration_s: float
    rate_hz: int


class _Beside(msgspec.Struct, frozen=True):
    """What is kept beside the track."""

    beat_times_s: tuple[float, ...]
    duration_s: float
    rate_hz: int
    loudness_lufs: float
    true_peak_dbtp: float
    most_beat_error_ms: float
    recording: str


def prepare_recording(spec: RecordingSpec, cache_dir: Path) -> PreparedTrack:
    """Prepare a recording, or find it prepared in `cache_dir`.

    Takes about a fifth of the recording's length (measured on one x86 core), and meanwhile 0.9 MB
    of disk for each of its seconds. Raises RecordingError, in one sentence, for a recording or
    beats that cannot be used, a tempo too far from the recording's own, or a missing tool.
    """
    _check_numbers(spec)
    duration_s = _duration_s(spec.path)
    beats_s, source = _beats(spec, duration_s)
    check_beats(beats_s, duration_s, source)
    change_s = None if spec.change_minutes is None else spec.change_minutes * S_PER_MINUTE
    led_s = led_beats_s(beats_s.size, spec.start_bpm, spec.target_bpm, change_s)
    recorded_s, made_s = tempo_map_s(beats_s, led_s, duration_s)
    _check_length(spec.path, float(made_s[-1]))
    path = cache_dir / f"{spec.path.stem}-{_key(spec.path, recorded_s, made_s)}.wav"
    kept = _kept(path)
    if kept is None:
        kept = _make(spec.path, recorded_s, made_s, path)
    return PreparedTrack(path, kept.beat_times_s, kept.duration_s, kept.rate_hz)


# --- what went in ---------------------------------------------------------------------------


def _check_numbers(spec: RecordingSpec) -> None:
    if (spec.beats_file is None) == (spec.bpm is None):
        raise RecordingError(
            f"{spec.path}: say where its beats are, either by beats_file or by bpm and "
            "first_beat_s."
        )
    for name in ("start_bpm", "target_bpm", "bpm", "change_minutes"):
        value = getattr(spec, name)
        if value is not None and not 0 < value < float("inf"):
            raise RecordingError(f"{spec.path}: {name} is {value:g}, but has to be above zero.")


def _check_length(path: Path, made_s: float) -> None:
    if made_s / S_PER_MINUTE not in RECORDING_MINUTES:
        shortest_s = RECORDING_MINUTES.low * S_PER_MINUTE
        raise RecordingError(
            f"{path} would become {made_s:.1f} s long, but {shortest_s:g} s to "
            f"{RECORDING_MINUTES.high:g} minutes are allowed; cut it or choose another."
        )


def _beats(spec: RecordingSpec, duration_s: float) -> tuple[Seconds, str]:
    if spec.bpm is not None:
        return steady_beats_s(spec.bpm, spec.first_beat_s, duration_s), f"{spec.path} with bpm"
    assert spec.beats_file is not None
    return read_beats_s(spec.beats_file), str(spec.beats_file)


def _key(path: Path, recorded_s: Seconds, made_s: Seconds) -> str:
    digest = hashlib.blake2b(_RECIPE.encode(), digest_size=8)
    digest.update(recorded_s.tobytes())
    digest.update(made_s.tobytes())
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


# --- what comes out -------------------------------------------------------------------------


def _kept(path: Path) -> _Beside | None:
    """What is told of a track prepared before; None where there is none or it is spoilt."""
    try:
        told = path.with_suffix(".json").read_bytes()
        return msgspec.json.decode(told, type=_Beside) if path.exists() else None
    except (OSError, msgspec.MsgspecError):
        return None


def _make(recording: Path, recorded_s: Seconds, made_s: Seconds, path: Path) -> _Beside:
    soundfile, _ = _libraries()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".preparing-") as name:
            folder = Path(name)
            read, stretched, done = folder / "read.wav", folder / "stretched.wav", folder / "done"
            roomy_recorded_s, roomy_made_s, before_frames = _with_room(recorded_s, made_s)
            _read_to(recording, read, Pilot(roomy_recorded_s[1:-1], RATE_HZ))
            lead(read, stretched, roomy_recorded_s, roomy_made_s, RATE_HZ)
            with soundfile.SoundFile(stretched) as wav:
                beats_s = roomy_made_s[1:-1]
                raw_errors_s = beat_errors_s(wav, beats_s)
                errors_s = smoothed(raw_errors_s)
                left_ms = float(np.abs(raw_errors_s - errors_s).max()) * MS_PER_S
                if left_ms > MOST_BEAT_ERROR_MS:
                    raise RecordingError(
                        f"A beat of {recording} would be {left_ms:.1f} ms off its time; check its "
                        "beats, or choose tempos nearer to its own."
                    )
                frames = range(before_frames, before_frames + round(made_s[-1] * RATE_HZ))
                loudness = measure(corrected(wav, beats_s, errors_s, frames), RATE_HZ)
                if not np.isfinite(loudness.integrated_lufs):
                    raise RecordingError(f"{recording} is silent; choose another recording.")
                gain_db = min(
                    RECORDING_LOUDNESS_LUFS - loudness.integrated_lufs,
                    RECORDING_TRUE_PEAK_DBTP - loudness.true_peak_dbtp,
                )
                gain = 10 ** (gain_db / 20)
                frame_count = _write(done, corrected(wav, beats_s, errors_s, frames), gain)
            beside = _Beside(
                beat_times_s=tuple(float(time_s) for time_s in made_s[1:-1]),
                duration_s=frame_count / RATE_HZ,
                rate_hz=RATE_HZ,
                loudness_lufs=loudness.integrated_lufs + gain_db,
                true_peak_dbtp=loudness.true_peak_dbtp + gain_db,
                most_beat_error_ms=left_ms,
                recording=recording.name,
            )
            note = folder / "done.json"
            note.write_bytes(msgspec.json.format(msgspec.json.encode(beside)) + b"\n")
            done.replace(path)
            note.replace(path.with_suffix(".json"))
            return beside
    except OSError as error:
        raise RecordingError(
            f"The prepared recording cannot be kept in {path.parent} ({error.strerror}); choose "
            "another folder."
        ) from None


def _with_room(recorded_s: Seconds, made_s: Seconds) -> tuple[Seconds, Seconds, int]:
    """The map with `_ROOM_S` more at both ends, and how many frames later all is made by that.

    The room is played at the speed of the stretch next to it, to a frame.
    """
    speeds = np.diff(recorded_s[1:-1]) / np.diff(made_s[1:-1])
    before_frames, after_frames = (round(_ROOM_S / speed * RATE_HZ) for speed in speeds[[0, -1]])
    before_s, after_s = before_frames / RATE_HZ, after_frames / RATE_HZ
    recorded_s, made_s = recorded_s + _ROOM_S, made_s + before_s
    recorded_s[[0, -1]] += -_ROOM_S, _ROOM_S
    made_s[[0, -1]] += -before_s, after_s
    return recorded_s, made_s, before_frames


def _read_to(recording: Path, read: Path, pilot: Pilot) -> None:
    """The recording as one channel, the pilot as another, at RATE_HZ, 32-bit float.

    Both with `_ROOM_S` of silence before and after.
    """
    soundfile, soxr = _libraries()
    try:
        with (
            soundfile.SoundFile(recording) as source,
            soundfile.SoundFile(read, "w", RATE_HZ, 2, "FLOAT", format="WAV") as wav,
        ):
            room = np.zeros(round(_ROOM_S * RATE_HZ), dtype=np.float32)
            _write_with_pilot(wav, room, pilot)
            stream = soxr.ResampleStream(source.samplerate, RATE_HZ, 1, dtype="float32")
            for block in source.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
                _write_with_pilot(wav, stream.resample_chunk(block.mean(axis=1)), pilot)
            rest = stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
            _write_with_pilot(wav, rest, pilot)
            _write_with_pilot(wav, room, pilot)
    except soundfile.LibsndfileError as error:
        raise _unreadable(recording, error) from None


def _write_with_pilot(wav: Any, music: Samples, pilot: Pilot) -> None:
    wav.write(np.column_stack((music, pilot.block(wav.tell(), music.size))))


def _write(path: Path, blocks: Iterator[Samples], gain: float) -> int:
    """16 bits, its first and last 5 ms rising from and falling to silence; returns its frames."""
    edge_frames = round(RATE_HZ * _EDGE_MS / MS_PER_S)
    rise = np.linspace(0.0, 1.0, edge_frames, dtype=np.float32)
    frame_count, held = 0, np.zeros(0, dtype=np.float32)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, RATE_HZ, 0, "NONE", "not compressed"))
        for block in blocks:
            if frame_count == 0 and held.size == 0:
                block[:edge_frames] *= rise[: block.size]
            held = np.concatenate((held, block * np.float32(gain)))
            ready, held = held[:-edge_frames], held[-edge_frames:]
            wav.writeframesraw(_as_int16(ready))
            frame_count += ready.size
        held *= rise[::-1][: held.size]
        wav.writeframesraw(_as_int16(held))
    return frame_count + held.size


def _as_int16(samples: Samples) -> bytes:
    return np.rint(samples * _FULL_SCALE).astype("<i2").tobytes()


# --- libraries ------------------------------------------------------------------------------


def _duration_s(recording: Path) -> float:
    soundfile, _ = _libraries()
    if not recording.is_file():
        raise RecordingError(f"There is no recording {recording}; check the name.")
    try:
        told = soundfile.info(recording)
    except soundfile.LibsndfileError as error:
        raise _unreadable(recording, error) from None
    for value, limits in (
        (told.samplerate, RECORDING_RATE_HZ),
        (told.channels, RECORDING_CHANNELS),
    ):
        if value not in limits:
            raise RecordingError(
                f"{recording} has {value} {limits.unit}, but {limits.low:g} to {limits.high:g} is "
                "allowed; convert it, or choose another."
            )
    return float(told.duration)


def _unreadable(recording: Path, error: Exception) -> RecordingError:
    return RecordingError(
        f"{recording} cannot be read as a recording ({error}); use a WAV or FLAC file."
    )


def _libraries() -> tuple[Any, Any]:
    try:
        import soundfile  # type: ignore[import-untyped]
        import soxr  # type: ignore[import-untyped]
    except ImportError as error:
        raise RecordingError(
            f"Preparing a recording needs {error.name}, which is not installed; install it with "
            "`pip install 'andante[music]'`."
        ) from None
    return soundfile, soxr
