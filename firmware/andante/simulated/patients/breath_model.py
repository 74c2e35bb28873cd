"""How a breath goes: the timing of one person who breathes.

Every breath is planned at its first moment, from what was heard until then, so that it never
depends on who looks how often. Its length and the shares of its parts lie between the own ones
and those of the last whole breath that was cued, by the share `following`; the rate falls no
faster than the habits allow, and half of the lag behind the cues (beyond the own one) is made up
for in each breath while the rates are within a fifth of each other. Length and depth vary from
breath to breath. Whoever breathes slower breathes deeper, at the same volume a minute; what goes
beyond that while paced is over-breathing. The model is our own.
"""

import math
from dataclasses import dataclass

import numpy as np

from andante.ports import BREATH_KINDS, Cue, CueKind, breath_level
from andante.simulated.patients.habits import BreathHabits
from andante.simulated.patients.truth import TrueBreath
from andante.timebase import NS_PER_S, S_PER_MINUTE, seconds_to_ns

PARTS = (CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT)
_GONE_AFTER_CYCLES = 1.5
_PERIOD_STEP_SHARE = 0.5  # of the way to the rate wanted, in one breath
_PHASE_STEP_SHARE = 0.5
_NEAR_SHARE = 0.2
_STEADIER_PACED_SHARE = 0.5  # breaths vary by that much less for who follows fully
_LENGTH_SHARES = (0.7, 1.4)
_DEEPEST_COUNTS = 450.0
_KEPT_CUES = 24


@dataclass(frozen=True)
class _CuedBreath:
    """The last whole breath that was cued: its start, length and the shares of its parts."""

    start_ns: int
    length_ns: int
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Breath:
    """A breath as planned; `ends_ns` of its four parts, PARTS."""

    start_ns: int
    ends_ns: tuple[int, ...]
    depth_counts: float
    paced: bool

    @property
    def as_done(self) -> TrueBreath:
        """The same, as something that has happened."""
        exhale_ns, end_ns = self.ends_ns[1], self.ends_ns[-1]
        return TrueBreath(self.start_ns, exhale_ns, end_ns, self.depth_counts, self.paced)

    def level_at(self, time_ns: float) -> float:
        """How full, 0-1, at a time within the breath."""
        start_ns = self.start_ns
        for kind, end_ns in zip(PARTS, self.ends_ns, strict=True):
            if time_ns < end_ns:
                return breath_level(kind, (time_ns - start_ns) / (end_ns - start_ns))
            start_ns = end_ns
        return 0.0


class BreathModel:
    """One person who breathes. Knows cues and its own breaths, and nothing of belt or board."""

    def __init__(self, habits: BreathHabits, random: np.random.Generator) -> None:
        self._habits = habits
        self._random = random
        self._cues: list[Cue] = []
        self._own_period_ns = NS_PER_S * S_PER_MINUTE / habits.own_rate_brpm
        self._period_ns = self._own_period_ns
        self._paced_since_ns: int | None = None

    def hear(self, cue: Cue) -> None:
        """A part of a breath is coming; other cues are not heard."""
        if cue.kind in BREATH_KINDS:
            self._cues = [*self._cues[-_KEPT_CUES:], cue]

    def plan(self, start_ns: int) -> Breath:
        """The breath that begins at `start_ns`, where the last one ended."""
        habits = self._habits
        cued = self._cued_breath(start_ns) if habits.following > 0 else None
        own_shares: tuple[float, ...] = (habits.inhale_share, 0.0, 1.0 - habits.inhale_share, 0.0)
        wanted_ns, shares, catching_up_ns = self._own_period_ns, own_shares, 0.0
        if cued is None:
            self._paced_since_ns = None
        else:
            if self._paced_since_ns is None:
                self._paced_since_ns = start_ns
            follow = habits.following
            wanted_ns += follow * (cued.length_ns - self._own_period_ns)
            shares = tuple(
                own + follow * (asked - own)
                for own, asked in zip(own_shares, cued.shares, strict=True)
            )
            catching_up_ns = follow * self._behind_ns(start_ns, cued)
        self._approach(wanted_ns)
        paced_share = 0.0 if cued is None else habits.following
        cv = habits.cycle_cv_percent / 100 * (1 - _STEADIER_PACED_SHARE * paced_share)
        length_ns = self._period_ns * (1 + self._random.normal(0.0, cv))
        length_ns -= _PHASE_STEP_SHARE * catching_up_ns
        low, high = _LENGTH_SHARES
        length_ns = min(max(length_ns, low * self._period_ns), high * self._period_ns)
        parts_ns = [length_ns * share for share in shares]
        parts_ns[2] = min(parts_ns[2], seconds_to_ns(habits.longest_exhale_s))
        ends_ns = tuple(round(start_ns + end_ns) for end_ns in np.cumsum(parts_ns))
        return Breath(start_ns, ends_ns, self._depth_counts(start_ns), cued is not None)

    def _approach(self, wanted_ns: float) -> None:
        """Take the period part of the way, slowing no faster than the habits allow."""
        habits = self._habits
        period_ns = self._period_ns + _PERIOD_STEP_SHARE * (wanted_ns - self._period_ns)
        ns_per_minute = NS_PER_S * S_PER_MINUTE
        rate_brpm = ns_per_minute / self._period_ns
        slowing_brpm = habits.most_slowing_brpm_per_min * self._period_ns / ns_per_minute
        slowest_ns = ns_per_minute / (rate_brpm - min(slowing_brpm, rate_brpm / 2))
        self._period_ns = min(period_ns, slowest_ns)

    def _depth_counts(self, start_ns: int) -> float:
        habits = self._habits
        paced_ns = start_ns - (start_ns if self._paced_since_ns is None else self._paced_since_ns)
        paced_minutes = paced_ns / (NS_PER_S * S_PER_MINUTE)
        growth = math.pow(1 + habits.deepening_percent_per_min / 100, paced_minutes)
        slower = self._period_ns / self._own_period_ns
        varies = max(0.3, 1 + self._random.normal(0.0, habits.depth_cv_percent / 100))
        return min(habits.depth_counts * slower * growth * varies, _DEEPEST_COUNTS)

    def _behind_ns(self, start_ns: int, cued: _CuedBreath) -> float:
        """How far this breath begins behind where it was meant to; 0 where the rates differ."""
        if abs(self._period_ns / cued.length_ns - 1) > _NEAR_SHARE:
            return 0.0
        meant_ns = cued.start_ns + seconds_to_ns(self._habits.lag_s)
        half_ns = cued.length_ns / 2
        return (start_ns - meant_ns + half_ns) % cued.length_ns - half_ns

    def _cued_breath(self, now_ns: int) -> _CuedBreath | None:
        """The last whole breath that was cued by `now_ns`; None before one, or when cues ended."""
        heard = [cue for cue in self._cues if cue.planned_ns <= now_ns]
        onsets = [
            place
            for place, cue in enumerate(heard)
            if cue.kind is CueKind.INHALE and cue.begin_share == 0
        ]
        if len(onsets) < 2:
            return None
        first, last = onsets[-2:]
        start_ns, end_ns = heard[first].planned_ns, heard[last].planned_ns
        length_ns = end_ns - start_ns
        if now_ns > end_ns + _GONE_AFTER_CYCLES * length_ns:
            return None
        lengths_ns = dict.fromkeys(PARTS, 0)
        for cue, following in zip(heard[first:last], heard[first + 1 : last + 1], strict=True):
            lengths_ns[cue.kind] += following.planned_ns - cue.planned_ns
        shares = tuple(part_ns / length_ns for part_ns in lengths_ns.values())
        return _CuedBreath(end_ns, length_ns, shares)
