"""A waiting engine on a thread, with sessions and a button of the tests' own making."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from andante.commands import AnyCommand, CommandSource, Stop
from andante.control import ControlClient, ControlError
from andante.engine import RunOptions, SessionResult
from andante.notify import Notifier
from andante.plan import Plan
from andante.serve import Engine, ServeSettings
from andante.session.runner import FINISHED, STOPPED, Progress
from andante.session.told import Told
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.control import SOCKET

WALK: dict[str, Any] = {
    "exercise": "walk",
    "patient_code": "P7",
    "walk": {"tempo_spm": 100, "cued_minutes": 10, "tempo_percent_of_baseline": None},
    "outputs": {"sound": False, "led": False},
}
_STEP_NS = 5 * NS_PER_MS


def progress(left_s: float, **changes: Any) -> Progress:
    fields: dict[str, Any] = {
        "stage": "cued",
        "left_s": left_s,
        "tempo_per_minute": 100.0,
        "last_asynchrony_ms": None,
        "vector_length": None,
        "response_count": 0,
        "paused": False,
        **changes,
    }
    return Progress(**fields)


class Sessions:
    """Stands for `run_session`: looks round as the runner does until stopped or told to end."""

    def __init__(self) -> None:
        self.asked: list[tuple[Plan, RunOptions]] = []
        self.taken: list[AnyCommand] = []
        self.failure: Exception | None = None
        self.telling: list[Told] = []
        self.broken: Exception | None = None
        self.script: list[Progress] = [progress(9.0)]
        self.finish = threading.Event()
        self.hang = threading.Event()
        self.file_written = threading.Event()
        self.file_written.set()
        self.held = threading.Event()

    def _pass(self, gate: threading.Event) -> None:
        if not gate.is_set():
            self.held.set()
        gate.wait()

    def __call__(
        self,
        plan: Plan,
        options: RunOptions,
        on_progress: Callable[[Progress], None],
        on_notice: Callable[[str], None],
        commands: Sequence[CommandSource],
        on_look: Callable[[], None],
        on_told: Callable[[Told], None],
        is_watched: Callable[[], bool],
    ) -> SessionResult:
        self.is_watched = is_watched
        self.asked.append((plan, options))
        on_notice("The sound device is missing.")
        if self.failure is not None:
            raise self.failure
        for item in self.telling:
            on_told(item)
        for step in self.script:
            on_progress(step)
        if self.broken is not None:
            raise self.broken
        while True:
            self._pass(self.hang)
            on_look()
            new = [command for source in commands for command in source.take_commands()]
            self.taken += new
            if any(isinstance(command, Stop) for command in new):
                on_look()
                self._pass(self.file_written)
                return SessionResult(Path("/sessions/1.andante"), STOPPED, None, None)
            if self.finish.is_set():
                self.finish.clear()
                on_progress(progress(0.0))
                self._pass(self.file_written)
                return SessionResult(Path("/sessions/1.andante"), FINISHED, None, None)
            tick()


class Button:
    """The trainer's own button: each `press` means start or stop, by what it was told last."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        self.waits = threading.Event()
        self.in_session = False
        self.is_paused: Callable[[], bool] = lambda: False

    def press(self) -> None:
        # A press before the engine waits for the first one does not count.
        assert self.waits.wait(5)
        self._pressed.set()

    def begin_waiting(self) -> None:
        self.in_session = False
        self._pressed.clear()
        self.waits.set()

    def start_pressed(self) -> bool:
        assert not self.in_session
        return self._take()

    def begin_session(self, is_paused: Callable[[], bool]) -> None:
        self.in_session = True
        self.is_paused = is_paused
        self._pressed.clear()

    def take_commands(self) -> list[AnyCommand]:
        assert self.in_session
        return [Stop(source="button")] if self._take() else []

    def _take(self) -> bool:
        pressed = self._pressed.is_set()
        self._pressed.clear()
        return pressed


class Rig:
    """An engine that serves on a thread."""

    def __init__(self, tmp_path: Path, **settings: Any) -> None:
        self.path = tmp_path / SOCKET
        self.sessions = Sessions()
        self.sessions.hang.set()
        self.button = Button()
        self.engine = Engine(
            ServeSettings(
                **{"socket_path": self.path, "out_dir": tmp_path, "port": "/dev/board", **settings}
            ),
            Notifier(),
            button=self.button,
            run_session=self.sessions,
        )

    @contextmanager
    def serving(self) -> Iterator[ControlClient]:
        thread = threading.Thread(target=self.engine.run, daemon=True)
        thread.start()
        try:
            with _wait_to_connect(self.path) as client:
                yield client
        finally:
            self.engine.ask_to_end()
            thread.join(10)
        assert not thread.is_alive()
        assert not self.path.exists()


def tick() -> None:
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + _STEP_NS)


def _wait_to_connect(path: Path, timeout_s: float = 20) -> ControlClient:
    clock = MonotonicClock()
    deadline_ns = clock.now_ns() + round(timeout_s * NS_PER_S)
    while True:
        try:
            return ControlClient(path)
        except ControlError:
            if clock.now_ns() > deadline_ns:
                raise
            tick()
