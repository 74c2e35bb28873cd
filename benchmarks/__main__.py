"""All benchmarks in one run, with verdicts: `python -m benchmarks run`, then `report`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from andante.errors import AndanteError
from andante.timebase import NS_PER_S, S_PER_MINUTE, MonotonicClock
from benchmarks.clock_sync import clock_sync
from benchmarks.common import Result, load, plain, with_rights
from benchmarks.cue_walk import cue_walk
from benchmarks.engine_cost import engine_alone, hours
from benchmarks.lines import Line, Run, Verdict, judged, scene_name
from benchmarks.pi_light import pi_light
from benchmarks.tap_to_sound import tap_to_sound

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
QUICK_RESULTS = ROOT / "build" / "bench-quick.json"
RIVALS = (("sound_rivals", "sleep"), ("sound_rivals", "block"), ("light_rival",), ("bare_sleep",))
PARTS = ("walks", "taps", "engine", "sync", "hours", "pi")
SCENES = ((False, True), (True, True), (False, False), (True, False))
"""(load, real-time rights)"""
_RIVALS_LONGER_S = 60.0


@dataclass(frozen=True)
class Lengths:
    """How long each part is. `minutes` with real-time rights, `ordinary_minutes` without."""

    minutes: float
    ordinary_minutes: float
    tap_count: int
    engine_starts: int
    engine_minutes: float
    sync_runs: int
    simulated_hours: int
    pi_cue_count: int


FULL = Lengths(10.0, 5.0, 40, 3, 0.7, 20, 8, 200)
QUICK = Lengths(0.25, 0.2, 6, 1, 0.2, 3, 0, 0)


@click.group()
def main() -> None:
    """How well the trainer keeps time, beside other ways to do it."""


@main.command()
@click.option("--quick", is_flag=True, help="Under four minutes; too short to judge by.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part.")
@click.option("--keep", is_flag=True, help="Keep what an earlier run found in the other parts.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the JSON goes.")
def run(quick: bool, only: tuple[str, ...], keep: bool, out: Path | None) -> None:
    """Measure everything, print the table of verdicts, keep the JSON.

    \b
    Examples:
      make bench
      python -m benchmarks run --quick
      python -m benchmarks run --only walks --out build/walks.json
      python -m benchmarks run --only sync --only pi --keep
    """
    clock, lengths = MonotonicClock(), QUICK if quick else FULL
    out = out or (QUICK_RESULTS if quick else RESULTS)
    began_utc, began_ns = clock.utc_now(), clock.now_ns()
    load_before = os.getloadavg()[0]
    results, failures = _measure(lengths, only or PARTS)
    took_minutes = (clock.now_ns() - began_ns) / NS_PER_S / S_PER_MINUTE
    this_run = {
        "began_utc": began_utc.isoformat(timespec="seconds"),
        "took_minutes": took_minutes,
        "load_average_before": load_before,
        "parts": list(only or PARTS),
    }
    earlier = json.loads(out.read_text()) if keep and out.exists() else {"runs": [], "results": []}
    measured = {result["benchmark"] for result in results}
    results = [r for r in earlier["results"] if r["benchmark"] not in measured] + results
    whole = {
        "runs": [*earlier["runs"], this_run],
        "quick": quick,
        "not_measured": failures,
        "results": results,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(plain(whole), indent=0) + "\n")
    lines = judged(Run(plain(results)))
    _print_table(lines)
    for failure in failures:
        click.echo(failure)
    click.echo(f"{took_minutes:.1f} minutes; kept in {out}")
    if load_before > 0.5:
        click.echo(f"The computer was busy before it began (load average {load_before:.1f}).")
    missed = [line for line in lines if line.verdict is Verdict.MISSED]
    sys.exit(1 if missed or failures else 0)


@main.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True), default=RESULTS)
def report(results: Path) -> None:
    """Draw the pictures and write the figures into docs/timing.md, from a run's JSON."""
    from benchmarks.report import write_report

    for path in write_report(json.loads(results.read_text()), ROOT / "docs"):
        click.echo(path)


# --- measuring ------------------------------------------------------------------------------


def _measure(lengths: Lengths, parts: tuple[str, ...]) -> tuple[list[Result], list[str]]:
    results: list[Result] = []
    failures: list[str] = []

    def attempt(what: str, measure: Callable[[], list[Result]]) -> None:
        click.echo(what, err=True)
        try:
            results.extend(measure())
        except AndanteError as error:
            failures.append(f"{what}: {error}")

    if "walks" in parts:
        for loaded, real_time in SCENES:
            minutes = lengths.minutes if real_time else lengths.ordinary_minutes
            name = f"walk, {scene_name(loaded, real_time)}, {minutes:g} min"
            attempt(name, lambda s=(minutes, real_time, loaded): _scene(*s))  # type: ignore[misc]
    if "taps" in parts:
        for loaded in (False, True):
            name = f"tap to sound, {scene_name(loaded)}"
            attempt(name, lambda loaded=loaded: _taps(lengths.tap_count, loaded))  # type: ignore[misc]
    if "engine" in parts:
        starts, minutes = lengths.engine_starts, lengths.engine_minutes
        attempt("engine, nothing beside it", lambda: [engine_alone(starts, minutes)])
    if "sync" in parts:
        attempt("clock sync, simulated", lambda: [clock_sync(lengths.sync_runs)])
    # Neither of these two depends on what runs beside it.
    with ThreadPoolExecutor(1) as beside:
        waiting = None
        if "hours" in parts and lengths.simulated_hours:
            waiting = beside.submit(_hours, lengths.simulated_hours)
        if "pi" in parts and lengths.pi_cue_count:
            attempt("emulated Pi", lambda: [pi_light(lengths.pi_cue_count)])
        if waiting is not None:
            attempt("simulated hours", waiting.result)
    return results, failures


def _scene(minutes: float, real_time: bool, loaded: bool) -> list[Result]:
    """The trainer's walk and, at the same time and with the same rights, its rivals."""
    with load(loaded):
        rivals = [_begin(rival, minutes, real_time) for rival in RIVALS]
        try:
            results = [cue_walk(minutes, real_time, loaded)]
            results += [_collect(rival, minutes) for rival in rivals]
        finally:
            for rival in rivals:
                if rival.poll() is None:
                    rival.terminate()
                    rival.wait()
    for result in results:
        result["conditions"] |= {"load": loaded, "real_time": real_time}
    return results


def _begin(rival: tuple[str, ...], minutes: float, real_time: bool) -> "subprocess.Popen[str]":
    module, *arguments = rival
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments, "--minutes", str(minutes)]
    if not real_time:
        command.append("--ordinary")
    return subprocess.Popen(
        with_rights(command, real_time),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _collect(rival: "subprocess.Popen[str]", minutes: float) -> Result:
    try:
        said, _ = rival.communicate(timeout=minutes * S_PER_MINUTE + _RIVALS_LONGER_S)
    except subprocess.TimeoutExpired:
        raise AndanteError("A rival did not come to its end.") from None
    if rival.returncode != 0:
        raise AndanteError(f"A rival failed: {rival.args!r}.")
    result: Result = json.loads(said)
    return result


def _taps(tap_count: int, loaded: bool) -> list[Result]:
    with load(loaded):
        return [tap_to_sound(tap_count, True, loaded)]


def _hours(count: int) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return [hours(Path(folder), count)]


def _print_table(lines: list[Line]) -> None:
    table = Table("part", "asked", "found", "verdict")
    for line in lines:
        table.add_row(line.part, line.asked, line.found, str(line.verdict))
    Console().print(table)


if __name__ == "__main__":
    try:
        main(prog_name="python -m benchmarks")
    except AndanteError as error:
        raise SystemExit(str(error)) from None
