"""A session from its first line to its last.

The runner knows ports, never devices. It hands each output its cues `LEAD_NS` ahead with an
absolute time, takes in what the board felt, and records both. It has no waits of its own but a
steady look-round every `TICK_NS`; nothing's timing depends on when that happens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from andante.coach import starting_tempo
from andante.plan import Exercise, Plan, StageKind, stages_of
from andante.ports import (
    FOOT_CHANNELS,
    TAP_CHANNELS,
    Board,
    Cue,
    CueKind,
    CueOutput,
    Edge,
    Fault,
    FaultKind,
    Response,
)
from andante.session.file import TempoChange
from andante.session.live import LiveSynchrony
from andante.session.recorder import Recorder
from andante.session.writer import SessionWriter
from andante.timebase import NS_PER_MS, NS_PER_S, Clock
from andante.timeline.cue_track import CueTrack, StageSpan, lay_out
from andante.timeline.metronome import interval_ns_of

LEAD_NS = 250 * NS_PER_MS
TICK_NS = 20 * NS_PER_MS
_DECIDE_AHEAD_NS = LEAD_NS + 2 * TICK_NS
_LAST_RESPONSES_NS = 600 * NS_PER_MS
_PROGRESS_NS = NS_PER_S // 5

FINISHED = "finished"
STOPPED = "stopped by the operator"


@dataclass(frozen=True)
class Progress:
    """What the screen shows, about five times a second."""

    stage: str
    left_s: float
    tempo_per_minute: float | None
    last_asynchrony_ms: float | None
    vector_length: float | None
    response_count: int


class Runner:
    """Runs one session. Everything it touches is passed in."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        outputs: Sequence[CueOutput],
        board: Board,
        recorder: Recorder,
        started_ns: int,
        on_cue: Callable[[Cue], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """`started_ns` is the session's zero; outputs and board are started already.

        `on_cue` hears every cue when it is handed out, the silent ones too.
        """
        self._plan = plan
        self._clock = clock
        self._outputs = outputs
        self._board = board
        self._recorder = recorder
        self._on_cue = on_cue
        self._on_progress = on_progress
        self._stop_asked = stop_asked
        self._started_ns = started_ns
        self._spans = lay_out(stages_of(plan), started_ns)
        self._channels = FOOT_CHANNELS if plan.exercise is Exercise.WALK else TAP_CHANNELS
        self._track: CueTrack | None = None
        self._tempo_decided = False
        self._stage_index = -1
        self._baseline_ns: list[int] = []
        self._live = LiveSynchrony()
        self._response_count = 0
        self._recording_ended = False

    def run(self) -> str:
        """Run to the end and return the reason it ended. The recorder is left to the caller.

        Raises SessionFileError when recording fails; outputs are silenced first.
        """
        try:
            reason = self._run_stages()
            self._collect_the_last()
        finally:
            for output in self._outputs:
                output.stop()
        self._take_in(self._clock.now_ns())
        return reason

    @property
    def end_ns(self) -> int:
        """When the last stage is due to end."""
        return self._spans[-1].end_ns

    def _run_stages(self) -> str:
        next_tick_ns, next_progress_ns = self._started_ns, self._started_ns
        while True:
            now_ns = self._clock.now_ns()
            self._recorder.check()
            self._take_in(now_ns)
            if now_ns >= self.end_ns or self._recording_ended:
                return FINISHED
            if self._stop_asked():
                return STOPPED
            self._enter_stage(now_ns)
            refused = self._decide_tempo(now_ns)
            if refused:
                return refused
            self._hand_out_cues(now_ns)
            if now_ns >= next_progress_ns:
                next_progress_ns = now_ns + _PROGRESS_NS
                self._on_progress(self._progress(now_ns))
            # A slow look-round skips ticks; it never makes the later ones late.
            next_tick_ns = max(next_tick_ns + TICK_NS, now_ns - now_ns % TICK_NS)
            self._clock.sleep_until_ns(next_tick_ns)

    def _collect_the_last(self) -> None:
        """Cues not begun are withdrawn; responses under way still come in."""
        for output in self._outputs:
            output.cancel()
        self._live.finish()
        self._on_progress(self._progress(self._clock.now_ns()))
        deadline_ns = self._clock.now_ns() + _LAST_RESPONSES_NS
        while (now_ns := self._clock.now_ns()) < deadline_ns:
            self._take_in(now_ns)
            self._clock.sleep_until_ns(now_ns + TICK_NS)

    # --- stages and tempo ---------------------------------------------------------------

    def _enter_stage(self, now_ns: int) -> None:
        while (
            self._stage_index + 1 < len(self._spans)
            and now_ns >= self._spans[self._stage_index + 1].start_ns
        ):
            self._stage_index += 1
            span = self._spans[self._stage_index]
            self._recorder.record(SessionWriter.begin_phase, span.stage.name, span.start_ns)
            if span.stage.kind is StageKind.QUIET and self._track is not None:
                self._live.finish()
                self._record_tempo(TempoChange(span.start_ns, None, "the cued part is over"))

    def _cued_spans(self) -> tuple[StageSpan, ...]:
        return tuple(s for s in self._spans if s.stage.kind is not StageKind.QUIET)

    def _decide_tempo(self, now_ns: int) -> str | None:
        """Settle the tempo just before the cued part; a reason to end where there is none."""
        spans = self._cued_spans()
        if self._tempo_decided or not spans or now_ns < spans[0].start_ns - _DECIDE_AHEAD_NS:
            return None
        self._tempo_decided = True
        decision = starting_tempo(self._plan, self._baseline_ns)
        self._record_tempo(TempoChange(spans[0].start_ns, decision.tempo_spm, decision.reason))
        if decision.tempo_spm is None:
            return decision.reason
        self._track = CueTrack(spans, decision.tempo_spm)
        return None

    def _record_tempo(self, change: TempoChange) -> None:
        self._recorder.record(SessionWriter.add_tempo_change, change)

    def _hand_out_cues(self, now_ns: int) -> None:
        if self._track is None:
            return
        cues = self._track.take_until(now_ns + LEAD_NS)
        if not cues:
            return
        for cue, _ in cues:
            self._on_cue(cue)
            if cue.kind is CueKind.SILENT:
                continue
            for output in self._outputs:
                output.schedule(cue)
            tempo = self._track.metronome.tempo_per_minute
            self._live.add_cue(cue.planned_ns, interval_ns_of(tempo))
        self._recorder.record(SessionWriter.add_cues, cues)

    # --- what comes in ------------------------------------------------------------------

    def _take_in(self, now_ns: int) -> None:
        news = self._board.take_news()
        responses = [r for r in news.responses if r.time_ns >= self._started_ns]
        if responses:
            self._recorder.record(SessionWriter.add_responses, responses)
            for response in responses:
                self._notice(response)
        if news.samples:
            self._recorder.record(SessionWriter.add_samples, news.samples)
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
            self._recorder.record(SessionWriter.add_fault, fault)

    def _notice(self, response: Response) -> None:
        if response.edge is not Edge.ON or response.channel not in self._channels:
            return
        self._response_count += 1
        if not self._tempo_decided:
            self._baseline_ns.append(response.time_ns)
        self._live.add_response(response.time_ns)

    def _progress(self, now_ns: int) -> Progress:
        span = self._spans[max(0, self._stage_index)]
        return Progress(
            stage=span.stage.name,
            left_s=max(0, self.end_ns - now_ns) / NS_PER_S,
            tempo_per_minute=self._track.metronome.tempo_per_minute if self._track else None,
            last_asynchrony_ms=self._live.last_asynchrony_ms,
            vector_length=self._live.vector_length,
            response_count=self._response_count,
        )
