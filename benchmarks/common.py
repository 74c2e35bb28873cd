"""What every benchmark shares: one shape of result, the machine, its load, and who has rights.

Each script prints one JSON object: `benchmark` (its name), `machine`, `conditions`, `figures` and
`series` (what the pictures are drawn from).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from andante.errors import AndanteError
from andante.machine import this_machine
from andante.timebase import NS_PER_S, NS_PER_US, S_PER_MINUTE
from support.pulse import why_no_pulse

TEMPO_SPM = 100
INTERVAL_NS = S_PER_MINUTE * NS_PER_S // TEMPO_SPM
LOAD_COMMAND = ("stress-ng", "--quiet", "--cpu")
US_PER_MS = 1_000
_STOP_S = 10.0

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Result = dict[str, Any]


def shaped(
    benchmark: str, conditions: Result, figures: Result, series: Result | None = None
) -> Result:
    """The one shape of a result."""
    return {
        "benchmark": benchmark,
        "machine": machine(),
        "conditions": conditions,
        "figures": figures,
        "series": series or {},
    }


def print_result(result: Result) -> None:
    """As one JSON object on standard output; infinities and NaN become null."""
    json.dump(plain(result), sys.stdout, indent=1)
    print()


def plain(value: Any) -> Any:
    """What JSON can hold: arrays as lists, infinities and NaN as null, six digits."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value


def options_of(description: str, minutes: float = 1.0) -> argparse.ArgumentParser:
    """The options that most of the scripts share."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=minutes, help="how long to measure")
    parser.add_argument("--load", action="store_true", help="beside stress-ng on every core")
    parser.add_argument(
        "--ordinary",
        dest="real_time",
        action="store_false",
        help="without real-time rights, also where they are there",
    )
    return parser


def run_script(main: Callable[[], None]) -> None:
    """Run a script's `main`; what is meant for a person ends it as one sentence."""
    try:
        main()
    except AndanteError as error:
        raise SystemExit(str(error)) from None


def need_sound() -> None:
    """Raise AndanteError where sound cannot be played and recorded back."""
    if (reason := why_no_pulse()) is not None:
        raise AndanteError(f"Sound cannot be measured here: {reason}.")


# --- the machine ----------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "name": this_machine().name,
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "virtual": "hypervisor" in (_cpuinfo("flags") or "").split(),
        "core_count": os.cpu_count(),
        "memory_mib": memory_mib,
        "kernel": f"{platform.system()} {platform.release()}",
        "preemption": next((w for w in platform.version().split() if "PREEMPT" in w), "none said"),
        "real_time_share_us": _first_line("/proc/sys/kernel/sched_rt_runtime_us"),
        "clock_source": _first_line(
            "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        ),
        "frequency_governor": _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "distribution": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "python": platform.python_version(),
    }


def _cpuinfo(key: str) -> str | None:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None


def _first_line(path: str) -> str | None:
    with suppress(OSError):
        return Path(path).read_text().strip()
    return None


@contextmanager
def load(wanted: bool) -> Iterator[None]:
    """`stress-ng` on every core, as any ordinary program. Raises AndanteError without it."""
    if not wanted:
        yield
        return
    if shutil.which(LOAD_COMMAND[0]) is None:
        raise AndanteError("The load needs stress-ng; install Debian's package stress-ng.")
    stress = subprocess.Popen(
        [*LOAD_COMMAND, str(os.cpu_count() or 1)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        stress.terminate()
        stress.wait(_STOP_S)


def with_rights(command: list[str], real_time: bool) -> list[str]:
    """`command` as it is, or so that it has no right to real time or to lock memory.

    For root, whom limits do not bind, the two capabilities are dropped (capabilities(7)).
    """
    if real_time:
        return command
    limits = ["prlimit", "--rtprio=0:0", "--memlock=65536:65536"]
    if os.geteuid() == 0:
        dropped = "-sys_nice,-ipc_lock"
        limits = ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", *limits]
    return [*limits, *command]


# --- figures --------------------------------------------------------------------------------


def spread(error: Floats) -> dict[str, float]:
    """Of errors, shape (n,), n >= 1, in their own unit: absolute percentiles, the SD, the mean."""
    size = np.abs(error)
    return {
        "p50": float(np.percentile(size, 50)),
        "p99": float(np.percentile(size, 99)),
        "max": float(size.max()),
        "sd": float(error.std()),
        "mean": float(error.mean()),
    }


def centred(values: Floats) -> Floats:
    """Less their median."""
    return np.asarray(values - np.median(values))


def finite(values: Floats) -> Floats:
    """Those that are numbers."""
    return np.asarray(values[np.isfinite(values)])


def steadiness(onsets_ns: Int64s, interval_ns: int = INTERVAL_NS) -> dict[str, float]:
    """How even a beat is, whoever gave it: shape (n,), n >= 3, in order of time.

    `off_line_sd_us`: SD about the straight line through the onsets, so that a wrong or drifting
    tempo costs nothing. `off_plan_sd_us`: SD about the tempo that was asked for. `interval_sd_us`:
    SD of neighbouring intervals. `behind_at_end_ms`: how far the last ten seconds had fallen
    behind the first beat's grid (median). A beat left out counts as nothing but its absence.
    """
    off_plan_us = off_grid_us(onsets_ns, interval_ns)
    beats = _beat_numbers(onsets_ns, interval_ns)
    slope, offset = np.polyfit(beats, off_plan_us, 1)
    off_line_us = off_plan_us - offset - slope * beats
    between_us = np.diff(onsets_ns)[np.diff(beats) == 1] / NS_PER_US
    late = onsets_ns >= onsets_ns[-1] - 10 * NS_PER_S
    return {
        "onset_count": int(onsets_ns.size),
        "left_out_count": int(beats[-1] + 1 - beats.size),
        "off_line_sd_us": float(off_line_us.std()),
        "off_plan_sd_us": float(off_plan_us.std()),
        "interval_sd_us": float(between_us.std()),
        "interval_max_off_us": float(np.abs(between_us - interval_ns / NS_PER_US).max()),
        "behind_at_end_ms": float(np.median(off_plan_us[late])) / US_PER_MS,
    }


def off_grid_us(onsets_ns: Int64s, interval_ns: int = INTERVAL_NS) -> Floats:
    """How far each onset lies behind a grid that begins with the first of them, shape (n,)."""
    beats = _beat_numbers(onsets_ns, interval_ns)
    off: Floats = (onsets_ns - onsets_ns[0] - beats * interval_ns) / NS_PER_US
    return off


def _beat_numbers(onsets_ns: Int64s, interval_ns: int) -> Int64s:
    """Which beat each onset is, counted from interval to interval, so that drift does not count."""
    steps = np.maximum(np.rint(np.diff(onsets_ns) / interval_ns), 1).astype(np.int64)
    numbers: Int64s = np.concatenate(([0], np.cumsum(steps)))
    return numbers


def belonging(onsets_ns: Int64s, planned_ns: Int64s) -> Floats:
    """For each planned time the onset that belongs to it, shape (planned,); nan where none does.

    Plans are of one tempo; onsets lie off by one constant, less than half the interval, which is
    not taken out.
    """
    interval_ns = int(np.median(np.diff(planned_ns)))
    half_ns = interval_ns // 2
    off_ns = np.median((onsets_ns - planned_ns[0] + half_ns) % interval_ns - half_ns)
    found_ns = np.full(planned_ns.size, np.nan)
    for onset_ns in onsets_ns:
        nearest = int(np.argmin(np.abs(planned_ns + off_ns - onset_ns)))
        if abs(planned_ns[nearest] + off_ns - onset_ns) <= interval_ns / 3:
            found_ns[nearest] = onset_ns
    return found_ns


def beats_in(minutes: float) -> int:
    """How many beats of `TEMPO_SPM` there are in `minutes`."""
    return int(minutes * TEMPO_SPM)


def interval_s() -> float:
    """Between two beats."""
    return INTERVAL_NS / NS_PER_S
