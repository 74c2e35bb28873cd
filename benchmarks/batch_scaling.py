"""How much faster `andante-host batch` is on two processor cores than on one, as one JSON object.

    .venv/bin/python -m benchmarks.batch_scaling [--sessions 40] [--rounds 3]

Each session is a simulated 30-minute walk with 3,600 cues, 3,600 steps and 360,000 force samples.
One core and two take turns, in pools that are started anew each time, as a user's is; `scaling` is
the median of the rounds' ratios.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from andante.timebase import NS_PER_S, MonotonicClock
from andante_host.batch import measure_all, session_files

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.sessions import Walk, write_walk

WALK = Walk(baseline_s=0, cued_s=1_800, fade_s=0, carry_over_s=0, tempo_spm=120)
CLOCK = MonotonicClock()


def took_s(folder: Path, files: list[Path], core_count: int) -> float:
    """One batch. Raises RuntimeError where a session could not be measured."""
    start_ns = CLOCK.now_ns()
    result = measure_all(folder, files, core_count)
    if len(result.rows) != len(files):
        raise RuntimeError(f"{len(result.failures)} sessions could not be measured")
    return (CLOCK.now_ns() - start_ns) / NS_PER_S


def scaling(session_count: int, rounds: int) -> dict[str, Any]:
    """Time it, in `rounds` rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = write_walk(folder / "0000.andante", WALK).path
        for number in range(1, session_count):
            shutil.copyfile(first, folder / f"{number:04d}.andante")
        files = session_files(folder)
        took_s(folder, files[:1], 1)  # the server that pools are forked from is up after this
        start = [took_s(folder, files[:1], 1) for _ in range(rounds)]
        runs = [[took_s(folder, files, cores) for cores in (1, 2)] for _ in range(rounds)]
    one_s, two_s = (statistics.median(run[at] for run in runs) for at in (0, 1))
    return {
        "session_count": session_count,
        "core_count": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "one_session_s": round(statistics.median(start), 3),
        "one_core_s": round(one_s, 2),
        "two_cores_s": round(two_s, 2),
        "scaling": round(statistics.median(run[0] / run[1] for run in runs), 2),
        "scaling_of_each_round": [round(run[0] / run[1], 2) for run in runs],
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(json.dumps(scaling(chosen.sessions, chosen.rounds), indent=2))


if __name__ == "__main__":
    main()
