"""How long the analysis takes, as one JSON object.

    .venv/bin/python benchmarks/analysis_speed.py [--repeats 5]

- `all_measures_ms`: every measure of a 30-minute walk with 3,600 cues, 3,600 steps and 360,000
  force samples, from the open session to the figures; `with_file_ms` reads the file as well.
- `breathing_ms`: breaths and all measures of an hour of belt at 100 Hz; `neurokit_ms`:
  NeuroKit2's `rsp_process` of the same hour, in the same run; null where it is not installed.

Everything measured is simulated; the times are the shortest of the repeats, since a busy computer
only ever adds to them.
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.timebase import NS_PER_MS, MonotonicClock
from andante_host import analysis, found_events
from andante_host.detect.breaths import belt_runs, detect_breaths
from andante_host.metrics.breathing import BeltRun, breathing_measures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.breathing import belt_level, steady_pacer
from support.sessions import Walk, write_walk

BELT_HZ = 100
CLOCK = MonotonicClock()


def shortest_ms(action: Callable[[], Any], repeats: int) -> float:
    """Run `action` once to warm up, then `repeats` times."""
    action()
    took_ns = []
    for _ in range(repeats):
        start_ns = CLOCK.now_ns()
        action()
        took_ns.append(CLOCK.now_ns() - start_ns)
    return round(min(took_ns) / NS_PER_MS, 1)


def walk_ms(repeats: int) -> dict[str, float | int]:
    """The 30-minute walk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.andante"
        walk = Walk(baseline_s=0, cued_s=1_800, fade_s=0, carry_over_s=0, tempo_spm=120)
        write_walk(path, walk)
        data, events_found = found_events.load_with_events(path)
        return {
            "cue_count": int(data.cues.index.size),
            "contact_count": int((data.responses.edge == "on").sum()),
            "all_measures_ms": shortest_ms(
                lambda: analysis.measures_of(data, events_found), repeats
            ),
            "with_file_ms": shortest_ms(lambda: analysis.analyse(path), repeats),
        }


def hour_of_belt() -> npt.NDArray[np.float64]:
    """Five-second breaths with drift, a heartbeat and noise."""
    time_s = np.arange(3_600 * BELT_HZ) / BELT_HZ
    rng = np.random.default_rng(1)
    belt = belt_level(time_s, 2.0, 3.0) + 0.05 * np.sin(2 * np.pi * 1.1 * time_s)
    belt += 0.3 * np.sin(2 * np.pi * time_s / 600) + rng.normal(0, 0.02, time_s.size)
    return np.asarray(belt)


def breathing_ms(repeats: int) -> dict[str, float | int | None]:
    """An hour of belt, ours and NeuroKit2's."""
    belt = hour_of_belt()
    time_s = np.arange(belt.size) / BELT_HZ
    pacer = steady_pacer(2.0, 3.0, 720)

    def ours() -> dict[str, Any]:
        breaths = detect_breaths(time_s, belt)
        period_s, runs = belt_runs(time_s, belt)
        parts = [BeltRun(start_s, period_s, even) for start_s, even in runs]
        return breathing_measures(breaths.inhales_s, breaths.exhales_s, parts, pacer)

    ours_ms = shortest_ms(ours, repeats)
    result: dict[str, float | int | None] = {
        "belt_sample_count": belt.size,
        "breath_count": ours()["breath_count"],
        "breathing_ms": ours_ms,
        "neurokit_ms": None,
        "times_faster": None,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import neurokit2  # type: ignore[import-untyped]

            neurokit_ms = shortest_ms(
                lambda: neurokit2.rsp_process(belt, sampling_rate=BELT_HZ), min(repeats, 2)
            )
    except ImportError:
        return result
    result["neurokit_ms"] = neurokit_ms
    result["times_faster"] = round(neurokit_ms / ours_ms, 1)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long the analysis takes, as JSON.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(json.dumps({"walk": walk_ms(repeats), "breathing": breathing_ms(repeats)}, indent=2))


if __name__ == "__main__":
    main()
