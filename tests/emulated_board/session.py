"""A session of a recorded walk: voltages, chip, firmware, UART, the real link, a session file."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

from andante.board.link import BoardLink
from andante.coach.make import make_conductor
from andante.errors import BoardError
from andante.plan import Exercise, Outputs, Plan, WalkPlan, plan_as_dict
from andante.ports import BoardInfo, BoardNews, LinkCounts
from andante.session.file import SessionHeader
from andante.session.recorder import Recorder
from andante.session.runner import Runner
from andante.session.writer import SessionWriter
from andante.signal_file import ForceRecording
from andante.timebase import NS_PER_S, SimulatedClock
from emulated_board.chip import Chip
from emulated_board.line import EmulatedBoard
from emulated_board.walk import connect_recording

LAST_EVENTS_NS = NS_PER_S  # an event is found, sent and acknowledged well within this


class BoardThatEnds:
    """A `Board` that says so when the recording at its inputs has come to its end."""

    def __init__(self, link: BoardLink, clock: SimulatedClock) -> None:
        self._link = link
        self._clock = clock
        self.end_ns: int | None = None

    @property
    def description(self) -> str:
        return self._link.description

    @property
    def simulated(self) -> bool:
        return True

    @property
    def info(self) -> BoardInfo | None:
        return self._link.info

    def start(self) -> None:
        self._link.start()

    def take_news(self) -> BoardNews:
        news = self._link.take_news()
        news.ended = self.end_ns is not None and self._clock.now_ns() >= self.end_ns
        return news

    def counts(self) -> LinkCounts:
        return self._link.counts()

    def stop(self) -> None:
        self._link.stop()


def play(recording: ForceRecording, session: Path, chip: Chip, seed: int = 1) -> LinkCounts:
    """Play the recording through a chip just switched on; leaves the file `session`.

    As fast as it runs. Raises AndanteError in one sentence; whatever was recorded until then is
    kept.
    """
    clock = SimulatedClock()
    port = EmulatedBoard(chip, clock, seed=seed)
    board = BoardThatEnds(BoardLink(port, clock), clock)
    board.start()
    started_ns = clock.now_ns()
    end_ns = connect_recording(chip, recording, port.cycles, started_ns) + LAST_EVENTS_NS
    board.end_ns = end_ns
    plan = Plan(
        exercise=Exercise.WALK,
        walk=WalkPlan(baseline_s=(end_ns - started_ns) / NS_PER_S + 1),
        outputs=Outputs(sound=False, led=False),
    )
    header = _header(plan, board, clock, started_ns)
    recorder = Recorder(lambda: SessionWriter(session, header))
    recorder.start()
    try:
        conductor = make_conductor(plan, started_ns)
        reason = Runner(conductor, clock, [], board, recorder, started_ns).run()
    except BaseException as error:
        recorder.finish(clock.now_ns(), f"cut off by an error: {error!r}")
        raise
    finally:
        board.stop()
    recorder.finish(clock.now_ns(), reason)
    return board.counts()


def _header(
    plan: Plan, board: BoardThatEnds, clock: SimulatedClock, started_ns: int
) -> SessionHeader:
    info = board.info
    if info is None:
        raise BoardError("The emulated board said nothing of itself; build its firmware again.")
    return SessionHeader(
        origin="andante",
        exercise=plan.exercise,
        patient_code=plan.patient_code,
        plan=plan_as_dict(plan),
        started_utc=clock.utc_now(),
        started_ns=started_ns,
        tick_hz=info.tick_hz,
        simulated_parts=("board", "recording"),
        hardware={
            "machine": platform.machine(),
            "board": f"{board.description}: the real firmware on a chip emulated by simavr",
            "board_firmware": info.firmware_version,
            "outputs": {},
        },
        versions={"andante": version("andante"), "python": sys.version.split()[0]},
    )
