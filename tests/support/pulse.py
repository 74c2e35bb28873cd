"""A PulseAudio server of our own with a null sink, and a recording of what it plays.

Where the rights are there, server and recorder run in real time (SCHED_FIFO): else it is the
server that keeps the sound waiting, and what it says of its delay is off by milliseconds.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from andante.clockfit import ClockLine, robust_line
from andante.timebase import NS_PER_S, NS_PER_US, Clock, MonotonicClock

RATE_HZ = 48_000
SINK = "andante_test"
INSTRUMENT_PRIORITY = 45  # before the trainer's own threads, as a kernel's driver would be
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
        _run_in_real_time(server.pid)
        yield PulseServer(folder)
    finally:
        patch.undo()
        server.terminate()
        server.wait(5)


def _run_in_real_time(pid: int) -> None:
    """Put every thread of a process before ordinary programs, where that is allowed."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        _thread_in_real_time(int(task.name))


def _thread_in_real_time(thread_id: int) -> None:
    with suppress(PermissionError):
        os.sched_setscheduler(thread_id, os.SCHED_FIFO, os.sched_param(INSTRUMENT_PRIORITY))


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
    """What was heard: samples, shape (n,), int16, and their frames on session time.

    `off_line_us`: how far the soonest piece of each second lies from that line, shape (m,); the
    bound on what the recording can tell.
    """

    samples: npt.NDArray[np.int16]
    line: ClockLine
    off_line_us: npt.NDArray[np.float64]

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
        self._trusted_from_ns = 0
        self._parec = subprocess.Popen(
            [
                *("parec", "-d", f"{SINK}.monitor", "--raw", "--latency-msec=50"),
                *("--format=s16le", f"--rate={RATE_HZ}", "--channels=1"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        _run_in_real_time(self._parec.pid)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        _thread_in_real_time(threading.get_native_id())
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
        line, off_line_us = _soonest_line(frames, times_ns, self._trusted_from_ns)
        return RecordedSound(samples, line, off_line_us)

    def settled(self, now_ns: int) -> None:
        """What arrives from now on counts: the sink has changed its rhythm to the stream's."""
        self._trusted_from_ns = now_ns


def _soonest_line(
    frames: npt.NDArray[np.int64], times_ns: npt.NDArray[np.int64], from_ns: int
) -> tuple[ClockLine, npt.NDArray[np.float64]]:
    later = times_ns >= from_ns
    frames, times_ns = frames[later], times_ns[later]
    offsets_ns = (times_ns - times_ns[0]) - np.rint((frames - frames[0]) * (NS_PER_S / RATE_HZ))
    seconds = (times_ns - times_ns[0]) // NS_PER_S
    soonest = [
        int(np.flatnonzero(seconds == second)[np.argmin(offsets_ns[seconds == second])])
        for second in np.unique(seconds)[:-1]
    ]
    line = robust_line(frames[soonest], times_ns[soonest])
    return line, (times_ns[soonest] - line.ns_at_many(frames[soonest])) / NS_PER_US
