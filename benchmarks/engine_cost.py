"""What the engine costs: processor, memory and start in real time, and memory over hours.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.engine_cost --starts 3
    PYTHONPATH=tests .venv/bin/python -m benchmarks.engine_cost --hours 8

In real time it is `andante run --port` as on a Pi: sound into a PulseAudio null sink, LED on
gpiozero's mock pin, and a simulated board with a simulated patient in another process behind a
pseudo-terminal, whose cost is not counted. There is no ring, which needs a real one. The hours run
in simulated time, one session an hour, in one process; there the patient is part of it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from andante.errors import AndanteError
from andante.session.file import SUFFIX, SessionHeader, load_session
from andante.timebase import NS_PER_S, Clock, MonotonicClock
from benchmarks.board_apart import board_apart
from benchmarks.common import TEMPO_SPM, Result, need_sound, print_result, run_script, shaped
from support.pulse import MonitorRecording, pulse_server

_TICKS_HZ = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1_024
WARM_UP_S = 5
_SAMPLE_NS = NS_PER_S
_RECORDER_FIRST_NS = 3 * NS_PER_S
_MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}
PLAN = """exercise = "walk"
[walk]
tempo_spm = {tempo_spm}
cued_minutes = {minutes}
[outputs]
sound = true
led = true
ring = {ring}
"""


@dataclass(frozen=True)
class Cost:
    """What a process has taken by `at_ns`: processor time, and memory resident then."""

    at_ns: int
    cpu_s: float
    resident_mib: float


def process_cost(pid: int, now_ns: int) -> Cost | None:
    """Of one process (proc(5)); None where it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    resident_kib = [int(line.split()[1]) for line in status if line.startswith("VmRSS")]
    if not resident_kib:
        return None
    cpu_s = (int(stat[11]) + int(stat[12])) / _TICKS_HZ
    return Cost(now_ns, cpu_s, resident_kib[0] / _KIB_PER_MIB)


def costs_until_end(engine: "subprocess.Popen[bytes]", clock: Clock) -> list[Cost]:
    """What a process has taken, once a second until it ends."""
    costs: list[Cost] = []
    next_ns = clock.now_ns()
    while engine.poll() is None:
        cost = process_cost(engine.pid, clock.now_ns())
        if cost is not None:
            costs.append(cost)
        next_ns += _SAMPLE_NS
        clock.sleep_until_ns(next_ns)
    return costs


def cost_figures(costs: list[Cost], began_ns: int, started_ns: int) -> dict[str, float]:
    """Of a session that was asked for at `began_ns` and ready to cue at `started_ns`.

    The first five seconds and the last are left out of the processor's share. Raises AndanteError
    where nothing is left.
    """
    running = [c for c in costs if c.at_ns > started_ns + WARM_UP_S * NS_PER_S][:-1]
    if len(running) < 2:
        raise AndanteError("The walk was too short to measure its cost; give it more minutes.")
    first, last = running[0], running[-1]
    cpu_s, passed_ns = last.cpu_s - first.cpu_s, last.at_ns - first.at_ns
    return {
        "ready_s": (started_ns - began_ns) / NS_PER_S,
        "cpu_percent_of_a_core": 100.0 * cpu_s * NS_PER_S / passed_ns,
        "resident_max_mib": max(c.resident_mib for c in costs),
        "resident_first_mib": first.resident_mib,
        "resident_last_mib": last.resident_mib,
    }


def engine_alone(count: int, minutes: float) -> Result:
    """Cost and readiness of `count` walks with nothing beside them but their board and recorder."""
    found: Result = {"start_count": count}
    hardware: Result = {}
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            costs, began_ns, header = _alone(Path(folder), minutes)
        hardware = header.hardware
        for name, value in cost_figures(costs, began_ns, header.started_ns).items():
            found.setdefault(name, []).append(value)
    conditions = {
        "load": False,
        "minutes": minutes,
        "scheduling": hardware["scheduling"],
        "outputs": hardware["outputs"],
        "board": "simulated, in another process",
    }
    return shaped("engine_alone", conditions, found)


def _alone(folder: Path, minutes: float) -> tuple[list[Cost], int, SessionHeader]:
    need_sound()
    clock = MonotonicClock()
    plan = folder / "walk.toml"
    plan.write_text(PLAN.format(tempo_spm=TEMPO_SPM, minutes=minutes, ring="false"))
    (folder / "pulse").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(pulse_server(folder / "pulse"))
        recording: MonitorRecording = server.record(clock)
        stack.callback(recording.stop)
        port = stack.enter_context(board_apart(clock, minutes))
        clock.sleep_until_ns(clock.now_ns() + _RECORDER_FIRST_NS)
        began_ns = clock.now_ns()
        engine = subprocess.Popen(
            [
                *(sys.executable, "-m", "andante", "run", str(plan), "--attended"),
                *("--port", str(port), "--out", str(folder)),
            ],
            env={**os.environ, **_MOCK_PINS},
            stdout=subprocess.DEVNULL,
        )
        costs = costs_until_end(engine, clock)
    found = list(folder.glob(f"*{SUFFIX}"))
    if engine.returncode != 0 or len(found) != 1:
        raise AndanteError("The walk failed; see what it printed.")
    return costs, began_ns, load_session(found[0], with_raw=False).header


def hours(folder: Path, count: int) -> Result:
    """Memory of one process after each of `count` simulated hours."""
    plan = folder / "hour.toml"
    plan.write_text(PLAN.format(tempo_spm=TEMPO_SPM, minutes=59, ring="true"))
    done = subprocess.run(
        [sys.executable, "-c", _HOURS, str(plan), str(folder), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    resident_mib = np.array([float(line) for line in done.stdout.split()]) / _KIB_PER_MIB
    figures = {
        "simulated_hours": count,
        "resident_after_each_mib": resident_mib,
        "growth_after_the_first_mib": resident_mib[-1] - resident_mib[0],
        "growth_after_the_second_mib": resident_mib[-1] - resident_mib[min(1, count - 1)],
    }
    return shaped("engine_hours", {"load": False, "hours": count}, figures)


_HOURS = """
import gc, sys
from pathlib import Path
from andante.engine import RunOptions, run_session
from andante.plan import load_plan
plan, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
options = RunOptions(simulated_patient=True, at_full_speed=True, out_dir=folder)
for _ in range(count):
    run_session(load_plan(plan), options)
    gc.collect()
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmRSS")), flush=True)
"""


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=3, help="walks in real time")
    parser.add_argument("--minutes", type=float, default=0.7, help="of each of these walks")
    parser.add_argument("--hours", type=int, help="simulated, one session each, instead of walks")
    options = parser.parse_args()
    if options.hours is None:
        print_result(engine_alone(options.starts, options.minutes))
        return
    with tempfile.TemporaryDirectory() as folder:
        print_result(hours(Path(folder), options.hours))


if __name__ == "__main__":
    run_script(main)
