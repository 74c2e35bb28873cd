"""Simulated patients do what the model says, and know what they did."""

import numpy as np
import pytest

from andante.ports import Channel, Cue, CueKind, Edge
from andante.simulated.patients import (
    HEALTHY_TAPPER,
    HEALTHY_WALKER,
    Habits,
    SimulatedPatient,
    truth_summary,
)
from andante.simulated.source import Counts, Press, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.metronome import Metronome

CLOCK = TickClock(zero_ns=3 * NS_PER_S, rate_error_ppm=40)
START_NS = 10 * NS_PER_S


def walk(
    habits: Habits,
    cued_s: float,
    quiet_s: float = 0.0,
    tempo: float = 109.0,
    seed: int = 3,
    look_ms: int = 20,
) -> tuple[SimulatedPatient, list[Press], list[Counts]]:
    """`quiet_s` without and then `cued_s` with cues, handed over 250 ms ahead."""
    end_ns = START_NS + round((quiet_s + cued_s) * NS_PER_S)
    patient = SimulatedPatient(habits, CLOCK, START_NS, end_ns, seed)
    metronome = Metronome(START_NS + round(quiet_s * NS_PER_S), tempo)
    beat, presses, samples = 0, [], []
    for now_ns in range(START_NS, end_ns + NS_PER_S, look_ms * NS_PER_MS):
        while (planned_ns := metronome.time_of_beat(beat)) < min(end_ns, now_ns + 250 * NS_PER_MS):
            patient.hear(Cue(beat, planned_ns))
            beat += 1
        for item in patient.advance(CLOCK.ticks_at(now_ns)):
            if isinstance(item, Press):
                presses.append(item)
            else:
                samples.append(item)
    patient.finish()
    return patient, presses, samples


def test_the_same_seed_and_cues_give_the_same_movements_however_often_one_looks() -> None:
    often = walk(HEALTHY_WALKER, 60, 20, look_ms=10)[0].truth
    seldom = walk(HEALTHY_WALKER, 60, 20, look_ms=50)[0].truth
    assert often == seldom
    assert walk(HEALTHY_WALKER, 60, 20, seed=4)[0].truth != often


def test_presses_are_the_truth_on_the_boards_clock() -> None:
    patient, presses, _ = walk(HEALTHY_WALKER, 60, 20)
    contacts = [(p.channel, p.ticks) for p in presses if p.edge is Edge.ON]
    assert contacts == [(r.channel, CLOCK.ticks_at(r.time_ns)) for r in patient.truth]
    assert [p.ticks for p in presses] == sorted(p.ticks for p in presses)
    offs = [p for p in presses if p.edge is Edge.OFF]
    ons = {(p.channel, p.ticks) for p in presses if p.edge is Edge.ON}
    assert all((p.channel, p.ticks - (p.duration_ticks or 0)) in ons for p in offs)


def test_without_cues_the_walker_keeps_their_own_pace_with_their_own_asymmetry() -> None:
    patient, _, _ = walk(HEALTHY_WALKER, 0, 1200, look_ms=200)
    times_ns = np.array([r.time_ns for r in patient.truth])
    steps_ns = np.diff(times_ns)
    assert 60 * NS_PER_S / steps_ns.mean() == pytest.approx(104, rel=0.02)
    left_steps, right_steps = steps_ns[1::2], steps_ns[::2]  # steps that end on the left, right
    asymmetry = 100 * abs(left_steps.mean() - right_steps.mean()) / steps_ns.mean()
    assert asymmetry == pytest.approx(3.0, abs=0.3)
    feet = [r.channel for r in patient.truth]
    assert feet[::2] == [Channel.LEFT_FOOT] * len(feet[::2])
    assert feet[1::2] == [Channel.RIGHT_FOOT] * len(feet[1::2])


def test_under_cues_the_asynchronies_are_those_of_the_model() -> None:
    """gamma0 = (sT^2 + 2 alpha sM^2) / (1 - (1 - alpha)^2), docs/clinical.md."""
    alpha, s_t, s_m = 0.5, 10.0, 5.0
    habits = Habits(
        limbs=(Channel.TAP_1,),
        own_tempo_per_minute=100,
        mean_asynchrony_ms=-30.0,
        phase_correction=alpha,
        timekeeper_sd_ms=s_t,
        motor_sd_ms=s_m,
        asymmetry_percent=0.0,
        contact_shares=(0.2,),
        period_correction=0.0,
        timekeeper_dfa_alpha=0.5,
        drift_percent=0.0,
        starts_by_itself=False,
    )
    patient, _, _ = walk(habits, 2400, tempo=120.0, look_ms=100)
    a_ms = np.array([r.asynchrony_ns for r in patient.truth if r.asynchrony_ns is not None]) / 1e6
    settled = a_ms[50:] - a_ms[50:].mean()
    gamma0, gamma1 = (settled**2).mean(), (settled[1:] * settled[:-1]).mean()
    assert a_ms[50:].mean() == pytest.approx(-30, abs=1)
    assert gamma0 == pytest.approx(166.67, rel=0.1)
    assert gamma1 == pytest.approx(58.33, rel=0.2)


def test_the_tapper_waits_for_three_beats() -> None:
    patient, _, _ = walk(HEALTHY_TAPPER, 30, 5)
    first = patient.truth[0]
    assert first.cue_index == 3
    assert first.channel is Channel.TAP_1


def test_silent_cues_are_not_heard() -> None:
    patient = SimulatedPatient(HEALTHY_TAPPER, CLOCK, START_NS, START_NS + 60 * NS_PER_S, 1)
    for beat in range(10):
        patient.hear(Cue(beat, START_NS + beat * NS_PER_S // 2, CueKind.SILENT))
    patient.advance(CLOCK.ticks_at(START_NS + 30 * NS_PER_S))
    assert patient.truth == []


def test_force_is_up_where_the_foot_is_down() -> None:
    patient, _, samples = walk(HEALTHY_WALKER, 30, 10)
    left = [s for s in samples if s.channel is Channel.LEFT_FOOT]
    counts = np.concatenate([s.counts for s in left])
    ticks = np.concatenate(
        [s.first_ticks + s.period_ticks * np.arange(len(s.counts)) for s in left]
    )
    assert np.all(np.diff(ticks) == CLOCK.tick_hz // 100)
    for step in [r for r in patient.truth if r.channel is Channel.LEFT_FOOT][2:-2]:
        on_ticks = CLOCK.ticks_at(step.time_ns)
        before = counts[(ticks > on_ticks - 20_000) & (ticks < on_ticks - 500)]
        during = counts[(ticks > on_ticks + 15_000) & (ticks < on_ticks + 80_000)]
        assert before.max() < 100
        assert during.min() > 300


def test_the_summary_counts_what_was_done() -> None:
    patient, _, _ = walk(HEALTHY_WALKER, 30, 10)
    summary = truth_summary(patient.truth, START_NS)
    asynchronies = [r.asynchrony_ns for r in patient.truth if r.asynchrony_ns is not None]
    assert summary["response_count"] == len(patient.truth)
    assert summary["matched_count"] == len(asynchronies)
    assert summary["mean_asynchrony_ms"] == pytest.approx(np.mean(asynchronies) / 1e6)
    assert truth_summary([], START_NS)["mean_asynchrony_ms"] is None
