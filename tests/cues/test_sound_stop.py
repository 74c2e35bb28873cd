"""How soon it is silent: after stop, after cancel, and after the engine's death, by loopback."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from andante import realtime
from andante.cues.sound import SoundOutput
from andante.ports import Cue, CueKind
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.pulse import PulseServer, RecordedSound, pulse_server

pytestmark = [pytest.mark.real_sound, pytest.mark.alone]

MOST_MS = 80.0
"""Of the 100 ms from a press to silence, the runner's look-round may take 20."""
MOST_OF_A_PAUSE_MS = 130.0
"""A pause lets the device's buffers play out (3 of 32 ms) and fades within 30 ms."""
_FULL_MS = 1_500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulseServer]:
    with pulse_server(tmp_path_factory.mktemp("pulse")) as running:
        yield running


def breathe_in(output: SoundOutput, start_ns: int) -> None:
    """Two tones that swell for four seconds."""
    output.schedule(Cue(0, start_ns, CueKind.INHALE, "two-tone", duration_ns=4 * NS_PER_S))


def silent_after_ms(heard: RecordedSound, asked_ns: int) -> float:
    """From `asked_ns` to the last sample above a thousandth of the loudest."""
    level = np.abs(heard.samples.astype(np.int64))
    last_frames = int(np.flatnonzero(level > max(1, level.max() // 1000))[-1])
    return (heard.line.ns_at(last_frames) - asked_ns) / NS_PER_MS


@contextmanager
def breathing(clock: MonotonicClock) -> Iterator[SoundOutput]:
    """An output in the middle of a breath."""
    with realtime.running():
        output = SoundOutput(clock, sounds=["two-tone"])
        output.start()
        start_ns = clock.now_ns() + 300 * NS_PER_MS
        breathe_in(output, start_ns)
        clock.sleep_until_ns(start_ns + _FULL_MS * NS_PER_MS)
        try:
            yield output
        finally:
            output.stop()


@pytest.mark.parametrize(
    ("end", "most_ms"),
    [(SoundOutput.stop, MOST_MS), (SoundOutput.cancel, MOST_OF_A_PAUSE_MS)],
    ids=["stop", "cancel"],
)
def test_a_breath_falls_silent(
    server: PulseServer, end: Callable[[SoundOutput], None], most_ms: float
) -> None:
    clock = MonotonicClock()
    recording = server.record(clock)
    with breathing(clock) as output:
        asked_ns = clock.now_ns()
        end(output)
        clock.sleep_until_ns(asked_ns + 500 * NS_PER_MS)
    silent_ms = silent_after_ms(recording.stop(), asked_ns)
    print(f"silent {silent_ms:.0f} ms after {end.__name__}")
    assert silent_ms <= most_ms


def test_a_killed_engine_falls_silent(server: PulseServer) -> None:
    clock = MonotonicClock()
    recording = server.record(clock)
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **path}) as engine:
        try:
            assert engine.stdout is not None
            said = engine.stdout.readline()
            asked_ns = clock.now_ns()
        finally:
            engine.kill()
    assert said == b"breathing\n"
    clock.sleep_until_ns(asked_ns + 500 * NS_PER_MS)
    heard = recording.stop()
    silent_ms = silent_after_ms(heard, asked_ns)
    print(f"silent {silent_ms:.0f} ms after the engine was killed")
    assert silent_ms > -_FULL_MS  # it did sound before
    assert silent_ms <= MOST_MS


if __name__ == "__main__":
    with breathing(MonotonicClock()):
        print("breathing", flush=True)
        signal.pause()
