"""From started parts to what the device file keeps. Pure but for the measurement itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from andante.calibration.estimate import LatencyEstimate, estimate_latency
from andante.calibration.procedure import observe
from andante.config import OutputLatency
from andante.ports import Board, CueOutput
from andante.timebase import Clock


@dataclass(frozen=True)
class Calibration:
    """One output's measurement. `latency` is what to keep, None with the reasons in `refusals`."""

    output: str
    device: str
    estimate: LatencyEstimate
    latency: OutputLatency | None
    refusals: tuple[str, ...]


def calibrate(
    outputs: Sequence[CueOutput],
    board: Board,
    clock: Clock,
    machine: str,
    identity_of: Callable[[CueOutput], str],
    on_progress: Callable[[int, int], None] = lambda _given, _count: None,
) -> list[Calibration]:
    """Measure all outputs, which are started as the board is. Raises CalibrationError.

    `identity_of` a started output is what its latency is kept under (`device_identity`).
    What is measured on twins is told and never to be kept: it says nothing about a device.
    """
    observations = observe(outputs, board, clock, on_progress=on_progress)
    measured_utc = clock.utc_now()
    done = []
    for output in outputs:
        estimate = estimate_latency(observations[output.name])
        refusals = list(estimate.refusals)
        if output.simulated:
            refusals.append(f"The {output.name} is simulated, so its latency is not kept.")
        if board.simulated:
            refusals.append("The sensor board is simulated, so what it felt is not kept.")
        device = identity_of(output)
        latency = None
        if not refusals:
            latency = _latency_of(output.name, device, machine, estimate, measured_utc)
        done.append(Calibration(output.name, device, estimate, latency, tuple(refusals)))
    return done


def _latency_of(
    output: str, device: str, machine: str, estimate: LatencyEstimate, measured_utc: datetime
) -> OutputLatency:
    figures = (estimate.latency_ms, estimate.latency_sd_ms, estimate.latency_mad_ms)
    latency_ms, sd_ms, mad_ms = (figure for figure in figures if figure is not None)
    return OutputLatency(
        output=output,
        device=device,
        machine=machine,
        latency_ms=latency_ms,
        latency_sd_ms=sd_ms,
        latency_mad_ms=mad_ms,
        heard_count=estimate.heard_count,
        missed_count=estimate.missed_count,
        measured_utc=measured_utc,
    )
