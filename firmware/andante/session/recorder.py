"""The thread that writes the session file.

Whoever has something to record hands it over and goes on at once. The thread writes what has
gathered and commits it at least every `COMMIT_S`, so that a power cut loses no more than
`MAX_LOSS_S` of events.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from andante.errors import SessionFileError
from andante.session.certificate import certificate_of
from andante.session.file import load_session
from andante.session.writer import SessionWriter

COMMIT_S = 0.25
MAX_LOSS_S = 1.0
"""What the documents promise; COMMIT_S leaves the rest for a slow disk."""
_JOIN_S = 30.0

P = ParamSpec("P")
Entry = Callable[[SessionWriter], None]
log = logging.getLogger(__name__)


class Recorder:
    """Owns the writer from `start` on; every method may be called from the runner's thread."""

    def __init__(self, make_writer: Callable[[], SessionWriter]) -> None:
        """`make_writer` is called on the recorder's own thread, where the connection must live."""
        self._make_writer = make_writer
        self._entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._failure: SessionFileError | None = None
        self._finish: tuple[int, str] | None = None
        self.rounds = 0
        """How often the thread has written and committed: stands still where the disk hangs."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Create the file. Raises SessionFileError where that fails."""
        self._thread.start()
        self._ready.wait()
        self.check()

    def record(
        self,
        method: Callable[Concatenate[SessionWriter, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Hand over something to write: a method of the writer and its arguments.

        Returns at once; the arguments belong to the recorder from then on.
        """
        self._entries.put(lambda writer: method(writer, *args, **kwargs))

    def check(self) -> None:
        """Raise SessionFileError if writing has failed."""
        if self._failure is not None:
            raise self._failure

    @property
    def alive(self) -> bool:
        """True while the thread is writing."""
        return self._thread.is_alive() and self._failure is None

    def finish(self, ended_ns: int, end_reason: str) -> None:
        """Write everything, correct the times, certify, close. Raises SessionFileError."""
        self._finish = (ended_ns, end_reason)
        self._entries.put(None)
        self._thread.join(_JOIN_S)
        self.check()
        if self._thread.is_alive():
            raise SessionFileError(
                "The disk did not take the session's last second in time; what came before is kept."
            )

    # --- the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            writer = self._make_writer()
        except SessionFileError as error:
            self._failure = error
            self._ready.set()
            return
        self._ready.set()
        try:
            while self._write_gathered(writer):
                pass
            self._close(writer)
        except Exception as error:
            log.exception("the recorder stopped")
            self._failure = SessionFileError(
                f"The session file {writer.path} can no longer be written ({error}); "
                "what was recorded before is kept."
            )
            with contextlib.suppress(SessionFileError):
                writer.commit()  # what this batch could still hold
            writer.abandon()

    def _write_gathered(self, writer: SessionWriter) -> bool:
        """Write and commit what has come within COMMIT_S; False once the end has come."""
        try:
            entry = self._entries.get(timeout=COMMIT_S)
        except queue.Empty:
            self.rounds += 1
            return True
        more = True
        while True:
            if entry is None:
                more = False
            else:
                entry(writer)
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                break
        writer.commit()
        self.rounds += 1
        return more

    def _close(self, writer: SessionWriter) -> None:
        assert self._finish is not None
        ended_ns, end_reason = self._finish
        # Read back what is on the disk: the corrected times and the certificate then come from
        # the same code that serves a session which was cut off.
        data = load_session(writer.path, with_raw=False)
        responses = data.responses
        writer.correct_responses(
            zip(
                responses.time_ns.tolist(),
                responses.uncertainty_us.tolist(),
                responses.index.tolist(),
                strict=True,
            )
        )
        writer.finish(ended_ns, end_reason, certificate_of(data))
