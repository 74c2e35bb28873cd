"""The command `andante` as a person meets it: sentences, exit codes, Ctrl-C, the live line."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from andante.progress_line import describe
from andante.session.file import load_session
from andante.session.runner import STOPPED, Progress

PLANS = Path(__file__).parents[1] / "docs" / "plans"
SHORT = 'exercise = "walk"\n[walk]\ntempo_spm = 100\ncued_minutes = 0.5\n[outputs]\nsound = false\n'


def andante(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "andante", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


@pytest.mark.parametrize("command", [[], ["run"], ["demo"], ["try"]])
def test_every_command_helps_with_examples(command: list[str]) -> None:
    done = andante(*command, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout


def test_a_session_prints_where_it_is_and_nothing_else(plan: Path, tmp_path: Path) -> None:
    done = andante("run", plan, "--sim", "--speed", "max", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (path,) = (tmp_path / "out").glob("*.andante")
    assert str(path) in done.stdout
    assert load_session(path).complete


def test_json_is_json(plan: Path, tmp_path: Path) -> None:
    done = andante("run", plan, "--sim", "--speed", "max", "--json", "--out", tmp_path)
    result = json.loads(done.stdout)
    assert Path(result["session"]).exists()
    assert result["end_reason"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.toml", "--sim"], "There is no plan none.toml"),
        (["PLAN"], "--port, --sim and --replay; found none"),
        (["PLAN", "--sim", "--port", "x"], "found --port and --sim"),
        (["PLAN", "--port", "x", "--speed", "max"], "--speed max needs simulated time"),
        (["PLAN", "--port", "/dev/none"], "Walking needs someone beside the patient"),
        (["PLAN", "--port", "/dev/none", "--attended"], "/dev/none"),
        (["PLAN", "--replay", "none.csv", "--speed", "max"], "none.csv"),
        (["PLAN", "--replay", "EMPTY", "--speed", "max"], "EMPTY"),
        (["PLAN", "--replay", "PLAN", "--speed", "max"], "short.toml"),
    ],
)
def test_bad_input_is_one_plain_sentence(
    plan: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "EMPTY").touch()
    words = [{"PLAN": str(plan), "EMPTY": str(tmp_path / "EMPTY")}.get(a, a) for a in arguments]
    done = andante("run", *words, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("out/*"))


def test_ctrl_c_ends_the_session_and_keeps_the_file(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "andante", "run", plan, "--sim", "--out", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline_s = time.monotonic() + 20
    while not list(out.glob("*.andante")) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == ""
    assert "ended early" in told
    (path,) = out.glob("*.andante")
    data = load_session(path)
    assert data.complete
    assert data.header.end_reason == STOPPED
    assert data.responses.index.size >= 8


def test_on_a_terminal_a_line_tells_how_it_goes(plan: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "andante", "run", plan),
            *("--sim", "--speed", "max", "--out", tmp_path),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "0:10 left" in text
    assert re.search(
        r"cued +0:\d\d left  100.0/min  \d+ steps  [+-]\d+ ms  synchrony 0\.\d\d", text
    )


def test_the_line_is_short_enough_for_a_terminal() -> None:
    line = describe(Progress("carry-over", 1799.6, 172.96, -250.4, 0.999, 5160))
    assert line == "carry-over  30:00 left  173.0/min  5160 steps  -250 ms  synchrony 1.00"
    assert len(line) <= 79
    quiet = describe(Progress("baseline", 61.2, None, None, None, 0))
    assert quiet == "baseline    1:01 left  no cues  0 steps"


def test_try_needs_a_keyboard() -> None:
    done = andante("try")
    assert done.returncode == 1
    assert "terminal" in done.stderr
    assert done.stderr.count("\n") == 1


def test_demo_prints_measured_beside_truth_and_a_report(tmp_path: Path) -> None:
    done = andante("demo", "--speed", "max", "--json", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    figures = result["figures"]
    for key in ("step_count", "matched_count"):
        assert figures[key]["measured"] == figures[key]["truth"]
    for key in ("mean_asynchrony_ms", "sd_asynchrony_ms"):
        assert figures[key]["measured"] == pytest.approx(figures[key]["truth"], abs=1.0)
    report = Path(result["report"]).read_text()
    assert report.lstrip().lower().startswith("<!doctype html")
    assert "<script" not in report


def test_trying_it_oneself_with_the_space_bar(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "andante", "try"),
            *("--bpm", "120", "--seconds", "8", "--out", tmp_path),
        ],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while True:
            if select.select([leader], [], [], 0.5)[0]:
                shown += os.read(leader, 65536)
            if process.poll() is None and b"cued" in shown:
                os.write(leader, b" ")  # a restless tapper: one tap at every redraw
                time.sleep(0.05)
    os.close(leader)
    assert process.wait() == 0
    text = shown.decode()
    assert "beats you met" in text
    assert "\u25cf" in text  # the beat is on the screen as well
    (path,) = tmp_path.glob("*.andante")
    data = load_session(path)
    assert data.header.hardware["board"] == "keyboard"
    assert data.responses.index.size >= 10
