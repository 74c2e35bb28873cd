"""Example plans with other patients than the healthy one, and with a recording that is made up."""

import wave
from pathlib import Path

import numpy as np
import pytest

from andante.engine import RunOptions, run_session
from andante.plan import load_plan
from andante.session.file import SessionData, load_session
from andante.session.runner import FINISHED
from support.example_plans import PLANS, WITH_RECORDING


def run(path: Path, folder: Path, patient: str = "healthy") -> SessionData:
    options = RunOptions(
        simulated_patient=True,
        patient=patient,
        at_full_speed=True,
        out_dir=folder,
        music_dir=folder / "prepared",
    )
    result = run_session(load_plan(path), options)
    assert result.end_reason == FINISHED
    return load_session(result.path)


@pytest.mark.long
@pytest.mark.parametrize("patient", ["parkinson", "stroke", "brain-injury", "does-not-follow"])
@pytest.mark.parametrize("stem", ["walk-progressive", "breathe-guided-down", "tap-screen"])
def test_every_patient_goes_through_each_kind_of_exercise(
    stem: str, patient: str, tmp_path: Path
) -> None:
    data = run(PLANS[stem], tmp_path, patient)
    assert data.cues.index.size > 50
    assert data.header.simulated_parts == ("board", "patient", "sound", "led") or (
        "ring" in data.header.simulated_parts
    )


@pytest.mark.long
def test_the_therapists_recording_is_prepared_and_glows_on_its_beats(tmp_path: Path) -> None:
    """A made-up song of clicks at 72 a minute stands for the recording."""
    rate_hz = 48_000
    samples = np.zeros(150 * rate_hz, dtype="<i2")
    beats = (np.arange(0.4, 149.0, 60 / 72) * rate_hz).astype(int)
    for offset in range(480):
        samples[beats + offset] = round(8_000 * np.sin(offset / 8) * np.exp(-offset / 100))
    with wave.open(str(tmp_path / "our-song.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    plan = tmp_path / "listen.toml"
    text = PLANS[WITH_RECORDING].read_text().replace("our-song.flac", "our-song.wav")
    plan.write_text(text.replace("minutes = 10", "minutes = 2"))
    data = run(plan, tmp_path)
    assert list((tmp_path / "prepared").glob("our-song-*.wav"))
    planned_s = (data.cues.planned_ns - data.cues.planned_ns[0]) / 1e9
    tempo = 60 / np.diff(planned_s[1:])
    assert tempo[0] == pytest.approx(76, abs=0.3)
    assert tempo[-1] == pytest.approx(64, abs=0.3)
    assert data.cues.sound[0] == "track:listen"
