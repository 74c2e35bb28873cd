"""The conductor of breathing with a pacer. Pure."""

from andante import safety
from andante.coach.breath_evidence import BreathEvidence
from andante.coach.breath_policies import BreathPolicy
from andante.coach.conductor import LEAD_NS, BaseConductor, Turn
from andante.plan import Plan
from andante.ports import Cue, Response, SampleBlock
from andante.timebase import NS_PER_MS, NS_PER_S, seconds_to_ns
from andante.timeline.breath_pacer import BreathPacer, BreathPattern
from andante.timeline.spans import StageSpan

_LOOK_NS = NS_PER_S
_ROUNDING_NS = NS_PER_MS


class BreatheConductor(BaseConductor):
    """Baseline, a pacer by a policy within the limits, carry-over."""

    def __init__(self, plan: Plan, started_ns: int, policy: BreathPolicy, sound: str) -> None:
        """`started_ns` is the session's zero."""
        self.evidence = BreathEvidence()
        super().__init__(plan, started_ns, self.evidence)
        self._policy = policy
        self._sound = sound
        self._span_index = -1
        self._pacer: BreathPacer | None = None
        self._next_index = 0
        self._breath_ns = 0
        self._next_look_ns = started_ns

    @property
    def tempo_per_minute(self) -> float | None:
        """The pacer's rate; None where it rests."""
        return None if self._pacer is None else self._pacer.pattern.rate_brpm

    @property
    def tempo_range(self) -> tuple[float, float] | None:
        """The rates allowed; None where the pacer rests."""
        limit = safety.BREATHING_RATE_BRPM
        return None if self._pacer is None else (limit.low, limit.high)

    # --- what comes in ------------------------------------------------------------------

    def take_response(self, response: Response) -> None:
        """Breathing is felt by the belt alone."""

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of the belt's signal."""
        self.evidence.add_samples(block)

    def go_on(self, now_ns: int) -> None:
        """The breath that a pause broke off goes on where it was."""
        pacer = self._pacer
        if pacer is None or now_ns >= pacer.next_ns:
            return
        cue = pacer.set_pattern(pacer.pattern, max(now_ns, pacer.part_ns))
        if cue is not None:
            self._hand_out(cue, self._cued[self._span_index])

    # --- what goes out ------------------------------------------------------------------

    def advance(self, now_ns: int) -> Turn:
        """Parts of breaths up to the lead beyond now, decisions, faults."""
        self._now_ns = now_ns
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_NS
            self.evidence.count_new()
        if self._pacer is None:
            self._begin_next_span(now_ns)
        if self._pacer is not None:
            self._go_on(self._pacer, self._cued[self._span_index], now_ns)
        return self._take_turn()

    def _begin_next_span(self, now_ns: int) -> None:
        """Open the next paced stage once its first cue is due."""
        following = self._span_index + 1
        if following >= len(self._cued) or self._cued[following].start_ns >= now_ns + LEAD_NS:
            return
        span = self._cued[following]
        self._span_index = following
        stale = self.evidence.stale_reason(now_ns) if self._policy.adapts else None
        pattern, reason = self._policy.open(following, self.evidence)
        if stale or pattern is None:
            reason = f"{stale}; see to the belt and start again" if stale else reason
            self._decide(span.start_ns, None, reason)
            self._turn.end_reason = reason
            return
        self._pacer = BreathPacer(span.start_ns, pattern, self._next_index, self._sound)
        self._breath_ns = span.start_ns
        self._decide(span.start_ns, pattern.rate_brpm, reason)

    def _go_on(self, pacer: BreathPacer, span: StageSpan, now_ns: int) -> None:
        if self._nudge_percent:
            self._nudge_now(pacer, span, now_ns)
        while pacer.next_ns < min(now_ns + LEAD_NS, span.end_ns):
            if pacer.at_breath_start and not self._prepare_breath(pacer, span):
                break
            self._hand_out(pacer.take_next(), span)
        # The last breath may end a little before the stage does; silence follows at once.
        done = pacer.at_breath_start and not _fits(pacer.pattern, pacer.next_ns, span)
        if now_ns >= span.end_ns or (done and now_ns >= pacer.next_ns):
            self._next_index = pacer.next_index
            self._pacer = None
            self._decide(now_ns, None, "the paced part is over")

    def _prepare_breath(self, pacer: BreathPacer, span: StageSpan) -> bool:
        """Settle the pattern of the breath that comes next; False where it is the stage's end."""
        number, at_ns = pacer.breath_count, pacer.next_ns
        since_ns, self._breath_ns = at_ns - self._breath_ns, at_ns
        if number > 0 and (not self._policy.adapts or self._may_adapt()):
            pattern, reason = self._policy.next(pacer.pattern, number, since_ns, self.evidence)
            if reason is not None:
                self._decide(at_ns, pattern.rate_brpm, reason)
            pacer.set_pattern(pattern, at_ns)
        return _fits(pacer.pattern, at_ns, span)

    def _hand_out(self, cue: Cue, span: StageSpan) -> None:
        self._turn.cues.append((cue, span.stage.name))

    def _nudge_now(self, pacer: BreathPacer, span: StageSpan, now_ns: int) -> None:
        """A nudge by hand changes the rate in mid-breath, without a jump in phase."""
        at_ns = now_ns + LEAD_NS
        if at_ns >= pacer.next_ns:
            return  # the part under way ends sooner: wait for the next one
        wanted_brpm = pacer.pattern.rate_brpm * (1 + self._nudge_percent / 100)
        clamped = safety.clamp_breathing_rate(wanted_brpm)
        reason = f"changed by {self._nudge_percent:+g} % by hand"
        self._nudge_percent = 0.0
        if clamped.reason:
            reason = f"{reason}; {clamped.reason}"
        cue = pacer.set_pattern(pacer.pattern.at_rate(clamped.value), at_ns)
        self._decide(at_ns, clamped.value, reason)
        if cue is not None:
            self._hand_out(cue, span)


def _fits(pattern: BreathPattern, start_ns: int, span: StageSpan) -> bool:
    """Whether a whole breath still fits: none is broken off in the middle."""
    return start_ns + seconds_to_ns(pattern.cycle_s) <= span.end_ns + _ROUNDING_NS
