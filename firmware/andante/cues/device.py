"""Finding and opening the sound device through PyAudio."""

import ctypes
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.errors import OutputError

_log = logging.getLogger(__name__)

WANTED_RATE_HZ = 48_000
FRAMES_PER_BUFFER = 1_536
"""32 ms at 48 kHz, three of which are filled ahead. Cues are placed at their sample whatever
this is, so it only has to be long enough not to run dry: on PulseAudio under load 256 and 512
did, for up to two seconds, and 1,024 did at each pause of 70 ms."""

_BLUETOOTH = ("bluez", "bluetooth")

Callback = Callable[[bytes | None, int, dict[str, float], int], tuple[npt.NDArray[np.float32], int]]


class SoundDevice:
    """One open output stream, silent until `start`."""

    def __init__(self, wanted: str | None, callback: Callback) -> None:
        """Open the default device, or the first whose name holds `wanted`.

        `callback` is PyAudio's: it must always return as many frames as it is asked for, shape
        (n, channels), or the stream ends; what it returns is copied at once. Raises OutputError
        where there is no device that will do.
        """
        pyaudio = _load_pyaudio()
        with _noise_to_log():
            self._audio = pyaudio.PyAudio()
            try:
                info = self._choose(wanted)
                self.channel_count = min(2, int(info["maxOutputChannels"]))
                self.rate_hz = self._choose_rate_hz(info, pyaudio.paFloat32)
                self._stream = self._audio.open(
                    format=pyaudio.paFloat32,
                    channels=self.channel_count,
                    rate=self.rate_hz,
                    output=True,
                    output_device_index=int(info["index"]),
                    frames_per_buffer=FRAMES_PER_BUFFER,
                    stream_callback=callback,
                    start=False,
                )
            except OSError as error:
                self._audio.terminate()
                raise OutputError(
                    f"The sound device cannot be opened ({error}); close other programs that "
                    "use it, or choose another device."
                ) from None
            except OutputError:
                self._audio.terminate()
                raise
        api = self._audio.get_host_api_info_by_index(int(info["hostApi"]))["name"]
        self.description = f"{api} {info['name']}, {self.rate_hz} Hz"

    def start(self) -> None:
        """Let the stream run. Raises OutputError."""
        try:
            with _noise_to_log():
                self._stream.start_stream()
        except OSError as error:
            raise OutputError(
                f"The sound device does not start ({error}); plug it in again."
            ) from None

    def close(self) -> None:
        """Stop and close the stream. May be called once."""
        with _noise_to_log():
            try:
                self._stream.stop_stream()
                self._stream.close()
            except OSError as error:  # a device that has gone cannot be closed in order
                _log.warning("closing the sound device: %s", error)
            self._audio.terminate()

    def _choose(self, wanted: str | None) -> dict[str, Any]:
        infos = [
            self._audio.get_device_info_by_index(index)
            for index in range(self._audio.get_device_count())
        ]
        infos = [info for info in infos if info["maxOutputChannels"] > 0]
        if wanted is None:
            try:
                default_index = self._audio.get_default_output_device_info()["index"]
            except OSError:
                default_index = None
            found = [info for info in infos if info["index"] == default_index]
        else:
            found = [info for info in infos if wanted.casefold() in info["name"].casefold()]
        if not found and wanted is not None and infos:
            names = ", ".join(info["name"] for info in infos)
            raise OutputError(f"There is no sound device {wanted!r}; choose one of: {names}.")
        if not found:
            raise OutputError(
                "There is no sound device; connect one, or leave sound out of the plan's outputs."
            )
        chosen: dict[str, Any] = found[0]
        refuse_bluetooth(chosen["name"])
        return chosen

    def _choose_rate_hz(self, info: dict[str, Any], sample_format: int) -> int:
        try:
            self._audio.is_format_supported(
                WANTED_RATE_HZ,
                output_device=int(info["index"]),
                output_channels=self.channel_count,
                output_format=sample_format,
            )
        except ValueError:
            return int(info["defaultSampleRate"])
        return WANTED_RATE_HZ


def refuse_bluetooth(name: str) -> None:
    """Raise OutputError for a device that adds 100-200 ms of its own, and not always the same."""
    if any(word in name.casefold() for word in _BLUETOOTH):
        raise OutputError(
            f"The sound device {name!r} is a Bluetooth device, which is late by a tenth of a "
            "second or more; use one with a cable."
        )


def _load_pyaudio() -> Any:
    try:
        import pyaudio
    except ImportError:
        raise OutputError(
            "Sound needs PyAudio, which is not installed; install it with "
            "`pip install 'andante[sound]'` or leave sound out of the plan's outputs."
        ) from None
    _take_alsa_errors()
    return pyaudio


_AlsaErrorHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


def _log_alsa_error(_file: bytes, _line: int, function: bytes, _code: int, text: bytes) -> None:
    _log.debug("ALSA %s: %s", function.decode(errors="replace"), text.decode(errors="replace"))


_log_alsa_handler = _AlsaErrorHandler(_log_alsa_error)  # kept, since C keeps it too


def _take_alsa_errors() -> None:
    """Give ALSA a place other than the terminal for what it says while the stream runs.

    `snd_lib_error_set_handler` (alsa-lib, error.h); the text's own arguments are left out.
    """
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_log_alsa_handler)
    except OSError:
        _log.debug("there is no libasound here")


_stderr_lock = threading.Lock()


@contextmanager
def _noise_to_log() -> Iterator[None]:
    """What JACK and PortAudio print to file descriptor 2 while devices are looked for: logged."""
    with _stderr_lock, tempfile.TemporaryFile() as noise:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(noise.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            noise.seek(0)
            for line in noise.read().decode(errors="replace").splitlines():
                _log.debug("%s", line)
