"""Two other ways to give a beat by sound, heard back at a null sink of their own.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.sound_rivals sleep --minutes 10 --load
    PYTHONPATH=tests .venv/bin/python -m benchmarks.sound_rivals block --minutes 10 --load

`sleep` writes a click to PulseAudio's own player and sleeps an interval, again and again: the
metronome that everybody writes first. (PyAudio's blocking `write` will not do for it: a stream
that runs dry between the clicks swallows nearly all of them.) `block` is a PyAudio callback on an
absolute schedule that starts each click with the buffer being filled, at PyAudio's usual 1,024
frames. Both are heard as the trainer is: first sample that is not silent, on the recorder's line.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante import realtime
from andante.cues.sounds import click
from andante.timebase import NS_PER_S, NS_PER_US, MonotonicClock
from benchmarks.common import (
    INTERVAL_NS,
    US_PER_MS,
    Result,
    beats_in,
    load,
    need_sound,
    off_grid_us,
    options_of,
    print_result,
    run_script,
    shaped,
    steadiness,
)
from support.pulse import RATE_HZ, MonitorRecording, pulse_server

BLOCK_FRAMES = 1_024
PLAYER_LATENCY_MS = 20
_LEVEL = 0.5
_FIRST_NS = 3 * NS_PER_S
"""A recorder that is there before keeps an idle null sink awake, as in `support.sound_walk`."""
_SETTLE_NS = NS_PER_S


def sleep_loop(clock: MonotonicClock, count: int, settled: Callable[[], None]) -> None:
    """Write and sleep, `count` times."""
    samples = np.rint(click(RATE_HZ) * _LEVEL * np.iinfo(np.int16).max).astype("<i2").tobytes()
    player = subprocess.Popen(
        [
            *("pacat", "--playback", "--raw", f"--latency-msec={PLAYER_LATENCY_MS}"),
            *("--format=s16le", f"--rate={RATE_HZ}", "--channels=1"),
        ],
        stdin=subprocess.PIPE,
        bufsize=0,
        stderr=subprocess.DEVNULL,
    )
    assert player.stdin is not None
    clock.sleep_until_ns(clock.now_ns() + _SETTLE_NS)
    settled()
    for _ in range(count):
        player.stdin.write(samples)
        clock.sleep_until_ns(clock.now_ns() + INTERVAL_NS)
    player.stdin.close()
    player.wait()


def block_quantised(clock: MonotonicClock, count: int, settled: Callable[[], None]) -> None:
    """Clicks that begin with a buffer, due at absolute times."""
    import pyaudio

    samples = click(RATE_HZ) * _LEVEL
    start_ns = clock.now_ns() + _FIRST_NS
    due_ns = [start_ns + n * INTERVAL_NS for n in reversed(range(count))]
    left: npt.NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def fill(
        _in: bytes | None, frame_count: int, _times: object, _status: int
    ) -> tuple[bytes, int]:
        nonlocal left
        if due_ns and clock.now_ns() >= due_ns[-1]:
            due_ns.pop()
            left = samples
        out = np.zeros(frame_count, dtype=np.float32)
        now = left[:frame_count]
        out[: now.size] = now
        left = left[frame_count:]
        return out.tobytes(), pyaudio.paContinue

    audio = pyaudio.PyAudio()
    with realtime.begun_as(realtime.ThreadRole.SOUND):
        stream = audio.open(
            format=pyaudio.paFloat32,
            channels=1,
            rate=RATE_HZ,
            output=True,
            frames_per_buffer=BLOCK_FRAMES,
            stream_callback=fill,
        )
    clock.sleep_until_ns(start_ns - _SETTLE_NS)
    settled()
    clock.sleep_until_ns(start_ns + count * INTERVAL_NS + _SETTLE_NS)
    stream.close()
    audio.terminate()


RIVALS = {"sleep": sleep_loop, "block": block_quantised}


def heard(rival: str, minutes: float, real_time: bool, loaded: bool) -> Result:
    """Let `rival` play for `minutes` and look at what was heard."""
    need_sound()
    clock, count = MonotonicClock(), beats_in(minutes)
    with tempfile.TemporaryDirectory() as folder, pulse_server(Path(folder)) as server:
        recording: MonitorRecording = server.record(clock)
        clock.sleep_until_ns(clock.now_ns() + _FIRST_NS)
        with realtime.running(real_time) as scheduling:
            realtime.raise_this_thread(realtime.ThreadRole.LIGHT)
            RIVALS[rival](clock, count, lambda: recording.settled(clock.now_ns()))
        sound = recording.stop()
    onsets_ns = sound.line.ns_at_many(sound.onsets_frames())
    return shaped(
        f"sound_{rival}",
        {"load": loaded, "minutes": minutes, "scheduling": str(scheduling)},
        {
            "played_count": count,
            **steadiness(onsets_ns),
            "recording_sd_us": sound.line.residual_sd_ns / NS_PER_US,
        },
        {"off_plan_ms": off_grid_us(onsets_ns) / US_PER_MS},
    )


def main() -> None:
    """Parse the options, play, print."""
    parser = options_of(__doc__)
    parser.add_argument("rival", choices=sorted(RIVALS))
    options = parser.parse_args()
    with load(options.load):
        print_result(heard(options.rival, options.minutes, options.real_time, options.load))


if __name__ == "__main__":
    run_script(main)
