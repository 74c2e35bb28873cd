"""Walkers of every setting: strides by published values, and the beat changes what it is known to
change. Everything here is simulated, and the changes come out of the model."""

from dataclasses import replace

import numpy as np
import pytest

from andante.ports import Channel, Edge
from andante.simulated.patients import Habits, SimulatedPatient
from andante.simulated.patients import habits as h
from andante.simulated.patients.mover import Mover
from andante.timebase import NS_PER_S
from andante_host.metrics.gait import asymmetry_percent, dfa_alpha, gait_measures
from support.patients import (
    CLOCK,
    START_NS,
    Floats,
    asynchronies_ms,
    beats,
    fractal_intervals_s,
    move_alone,
    spend,
    strides_s,
    vector_length,
    with_adaptive_beat,
)

ADAPTS = (0.0, 0.25, 0.5, 0.75, 1.0)
LENGTH_S = 420.0


def walk(
    habits: Habits, seed: int, intervals_s: Floats | None = None, length_s: float = LENGTH_S
) -> Mover:
    """A walk with a beat of these intervals, or without."""
    cues = [] if intervals_s is None else beats(intervals_s, from_s=1.0)
    return move_alone(habits, seed, cues, length_s)


def beat_s(habits: Habits) -> float:
    return 60 / habits.own_tempo_per_minute


def even(habits: Habits) -> Floats:
    return np.full(int(LENGTH_S / beat_s(habits)), beat_s(habits))


def fractal(habits: Habits, seed: int) -> Floats:
    return fractal_intervals_s(beat_s(habits), 2.0, even(habits).size, 100 + seed)


def alpha(walker: Mover) -> float:
    found = dfa_alpha(strides_s(walker.truth)[10:])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("habits", "cv_percent", "dfa"),
    [
        # As published for control1 (alpha .988; CV 3.1 % filtered) and for healthy walkers (2 %);
        # as published for park1 (CV 3.69 %, alpha .721), docs/clinical.md.
        pytest.param(h.HEALTHY_WALKER, (1.8, 3.1), 1.0, id="healthy"),
        pytest.param(h.PARKINSON_WALKER, (3.4, 4.0), 0.72, id="parkinson"),
    ],
)
def test_own_strides_vary_and_remember_as_published(
    habits: Habits, cv_percent: tuple[float, float], dfa: float
) -> None:
    strides = [strides_s(walk(habits, seed).truth) for seed in range(8)]
    cvs = [100 * s.std(ddof=1) / s.mean() for s in strides]
    alphas = np.array([dfa_alpha(s) for s in strides], dtype=float)
    print(f"stride CV {np.mean(cvs):.2f} %, DFA alpha {alphas.mean():.2f}")
    assert cv_percent[0] < np.mean(cvs) < cv_percent[1]
    assert alphas.mean() == pytest.approx(dfa, abs=0.1)


@pytest.mark.parametrize("habits", [h.HEALTHY_WALKER, h.PARKINSON_WALKER, h.STROKE_WALKER])
def test_a_steady_beat_takes_the_memory_and_a_fractal_one_gives_it_back(habits: Habits) -> None:
    """Delignieres & Torre 2009: below .5 under a steady beat; Hove 2012, Likens 2021: the direction
    of what beats with a memory of their own do."""
    seeds = range(3)
    uncued = np.mean([alpha(walk(habits, seed)) for seed in seeds])
    steady = np.mean([alpha(walk(habits, seed, even(habits))) for seed in seeds])
    followed = np.mean([alpha(walk(habits, seed, fractal(habits, seed))) for seed in seeds])
    print(f"DFA alpha: no beat {uncued:.2f}, steady {steady:.2f}, fractal {followed:.2f}")
    assert steady < 0.4
    assert steady < uncued - 0.3
    assert followed > steady + 0.15


def test_a_healthy_walker_follows_every_interval_of_a_fractal_beat() -> None:
    intervals_s = fractal(h.HEALTHY_WALKER, 1)
    patient = walk(h.HEALTHY_WALKER, 1, intervals_s)
    assert vector_length(patient.truth, beat_s(h.HEALTHY_WALKER)) > 0.95
    times_s = {r.cue_index: r.time_ns / NS_PER_S for r in patient.truth if r.cue_index is not None}
    both = [n for n in range(30, intervals_s.size) if n in times_s and n + 1 in times_s]
    own_s = np.array([times_s[n + 1] - times_s[n] for n in both])
    assert np.corrcoef(own_s[1:], intervals_s[both[:-1]])[0, 1] > 0.3  # the interval before


def adaptive_sd_ms(habits: Habits, seeds: range, interval_s: float) -> list[float]:
    """Mean SD of asynchrony for each of ADAPTS."""
    return [
        float(
            np.mean(
                [
                    with_adaptive_beat(habits, seed, adapts, interval_s, 250)[20:].std(ddof=1)
                    for seed in seeds
                ]
            )
        )
        for adapts in ADAPTS
    ]


@pytest.mark.parametrize(
    ("habits", "interval_s"),
    [
        pytest.param(h.HEALTHY_WALKER, beat_s(h.HEALTHY_WALKER), id="walker"),
        pytest.param(h.HEALTHY_TAPPER, 0.5, id="tapper"),
    ],
)
def test_a_beat_that_adapts_by_a_quarter_to_a_half_is_met_best(
    habits: Habits, interval_s: float
) -> None:
    """As in people: 37.2, 29.1, 30.6, 33.4, 39.0 ms at 0, .25, .5, .75, 1 (docs/clinical.md)."""
    sds = adaptive_sd_ms(habits, range(16), interval_s)
    print(
        "SD of asynchrony, ms, by alpha:",
        {a: round(sd, 1) for a, sd in zip(ADAPTS, sds, strict=True)},
    )
    assert ADAPTS[int(np.argmin(sds))] in (0.25, 0.5)
    assert sds[0] > 1.03 * min(sds)
    assert sds[4] > 1.2 * min(sds)


def mean_asynchronies(habits: Habits, intervals_s: Floats) -> Floats:
    """Means over 6 people from the fifth cue on, shape (cues - 4,); all answered every one."""
    length_s = float(intervals_s.sum()) + 3.0
    every: list[Floats] = []
    for seed in range(6):
        patient = walk(habits, seed, intervals_s, length_s)
        by_cue = {r.cue_index: r.asynchrony_ns for r in patient.truth if r.cue_index is not None}
        asked = range(4, intervals_s.size)
        assert set(asked) <= set(by_cue)
        every.append(np.array([by_cue[n] for n in asked], dtype=float) / 1e6)
    mean: Floats = np.mean(every, axis=0)
    return mean


@pytest.mark.parametrize(
    "habits", [h.HEALTHY_WALKER, h.HEALTHY_TAPPER, h.PARKINSON_WALKER, h.STROKE_WALKER]
)
@pytest.mark.parametrize("faster", [1.05, 1 / 1.05])
def test_a_tempo_change_of_five_percent_is_followed(habits: Habits, faster: float) -> None:
    habits = replace(habits, asymmetry_percent=0.0)
    before_s = beat_s(habits)
    intervals_s = np.concatenate([np.full(40, before_s), np.full(60, before_s / faster)])
    mean_ms = mean_asynchronies(habits, intervals_s)
    late = 1 if faster > 1 else -1
    behind_ms = late * (mean_ms[38:46].mean() - habits.mean_asynchrony_ms)
    assert 10 < behind_ms < 120  # the change surprises
    assert mean_ms[-25:].mean() == pytest.approx(habits.mean_asynchrony_ms, abs=20)


@pytest.mark.parametrize("habits", [h.HEALTHY_WALKER, h.PARKINSON_WALKER])
def test_a_ramp_is_followed_with_a_small_steady_lag(habits: Habits) -> None:
    intervals_s = beat_s(habits) * 1.002 ** -np.arange(90.0)
    mean_ms = mean_asynchronies(habits, intervals_s)
    assert mean_ms[-30:].mean() == pytest.approx(habits.mean_asynchrony_ms, abs=35)


def test_the_brain_injured_walker_hardly_locks_to_the_beat() -> None:
    lengths = [
        vector_length(
            walk(h.BRAIN_INJURY_WALKER, seed, even(h.BRAIN_INJURY_WALKER)).truth[10:],
            beat_s(h.BRAIN_INJURY_WALKER),
        )
        for seed in range(5)
    ]
    print(f"vector length {np.mean(lengths):.2f}")
    assert 0.1 < np.mean(lengths) < 0.5


def test_the_walker_after_a_stroke_swings_the_left_leg_longer() -> None:
    end_ns = START_NS + 200 * NS_PER_S
    felt = spend(SimulatedPatient(h.STROKE_WALKER, CLOCK, START_NS, end_ns, 3), end_ns)

    def times_s(channel: Channel, edge: Edge) -> list[float]:
        ticks = [p.ticks for p in felt.presses if (p.channel, p.edge) == (channel, edge)]
        return [CLOCK.ns_at(t) / NS_PER_S for t in ticks]

    measures = gait_measures(
        times_s(Channel.LEFT_FOOT, Edge.ON),
        times_s(Channel.RIGHT_FOOT, Edge.ON),
        times_s(Channel.LEFT_FOOT, Edge.OFF),
        times_s(Channel.RIGHT_FOOT, Edge.OFF),
    )
    assert measures.cadence_spm == pytest.approx(80, rel=0.03)
    assert measures.left_swing_percent == pytest.approx(38, abs=1)
    assert measures.right_swing_percent == pytest.approx(27, abs=1)
    assert measures.swing_time_ratio == pytest.approx(1.4, abs=0.08)
    # A step that ends on the left lasts longer by a fifth of the mean step.
    assert measures.step_time_asymmetry_percent == pytest.approx(20, abs=2)
    assert asymmetry_percent(1.1, 0.9) == pytest.approx(20)


def test_who_does_not_answer_the_beat_keeps_the_own_pace() -> None:
    habits = replace(h.HEALTHY_WALKER, phase_correction=0.0, period_correction=0.0)
    intervals_s = np.full(400, 60 / 112.0)
    patient = walk(habits, 2, intervals_s, 200)
    assert asynchronies_ms(patient.truth).std() > 50
