"""One job at a time, what somebody waits for first, and a worker that may die or hang."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from andante_host.archive.jobs import Answer, CouldNot, Job, Made, Make, Summarise, Summarised
from andante_host.archive.products import Kind
from andante_host.archive.summary import State
from andante_host.archive.workshop import DIED, WORKER, Workshop
from support.sessions import write_walk

OBEDIENT = (
    sys.executable,
    "-c",
    "import sys\n"
    'for line in sys.stdin: sys.stdout.write(\'{"type":"made"}\\n\'); sys.stdout.flush()',
)
JOB = Make("session", Kind.HTML, "out")
LONGEST_S = 60.0


class Results:
    """What came of the jobs, in order; the first is held up until `go_on`."""

    def __init__(self, hold: bool = False) -> None:
        self.keys: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self._arrived = threading.Condition()
        if not hold:
            self.go_on.set()

    def __call__(self, key: str, _: Job, answer: Answer) -> None:
        self.begun.set()
        assert self.go_on.wait(LONGEST_S)
        with self._arrived:
            self.keys.append(key)
            self.answers[key] = answer
            self._arrived.notify_all()

    def wait_for(self, key: str) -> Answer:
        with self._arrived:
            assert self._arrived.wait_for(lambda: key in self.answers, LONGEST_S)
            return self.answers[key]


@contextmanager
def workshop(
    results: Results,
    folder: Path,
    command: Sequence[str] = OBEDIENT,
    idle_s: float = LONGEST_S,
    longest_s: float = LONGEST_S,
) -> Iterator[Workshop]:
    made = Workshop(results, folder, command, idle_s, longest_s)
    try:
        yield made
    finally:
        made.close()


def test_what_somebody_waits_for_goes_first_and_each_job_is_done_once(tmp_path: Path) -> None:
    results = Results(hold=True)
    with workshop(results, tmp_path) as shop:
        shop.ask("first", JOB, soon=False)
        assert results.begun.wait(LONGEST_S)
        for key in ("bulk 1", "bulk 2", "bulk 1", "first"):
            shop.ask(key, JOB, soon=False)
        shop.ask("wanted", JOB, soon=True)
        shop.ask("bulk 2", JOB, soon=True)
        assert shop.is_pending("first")
        assert shop.is_pending("bulk 1")
        results.go_on.set()
        results.wait_for("bulk 1")
        assert results.keys == ["first", "wanted", "bulk 2", "bulk 1"]
        assert isinstance(results.answers["first"], Made)


def test_a_worker_that_dies_costs_one_job_and_the_next_gets_a_new_one(tmp_path: Path) -> None:
    marker = tmp_path / "died"
    dies_once = (
        sys.executable,
        "-c",
        f"import pathlib, sys; marker = pathlib.Path({str(marker)!r})\n"
        "for line in sys.stdin:\n"
        "    if not marker.exists(): marker.touch(); sys.exit(3)\n"
        '    sys.stdout.write(\'{"type":"made"}\\n\'); sys.stdout.flush()\n',
    )
    results = Results()
    with workshop(results, tmp_path, dies_once) as shop:
        shop.ask("a", JOB, soon=False)
        shop.ask("b", JOB, soon=False)
        assert results.wait_for("a") == CouldNot(DIED)
        assert isinstance(results.wait_for("b"), Made)


def test_a_worker_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = (sys.executable, "-c", "import threading; threading.Event().wait()")
    results = Results()
    with workshop(results, tmp_path, hangs, longest_s=0.2) as shop:
        shop.ask("a", JOB, soon=False)
        assert results.wait_for("a") == CouldNot(DIED)


def test_nonsense_for_an_answer_is_a_failure(tmp_path: Path) -> None:
    babbles = (sys.executable, "-c", "print('nonsense', flush=True); input()")
    results = Results()
    with workshop(results, tmp_path, babbles) as shop:
        shop.ask("a", JOB, soon=False)
        assert results.wait_for("a") == CouldNot(DIED)


def test_an_idle_worker_is_let_go_and_comes_back(tmp_path: Path) -> None:
    results = Results(hold=True)
    others = set(threading.enumerate())
    with workshop(results, tmp_path, idle_s=0.05) as shop:
        shop.ask("a", JOB, soon=False)
        assert results.begun.wait(LONGEST_S)
        (thread,) = (t for t in set(threading.enumerate()) - others if t.name == "archive")
        results.go_on.set()
        results.wait_for("a")
        thread.join(LONGEST_S)
        assert not thread.is_alive()
        shop.ask("b", JOB, soon=False)
        assert isinstance(results.wait_for("b"), Made)


def test_closing_in_the_middle_of_a_job_waits_for_nobody(tmp_path: Path) -> None:
    hangs = (sys.executable, "-c", "import threading; threading.Event().wait()")
    results = Results()
    shop = Workshop(results, tmp_path, hangs)
    shop.ask("a", JOB, soon=False)
    shop.close()
    shop.close()
    shop.ask("b", JOB, soon=True)
    assert not shop.is_pending("b")
    assert results.keys == []


def test_the_real_worker_reads_a_session_and_survives_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path)
    bad = tmp_path / "bad.andante"
    bad.write_bytes(b"nothing")
    results = Results()
    with workshop(results, tmp_path / "cache", WORKER) as shop:
        shop.ask("bad", Summarise(str(bad), 7, 1), soon=False)
        shop.ask("walk", Summarise(str(path), 5, 1), soon=False)
        shop.ask("none", Make(str(bad), Kind.CSV, str(tmp_path / "out.zip")), soon=False)
        told = results.wait_for("bad")
        assert isinstance(told, Summarised)
        assert told.summary.state == State.DAMAGED
        told = results.wait_for("walk")
        assert isinstance(told, Summarised)
        assert told.summary.state == State.FINISHED
        failed = results.wait_for("none")
        assert isinstance(failed, CouldNot)
        assert "not a session file" in failed.sentence
    assert not (tmp_path / "out.zip").exists()


def test_the_worker_goes_behind_everything_else() -> None:
    asked = (
        "from andante_host.archive.worker import give_way; give_way(); import os; "
        "print(os.nice(0), os.sched_getscheduler(0) == os.SCHED_BATCH, "
        "open('/proc/self/oom_score_adj').read().strip())"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True)
    assert told.stdout.split() == ["19", "True", "1000"]
