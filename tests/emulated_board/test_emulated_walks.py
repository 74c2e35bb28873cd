"""Walks as voltages, through chip, firmware, UART and the real link into a session file."""

import csv
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from andante.board.link import BoardLink
from andante.board.serial_port import PySerialPort
from andante.ports import Edge
from andante.session.file import SessionData, load_session
from andante.signal_file import read_force
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from emulated_board.chip import Chip
from emulated_board.real_time import pty_port
from emulated_board.session import play
from support.board import Heard
from support.walkers import WALKERS, MadeWalk, agreement, errors_s, force_file, make_walk, published

TESTS = Path(__file__).parents[1]


def write_force(walk: MadeWalk, path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time_s", "left", "right"])
        writer.writerows(zip(walk.time_s, walk.left, walk.right, strict=True))
    return path


def contacts_s(session: SessionData, foot: str) -> np.ndarray:
    times_ns = session.responses.times_ns(foot)
    return np.asarray((times_ns - session.header.started_ns) / NS_PER_S)


def test_a_made_walk_becomes_a_session_file(elf: Path, tmp_path: Path) -> None:
    walk = make_walk(duration_s=12.0)
    force, path = write_force(walk, tmp_path / "walk.csv"), tmp_path / "walk.andante"
    with closing(Chip(elf)) as chip:
        play(read_force(force), path, chip)
    session = load_session(path)
    assert session.complete
    assert session.header.simulated_parts == ("board", "recording")
    assert {"left", "right", "belt"} <= session.samples.keys()
    for foot, true_s in (("left", walk.left_contacts_s), ("right", walk.right_contacts_s)):
        found_s = contacts_s(session, foot)
        known_s = true_s[true_s > 3.2]
        assert np.sum(found_s > 3.2) == known_s.size
        # The rise of these steps begins softly, so its beginning is found a few ms late.
        late_s = errors_s(found_s, known_s)
        assert np.ptp(late_s) < 0.004
        assert 0 <= np.median(late_s) < 0.012


def test_the_command_leaves_a_session_and_says_so(elf: Path, tmp_path: Path) -> None:
    assert elf.is_file()
    force = write_force(make_walk(duration_s=5.0), tmp_path / "walk.csv")
    command = [sys.executable, "-m", "emulated_board", "play"]
    out = ["--out", str(tmp_path / "out.andante")]
    ran = subprocess.run(
        [*command, str(force), *out], cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "events in" in ran.stdout
    assert load_session(tmp_path / "out.andante").responses.index.size > 3
    absent = subprocess.run(
        [*command, "absent.csv", *out], cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert absent.returncode == 1
    assert absent.stderr.startswith("There is no file absent.csv")


def test_in_real_time_behind_a_pseudo_terminal(elf: Path, tmp_path: Path) -> None:
    """The way of `andante run --port`: pyserial, a thread that reads, CLOCK_MONOTONIC."""
    recording = read_force(write_force(make_walk(duration_s=8.0), tmp_path / "walk.csv"))
    clock, heard = MonotonicClock(), Heard()
    with closing(Chip(elf)) as chip, pty_port(chip, clock) as (pty, board):
        link = BoardLink(PySerialPort(str(pty.path), clock), clock)
        try:
            link.start()
            started_ns = clock.now_ns()
            board.connect(recording, started_ns)
            while clock.now_ns() < started_ns + 4 * NS_PER_S:
                clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_MS)
                heard.add(link.take_news())
        finally:
            link.stop()
    assert not heard.faults
    found = [r for r in heard.responses if r.edge is Edge.ON]
    assert len(found) >= 3
    assert len(heard.probes) > 30
    assert all(0 < r.time_ns - started_ns < 6 * NS_PER_S for r in found)


@pytest.mark.long
@pytest.mark.recorded
@pytest.mark.parametrize("walker", WALKERS)
def test_a_recorded_walker_is_found_again(walker: str, elf: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{walker}.andante"
    with closing(Chip(elf)) as chip:
        link_counts = play(read_force(force_file(walker)), path, chip)
    found = agreement(contacts_s(load_session(path), "left"), published(walker))
    print(f"{walker}: {found}")
    assert found.recall_percent >= 99.0
    assert found.stride_error_ms <= 5.0
    assert link_counts.events_lost == 0
