"""A PulseAudio server of our own with a null sink, and a recording of what it plays.

Everything lives in a temporary folder and only processes started here are ended here. ALSA's
default device is pointed at the server, so that nothing can reach a real loudspeaker.
Needs Debian's pulseaudio, pulseaudio-utils and libasound2-plugins, and PyAudio.
"""

import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from andante.clockfit import ClockLine, robust_line
from andante.timebase import NS_PER_S, Clock, MonotonicClock

RATE_HZ = 48_000
SINK = "andante_test"
_ALSA_CONFIG = (
    "pcm.pulse { type pulse }\npcm.!default { type pulse }\nctl.!default { type pulse }\n"
)


@dataclass(frozen=True)
class PulseServer:
    """A running server; the environment points ALSA and PulseAudio clients at it."""

    folder: Path

    def record(self, clock: Clock) -> "MonitorRecording":
        """Begin to record what the sink plays."""
        return MonitorRecording(clock)


def why_no_pulse() -> str | None:
    """What is missing for real sound, in words, or None."""
    missing = [tool for tool in ("pulseaudio", "pactl", "parec") if shutil.which(tool) is None]
    if missing:
        return f"real sound needs {', '.join(missing)} (pulseaudio, pulseaudio-utils)"
    if importlib.util.find_spec("pyaudio") is None:
        return "real sound needs PyAudio"
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "real sound needs ALSA's PulseAudio plugin (libasound2-plugins)"
    return None


@contextmanager
def pulse_server(folder: Path) -> Iterator[PulseServer]:
    """A server with a null sink at 48 kHz as its default; skips, saying so, where it cannot be."""
    if (reason := why_no_pulse()) is not None:
        pytest.skip(reason)
    folder.chmod(0o700)
    socket, alsa, script = folder / "native", folder / "alsa.conf", folder / "start.pa"
    alsa.write_text(_ALSA_CONFIG)
    script.write_text(
        f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\n"
        f"load-module module-null-sink sink_name={SINK} rate={RATE_HZ} channels=1\n"
        f"set-default-sink {SINK}\n"
    )
    own = {
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_COOKIE": str(folder / "cookie"),
        "ALSA_CONFIG_PATH": str(alsa),
    }
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "-F", str(script)],
        env={**os.environ, **home},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patch = pytest.MonkeyPatch()
    try:
        for name, value in own.items():
            patch.setenv(name, value)
        if not _answers():
            pytest.skip("PulseAudio does not start here")
        yield PulseServer(folder)
    finally:
        patch.undo()
        server.terminate()
        server.wait(5)


def _answers() -> bool:
    clock = MonotonicClock()
    deadline_ns = clock.now_ns() + 5 * NS_PER_S
    while clock.now_ns() < deadline_ns:
        asked = subprocess.run(["pactl", "get-default-sink"], capture_output=True, check=False)
        if asked.returncode == 0 and asked.stdout.decode().strip() == SINK:
            return True
        clock.sleep_until_ns(clock.now_ns() + NS_PER_S // 10)
    return False


@dataclass(frozen=True)
class RecordedSound:
    """What was heard: samples, shape (n,), int16, and their frames on session time."""

    samples: npt.NDArray[np.int16]
    line: ClockLine

    def onsets_frames(self, refractory_frames: int = RATE_HZ // 10) -> npt.NDArray[np.int64]:
        """The first frames that are not silent after silence, shape (m,).

        The null sink adds no noise, so the first sample that is not zero is the onset.
        """
        sounding = np.flatnonzero(self.samples)
        first = np.diff(sounding, prepend=-refractory_frames - 1) > refractory_frames
        onsets: npt.NDArray[np.int64] = sounding[first].astype(np.int64)
        return onsets


class MonitorRecording:
    """`parec` on the sink's monitor; every piece is stamped on arrival by the passed clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces: list[tuple[int, bytes]] = []
        self._parec = subprocess.Popen(
            [
                *("parec", "-d", f"{SINK}.monitor", "--raw", "--latency-msec=50"),
                *("--format=s16le", f"--rate={RATE_HZ}", "--channels=1"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._parec.stdout is not None
        pipe = self._parec.stdout.fileno()
        while piece := os.read(pipe, 65_536):
            self._pieces.append((self._clock.now_ns(), piece))

    @property
    def running(self) -> bool:
        """True once sound, even silence, has arrived."""
        return bool(self._pieces)

    def stop(self) -> RecordedSound:
        """End the recording and lay its frames on session time, apart from any other mapping.

        Waiting only ever makes a piece arrive late, so the soonest of each second counts.
        """
        self._parec.terminate()
        self._parec.wait(5)
        self._thread.join(5)
        assert self._parec.stdout is not None
        self._parec.stdout.close()
        samples = np.frombuffer(b"".join(piece for _, piece in self._pieces), dtype="<i2")
        times_ns = np.array([time_ns for time_ns, _ in self._pieces], dtype=np.int64)
        frames = np.cumsum([len(piece) // 2 for _, piece in self._pieces])
        return RecordedSound(samples, _soonest_line(frames, times_ns))


def _soonest_line(frames: npt.NDArray[np.int64], times_ns: npt.NDArray[np.int64]) -> ClockLine:
    offsets_ns = (times_ns - times_ns[0]) - np.rint(frames * (NS_PER_S / RATE_HZ))
    seconds = (times_ns - times_ns[0]) // NS_PER_S
    soonest = [
        int(np.flatnonzero(seconds == second)[np.argmin(offsets_ns[seconds == second])])
        for second in np.unique(seconds)[1:-1]
    ]
    return robust_line(frames[soonest], times_ns[soonest])
