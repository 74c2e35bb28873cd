"""The queue before the worker: one job at a time, what somebody waits for before the rest."""

import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from andante_host.archive.jobs import Answer, CouldNot, Job

log = logging.getLogger(__name__)

WORKER = (sys.executable, "-m", "andante_host.archive.worker")
IDLE_S = 60.0
"""A worker without work keeps its libraries loaded so long; then its memory is given back."""
LONGEST_S = 600.0
"""No job takes as long: the report of an hour's session takes seconds, on a slow Pi a minute."""
DIED = (
    "The process that read it came to an end; the file is damaged, too large for the memory or "
    "took too long."
)
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_CACHES = ("MPLCONFIGDIR", "XDG_CACHE_HOME")


class Workshop:
    """Starts its thread and the worker when there is work. Any thread may call."""

    def __init__(
        self,
        on_done: Callable[[str, Job, Answer], None],
        cache_dir: Path,
        command: Sequence[str] = WORKER,
        idle_s: float = IDLE_S,
        longest_s: float = LONGEST_S,
    ) -> None:
        """`on_done` gets key, job and answer in the workshop's thread, one after another.

        `cache_dir`: where the worker's libraries keep what they found out about fonts.
        """
        self._on_done = on_done
        self._cache_dir = cache_dir
        self._command = command
        self._idle_s = idle_s
        self._longest_s = longest_s
        self._changed = threading.Condition()
        self._soon: dict[str, Job] = {}
        self._later: dict[str, Job] = {}
        self._doing: str | None = None
        self._thread: threading.Thread | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._closed = False

    def ask(self, key: str, job: Job, soon: bool) -> None:
        """Have a job done; `soon`: somebody waits for it. What is asked already stays one job."""
        with self._changed:
            if self._closed or key == self._doing or key in self._soon:
                return
            if soon:
                self._later.pop(key, None)
                self._soon[key] = job
            else:
                self._later.setdefault(key, job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def is_pending(self, key: str) -> bool:
        """Whether it is asked for and not done yet."""
        with self._changed:
            return key == self._doing or key in self._soon or key in self._later

    def close(self) -> None:
        """Drop what is not done and end the worker. May be called twice."""
        with self._changed:
            self._closed = True
            self._soon.clear()
            self._later.clear()
            if self._worker is not None:
                self._worker.kill()
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    # --- the thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        while (found := self._next()) is not None:
            key, job = found
            answer = self._answer(job)
            with self._changed:
                closed = self._closed
            if not closed:
                try:
                    self._on_done(key, job, answer)
                except Exception:
                    log.exception("what came of the job %s could not be kept", key)
            with self._changed:
                self._doing = None

    def _next(self) -> tuple[str, Job] | None:
        """The next job; None after idling, when thread and worker are gone."""
        with self._changed:
            if not self._soon and not self._later and not self._closed:
                self._changed.wait(self._idle_s)
            waiting = self._soon or self._later
            if waiting and not self._closed:
                key = next(iter(waiting))
                self._doing = key
                return key, waiting.pop(key)
            self._end_worker()
            self._thread = None
            return None

    def _answer(self, job: Job) -> Answer:
        with self._changed:
            if self._closed:
                return CouldNot(DIED)
            if self._worker is None:
                self._worker = self._started()
            worker = self._worker
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(msgspec.json.encode(job) + b"\n")
            worker.stdin.flush()
            ready, _, _ = select.select([worker.stdout], [], [], self._longest_s)
            line = worker.stdout.readline() if ready else b""
            return _answers.decode(line)
        except (OSError, msgspec.DecodeError):
            with self._changed:
                worker.kill()
                self._end_worker()
            return CouldNot(DIED)

    def _started(self) -> subprocess.Popen[bytes]:
        environment = {**dict.fromkeys(_ONE_THREAD, "1"), **os.environ}
        for name in _CACHES:
            environment.setdefault(name, str(self._cache_dir))
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # it is gone already, and what it was told with it
                    continue
        worker.wait()
