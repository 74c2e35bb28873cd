"""A session from its first line to its last.

The runner knows ports, never devices, and a conductor, never an exercise. It hands each output its
cues ahead with an absolute time, takes in what the board felt, carries out commands, and records
all of it. It has no waits of its own but a steady look-round every `TICK_NS`; nothing's timing
depends on when that happens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from andante.coach.conductor import LEAD_NS as LEAD_NS
from andante.coach.conductor import Conductor, Decision
from andante.commands import (
    AnyCommand,
    CommandSource,
    Dizzy,
    Note,
    NudgeTempo,
    Pause,
    Resume,
    SelfReport,
    Stop,
    Unlock,
)
from andante.ports import UNGIVEN_KINDS, Board, Cue, CueOutput, Fault, FaultKind
from andante.session.file import Note as FileNote
from andante.session.file import SelfReport as FileSelfReport
from andante.session.file import TempoChange
from andante.session.live import RecentBreaths, RecentCues, Trace
from andante.session.live_window import SHOWN_CUES, LiveWindow
from andante.session.recorder import Recorder
from andante.session.told import CommandTaken, Told
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_MS, NS_PER_S, Clock

TICK_NS = 20 * NS_PER_MS
_LAST_RESPONSES_NS = 600 * NS_PER_MS
_PROGRESS_NS = 7 * TICK_NS
"""Every seventh look-round: at least five times a second even where some are late."""

FINISHED = "finished"
STOPPED = "stopped by the operator"
DIZZY = "the patient felt dizzy"
PAUSED = "pause"


@dataclass(frozen=True)
class Progress:
    """What the screen shows, about seven times a second.

    `at_s` is exercise time (`session.live`); `tempo_range` what nudges can reach.
    """

    stage: str
    left_s: float
    tempo_per_minute: float | None
    last_asynchrony_ms: float | None
    vector_length: float | None
    response_count: int
    own_per_minute: float | None = None
    paused: bool = False
    at_s: float = 0.0
    tempo_range: tuple[float, float] | None = None
    cues: RecentCues = field(default_factory=RecentCues)
    breaths: RecentBreaths = field(default_factory=RecentBreaths)
    traces: tuple[Trace, ...] = ()


class Runner:
    """Runs one session. Everything it touches is passed in."""

    def __init__(
        self,
        conductor: Conductor,
        clock: Clock,
        outputs: Sequence[CueOutput],
        board: Board,
        recorder: Recorder,
        started_ns: int,
        on_cue: Callable[[Cue], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
        commands: Sequence[CommandSource] = (),
        on_look: Callable[[], None] = lambda: None,
        on_told: Callable[[Told], None] = lambda _: None,
        is_watched: Callable[[], bool] = lambda: True,
    ) -> None:
        """`started_ns` is the session's zero; outputs and board are started already.

        `on_cue` hears every cue when it is handed out, the silent ones too; `on_look` is called
        at every look-round, as a sign of life; `on_told` hears of commands taken, tempo changes
        and faults as they come, and must return at once. Progress has the latest cues, breaths
        and traces only where `is_watched`: nobody's picture is not drawn.
        """
        self._conductor = conductor
        self._clock = clock
        self._outputs = outputs
        self._board = board
        self._recorder = recorder
        self._on_cue = on_cue
        self._on_progress = on_progress
        self._commands = commands
        self._on_look = on_look
        self._on_told = on_told
        self._is_watched = is_watched
        self._live = LiveWindow(started_ns, conductor.evidence.channels)
        self._started_ns = started_ns
        self._shift_ns = 0  # how much later everything falls because of pauses
        self._paused_ns: int | None = None
        self._stage_index = -1
        self._end_reason: str | None = None
        self._recording_ended = False

    def run(self) -> str:
        """Run to the end and return the reason it ended. The recorder is left to the caller.

        Raises SessionFileError when recording fails; outputs are silenced first.
        """
        try:
            reason = self._run_stages()
            self._collect_the_last(reason)
        finally:
            for output in self._outputs:
                output.stop()
        self._take_in(self._clock.now_ns())
        return reason

    @property
    def end_ns(self) -> int:
        """When the last stage is due to end."""
        return self._conductor.spans[-1].end_ns + self._shift_ns

    def _run_stages(self) -> str:
        next_tick_ns, next_progress_ns = self._started_ns, self._started_ns
        while True:
            now_ns = self._clock.now_ns()
            self._recorder.check()
            self._on_look()
            for source in self._commands:
                for command in source.take_commands():
                    self._on_told(CommandTaken(command, self._obey(command, now_ns)))
            self._take_in(now_ns)
            if self._end_reason is not None:
                return self._end_reason
            if self._recording_ended or (self._paused_ns is None and now_ns >= self.end_ns):
                return FINISHED
            if self._paused_ns is None:
                self._enter_stage(now_ns)
                self._advance(now_ns)
            if now_ns >= next_progress_ns:
                next_progress_ns = now_ns + _PROGRESS_NS
                self._on_progress(self._progress(now_ns))
            # A slow look-round skips ticks; it never makes the later ones late.
            next_tick_ns = max(next_tick_ns + TICK_NS, now_ns - now_ns % TICK_NS)
            self._clock.sleep_until_ns(next_tick_ns)

    def _collect_the_last(self, reason: str) -> None:
        """Cues not begun are withdrawn; responses under way still come in.

        Where a person asked for the end, what has begun is broken off as well.
        """
        if reason in (STOPPED, DIZZY):
            for output in self._outputs:
                output.stop()
        else:
            self._silence()
        self._on_progress(self._progress(self._clock.now_ns()))
        deadline_ns = self._clock.now_ns() + _LAST_RESPONSES_NS
        while (now_ns := self._clock.now_ns()) < deadline_ns:
            self._on_look()
            self._take_in(now_ns)
            self._clock.sleep_until_ns(now_ns + TICK_NS)

    def _silence(self) -> None:
        for output in self._outputs:
            output.cancel()

    # --- stages and cues ----------------------------------------------------------------

    def _enter_stage(self, now_ns: int) -> None:
        spans = self._conductor.spans
        while (
            self._stage_index + 1 < len(spans)
            and now_ns >= spans[self._stage_index + 1].start_ns + self._shift_ns
        ):
            self._stage_index += 1
            span = spans[self._stage_index]
            self._begin_phase(span.stage.name, span.start_ns + self._shift_ns)

    def _begin_phase(self, name: str, start_ns: int) -> None:
        self._recorder.record(SessionWriter.begin_phase, name, start_ns)

    def _advance(self, now_ns: int) -> None:
        turn = self._conductor.advance(now_ns - self._shift_ns)
        for decision in turn.decisions:
            self._record_decision(decision)
        for fault in turn.faults:
            self._record_fault(replace(fault, time_ns=fault.time_ns + self._shift_ns))
        if turn.cues:
            self._hand_out(turn.cues)
        if turn.end_reason is not None:
            self._end_reason = turn.end_reason

    def _hand_out(self, planned: Sequence[tuple[Cue, str]]) -> None:
        for cue, _ in planned:
            self._live.add_cue(cue)
        cues = [
            (replace(cue, planned_ns=cue.planned_ns + self._shift_ns), phase)
            for cue, phase in planned
        ]
        for cue, _ in cues:
            self._on_cue(cue)
            if cue.kind not in UNGIVEN_KINDS:
                for output in self._outputs:
                    output.schedule(cue)
        self._recorder.record(SessionWriter.add_cues, cues)

    def _record_decision(self, decision: Decision) -> None:
        self._change_tempo(
            decision.time_ns + self._shift_ns, decision.tempo_per_minute, decision.reason
        )

    def _change_tempo(self, time_ns: int, tempo_per_minute: float | None, reason: str) -> None:
        change = TempoChange(time_ns, tempo_per_minute, reason)
        self._recorder.record(SessionWriter.add_tempo_change, change)
        self._on_told(change)

    def _record_fault(self, fault: Fault) -> None:
        self._recorder.record(SessionWriter.add_fault, fault)
        self._on_told(fault)

    # --- commands -----------------------------------------------------------------------

    def _obey(self, command: AnyCommand, now_ns: int) -> str | None:
        """Carry out a command; the reason, in a sentence, where that cannot be done."""
        match command:
            case Stop():
                self._end_reason = STOPPED
            case Dizzy():
                self._end_reason = DIZZY
                self._note(now_ns, "patient", "I feel dizzy.")
            case Pause():
                return self._pause(now_ns, command.source)
            case Resume():
                return self._resume(now_ns, command.source)
            case NudgeTempo():
                if self._conductor.tempo_range is None:
                    return "There is no tempo to change by hand at the moment."
                self._conductor.nudge(command.percent)
                self._note(
                    now_ns, command.source, f"Asked for {command.percent:+g} % of the tempo."
                )
            case Unlock():
                self._conductor.unlock(command.role, command.reason)
            case Note():
                self._note(now_ns, command.role, command.text)
            case SelfReport():
                report = FileSelfReport(now_ns, command.moment, command.item, command.score)
                self._recorder.record(SessionWriter.add_self_report, report)
        return None

    def _pause(self, now_ns: int, source: str) -> str | None:
        if self._paused_ns is not None:
            return "The session is paused already."
        self._paused_ns = now_ns
        self._silence()
        self._begin_phase(PAUSED, now_ns)
        self._change_tempo(now_ns, None, f"paused by the {source}")
        return None

    def _resume(self, now_ns: int, source: str) -> str | None:
        if self._paused_ns is None:
            return "The session is not paused."
        self._shift_ns += now_ns - self._paused_ns
        self._paused_ns = None
        self._conductor.go_on(now_ns - self._shift_ns)
        self._begin_phase(self._stage_name, now_ns)
        self._change_tempo(now_ns, self._conductor.tempo_per_minute, f"resumed by the {source}")
        return None

    def _note(self, now_ns: int, role: str, text: str) -> None:
        self._recorder.record(SessionWriter.add_note, FileNote(now_ns, role, text))

    # --- what comes in ------------------------------------------------------------------

    def _take_in(self, now_ns: int) -> None:
        news = self._board.take_news()
        responses = [r for r in news.responses if r.time_ns >= self._started_ns]
        if responses:
            self._recorder.record(SessionWriter.add_responses, responses)
        if news.samples:
            self._recorder.record(SessionWriter.add_samples, news.samples)
        if self._paused_ns is None:
            for response in responses:
                self._conductor.take_response(
                    replace(response, time_ns=response.time_ns - self._shift_ns)
                )
            for block in news.samples:
                if block.first_ns is not None:
                    block = replace(block, first_ns=block.first_ns - self._shift_ns)
                self._conductor.take_samples(block)
                self._live.add_samples(block)
        if news.probes:
            self._recorder.record(SessionWriter.add_probes, news.probes)
        faults = list(news.faults)
        if news.ended and not self._recording_ended:
            self._recording_ended = True
            text = "The recording that was replayed came to its end."
            faults.append(Fault(FaultKind.RECORDING_ENDED, now_ns, "board", text))
        for output in self._outputs:
            reports, readings = output.take_reports(), output.take_audio_timing()
            if reports:
                self._recorder.record(SessionWriter.add_cue_reports, reports)
            if readings:
                self._recorder.record(SessionWriter.add_audio_timing, readings)
            faults.extend(output.take_faults())
        for fault in faults:
            self._record_fault(fault)

    @property
    def _stage_name(self) -> str:
        return self._conductor.spans[max(0, self._stage_index)].stage.name

    def _progress(self, now_ns: int) -> Progress:
        evidence = self._conductor.evidence
        shown_ns = now_ns if self._paused_ns is None else self._paused_ns
        exercise_ns = shown_ns - self._shift_ns
        progress = Progress(
            stage=self._stage_name if self._paused_ns is None else PAUSED,
            left_s=max(0, self.end_ns - shown_ns) / NS_PER_S,
            tempo_per_minute=self._conductor.tempo_per_minute,
            last_asynchrony_ms=evidence.last_asynchrony_ms,
            vector_length=evidence.vector_length,
            response_count=evidence.response_count,
            own_per_minute=evidence.own_per_minute(),
            paused=self._paused_ns is not None,
            at_s=self._live.at_s(exercise_ns),
            tempo_range=self._conductor.tempo_range,
        )
        if not self._is_watched():
            return progress
        return replace(
            progress,
            cues=self._live.cues(evidence.recent_cues(SHOWN_CUES), exercise_ns),
            breaths=self._live.breaths(exercise_ns),
            traces=self._live.traces(),
        )
