"""A brain-injured drummer in music therapy: with the slow beats, and lost at the fast ones.

SMDynamicsLab/MusicTherapy2025, one session with six tempos from 1,000 to 341 ms.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from andante.timebase import MonotonicClock
from andante_host.analysis import analyse
from andante_host.imports.importer import import_file

DATA = Path(__file__).resolve().parents[3] / "shared/data/tapping/tbi-drumming.session1.csv"
pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(not DATA.is_file(), reason="the recordings are not beside the project"),
]


def synchrony_of(blocks: set[str], folder: Path) -> dict[str, Any]:
    with DATA.open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if row["tempo_block"] in blocks]
    cues = sorted({float(row["cue_time_s"]) for row in rows})
    hits = sorted({float(row["drum_time_s"]) for row in rows if row["drum_time_s"]})
    lines = [f"response,{hit_s}" for hit_s in hits] + [f"cue,{cue_s}" for cue_s in cues[::-1]]
    source = folder / "events.csv"  # responses first and cues backwards: no order is needed
    source.write_text("event,time_s\n" + "\n".join(lines) + "\n", encoding="utf-8")
    import_file(source, folder / "drummer.andante", MonotonicClock())
    block: dict[str, Any] = analyse(folder / "drummer.andante")["synchrony"]
    return block


def test_with_the_slow_beats_there_is_a_mean(tmp_path: Path) -> None:
    block = synchrony_of({"1"}, tmp_path)
    assert block["vector_length"] > 0.9
    assert block["mean_asynchrony_ms"] is not None


@pytest.mark.parametrize("tempo_block", ["4", "6"])
def test_lost_at_a_fast_beat_there_is_none_and_it_says_so(tempo_block: str, tmp_path: Path) -> None:
    block = synchrony_of({tempo_block}, tmp_path)
    print(f"\nblock {tempo_block}: R {block['vector_length']:.2f}, p {block['rayleigh_p']:.2f}")
    assert block["vector_length"] < 0.35
    assert block["mean_asynchrony_ms"] is None
    assert "Rayleigh" in block["reasons"]["mean_asynchrony_ms"]
    assert block["phase_correction_alpha"] is None
    assert np.isfinite(block["sd_asynchrony_ms"])
