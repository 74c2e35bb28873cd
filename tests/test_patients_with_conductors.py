"""Simulated patients and the coach in one loop: what the policies do to those who answer them."""

from dataclasses import dataclass

import numpy as np
import pytest

from andante import safety
from andante.coach.make import make_conductor
from andante.plan import BreathePlan, BreathePolicy, Exercise, Plan, WalkPlan, WalkPolicy
from andante.ports import Channel, Cue, Edge
from andante.simulated.patients import Patient, make_patient
from andante.simulated.patients.truth import TrueResponse
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_S
from andante_host.metrics.gait import dfa_alpha
from support.loops import Answer, Heard, lead

START_NS = 9 * NS_PER_S
TICKS = TickClock(0)


@dataclass
class _Felt:
    """What the board would feel of a patient, as answers and as a belt's level."""

    patient: Patient
    told: int = 0
    belt: list[tuple[int, int]] | None = None

    def answer(self, now_ns: int, cues: list[Cue]) -> list[int]:
        for cue in cues[self.told :]:
            self.patient.hear(cue)
        self.told = len(cues)
        made: list[int] = []
        for event in self.patient.advance(TICKS.ticks_at(now_ns)):
            if isinstance(event, Press) and event.edge is Edge.ON:
                made.append(TICKS.ns_at(event.ticks))
            if isinstance(event, Counts) and event.channel is Channel.BELT:
                self.belt = self.belt or []
                self.belt += [
                    (TICKS.ns_at(event.first_ticks + n * event.period_ticks), counts)
                    for n, counts in enumerate(event.counts)
                ]
        return made

    def level(self, now_ns: int) -> float:
        """The newest count that is no newer than `now_ns`."""
        belt = self.belt or [(0, 0)]
        place = int(np.searchsorted([t for t, _ in belt[-200:]], now_ns, side="right")) - 1
        return float(belt[-200:][max(0, place)][1])


def walk(plan: Plan, setting: str, seed: int) -> tuple[Heard, list[TrueResponse]]:
    conductor = make_conductor(plan, START_NS)
    end_ns = conductor.spans[-1].end_ns
    patient = make_patient("walk", setting, TICKS, START_NS, end_ns, seed)
    answer: Answer = _Felt(patient).answer
    heard = lead(conductor, answer)
    patient.finish()
    return heard, [r for r in patient.truth if isinstance(r, TrueResponse)]


def walk_plan(policy: WalkPolicy, minutes: float, alpha: float | None = None) -> Plan:
    part = WalkPlan(
        policy=policy,
        baseline_s=30.0,
        tempo_percent_of_baseline=100.0,
        cued_minutes=minutes,
        alpha=alpha,
        seed=4 if policy is WalkPolicy.FRACTAL else None,
    )
    return Plan(Exercise.WALK, walk=part)


ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)


def sd_by_alpha_ms(setting: str) -> list[float]:
    """SD of asynchronies for each of ALPHAS, a mean over six walks."""
    sd_ms = []
    for alpha in ALPHAS:
        each = []
        for seed in range(6):
            _, truth = walk(walk_plan(WalkPolicy.ADAPTIVE, 2.5, alpha), setting, seed)
            made = [r.asynchrony_ns / 1e6 for r in truth if r.asynchrony_ns is not None]
            each.append(np.std(made[20:], ddof=1))
        sd_ms.append(float(np.mean(each)))
    print(setting, dict(zip(ALPHAS, np.round(sd_ms, 1), strict=True)))
    return sd_ms


@pytest.mark.parametrize("setting", ["healthy", "stroke"])
def test_asynchronies_are_steadiest_where_the_metronome_adapts_by_a_quarter_to_a_half(
    setting: str,
) -> None:
    assert 0.25 <= ALPHAS[int(np.argmin(sd_by_alpha_ms(setting)))] <= 0.5


def test_who_corrects_little_gains_most_from_a_metronome_that_adapts() -> None:
    """Weak correction moves the best alpha up: for the Parkinson-like it is flat from 0.5 on."""
    sd_ms = sd_by_alpha_ms("parkinson")
    assert sd_ms[1] < 0.85 * sd_ms[0]
    assert sd_ms[2] < 1.02 * min(sd_ms)


def test_a_fractal_beat_restores_what_a_steady_one_takes_from_strides() -> None:
    found: dict[WalkPolicy, float] = {}
    for policy in (WalkPolicy.FIXED, WalkPolicy.FRACTAL):
        each = []
        for seed in range(4):
            heard, truth = walk(walk_plan(policy, 6.0), "parkinson", seed)
            first_ns = heard.beats()[0].planned_ns + 20 * NS_PER_S
            left_ns = [
                r.time_ns for r in truth if r.channel is Channel.LEFT_FOOT and r.time_ns >= first_ns
            ]
            alpha = dfa_alpha(np.diff(left_ns) / 1e9)
            assert alpha is not None
            each.append(alpha)
        found[policy] = float(np.mean(each))
    print({policy.value: round(alpha, 2) for policy, alpha in found.items()})
    assert found[WalkPolicy.FIXED] < 0.5  # Delignieres & Torre 2009
    assert found[WalkPolicy.FRACTAL] > found[WalkPolicy.FIXED] + 0.1  # Hove et al. 2012


def test_guided_down_stays_with_a_breather_who_does_not_follow() -> None:
    part = BreathePlan(policy=BreathePolicy.GUIDED_DOWN, baseline_s=90.0, cued_minutes=8.0)
    conductor = make_conductor(Plan(Exercise.BREATHE, breathe=part), START_NS)
    end_ns = conductor.spans[-1].end_ns
    patient = make_patient("breathe", "does-not-follow", TICKS, START_NS, end_ns, 2)
    felt = _Felt(patient)
    rates: list[tuple[float, float]] = []

    def asks(_: int) -> None:
        own, paced = conductor.evidence.own_per_minute(), conductor.tempo_per_minute
        if own is not None and paced is not None:
            rates.append((own, paced))

    lead(conductor, felt.answer, level=felt.level, asks=asks)
    own_brpm, paced_brpm = np.array(rates).T
    patient.finish()
    true_brpm = patient.summary(START_NS)["breath_rate_brpm"]
    # A minute may be slow by chance; over the session the pacer stays within its margin.
    assert paced_brpm.mean() >= true_brpm - safety.GUIDED_MARGIN_BRPM - 0.3
    behind = np.mean(paced_brpm < own_brpm - safety.GUIDED_MARGIN_BRPM - 0.6)
    assert behind < 0.05
