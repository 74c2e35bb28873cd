"""What the engine costs over hours: memory after each of many simulated sessions.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.engine_cost --hours 8

Prints one JSON object. The hours run in simulated time, one session an hour, in one process. What
a walk in real time costs is measured by `benchmarks.cue_walk`, with `process_cost` of this module.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import TEMPO_SPM, Result, print_result, shaped

_TICKS_HZ = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1_024
WARM_UP_S = 5
PLAN = """exercise = "walk"
[walk]
tempo_spm = {tempo_spm}
cued_minutes = {minutes}
[outputs]
sound = true
led = true
ring = true
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


def hours(folder: Path, count: int) -> Result:
    """Memory of one process after each of `count` simulated hours."""
    plan = folder / "hour.toml"
    plan.write_text(PLAN.format(tempo_spm=TEMPO_SPM, minutes=59))
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
    parser.add_argument("--hours", type=int, default=8, help="simulated, one session each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_result(hours(Path(folder), options.hours))


if __name__ == "__main__":
    main()
