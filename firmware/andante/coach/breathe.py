"""The conductor of breathing with a pacer. Pure."""

from andante import safety
from andante.coach.breath_evidence import BreathEvidence
from andante.coach.conductor import LEAD_NS, BaseConductor, Turn
from andante.plan import BreathePlan, BreathePolicy, Plan
from andante.plan.breathe import SLIDING_BREATHS, STEPPED_RATES_BRPM, sliding_cycle_s
from andante.ports import Cue, Response, SampleBlock
from andante.timebase import NS_PER_S, S_PER_MINUTE, seconds_to_ns
from andante.timeline.breath_pacer import BreathPacer, BreathPattern
from andante.timeline.spans import StageSpan

USUAL_RATE_BRPM = 6.0
_EXHALE_SHARE_OF_SLOWING = 0.75
"""Slowing lengthens mostly the exhale (docs/clinical.md); the share is our own choice."""
_LOOK_NS = NS_PER_S


class BreatheConductor(BaseConductor):
    """Baseline, a pacer by a policy within the limits, carry-over."""

    def __init__(self, plan: Plan, started_ns: int) -> None:
        """`started_ns` is the session's zero. Raises ValueError without a [breathe] table."""
        if plan.breathe is None:
            raise ValueError("the plan has no table for breathing")
        self.evidence = BreathEvidence()
        super().__init__(plan, started_ns, self.evidence)
        self._breathe: BreathePlan = plan.breathe
        self._span_index = -1
        self._pacer: BreathPacer | None = None
        self._index = 0
        self._changed_ns = 0
        self._next_look_ns = started_ns

    @property
    def tempo_per_minute(self) -> float | None:
        """The pacer's rate; None where it rests."""
        return None if self._pacer is None else self._pacer.pattern.rate_brpm

    # --- what comes in ------------------------------------------------------------------

    def take_response(self, response: Response) -> None:
        """Breathing is felt by the belt alone."""

    def take_samples(self, block: SampleBlock) -> None:
        """A piece of the belt's signal."""
        self.evidence.add_samples(block)

    # --- what goes out ------------------------------------------------------------------

    def advance(self, now_ns: int) -> Turn:
        """Parts of breaths up to the lead beyond now, decisions, faults."""
        self._now_ns = now_ns
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_NS
            self.evidence.count_new()
        while self._begin_next_span(now_ns):
            pass
        if self._pacer is not None:
            self._go_on(self._pacer, self._cued[self._span_index], now_ns)
        return self._take_turn()

    def _begin_next_span(self, now_ns: int) -> bool:
        """Open the next paced stage once its first cue is due; True where that was done."""
        following = self._span_index + 1
        if self._pacer is not None or following >= len(self._cued):
            return False
        span = self._cued[following]
        if span.start_ns >= now_ns + LEAD_NS:
            return False
        self._span_index = following
        opening = self._open(span)
        if opening is None:
            return False
        pattern, reason = opening
        self._pacer = BreathPacer(span.start_ns, pattern, self._index, self._breathe.sound)
        self._changed_ns = span.start_ns
        self._decide(span.start_ns, pattern.rate_brpm, reason)
        return True

    def _open(self, span: StageSpan) -> tuple[BreathPattern, str] | None:
        """The pattern that a stage begins with and why; None, with an end, where there is none."""
        breathe = self._breathe
        parts = BreathPattern(
            breathe.inhale_parts,
            breathe.hold_in_parts,
            breathe.exhale_parts,
            breathe.hold_out_parts,
        )
        if breathe.policy is BreathePolicy.STEPPED:
            rate = STEPPED_RATES_BRPM[self._span_index]
            return parts.at_rate(rate), f"{span.stage.name} of {len(STEPPED_RATES_BRPM)}"
        if breathe.policy is BreathePolicy.SLIDING:
            rate = S_PER_MINUTE / sliding_cycle_s(0)
            return parts.at_rate(rate), f"sliding over {SLIDING_BREATHS} breaths"
        if breathe.policy is BreathePolicy.FIXED:
            return parts.at_rate(breathe.rate_brpm or USUAL_RATE_BRPM), "rate of the plan"
        own_brpm = self.evidence.rate_brpm()
        stale = self.evidence.stale_reason(self._now_ns)
        if own_brpm is None or stale:
            reason = (
                f"no breathing rate could be measured ({stale or 'too few breaths'}); "
                "see to the belt and start again"
            )
            self._decide(span.start_ns, None, reason)
            self._turn.end_reason = reason
            return None
        clamped = safety.clamp_breathing_rate(own_brpm)
        reason = f"the patient's own rate of {own_brpm:.1f} breaths/min"
        if clamped.reason:
            reason = f"{reason}, {clamped.reason}"
        return parts.at_rate(clamped.value), reason

    def _go_on(self, pacer: BreathPacer, span: StageSpan, now_ns: int) -> None:
        if self._nudge_percent:
            self._nudge_now(pacer, span, now_ns)
        while pacer.next_ns < min(now_ns + LEAD_NS, span.end_ns):
            if pacer.at_breath_start and not self._prepare_breath(pacer, span):
                break
            self._hand_out(pacer.take_next(), span)
        # The last breath may end a little before the stage does; silence follows at once.
        done = pacer.at_breath_start and not self._fits(pacer.pattern, pacer.next_ns, span)
        if (done and now_ns >= pacer.next_ns) or now_ns >= span.end_ns:
            self._index = pacer.next_index
            self._pacer = None
            self._decide(now_ns, None, "the paced part is over")

    def _prepare_breath(self, pacer: BreathPacer, span: StageSpan) -> bool:
        """Settle the pattern of the breath that comes next; False where it is the stage's end."""
        number, at_ns = pacer.breath_count, pacer.next_ns
        if number > 0:
            pattern, reason = self._next_pattern(pacer.pattern, number, at_ns)
            if reason is not None:
                self._decide(at_ns, pattern.rate_brpm, reason)
            pacer.set_pattern(pattern, at_ns)
        return self._fits(pacer.pattern, at_ns, span)

    @staticmethod
    def _fits(pattern: BreathPattern, start_ns: int, span: StageSpan) -> bool:
        """Whether a whole breath still fits: none is broken off in the middle."""
        rounding_ns = 1_000_000
        return start_ns + seconds_to_ns(pattern.cycle_s) <= span.end_ns + rounding_ns

    def _hand_out(self, cue: Cue, span: StageSpan) -> None:
        self._turn.cues.append((cue, span.stage.name))

    # --- policies -----------------------------------------------------------------------

    def _next_pattern(
        self, pattern: BreathPattern, number: int, at_ns: int
    ) -> tuple[BreathPattern, str | None]:
        """The pattern of breath `number` (1, 2, …) and the reason where it is a new one."""
        breathe = self._breathe
        if breathe.policy is BreathePolicy.SLIDING and number < SLIDING_BREATHS:
            rate = S_PER_MINUTE / sliding_cycle_s(number)
            clamped = " at the floor of the limits" if rate == pattern.rate_brpm else ""
            return pattern.at_rate(rate), f"breath {number + 1} of {SLIDING_BREATHS}{clamped}"
        if breathe.policy is BreathePolicy.FIXED and breathe.exhale_target_s is not None:
            return self._towards_exhale_target(pattern, breathe.exhale_target_s)
        if breathe.policy is BreathePolicy.GUIDED_DOWN:
            return self._guided_down(pattern, at_ns)
        return pattern, None

    def _guided_down(self, pattern: BreathPattern, at_ns: int) -> tuple[BreathPattern, str | None]:
        """Slower by what the time since the last change allows, if the patient came along."""
        passed_min = (at_ns - self._changed_ns) / NS_PER_S / S_PER_MINUTE
        self._changed_ns = at_ns
        if not self._may_adapt():
            return pattern, None
        target = self._breathe.rate_brpm or USUAL_RATE_BRPM
        slowing = safety.GUIDED_SLOWING_BRPM_PER_MIN * min(1.0, passed_min)
        wanted = safety.clamp_breathing_rate(max(target, pattern.rate_brpm - slowing))
        if wanted.value >= pattern.rate_brpm:
            return pattern, None
        own_brpm = self.evidence.rate_brpm()
        if own_brpm is None:
            return pattern, "held: the patient's own rate is not clear"
        if wanted.value < own_brpm - safety.GUIDED_MARGIN_BRPM:
            return pattern, f"held: the patient breathes at {own_brpm:.1f}/min"
        reason = f"the patient comes along at {own_brpm:.1f}/min"
        if wanted.reason:
            reason = f"{reason}; {wanted.reason}"
        return _slowed(pattern, wanted.value), reason

    def _towards_exhale_target(
        self, pattern: BreathPattern, target_s: float
    ) -> tuple[BreathPattern, str | None]:
        exhale_s = min(target_s, pattern.exhale_s + safety.EXHALE_STEP_S)
        longest_s = S_PER_MINUTE / safety.BREATHING_RATE_BRPM.low
        exhale_s = min(exhale_s, longest_s - pattern.cycle_s + pattern.exhale_s)
        if exhale_s <= pattern.exhale_s:
            return pattern, None
        longer = BreathPattern(pattern.inhale_s, pattern.hold_in_s, exhale_s, pattern.hold_out_s)
        return longer, f"exhale of {exhale_s:.2f} s on the way to {target_s:g} s"

    def _nudge_now(self, pacer: BreathPacer, span: StageSpan, now_ns: int) -> None:
        """A nudge by hand changes the rate in mid-breath, without a jump in phase."""
        at_ns = now_ns + LEAD_NS
        if at_ns >= pacer.next_ns or (pacer.breath_count == 0 and pacer.at_breath_start):
            return  # the part under way ends sooner: wait for the next one
        wanted = pacer.pattern.rate_brpm * (1 + self._nudge_percent / 100)
        clamped = safety.clamp_breathing_rate(wanted)
        reason = f"changed by {self._nudge_percent:+g} % by hand"
        self._nudge_percent = 0.0
        if clamped.reason:
            reason = f"{reason}; {clamped.reason}"
        cue = pacer.set_pattern(pacer.pattern.at_rate(clamped.value), at_ns)
        self._decide(at_ns, clamped.value, reason)
        if cue is not None:
            self._hand_out(cue, span)


def _slowed(pattern: BreathPattern, rate_brpm: float) -> BreathPattern:
    """The pattern at a slower rate, with three quarters of the added time in the exhale."""
    added_s = S_PER_MINUTE / rate_brpm - pattern.cycle_s
    return BreathPattern(
        pattern.inhale_s + (1 - _EXHALE_SHARE_OF_SLOWING) * added_s,
        pattern.hold_in_s,
        pattern.exhale_s + _EXHALE_SHARE_OF_SLOWING * added_s,
        pattern.hold_out_s,
    )
