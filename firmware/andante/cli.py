"""The command `andante`."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from andante.commands import AnyCommand, Stop
from andante.config import DeviceConfig, config_path, load_config
from andante.engine import SessionResult, run_session
from andante.errors import AndanteError
from andante.plain_cli import PlainGroup
from andante.plan import Exercise, Outputs, Plan, TapPlan, WalkPlan, load_plan
from andante.progress_line import ProgressLine
from andante.session.runner import STOPPED
from andante.simulated.patients import SETTINGS
from andante.wiring import HEALTHY, RunOptions

_INTERRUPTED_EXIT = 130
_DEMO_PLAN = Plan(
    exercise=Exercise.WALK,
    patient_code="demo",
    walk=WalkPlan(baseline_s=12, tempo_percent_of_baseline=105, cued_minutes=0.7, fade_s=6),
    outputs=Outputs(ring=True),
)


_TRY_FIGURES = (
    ("beats", "cue_count", ""),
    ("beats you met", "matched_count", ""),
    ("steadiness: SD of your asynchronies", "sd_asynchrony_ms", "ms"),
    ("synchrony: vector length, 0 to 1", "vector_length", ""),
    ("early or late, with the keyboard's delay in it", "mean_asynchrony_ms", "ms"),
)
_ELSEWHERE = {
    "calibrate": "andante.cli_device:calibrate_command",
    "check": "andante.cli_device:check",
    "prepare": "andante.cli_sounds:prepare",
    "serve": "andante.cli_serve:serve",
    "sounds": "andante.cli_sounds:sounds",
}
_RESPONSE_WORDS = {
    Exercise.WALK: "steps",
    Exercise.BREATHE: "breaths",
    Exercise.TAP: "taps",
    Exercise.LISTEN: "steps",
}


@click.group(
    cls=PlainGroup,
    elsewhere=_ELSEWHERE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="andante", prog_name="andante")
def main() -> None:
    """Rhythm-guided walking, breathing and playing, timed and recorded.

    \b
    Examples:
      andante demo
      andante run docs/plans/walk.toml --sim
      andante run walk.toml --port /dev/ttyUSB0 --out sessions
    """


@main.command()
@click.argument("plan_file", metavar="PLAN.toml", type=click.Path(path_type=Path))
@click.option("--port", metavar="DEV", help="Serial device of the sensor board.")
@click.option(
    "--sim",
    "patient",
    is_flag=False,
    flag_value=HEALTHY,
    metavar="[PATIENT]",
    type=click.Choice([setting.name for setting in SETTINGS]),
    help="A simulated board and patient: "
    + "; ".join(f"{setting.name} ({setting.description})" for setting in SETTINGS)
    + f". Without a name: {HEALTHY}.",
)
@click.option(
    "--replay",
    metavar="FORCE.csv",
    type=click.Path(path_type=Path),
    help="A recorded force file, played as voltages into the simulated board.",
)
@click.option("--out", "out_dir", type=click.Path(path_type=Path), default=Path("sessions"))
@click.option(
    "--speed",
    type=click.Choice(["real", "max"]),
    default="real",
    help="`max`: simulated time, as fast as it runs (with --sim or --replay).",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated patient.")
@click.option("--attended", is_flag=True, help="Someone is beside the patient (for walking).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    plan_file: Path,
    port: str | None,
    patient: str | None,
    replay: Path | None,
    out_dir: Path,
    speed: str,
    seed: int,
    attended: bool,
    as_json: bool,
) -> None:
    """Run one session of PLAN.toml and keep it in a session file.

    Ctrl-C ends the session cleanly and keeps what was recorded.

    \b
    Examples:
      andante run walk.toml --port /dev/ttyUSB0
      andante run docs/plans/walk.toml --sim --speed max --out /tmp
      andante run docs/plans/breathe-guided-down.toml --sim parkinson --speed max
      andante run docs/plans/baseline.toml --replay force.csv.gz --speed max
    """
    sources = [name for name, given in _sources(port, patient, replay) if given]
    if len(sources) != 1:
        found = " and ".join(sources) or "none"
        raise AndanteError(
            "Say where the responses come from with one of --port, --sim and --replay; "
            f"found {found}."
        )
    if speed == "max" and port is not None:
        raise AndanteError("--speed max needs simulated time; use it with --sim or --replay.")
    plan = load_plan(plan_file)
    if port is not None and plan.exercise is Exercise.WALK:
        _confirm_attended(attended)
    options = RunOptions(
        port=port,
        replay=replay,
        simulated_patient=patient is not None,
        patient=patient or HEALTHY,
        at_full_speed=speed == "max",
        out_dir=out_dir,
        seed=seed,
        device=_this_device(),
    )
    result = _run_on_terminal(plan, options)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "session": str(result.path),
                    "end_reason": result.end_reason,
                    "truth": None if result.truth_path is None else str(result.truth_path),
                }
            )
        )
    else:
        click.echo(f"The session has {_ended(result)}. It is kept in {result.path}")
        click.echo(f"Its figures: andante-host metrics {result.path}")
    if result.end_reason == STOPPED:
        sys.exit(_INTERRUPTED_EXIT)


@main.command()
@click.option("--out", "out_dir", type=click.Path(path_type=Path), default=Path("sessions"))
@click.option("--speed", type=click.Choice(["real", "max"]), default="real")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def demo(out_dir: Path, speed: str, as_json: bool) -> None:
    """A one-minute paced walk with a simulated patient, and its report.

    The patient is simulated and so knows the truth: the figures are printed beside it.

    \b
    Examples:
      andante demo
      andante demo --speed max --out /tmp
    """
    if not as_json:
        click.echo(
            "A simulated patient walks for a minute: 12 s at their own pace, then to a beat "
            "5 % faster.\nSound plays where there is a sound device."
        )
    options = RunOptions(
        simulated_patient=True,
        at_full_speed=speed == "max",
        out_dir=out_dir,
        seed=7,
        device=_this_device(),
    )
    result = _run_on_terminal(_DEMO_PLAN, options)
    if result.end_reason == STOPPED:
        click.echo(f"Stopped. What was recorded is kept in {result.path}")
        sys.exit(_INTERRUPTED_EXIT)
    assert result.truth is not None  # a simulated patient always tells
    measured = json.loads(_host_program("metrics", str(result.path), "--json"))
    report = result.path.with_suffix(".html")
    _host_program("report", str(result.path), "--out", str(report))
    rows = _beside_truth(measured, result.truth)
    if as_json:
        figures = {key: {"measured": found, "truth": true} for _, key, found, true, _ in rows}
        paths = {"session": str(result.path), "report": str(report)}
        click.echo(json.dumps({**paths, "figures": figures}))
    else:
        click.echo(f"\n{'':<26}{'measured':>12}{'truth':>12}")
        for label, _, found, true, unit in rows:
            click.echo(f"{label:<26}{_number(found):>12}{_number(true):>12}  {unit}")
        click.echo(f"\nSession: {result.path}\nReport:  {report.resolve()}")


@main.command(name="try")
@click.option("--bpm", type=float, default=100.0, show_default=True, help="Beats a minute.")
@click.option("--seconds", type=float, default=30.0, show_default=True, help="How long.")
@click.option("--out", "out_dir", type=click.Path(path_type=Path), default=Path("sessions"))
def try_(bpm: float, seconds: float, out_dir: Path) -> None:
    """Tap the space bar to the beat and see your own asynchronies.

    A keyboard adds a delay of its own, some 5-50 ms: the variability is yours, the mean is not.

    \b
    Examples:
      andante try
      andante try --bpm 120 --seconds 60
    """
    if not sys.stdin.isatty():
        raise AndanteError("There is no keyboard here; run `andante try` in a terminal.")
    plan = Plan(
        exercise=Exercise.TAP,
        patient_code="me",
        tap=TapPlan(tempo_bpm=bpm, cued_minutes=seconds / 60),
        outputs=Outputs(led=False),
    )
    click.echo("Tap the space bar to the beat. Ctrl-C stops.")
    options = RunOptions(keyboard=True, out_dir=out_dir, device=_this_device())
    result = _run_on_terminal(plan, options)
    synchrony = json.loads(_host_program("metrics", str(result.path), "--json"))["synchrony"]
    for label, key, unit in _TRY_FIGURES:
        click.echo(f"{label:<48}{_number(synchrony[key]):>9}  {unit}")
        if synchrony[key] is None and key in synchrony["reasons"]:
            click.echo(f"  ({synchrony['reasons'][key]})")
    click.echo(f"\nSession: {result.path}\nMore:    andante-host report {result.path}")


# --- helpers --------------------------------------------------------------------------------


def _sources(port: str | None, patient: str | None, replay: Path | None) -> list[tuple[str, bool]]:
    given = {"--port": port, "--sim": patient, "--replay": replay}
    return [(name, value is not None) for name, value in given.items()]


def _this_device() -> DeviceConfig:
    """What this device knows of itself."""
    return load_config(config_path(os.environ))


def _ended(result: SessionResult) -> str:
    return "ended" if result.end_reason == "finished" else f"ended early: {result.end_reason}"


def _confirm_attended(attended: bool) -> None:
    """Walking needs someone beside the patient (docs/safety.md)."""
    if attended:
        return
    if sys.stdin.isatty() and click.confirm("Is someone beside the patient?", default=False):
        return
    raise AndanteError(
        "Walking needs someone beside the patient; start again with --attended when that is so."
    )


def _run_on_terminal(plan: Plan, options: RunOptions) -> SessionResult:
    steps_word = _RESPONSE_WORDS[plan.exercise]
    with _stop_on_signal() as signals, ProgressLine(steps_word) as line:
        return run_session(
            plan,
            replace(options, draw_beat=line.flash) if options.keyboard else options,
            on_progress=line.show,
            on_notice=line.tell,
            commands=[signals],
            is_watched=lambda: False,  # the line shows none of it
        )


class _Signals:
    """A `CommandSource`: `Stop` once a signal has asked for it."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def take_commands(self) -> list[AnyCommand]:
        """`Stop` from the first signal on."""
        return [Stop(source="keyboard")] if self.asked.is_set() else []


@contextmanager
def _stop_on_signal() -> Iterator[_Signals]:
    """The first Ctrl-C (or a polite kill) asks the session to end; a second one insists."""
    signals = _Signals()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        signals.asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _host_program(*arguments: str) -> str:
    """Output of the host program, a process of its own: the trainer never imports it."""
    done = subprocess.run(
        [sys.executable, "-m", "andante_host", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AndanteError(
            f"The host program could not read the session: {done.stderr.strip() or 'no reason'}"
        )
    return done.stdout


def _beside_truth(
    measured: dict[str, Any], truth: dict[str, Any]
) -> list[tuple[str, str, float | None, float | None, str]]:
    synchrony, gait = measured["synchrony"], measured["gait"]
    return [
        ("steps", "step_count", gait["step_count"], truth["response_count"], ""),
        (
            "steps with a cue",
            "matched_count",
            synchrony["matched_count"],
            truth["matched_count"],
            "",
        ),
        (
            "mean asynchrony",
            "mean_asynchrony_ms",
            synchrony["mean_asynchrony_ms"],
            truth["mean_asynchrony_ms"],
            "ms (negative: early)",
        ),
        (
            "SD of asynchrony",
            "sd_asynchrony_ms",
            synchrony["sd_asynchrony_ms"],
            truth["sd_asynchrony_ms"],
            "ms",
        ),
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:d}" if isinstance(value, int) else f"{value:.2f}"
