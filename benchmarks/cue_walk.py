"""A walk of the whole engine, seen from outside: sound, light, processor, memory, start.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.cue_walk --minutes 10 --load

`andante run --port` runs in a process of its own, with real sound into a PulseAudio null sink and
the LED's and ring's twins; the simulated board with its patient is in another process, as a real
one would be. What is compared with the plan in its session file was seen by others: the sound by a
recorder at the sink, the light by the mock pin.

What the recording cannot see is one constant, the same for all clicks. It is taken out as the
median; `light_less_sound_us` puts the driver's own word in its place.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from andante.errors import AndanteError
from andante.ports import FaultKind
from andante.session.file import SUFFIX, OutputTable, SessionData, load_session
from andante.timebase import NS_PER_S, NS_PER_US, MonotonicClock
from benchmarks.board_apart import board_apart
from benchmarks.common import (
    TEMPO_SPM,
    Floats,
    Result,
    belonging,
    centred,
    finite,
    load,
    need_sound,
    options_of,
    print_result,
    run_script,
    shaped,
    spread,
    steadiness,
    with_rights,
)
from benchmarks.engine_cost import PLAN, Cost, cost_figures, costs_until_end
from support.pulse import RATE_HZ, MonitorRecording, RecordedSound, pulse_server

_RECORDER_FIRST_NS = 3 * NS_PER_S


@dataclass(frozen=True)
class Run:
    """What a walk left: its file, the changes of its LED's pin, what was heard, what it cost."""

    session: SessionData
    pin_changes: list[tuple[int, float]]
    sound: RecordedSound
    costs: list[Cost]
    began_ns: int


def walk(folder: Path, minutes: float, real_time: bool) -> Run:
    """Run the walk. Raises AndanteError where it fails."""
    need_sound()
    clock = MonotonicClock()
    plan, pins = folder / "walk.toml", folder / "pins.json"
    plan.write_text(PLAN.format(tempo_spm=TEMPO_SPM, minutes=minutes, ring="true"))
    (folder / "pulse").mkdir()
    command = [
        *(sys.executable, "-m", "benchmarks.engine_child", str(pins)),
        *("run", str(plan), "--attended", "--out", str(folder)),
    ]
    with (
        pulse_server(folder / "pulse") as server,
        board_apart(clock, minutes) as port,
    ):
        command += ["--port", str(port)]
        # An idle null sink wakes every two seconds, as no sound card does; a recorder keeps it up.
        recording: MonitorRecording = server.record(clock)
        clock.sleep_until_ns(clock.now_ns() + _RECORDER_FIRST_NS)
        began_ns = clock.now_ns()
        engine = subprocess.Popen(with_rights(command, real_time), stdout=subprocess.DEVNULL)
        costs = costs_until_end(engine, clock)
        found = list(folder.glob(f"*{SUFFIX}"))
        if engine.returncode != 0 or len(found) != 1:
            recording.stop()
            raise AndanteError("The walk failed; see what it printed.")
        session = load_session(found[0], with_raw=False)
        recording.settled(session.header.started_ns)
        sound = recording.stop()
    changes = [(int(time_ns), float(drive)) for time_ns, drive in json.loads(pins.read_text())]
    return Run(session, changes, sound, costs, began_ns)


def figures(run: Run) -> tuple[Result, Result]:
    """What the walk shows, and the series to draw."""
    session = run.session
    sound, light = session.outputs["sound"], session.outputs["led"]
    onsets_ns = run.sound.line.ns_at_many(run.sound.onsets_frames())
    heard_ns = belonging(onsets_ns, session.cues.planned_ns)
    sound_us = (heard_ns - session.cues.planned_ns) / NS_PER_US
    sound_us -= np.nanmedian(sound_us)
    said_ns = _by_cue(sound, session)
    flashed_ns = _flashes_by_cue(run.pin_changes, light, session)
    light_us = (flashed_ns - session.cues.planned_ns) / NS_PER_US
    apart_us = (flashed_ns - heard_ns) / NS_PER_US + np.nanmedian(heard_ns - said_ns) / NS_PER_US
    sure = np.isfinite(_by_cue(sound, session, sure=True))
    heard = np.isfinite(heard_ns)
    started_ns = session.header.started_ns
    underruns = [f for f in session.faults if f.kind is FaultKind.SOUND_UNDERRUN]
    result = {
        "cue_count": int(heard_ns.size),
        "sound": {
            "heard_count": int(heard.sum()),
            "onsets_without_cue_count": int(onsets_ns.size - heard.sum()),
            "in_doubt_count": int((~sure).sum()),
            "vouched_but_unheard_count": int((sure & ~heard).sum()),
            "underrun_count": sum(fault.count for fault in underruns),
            "error_of_all_us": spread(sound_us[heard]),
            "error_of_sure_us": spread(sound_us[heard & sure]),
            "said_less_heard_us": spread(centred((said_ns - heard_ns)[heard & sure]) / NS_PER_US),
            **steadiness(onsets_ns),
            "recording_sd_us": run.sound.line.residual_sd_ns / NS_PER_US,
            "sink_rate_ppm": (run.sound.line.slope_ns * RATE_HZ / NS_PER_S - 1) * 1e6,
        },
        "light": {
            "given_count": int(np.isfinite(flashed_ns).sum()),
            "error_us": spread(finite(light_us)),
            "record_less_pin_us": spread(finite(_by_cue(light, session) - flashed_ns) / NS_PER_US),
            **steadiness(finite(flashed_ns).astype(np.int64)),
        },
        "light_less_sound_us": spread(apart_us[np.isfinite(apart_us) & sure]),
        "engine": cost_figures(run.costs, run.began_ns, started_ns),
        "certificate": session.header.certificate,
    }
    series = {
        "at_s": (session.cues.planned_ns - started_ns) / NS_PER_S,
        "sound_error_us": sound_us,
        "light_error_us": light_us,
        "light_less_sound_us": apart_us,
    }
    return result, series


def _by_cue(table: OutputTable, session: SessionData, sure: bool = False) -> Floats:
    """When an output says it gave each cue, shape (cues,); nan where it did not, or in doubt."""
    kept = table.given & (table.fault == "") if sure else table.given
    by_cue = np.full(session.cues.index.size, np.nan)
    by_cue[np.searchsorted(session.cues.index, table.cue_index[kept])] = table.actual_ns[kept]
    return by_cue


def _flashes_by_cue(
    changes: list[tuple[int, float]], light: OutputTable, session: SessionData
) -> Floats:
    """When the pin went up for each cue, shape (cues,); nan for those without a flash."""
    ups_ns = [time_ns for time_ns, drive in changes if drive > 0]
    given = np.isfinite(_by_cue(light, session))
    if len(ups_ns) != int(given.sum()):
        raise AndanteError(
            f"The LED's pin went up {len(ups_ns)} times and {int(given.sum())} cues are recorded "
            "as flashed; the record is wrong."
        )
    flashed_ns = np.full(given.size, np.nan)
    flashed_ns[given] = ups_ns
    return flashed_ns


def cue_walk(minutes: float, real_time: bool, loaded: bool) -> Result:
    """Walk, look, and shape the result."""
    with tempfile.TemporaryDirectory() as folder:
        run = walk(Path(folder), minutes, real_time)
    found, series = figures(run)
    hardware = run.session.header.hardware
    conditions = {
        "load": loaded,
        "real_time": real_time,
        "minutes": minutes,
        "tempo_spm": TEMPO_SPM,
        "scheduling": hardware["scheduling"],
        "outputs": hardware["outputs"],
        "simulated_parts": list(run.session.header.simulated_parts),
    }
    return shaped("cue_walk", conditions, found, series)


def main() -> None:
    """Parse the options, walk, print."""
    options = options_of(__doc__).parse_args()
    with load(options.load):
        print_result(cue_walk(options.minutes, options.real_time, options.load))


if __name__ == "__main__":
    run_script(main)
