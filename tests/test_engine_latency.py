"""A measured latency on its way: device file, session header, certificate, asynchronies."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from andante import engine, wiring
from andante.config import DeviceConfig, OutputLatency
from andante.engine import RunOptions, run_session
from andante.machine import this_machine
from andante.plan import parse_plan
from andante.session.certificate import certificate_of
from andante.session.file import load_session
from andante.simulated.outputs import SimulatedOutput
from andante_host.analysis import analyse

TAP = """
exercise = "tap"
[tap]
tempo_bpm = 100
cued_minutes = 0.5
"""
LATENCY_MS = 18.0


class PassesForReal(SimulatedOutput):
    """A twin that says it is no twin, as only a test may."""

    simulated = False


def latency_of(output: str) -> OutputLatency:
    return OutputLatency(
        output=output,
        device=f"simulated {output}",
        machine=this_machine().name,
        latency_ms=LATENCY_MS,
        latency_sd_ms=0.05,
        latency_mad_ms=0.03,
        heard_count=50,
        missed_count=0,
        measured_utc=datetime(2026, 3, 1, tzinfo=UTC),
    )


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, device: DeviceConfig, real: bool = True
) -> Path:
    monkeypatch.setattr(engine, "device_identity", lambda output: output.description)
    if real:
        monkeypatch.setattr(wiring, "SimulatedOutput", PassesForReal)
    options = RunOptions(
        simulated_patient=True, at_full_speed=True, out_dir=folder, seed=3, device=device
    )
    return run_session(parse_plan(TAP), options).path


def test_asynchronies_count_from_when_the_cue_reached_the_ear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = DeviceConfig(latencies=(latency_of("sound"), latency_of("led")))
    make = partial(run, tmp_path, monkeypatch)
    plain, calibrated = (analyse(make(config)) for config in (DeviceConfig(), both))
    before, after = plain["synchrony"], calibrated["synchrony"]
    assert before["latency_calibrated"] is False
    assert after["latency_calibrated"] is True
    assert after["cue_latency_ms"] == LATENCY_MS
    moved_ms = after["mean_asynchrony_ms"] - before["mean_asynchrony_ms"]
    assert moved_ms == pytest.approx(-LATENCY_MS, abs=1e-3)
    assert after["sd_asynchrony_ms"] == pytest.approx(before["sd_asynchrony_ms"], abs=1e-3)
    assert calibrated["timing"]["latency_calibrated"] is True
    assert calibrated["timing"]["outputs"]["sound"]["latency_ms"] == LATENCY_MS
    assert plain["timing"]["outputs"]["sound"]["latency_ms"] is None


def test_the_certificate_says_calibrated_only_where_every_output_that_gave_cues_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_led = DeviceConfig(latencies=(latency_of("led"),))
    data = load_session(run(tmp_path, monkeypatch, only_led))
    certificate = certificate_of(data)
    assert certificate["latency_calibrated"] is False
    assert certificate["outputs"]["led"]["latency_sd_ms"] == 0.05
    assert certificate["outputs"]["sound"]["latency_sd_ms"] is None


def test_twins_are_never_calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = DeviceConfig(latencies=(latency_of("sound"), latency_of("led")))
    measures = analyse(run(tmp_path, monkeypatch, both, real=False))
    assert measures["timing"]["latency_calibrated"] is False
    assert measures["synchrony"]["latency_calibrated"] is False
