"""All sessions to one table: every good one, whatever the bad ones do."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from andante.errors import AndanteError
from andante_host.batch import session_files
from andante_host.cli import main
from andante_host.export.cells import Cell
from andante_host.export.flat import columns_of, flat
from support.sessions import Walk, write_walk

SHORT = Walk(baseline_s=0.0, cued_s=20.0, fade_s=0.0, carry_over_s=0.0, samples=False)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sessions, the second in a folder of its own, and one that is none."""
    folder = tmp_path / "sessions"
    (folder / "later").mkdir(parents=True)
    write_walk(folder / "a.andante", SHORT)
    write_walk(folder / "later" / "b.andante", Walk(**(vars(SHORT) | {"seed": 2})))
    (folder / "bad.andante").write_bytes(b"no session")
    return folder


def test_one_bad_file_is_named_and_the_others_are_in_both_tables(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "ward"
    result = _run("batch", folder, "--out", out, "--cores", "2")
    assert result.exit_code == 1
    assert "bad.andante" in result.stderr
    assert "is not a session file" in result.stderr
    assert "1 of 3 could not be measured" in result.stderr
    with (tmp_path / "ward.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "ward.parquet").to_pylist()
    assert [row["path"] for row in rows] == ["a.andante", "later/b.andante"]
    assert [list(row) for row in rows] == [list(row) for row in table]
    for row, typed in zip(rows, table, strict=True):
        alone = json.loads(_run("metrics", folder / row["path"], "--json").stdout)["synchrony"]
        for name in ("mean_asynchrony_ms", "sd_asynchrony_ms", "vector_length"):
            assert float(row[f"synchrony.{name}"]) == alone[name]
            assert typed[f"synchrony.{name}"] == alone[name]
        assert alone["mean_asynchrony_ms"] < 0  # stays a number
        assert typed["session.complete"] is True
        assert isinstance(typed["synchrony.cue_count"], int)


def test_good_sessions_alone_exit_with_0_and_nothing_is_overwritten_unasked(folder: Path) -> None:
    (folder / "bad.andante").unlink()
    answer = json.loads(_run("batch", folder, "--json", "--cores", "1").stdout)
    assert (answer["session_count"], answer["measured_count"]) == (2, 2)
    assert [Path(path).name for path in answer["tables"]] == ["measures.csv", "measures.parquet"]
    first = (folder / "measures.csv").read_bytes()
    refused = _run("batch", folder)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert _run("batch", folder, "--force", "--cores", "2").exit_code == 0
    assert (folder / "measures.csv").read_bytes() == first  # whatever the number of cores


def test_an_empty_and_a_missing_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(AndanteError, match="holds no session files"):
        session_files(tmp_path)
    with pytest.raises(AndanteError, match="There is no folder"):
        session_files(tmp_path / "none")


def test_a_file_that_ends_its_process_is_named_and_the_others_go_on(
    folder: Path, tmp_path: Path
) -> None:
    """The processes load a stand-in for the analysis that kills its own process over one file."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal\n"
        "from andante_host import analysis\n"
        "def analyse(path):\n"
        "    if path.name == 'bad.andante':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return {'session': {'file': path.name}}\n"
        "analysis.analyse = analyse\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "andante_host", "batch", folder, "--cores", "2", "--json"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["measured_count"] == 2
    assert [failure["file"] for failure in answer["failures"]] == ["bad.andante"]
    assert "came to an end" in answer["failures"][0]["reason"]


def test_rows_keep_figures_and_drop_words() -> None:
    blocks = {
        "gait": {
            "cadence_spm": 100.0,
            "reasons": {"dfa_alpha": "too few"},
            "dfa_box_range": [1, 2],
        },
        "breathing": None,
        "timing": {"sync": None},
    }
    assert flat(blocks) == {"gait.cadence_spm": 100.0, "timing.sync": None}


def test_columns_that_only_some_have_stand_beside_their_neighbours() -> None:
    rows: list[dict[str, Cell]] = [
        {"a.x": 1, "c": None},
        {"a.x": 1, "a.y": 2, "b": 3, "c.z": 4},
    ]
    assert columns_of(rows) == ["a.x", "a.y", "b", "c.z"]
