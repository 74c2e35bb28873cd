"""The command line: what it prints, how it fails, and how long it takes."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from andante_host.cli import main
from support.sessions import Walk, write_walk

EVENTS = "event,time_s\ncue,1.0\nresponse,0.98\ncue,1.5\nresponse,1.52\n"
SHORT = Walk(baseline_s=5.0, cued_s=20.0, fade_s=0.0, carry_over_s=2.0, samples=False)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk(tmp_path_factory.mktemp("cli") / "walk.andante", SHORT).path


COMMANDS = ("metrics", "report", "trend", "import", "detect", "compare", "batch", "export")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_shows_examples(command: Sequence[str]) -> None:
    result = _run(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output


def test_metrics_as_json(walk: Path) -> None:
    result = _run("metrics", walk, "--json", "--pairs")
    assert result.exit_code == 0
    blocks = json.loads(result.stdout)
    assert list(blocks) == [
        "session",
        "timing",
        "synchrony",
        "gait",
        "breathing",
        "group",
        "tapping",
    ]
    pair = blocks["synchrony"]["pairs"][0]
    assert set(pair) == {
        "cue_index",
        "cue_time_s",
        "response_index",
        "response_time_s",
        "asynchrony_ms",
    }
    assert len(blocks["synchrony"]["pairs"]) == blocks["synchrony"]["matched_count"]
    assert "pairs" not in json.loads(_run("metrics", walk, "--json").stdout)["synchrony"]


def test_metrics_as_a_table_names_units_and_what_was_simulated(walk: Path) -> None:
    text = _run("metrics", walk).stdout
    assert "Simulated: sound, led, board, patient" in text
    lines = {line.split("  ")[1]: line for line in text.splitlines() if line.startswith("  ")}
    assert lines["Asynchrony, SD"].endswith(" ms")
    assert lines["Cadence"].endswith(" steps/min")
    assert "unknown constant" in lines["Asynchrony, mean (negative: early)"]


def test_import_then_metrics(tmp_path: Path) -> None:
    source, out = tmp_path / "events.csv", tmp_path / "taps.andante"
    source.write_text(EVENTS, encoding="utf-8")
    assert "2 cues and 2 responses" in _run("import", source, "--out", out).stdout
    synchrony = json.loads(_run("metrics", out, "--json").stdout)["synchrony"]
    assert synchrony["matched_count"] == 2
    assert synchrony["mean_abs_asynchrony_ms"] == pytest.approx(20.0)


def test_a_wrong_unit_is_named_with_the_option_that_says_it(tmp_path: Path) -> None:
    source, out = tmp_path / "events.csv", tmp_path / "taps.andante"
    source.write_text("event,time_s\ncue,1000\ncue,1500\nresponse,1520\n", encoding="utf-8")
    refused = _run("import", source, "--out", out)
    assert refused.exit_code == 1
    assert "500 apart" in refused.stderr
    assert "--unit ms" in refused.stderr
    assert not out.exists()
    assert _run("import", source, "--out", out, "--unit", "ms").exit_code == 0


def test_trend_and_pdf_are_offered(walk: Path, tmp_path: Path) -> None:
    page = tmp_path / "trend.html"
    assert _run("trend", walk.parent, "--out", page).stdout.split() == [str(page)]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "does not end in .pdf" in _run("report", walk, "--pdf", "--out", page).stderr


def test_detect_finds_steps(tmp_path: Path) -> None:
    time_s = np.arange(2_000) / 100.0
    left, right = (((time_s + shift_s) % 1.0 < 0.6) * 500 for shift_s in (0.0, 0.5))
    source = tmp_path / "force.csv"
    rows = (f"{t:.2f},{a},{b}" for t, a, b in zip(time_s, left, right, strict=True))
    source.write_text("time_s,left,right\n" + "\n".join(rows) + "\n", encoding="utf-8")
    result = _run("detect", source, "--json")
    assert result.exit_code == 0
    events = json.loads(result.stdout)["events"]
    contacts_s = [e["time_s"] for e in events if (e["kind"], e["channel"]) == ("contact", "left")]
    np.testing.assert_allclose(np.diff(contacts_s), 1.0, atol=0.02)
    assert "contact  left" in _run("detect", source).stdout


def test_nothing_is_overwritten_unasked(walk: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "events.csv", tmp_path / "taps.andante"
    source.write_text(EVENTS, encoding="utf-8")
    out.write_text("precious", encoding="utf-8")
    for command in (("import", source, "--out", out), ("report", walk, "--out", out)):
        refused = _run(*command)
        assert refused.exit_code == 1
        assert "--force" in refused.stderr
        assert out.read_text(encoding="utf-8") == "precious"
    assert _run("import", source, "--out", out, "--force").exit_code == 0
    assert _run("metrics", out).exit_code == 0
    assert "is the file to read" in _run("report", walk, "--out", walk, "--force").stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no session file"),
        (b"", "is not a session file"),
        (b"hello", "is not a session file"),
        (b"SQLite format 3\x00" + bytes(2_000), "damaged"),
    ],
)
@pytest.mark.parametrize("command", ["metrics", "report"])
def test_what_is_no_session_is_said_in_one_sentence(
    tmp_path: Path, command: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / "x.andante"
    if content is not None:
        path.write_bytes(content)
    result = _run(command, path)
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_a_session_with_a_damaged_page_is_said_in_one_sentence(walk: Path, tmp_path: Path) -> None:
    path = tmp_path / "torn.andante"
    path.write_bytes(walk.read_bytes()[:20_000])
    result = _run("metrics", path, "--json")
    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert result.stdout == ""


def test_bad_signals_are_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "force.csv"
    for text in ("", "time_s,left,right\n", "time_s,left,right\n0,1,2\n1,x,2\n"):
        path.write_text(text, encoding="utf-8")
        for command in (("detect", path), ("import", path, "--out", tmp_path / "o.andante")):
            result = _run(*command)
            assert result.exit_code == 1
            assert len(result.stderr.strip().splitlines()) == 1
            assert "unexpected" not in result.stderr


def test_a_report_that_cannot_be_written_is_said(walk: Path, tmp_path: Path) -> None:
    result = _run("report", walk, "--out", tmp_path / "none" / "report.html")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_metrics_leaves_the_heavy_libraries_alone(walk: Path) -> None:
    code = (
        "import sys; from andante_host.cli import main; "
        f"main(['metrics', {str(walk)!r}, '--json'], standalone_mode=False); "
        "sys.stderr.write(' '.join({'scipy', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("window", [("5", "2"), ("nan", "9"), ("3", "3")])
def test_a_window_that_is_none_is_refused(walk: Path, window: tuple[str, str]) -> None:
    done = _run("metrics", walk, "--from", window[0], "--to", window[1])
    assert done.exit_code == 1
    assert "is not before" in done.stderr
