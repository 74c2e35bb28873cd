"""From a tap on the sensor board to its note, through the Pi's program.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.tap_to_sound --taps 40 --load

Taps at known times go into a simulated board behind a pseudo-terminal; `andante run --port` plays
`free` in a process of its own; the notes go into a PulseAudio null sink and are recorded there.
The board looks round every 2 ms at most and has the processor before other programs, as a chip of
its own would. `by_record_ms` is the note's time as the sound driver tells it less the tap's;
`heard_spread_us` is how the notes that were heard lie about that; a constant between the
two is taken out, since the sink hands its samples to the recorder as it renders them, before they
would sound (`reached_recorder_ms`).
"""

import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import tomli_w

from andante.errors import AndanteError
from andante.ports import Channel, Edge
from andante.session.file import SUFFIX, SessionData, load_session
from andante.simulated.board import SimulatedBoard
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, S_PER_MINUTE, MonotonicClock
from benchmarks.common import (
    Floats,
    Int64s,
    Result,
    centred,
    finite,
    load,
    need_sound,
    options_of,
    print_result,
    run_script,
    shaped,
    spread,
    with_rights,
)
from emulated_pi.machine import ahead_of_others
from support.pulse import RATE_HZ, MonitorRecording, RecordedSound, pulse_server

PLAN_FILE = Path(__file__).parents[1] / "docs" / "plans" / "tap-free.toml"
TAP_EVERY_NS = 1_500 * NS_PER_MS
"""A note rings for 1.2 s; the next onset is only heard after silence."""
_SPREAD_NS = 60 * NS_PER_MS  # no tap keeps a rhythm with a buffer or a look-round
_HELD_NS = 80 * NS_PER_MS
_FIRST_TAP_NS = (
    14 * NS_PER_S
)  # after the engine is asked to start; taps before it is ready are lost
_RECORDER_FIRST_NS = 3 * NS_PER_S
_RATE_ERROR_PPM = 40.0
_SOUNDS_WITHIN_NS = 600 * NS_PER_MS


class Taps:
    """A `Source`: taps at given times on one pad."""

    ended = False

    def __init__(self, taps_ns: Sequence[int], clock: TickClock) -> None:
        edges = [(time_ns, Edge.ON) for time_ns in taps_ns]
        edges += [(time_ns + _HELD_NS, Edge.OFF) for time_ns in taps_ns]
        self._presses = [
            Press(Channel.TAP_1, edge, clock.ticks_at(time_ns)) for time_ns, edge in sorted(edges)
        ]

    def advance(self, until_ticks: int) -> list[Press | Counts]:
        """Those that happened before `until_ticks`."""
        due: list[Press | Counts] = [p for p in self._presses if p.ticks < until_ticks]
        self._presses = self._presses[len(due) :]
        return due


def play(
    folder: Path, tap_count: int, real_time: bool
) -> tuple[SessionData, Int64s, RecordedSound]:
    """Tap and listen: the session, when the taps really were, and what was heard."""
    need_sound()
    clock, rng = MonotonicClock(), random.Random(tap_count)
    (folder / "pulse").mkdir()
    plan = tomllib.loads(PLAN_FILE.read_text())
    playing_ns = _FIRST_TAP_NS + tap_count * TAP_EVERY_NS
    plan["tap"]["cued_minutes"] = playing_ns / NS_PER_S / S_PER_MINUTE
    plan["outputs"] = {"led": False}  # there is none at a serial port off a Pi
    (folder / "plan.toml").write_text(tomli_w.dumps(plan))
    ticks = TickClock(clock.now_ns() - NS_PER_S, rate_error_ppm=_RATE_ERROR_PPM)
    board = SimulatedBoard(ticks)
    with ExitStack() as stack:
        server = stack.enter_context(pulse_server(folder / "pulse"))
        recording: MonitorRecording = server.record(clock)
        clock.sleep_until_ns(clock.now_ns() + _RECORDER_FIRST_NS)
        with ahead_of_others():
            pty = stack.enter_context(PtyBoard(board, clock))
        first_ns = clock.now_ns() + _FIRST_TAP_NS
        off_ns = [rng.randint(-_SPREAD_NS, _SPREAD_NS) for _ in range(tap_count)]
        taps_ns = first_ns + TAP_EVERY_NS * np.arange(tap_count) + np.array(off_ns)
        with pty.pause():
            board.connect_source(Taps(taps_ns.tolist(), ticks))
        command = [
            *(sys.executable, "-m", "andante", "run", str(folder / "plan.toml")),
            *("--port", str(pty.path), "--out", str(folder)),
        ]
        engine = subprocess.run(
            with_rights(command, real_time), stdout=subprocess.DEVNULL, check=False
        )
        found = list(folder.glob(f"*{SUFFIX}"))
        if engine.returncode != 0 or len(found) != 1:
            recording.stop()
            raise AndanteError("The exercise failed; see what it printed.")
        session = load_session(found[0])
        recording.settled(session.header.started_ns)
        return session, taps_ns, recording.stop()


def tap_to_sound(tap_count: int, real_time: bool, loaded: bool) -> Result:
    """Tap, listen, and shape the result."""
    with tempfile.TemporaryDirectory() as folder:
        session, taps_ns, sound = play(Path(folder), tap_count, real_time)
    table = session.outputs["sound"]
    said_ns = table.actual_ns[table.given].astype(np.float64)
    onsets_ns = sound.line.ns_at_many(sound.onsets_frames()).astype(np.float64)
    answers_ns = np.array([_first_after(said_ns, tap_ns) for tap_ns in taps_ns])
    heard_ns = np.array([_first_after(onsets_ns, tap_ns) for tap_ns in taps_ns])
    answered = np.isfinite(answers_ns)
    latency_ms = (answers_ns - taps_ns)[answered] / NS_PER_MS
    off_us = (heard_ns - answers_ns)[answered & np.isfinite(heard_ns)] / NS_PER_US
    figures = {
        "tap_count": tap_count,
        "answered_count": int(answered.sum()),
        "heard_count": finite(heard_ns).size,
        "by_record_ms": {**spread(latency_ms), "min": float(latency_ms.min())},
        "heard_spread_us": spread(centred(off_us)),
        "reached_recorder_ms": spread(finite((heard_ns - taps_ns) / NS_PER_MS)),
        "recording_sd_us": sound.line.residual_sd_ns / NS_PER_US,
    }
    conditions = {
        "load": loaded,
        "real_time": real_time,
        "scheduling": session.header.hardware["scheduling"],
        "board": "simulated, behind a pseudo-terminal",
        "sound": session.header.hardware["outputs"]["sound"],
        "sample_rate_hz": RATE_HZ,
    }
    return shaped("tap_to_sound", conditions, figures, {"by_record_ms": latency_ms})


def _first_after(times_ns: Floats, tap_ns: int) -> float:
    after = times_ns[(times_ns > tap_ns) & (times_ns < tap_ns + _SOUNDS_WITHIN_NS)]
    return float(after[0]) if after.size else float("nan")


def main() -> None:
    """Parse the options, tap, print."""
    parser = options_of(__doc__)
    parser.add_argument("--taps", type=int, default=40)
    options = parser.parse_args()
    with load(options.load):
        print_result(tap_to_sound(options.taps, options.real_time, options.load))


if __name__ == "__main__":
    run_script(main)
