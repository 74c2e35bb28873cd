"""The commands that look at the device itself: `andante check` and `andante calibrate`."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from andante import realtime
from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.calibration.calibrate import Calibration, calibrate
from andante.calibration.procedure import SENSORS
from andante.checks.board import LISTEN_S
from andante.checks.finding import Finding, Verdict, nothing_failed
from andante.config import config_path, load_config, save_config
from andante.cues.led import LedOutput
from andante.cues.ring import RingOutput
from andante.cues.sound import SoundOutput
from andante.device_check import PARTS, board_ports, check_device
from andante.errors import BoardError
from andante.machine import Machine, this_machine
from andante.ports import Board, CueOutput
from andante.safety import DEFAULT_VOLUME_PERCENT, VOLUME_PERCENT
from andante.sound_path import device_identity
from andante.timebase import Clock, MonotonicClock

_STYLES = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.MISSING: "cyan",
    Verdict.FAILED: "bold red",
}
_PART_WIDTH = max(len(part) for part in PARTS)
_VERDICT_WIDTH = max(len(verdict) for verdict in Verdict)


@click.command()
@click.option("--port", metavar="DEV", help="Serial device of the sensor board.")
@click.option(
    "--out",
    "out_dir",
    type=click.Path(path_type=Path),
    default=Path("sessions"),
    show_default=True,
    help="Where sessions will be kept.",
)
@click.option(
    "--listen",
    "listen_s",
    metavar="SECONDS",
    type=click.FloatRange(1.0, 86_400.0),
    default=LISTEN_S,
    show_default=True,
    help="How long to listen to the sensor board.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(port: str | None, out_dir: Path, listen_s: float, as_json: bool) -> None:
    """Is every part alive and on time? One line for each, with what to do.

    Lights flash and the motor shakes three times; sound stays silent. Takes some 20 s. A part
    that is `missing` is no failure: many sessions can do without it.

    \b
    Examples:
      andante check
      andante check --port /dev/ttyUSB0 --json
      andante check --listen 3600
    """
    config = load_config(config_path(os.environ))
    findings = check_device(
        MonotonicClock(),
        config,
        this_machine(),
        board_ports(port, config),
        out_dir,
        listen_s,
    )
    if as_json:
        found = list(findings)
        click.echo(json.dumps({"ok": nothing_failed(found), "parts": msgspec.to_builtins(found)}))
    else:
        found = _show_findings(findings)
    if not nothing_failed(found):
        sys.exit(1)


def _show_findings(findings: Iterator[Finding]) -> list[Finding]:
    """Print each as it comes; on a terminal, what is being looked at meanwhile."""
    console, shown = Console(highlight=False), []
    for part in PARTS:
        with console.status(f"looking at {part} …"):
            finding = next(findings)
        console.print(_row_of(finding))
        shown.append(finding)
    failed = [finding.part for finding in shown if finding.verdict is Verdict.FAILED]
    if failed:
        console.print(f"\nNot ready: {', '.join(failed)}.")
    else:
        console.print("\nNothing has failed.")
    return shown


def _row_of(finding: Finding) -> Table:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=_PART_WIDTH)
    row.add_column(width=_VERDICT_WIDTH)
    row.add_column(overflow="fold")
    told = Text(finding.found)
    if finding.to_do is not None:
        told.append(f"\n→ {finding.to_do}", style="dim")
    row.add_row(finding.part, Text(finding.verdict, style=_STYLES[finding.verdict]), told)
    return row


# --- calibrate ------------------------------------------------------------------------------


@dataclass(frozen=True)
class CalibrationParts:
    """What is measured and what listens, none of it started."""

    clock: Clock
    board: Board
    outputs: tuple[CueOutput, ...]
    machine: Machine


def open_parts(
    names: tuple[str, ...], port: str, sound_device: str | None, volume_percent: float
) -> CalibrationParts:
    """The real ones."""
    clock = MonotonicClock()
    makers: dict[str, Callable[[], CueOutput]] = {
        "sound": lambda: SoundOutput(clock, volume_percent, sound_device),
        "led": lambda: LedOutput(clock),
        "ring": lambda: RingOutput(clock),
    }
    board = BoardLink(PySerialPort(port, clock), clock)
    return CalibrationParts(clock, board, tuple(makers[name]() for name in names), this_machine())


@click.command(name="calibrate")
@click.argument("outputs", nargs=-1, metavar="[OUTPUT]...", type=click.Choice(list(SENSORS)))
@click.option("--port", metavar="DEV", help="Serial device of the sensor board.")
@click.option("--sound-device", metavar="NAME", help="Part of the sound device's name.")
@click.option(
    "--volume",
    "volume_percent",
    type=click.FloatRange(VOLUME_PERCENT.low, VOLUME_PERCENT.high),
    default=DEFAULT_VOLUME_PERCENT,
    show_default=True,
    help="Of the clicks, in percent; the sound line hears the wire, so it may be low.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def calibrate_command(
    outputs: tuple[str, ...],
    port: str | None,
    sound_device: str | None,
    volume_percent: float,
    as_json: bool,
) -> None:
    """Measure how late sound and light really are, through the sensor board.

    OUTPUT is sound, led or ring; sound and led where none is named. The sound device's output is
    split to the board's sound line, and the photodiode stands against the light. Takes half a
    minute, and a little longer until the sound device keeps time. What is good is kept in the
    device file and used by every later session on the same devices; what is poor is refused with
    the reason.

    \b
    Examples:
      andante calibrate --port /dev/ttyUSB0
      andante calibrate ring --port /dev/ttyUSB0
    """
    path = config_path(os.environ)
    config = load_config(path)
    found = board_ports(port, config)
    if not found:
        raise BoardError(
            "No serial port with a sensor board was found; plug it in, or name it with --port."
        )
    names = tuple(dict.fromkeys(outputs)) or ("sound", "led")
    parts = open_parts(names, found[0], sound_device or config.sound_device, volume_percent)
    done = _measure(parts, quiet=as_json)
    kept = [calibration.latency for calibration in done if calibration.latency is not None]
    for latency in kept:
        config = config.with_latency(latency)
    if kept:
        save_config(path, config)
    if as_json:
        click.echo(json.dumps({"config": str(path), "outputs": _as_plain(done)}))
    else:
        _show_calibrations(done, path, bool(kept))
    if len(kept) < len(done):
        sys.exit(1)


def _measure(parts: CalibrationParts, quiet: bool) -> list[Calibration]:
    with ExitStack() as stack:
        # As in a session; simulated time has no use for it.
        scheduling = stack.enter_context(realtime.running(not parts.clock.simulated))
        for loss in scheduling.losses:
            click.echo(loss, err=True)
        stack.callback(parts.board.stop)
        parts.board.start()
        for output in parts.outputs:
            stack.callback(output.stop)
            output.start()
        on_progress = stack.enter_context(_progress(quiet))
        return calibrate(
            parts.outputs,
            parts.board,
            parts.clock,
            parts.machine.name,
            device_identity,
            on_progress,
        )


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True, quiet=quiet)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("listening")
        yield lambda given, count: progress.update(task, completed=given, total=count)


def _as_plain(done: list[Calibration]) -> dict[str, dict[str, Any]]:
    return {
        calibration.output: {
            "device": calibration.device,
            "kept": calibration.latency is not None,
            "refusals": list(calibration.refusals),
            **{k: v for k, v in vars(calibration.estimate).items() if k != "refusals"},
        }
        for calibration in done
    }


def _show_calibrations(done: list[Calibration], path: Path, kept: bool) -> None:
    console = Console(highlight=False)
    for calibration in done:
        estimate = calibration.estimate
        console.print(f"{calibration.output}: {calibration.device}")
        lines = [
            Text(
                f"{estimate.heard_count} cues felt, {estimate.missed_count} missed, "
                f"{estimate.doubtful_count} in doubt, {estimate.outlier_count} outliers"
            )
        ]
        if estimate.latency_ms is not None:
            lines.insert(
                0,
                Text(
                    f"{estimate.latency_ms:.2f} ms after its reported time, SD "
                    f"{estimate.latency_sd_ms:.2f} ms, known to {estimate.standard_error_ms:.3f} ms"
                ),
            )
        lines += [Text(f"Not kept: {why}", style="yellow") for why in calibration.refusals]
        for line in lines:
            console.print(Padding(line, (0, 0, 0, 2)))
    if kept:
        console.print(f"Kept in {path}; later sessions on these devices use it.", soft_wrap=True)
