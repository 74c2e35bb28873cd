"""Tables that say what they hold, lose no sign, and are there whole or not at all."""

import csv
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from andante.errors import AndanteError
from andante.session.file import Note, load_session
from andante_host.analysis import analyse
from andante_host.cli import main
from andante_host.export.cells import cell
from andante_host.export.tables import export_csv
from andante_host.export.whole import whole_file, whole_folder
from support.sessions import Walk, write_walk

SHORT = Walk(baseline_s=5.0, cued_s=20.0, fade_s=4.0, carry_over_s=2.0, not_given=(3,))


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk(tmp_path_factory.mktemp("export") / "walk.andante", SHORT).path


@pytest.fixture(scope="module")
def tables(walk: Path) -> Path:
    out = walk.parent / "tables"
    result = CliRunner().invoke(main, ["export", str(walk), "--to", "csv", "--out", str(out)])
    assert result.exit_code == 0
    assert sorted(result.stdout.split()) == sorted(str(path) for path in out.iterdir())
    return out


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_dictionary_fits_the_tables(tables: Path) -> None:
    """Checked by frictionless, the reference implementation."""
    command = [sys.executable, "-m", "frictionless", "validate", "--json", "datapackage.json"]
    done = subprocess.run(command, cwd=tables, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["valid"], report
    described = {task["name"] for task in report["tasks"]}
    assert described == {path.stem for path in tables.glob("*.csv")}


def test_every_column_is_described_and_units_are_in_the_names(tables: Path) -> None:
    package = json.loads((tables / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        fields = resource["schema"]["fields"]
        assert [f["name"] for f in fields] == list(_rows(tables / resource["path"])[0])
        assert all(f["description"] for f in fields)
        for field in fields:
            if field["name"].endswith(("_s", "_ms", "_us")):
                assert field["unit"] == field["name"].rpartition("_")[2]
    assert package["simulated_parts"] == list(SHORT.simulated_parts)


def test_negative_asynchronies_and_nine_digits_come_back(walk: Path, tables: Path) -> None:
    pairs = analyse(walk, pairs=True)["synchrony"]["pairs"]
    rows = _rows(tables / "pairs.csv")
    assert [float(row["asynchrony_ms"]) for row in rows] == [p["asynchrony_ms"] for p in pairs]
    assert any(row["asynchrony_ms"].startswith("-") for row in rows)
    data = load_session(walk)
    cues = _rows(tables / "cues.csv")
    back_ns = [int(row["planned_s"].replace(".", "")) for row in cues]
    assert back_ns == (data.cues.planned_ns - data.header.started_ns).tolist()
    outputs = _rows(tables / "cue-outputs.csv")
    assert {row["cue_index"] for row in outputs if not row["actual_s"]} == {"3"}
    samples = _rows(tables / "samples-left.csv")
    assert [int(row["value_counts"]) for row in samples] == data.samples["left"].counts.tolist()


@given(st.text(max_size=20))
def test_no_text_cell_begins_as_a_formula_and_none_is_lost(text: str) -> None:
    written = cell(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written in (text, f"'{text}")


def test_numbers_are_never_quoted() -> None:
    assert [cell(value) for value in (-12.5, -3, 0.1, None, float("nan"), True)] == [
        "-12.5",
        "-3",
        "0.1",
        "",
        "",
        "true",
    ]


def test_a_note_that_looks_like_a_formula_is_text(tmp_path: Path, walk: Path) -> None:
    path = tmp_path / "w.andante"
    path.write_bytes(walk.read_bytes())
    with sqlite3.connect(path) as db:
        db.execute("UPDATE notes SET text = '=HYPERLINK(1)'")
    db.close()
    assert load_session(path).notes[0] == Note(
        load_session(path).notes[0].time_ns, "therapist", "=HYPERLINK(1)"
    )
    export_csv(path, tmp_path / "out")
    assert _rows(tmp_path / "out" / "notes.csv")[0]["text"] == "'=HYPERLINK(1)"


def test_a_folder_with_something_in_it_is_left_alone(walk: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("mine", encoding="utf-8")
    with pytest.raises(AndanteError, match="exists already"):
        export_csv(walk, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["precious"]


def _half_a_file(path: Path) -> None:
    with whole_file(path) as part:
        part.write_text("half", encoding="utf-8")
        raise RuntimeError


def _half_a_folder(path: Path) -> None:
    with whole_folder(path) as folder:
        (folder / "a.csv").write_text("half", encoding="utf-8")
        raise RuntimeError


def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("before", encoding="utf-8")
    with pytest.raises(RuntimeError):
        _half_a_file(tmp_path / "table.csv")
    with pytest.raises(RuntimeError):
        _half_a_folder(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == "before"
