"""The commands `andante sounds` and `andante prepare`."""

import json
import threading
import wave
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from andante.cues.device import SoundDevice
from andante.cues.preview import preview
from andante.cues.sounds import SOUND_NAMES, Samples
from andante.errors import OutputError
from andante.music import RecordingSpec, prepare_recording
from andante.safety import DEFAULT_VOLUME_PERCENT, VOLUME_PERCENT
from andante.timebase import NS_PER_MS, S_PER_MINUTE, MonotonicClock

_FILE_RATE_HZ = 48_000
_FULL_SCALE = 32_767
_CONTINUE = 0  # paContinue
_LAST_BUFFERS_NS = 300 * NS_PER_MS
_SILENT_S = 5.0


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--out",
    "out_dir",
    type=click.Path(path_type=Path),
    help="Write NAME.wav files into this folder instead of playing.",
)
@click.option(
    "--volume",
    "volume_percent",
    type=click.FloatRange(VOLUME_PERCENT.low, VOLUME_PERCENT.high),
    default=DEFAULT_VOLUME_PERCENT,
    show_default=True,
    help="Of full scale; sound pressure is not calibrated.",
)
@click.option("--device", help="Part of the sound device's name.")
@click.option("--json", "as_json", is_flag=True, help="Print what was played as JSON.")
def sounds(
    names: tuple[str, ...],
    out_dir: Path | None,
    volume_percent: float,
    device: str | None,
    as_json: bool,
) -> None:
    """Hear the sounds of cues by their names, or write them to files.

    Without a name, all of them. Each begins as softly as it would in a session: beats rise from
    a third of the volume.

    \b
    Examples:
      andante sounds
      andante sounds wood two-tone --volume 20
      andante sounds --out previews
    """
    for name in names:
        if name not in SOUND_NAMES:
            raise OutputError(f"There is no sound {name!r}; choose from {', '.join(SOUND_NAMES)}.")
    wanted = names or SOUND_NAMES
    told = []
    if out_dir is not None:
        for name in wanted:
            samples = preview(name, _FILE_RATE_HZ, volume_percent / 100)
            path = _write(out_dir, name, samples)
            told.append({**_told(name, samples, _FILE_RATE_HZ), "path": str(path)})
            if not as_json:
                click.echo(f"{name:<10} {path}")
    else:
        player = _Player(device)
        try:
            for name in wanted:
                samples = preview(name, player.rate_hz, volume_percent / 100)
                if not as_json:
                    click.echo(name)
                player.play(samples)
                told.append(_told(name, samples, player.rate_hz))
        finally:
            player.close()
    if as_json:
        click.echo(json.dumps({"sounds": told}))


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--bpm", type=float, help="The recording's own beats a minute, where they are even.")
@click.option("--first-beat", "first_beat_s", type=float, default=0.0, help="Its time in s.")
@click.option(
    "--beats",
    "beats_file",
    type=click.Path(path_type=Path),
    help="A text file with the time of each beat in seconds, one a line.",
)
@click.option("--start", "start_bpm", type=float, required=True, help="Beats a minute at first.")
@click.option("--target", "target_bpm", type=float, required=True, help="Beats a minute at last.")
@click.option("--minutes", "change_minutes", type=float, help="How long the change takes.")
@click.option("--out", "out_dir", type=click.Path(path_type=Path), default=Path("recordings"))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def prepare(
    recording: Path,
    bpm: float | None,
    first_beat_s: float,
    beats_file: Path | None,
    start_bpm: float,
    target_bpm: float,
    change_minutes: float | None,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Prepare RECORDING (WAV or FLAC) for listening: its tempo led, its pitch kept.

    Without --minutes the change takes the whole recording. The loudness is set by EBU R 128.
    A preparation that was done before is found again in the folder.

    \b
    Examples:
      andante prepare song.flac --bpm 72 --first-beat 0.35 --start 72 --target 60
      andante prepare song.wav --beats song.txt --start 66 --target 54 --minutes 5 --json
    """
    spec = RecordingSpec(
        path=recording,
        start_bpm=start_bpm,
        target_bpm=target_bpm,
        change_minutes=change_minutes,
        beats_file=beats_file,
        bpm=bpm,
        first_beat_s=first_beat_s,
    )
    if not as_json:
        click.echo("Preparing the recording; this may take as long as it plays.", err=True)
    track = prepare_recording(spec, out_dir)
    if as_json:
        click.echo(json.dumps({**asdict(track), "path": str(track.path)}))
    else:
        click.echo(
            f"Prepared: {track.path}, {track.duration_s / S_PER_MINUTE:.1f} minutes, "
            f"{len(track.beat_times_s)} beats."
        )


def _told(name: str, samples: Samples, rate_hz: int) -> dict[str, str | float]:
    return {
        "name": name,
        "duration_s": samples.size / rate_hz,
        "peak_share": float(np.abs(samples).max()),
    }


def _write(out_dir: Path, name: str, samples: Samples) -> Path:
    path = out_dir / f"{name}.wav"
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as wav:
            wav.setparams((1, 2, _FILE_RATE_HZ, 0, "NONE", "not compressed"))
            wav.writeframes(np.rint(samples * _FULL_SCALE).astype("<i2").tobytes())
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}); choose another folder."
        ) from None
    return path


class _Player:
    """Plays samples on the sound device, one after another, without any word about their timing."""

    def __init__(self, wanted: str | None) -> None:
        self._left = np.zeros(0, dtype=np.float32)
        self._lock = threading.Lock()
        self._played = threading.Event()
        self._clock = MonotonicClock()
        self._device = SoundDevice(wanted, self._callback)
        self.rate_hz = self._device.rate_hz
        self._device.start()

    def play(self, samples: Samples) -> None:
        """Play to the end. Raises OutputError where the device takes no sound."""
        with self._lock:
            self._played.clear()
            self._left = samples
        if not self._played.wait(samples.size / self.rate_hz + _SILENT_S):
            raise OutputError(
                f"The sound device ({self._device.description}) takes no sound; choose another."
            )

    def close(self) -> None:
        """Fade what is still playing, let the device finish, and close it."""
        with self._lock:
            fade = np.linspace(1.0, 0.0, self.rate_hz // 20, dtype=np.float32)
            self._left = self._left[: fade.size] * fade[: self._left.size]
        self._clock.sleep_until_ns(self._clock.now_ns() + _LAST_BUFFERS_NS)
        self._device.close()

    def _callback(
        self, _input: bytes | None, frame_count: int, _times_s: dict[str, float], _status: int
    ) -> tuple[npt.NDArray[np.float32], int]:
        out = np.zeros((frame_count, self._device.channel_count), dtype=np.float32)
        with self._lock:
            now, self._left = self._left[:frame_count], self._left[frame_count:]
            if self._left.size == 0:
                self._played.set()
        out[: now.size] = now[:, np.newaxis]
        return out, _CONTINUE
