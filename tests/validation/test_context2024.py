"""Matching against the asynchronies that the authors of a public tapping set published.

SMDynamicsLab/Context2024: 205 trials of three people tapping to a 500 ms beat, some with a
shifted cue. Every valid trial is made an `events.csv` and compared tap by tap.
"""

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from andante.timebase import MonotonicClock
from andante_host.analysis import analyse
from andante_host.imports.importer import import_file

DATA = Path(__file__).resolve().parents[3] / "shared/data/tapping/context2024.three-subjects.csv.gz"
pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(not DATA.is_file(), reason="the recordings are not beside the project"),
]
ROUNDING_MS = 1e-6


@dataclass
class Trial:
    """One valid trial: events as (event, time_ms), and what was published of each tap."""

    events: list[tuple[str, int]] = field(default_factory=list)
    published: dict[int, tuple[int, float]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        names = {"S": "cue", "R": "response"}
        lines = [f"{names[event]},{time_ms / 1000}" for event, time_ms in self.events]
        path.write_text("event,time_s\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    found: dict[tuple[str, ...], Trial] = {}
    for row in _rows():
        if row["valid"] != "1":
            continue
        key = tuple(row[name] for name in ("experiment", "subject", "block", "trial"))
        trial = found.setdefault(key, Trial())
        trial.events.append((row["event"], int(row["time_ms"])))
        if row["event"] == "R" and row["assigned_stim"]:
            trial.published[int(row["index"])] = (
                int(float(row["assigned_stim"])),
                float(row["published_asynchrony_ms"]),
            )
    return list(found.values())


def _rows() -> Iterator[dict[str, str]]:
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def _agrees(trial: Trial, pairs: list[dict[str, float]]) -> bool:
    ours = {pair["response_index"]: (pair["cue_index"], pair["asynchrony_ms"]) for pair in pairs}
    return ours.keys() == trial.published.keys() and all(
        ours[index][0] == cue and abs(ours[index][1] - asynchrony_ms) < ROUNDING_MS
        for index, (cue, asynchrony_ms) in trial.published.items()
    )


def test_every_valid_trial_agrees_tap_by_tap(trials: list[Trial], tmp_path: Path) -> None:
    assert len(trials) == 180
    assert sum(len(trial.published) for trial in trials) > 6_000
    agreeing = 0
    for number, trial in enumerate(trials):
        session = tmp_path / f"{number}.andante"
        import_file(trial.write(tmp_path / "events.csv"), session, MonotonicClock())
        agreeing += _agrees(trial, analyse(session, pairs=True)["synchrony"]["pairs"])
    assert agreeing >= 0.999 * len(trials)


@pytest.mark.parametrize("number", [0, 90, 179])
def test_the_commands_give_the_same(trials: list[Trial], tmp_path: Path, number: int) -> None:
    trial = trials[number]
    source, session = trial.write(tmp_path / "events.csv"), tmp_path / "trial.andante"
    _run("import", str(source), "--out", str(session))
    metrics = json.loads(_run("metrics", str(session), "--json", "--pairs"))
    assert _agrees(trial, metrics["synchrony"]["pairs"])
    first = metrics["synchrony"]["pairs"][0]
    assert first["cue_time_s"] == trial.events[first["cue_index"]][1] / 1000


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "andante_host", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
