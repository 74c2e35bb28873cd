"""How the simulated patients move and breathe: every figure with its source.

"Our choice" marks a figure that no source gives; the settings are meant to be *like* a group of
patients in what matters to the trainer, and stand for no real person. What comes of them is
measured by the tests of this package.

Sources
- healthy tapping: means of 74 healthy tappers at 500 ms (docs/clinical.md, oracles);
- strides, stances and their variability: control1 and park1 of PhysioNet's Gait in
  Neurodegenerative Disease Database (Hausdorff et al., J Appl Physiol 88:2045-2053, 2000);
- memory of strides: DFA exponent about 1.0 in healthy walkers (Hausdorff et al., J Appl Physiol
  78:349-358, 1995), lowered in Parkinson's disease (Hausdorff 2009, Chaos 19:026113; park1: .72);
- what beats do to that memory: Delignieres & Torre, J Appl Physiol 106:1272-1279 (2009); Hove et
  al., PLoS ONE 7:e32600 (2012);
- phase correction: Vorberg & Wing 1996; of steps, and weaker on the affected side after stroke:
  Pelton, Johannsen, Chen & Wing, Neurorehabil Neural Repair 24:428-434 (2010), direction only;
- period correction: Repp & Keller, Q J Exp Psychol 57A:499-521 (2004); Schulze, Cordes & Vorberg,
  Music Percept 22:461-477 (2005), direction only;
- brain injury: the drummer of the music-therapy recordings of Pacheco et al. 2025, whose vector
  length was .93 at 60 and 67 beats/min, .63 at 98 and .03 to .16 above;
- breathing: Tobin et al., Chest 84:202-205 (1983): about 16 breaths/min, inhaling for .42 of the
  time; Tobin et al., J Appl Physiol 65:309-317 (1988): rate varies by 21 % from breath to breath
  at rest, volume by 33 %.
"""

from dataclasses import dataclass, replace

from andante.ports import FOOT_CHANNELS, TAP_CHANNELS, Channel


@dataclass(frozen=True)
class Habits:
    """How somebody walks or taps. The timing model is in `mover`."""

    limbs: tuple[Channel, ...]
    own_tempo_per_minute: float
    mean_asynchrony_ms: float
    phase_correction: float  # share of an asynchrony made up for by the next movement
    period_correction: float  # share of an asynchrony by which the period changes
    timekeeper_sd_ms: float
    timekeeper_dfa_alpha: float  # 0.5: forgets at once; 1.0: remembers, as 1/f noise does
    motor_sd_ms: float
    drift_percent: float  # of the period, per movement without a cue: a random walk
    asymmetry_percent: float  # of the step time; a step with the first limb is the longer one
    contact_shares: tuple[float, ...]  # of the time from contact to contact, for each limb
    starts_by_itself: bool
    forgets_percent: float = 0.0  # of the notes of a rhythm that is to be repeated
    heeds_cues: bool = True


@dataclass(frozen=True)
class BreathHabits:
    """How somebody breathes. The model is in `breather`."""

    own_rate_brpm: float
    inhale_share: float  # of the whole breath
    cycle_cv_percent: float
    depth_counts: float  # the belt's rise in a breath at the own rate
    depth_cv_percent: float
    following: float  # 0: not at all, 1: breathes as the cues say
    lag_s: float  # behind the cues
    most_slowing_brpm_per_min: float
    longest_exhale_s: float
    deepening_percent_per_min: float  # while paced, beyond what the slower rate asks for


# --- walkers --------------------------------------------------------------------------------

HEALTHY_WALKER = Habits(
    limbs=FOOT_CHANNELS,
    own_tempo_per_minute=104.0,  # between control1 (112) and a slow community walk: our choice
    mean_asynchrony_ms=-30.0,
    phase_correction=0.5,
    period_correction=0.05,
    timekeeper_sd_ms=12.0,
    timekeeper_dfa_alpha=1.1,
    motor_sd_ms=7.0,
    drift_percent=0.0,
    asymmetry_percent=3.0,
    contact_shares=(0.64, 0.64),
    starts_by_itself=True,
)
"""Near the tappers in its corrections; strides vary by 2 to 3 %, and remember as 1/f noise."""

PARKINSON_WALKER = Habits(
    limbs=FOOT_CHANNELS,
    own_tempo_per_minute=106.0,  # park1
    mean_asynchrony_ms=-40.0,
    phase_correction=0.25,
    period_correction=0.05,
    timekeeper_sd_ms=24.0,
    timekeeper_dfa_alpha=0.75,
    motor_sd_ms=10.0,
    drift_percent=0.0,
    asymmetry_percent=5.0,
    contact_shares=(0.65, 0.68),  # park1
    starts_by_itself=True,
)
"""Strides vary by 3.5 to 4 % with little memory, and a cue is answered more weakly (park1; the
corrections are our choice, lower than in health)."""

STROKE_WALKER = Habits(
    limbs=FOOT_CHANNELS,
    own_tempo_per_minute=80.0,
    mean_asynchrony_ms=-20.0,
    phase_correction=0.3,
    period_correction=0.05,
    timekeeper_sd_ms=25.0,
    timekeeper_dfa_alpha=0.85,
    motor_sd_ms=12.0,
    drift_percent=0.0,
    asymmetry_percent=20.0,
    contact_shares=(0.62, 0.73),
    starts_by_itself=True,
)
"""The left side is affected: it swings longer (.38 of the stride against .27, a ratio near 1.4:
more than half of walkers after stroke are asymmetric in time, Patterson et al., Arch Phys Med
Rehabil 89:304-310, 2008) and stands for less time. Slower than in health; the tempo, the
asymmetry of steps and the noise are our choice."""

BRAIN_INJURY_WALKER = Habits(
    limbs=FOOT_CHANNELS,
    own_tempo_per_minute=90.0,
    mean_asynchrony_ms=0.0,
    phase_correction=0.06,
    period_correction=0.0,
    timekeeper_sd_ms=45.0,
    timekeeper_dfa_alpha=0.7,
    motor_sd_ms=12.0,
    drift_percent=0.2,
    asymmetry_percent=8.0,
    contact_shares=(0.66, 0.66),
    starts_by_itself=True,
)
"""Hardly locks to a cue: vector length .1 to .5, as the recorded drummer's above his own tempo. All
other figures are our choice."""

# --- tappers and drummers -------------------------------------------------------------------

HEALTHY_TAPPER = Habits(
    limbs=TAP_CHANNELS[:1],
    own_tempo_per_minute=100.0,
    mean_asynchrony_ms=-37.0,
    phase_correction=0.60,
    period_correction=0.05,
    timekeeper_sd_ms=17.6,
    timekeeper_dfa_alpha=0.5,
    motor_sd_ms=4.4,
    drift_percent=0.3,
    asymmetry_percent=0.0,
    contact_shares=(0.2,),
    starts_by_itself=False,
)
"""The means of 74 healthy tappers at 500 ms; preferred tempo 600 ms (McAuley et al., J Exp Psychol
Gen 135:348-367, 2006). Drift in continuation is our choice."""

PARKINSON_TAPPER = Habits(
    limbs=TAP_CHANNELS[:1],
    own_tempo_per_minute=105.0,
    mean_asynchrony_ms=-50.0,
    phase_correction=0.35,
    period_correction=0.03,
    timekeeper_sd_ms=28.0,
    timekeeper_dfa_alpha=0.5,
    motor_sd_ms=9.0,
    drift_percent=0.5,
    asymmetry_percent=0.0,
    contact_shares=(0.25,),
    starts_by_itself=False,
    forgets_percent=3.0,
)
"""More variable than in health (O'Boyle, Freeman & Cody, Brain 119:51-70, 1996: both timekeeper and
motor noise are raised); the size of it is our choice."""

STROKE_TAPPER = Habits(
    limbs=TAP_CHANNELS[:1],
    own_tempo_per_minute=85.0,
    mean_asynchrony_ms=-25.0,
    phase_correction=0.35,
    period_correction=0.03,
    timekeeper_sd_ms=25.0,
    timekeeper_dfa_alpha=0.5,
    motor_sd_ms=16.0,
    drift_percent=0.4,
    asymmetry_percent=0.0,
    contact_shares=(0.35,),
    starts_by_itself=False,
    forgets_percent=5.0,
)
"""Slower, with a larger motor share of the noise; all sizes are our choice."""

BRAIN_INJURY_TAPPER = Habits(
    limbs=TAP_CHANNELS[:1],
    own_tempo_per_minute=65.0,
    mean_asynchrony_ms=0.0,
    phase_correction=0.07,
    period_correction=0.0,
    timekeeper_sd_ms=55.0,
    timekeeper_dfa_alpha=0.5,
    motor_sd_ms=15.0,
    drift_percent=0.5,
    asymmetry_percent=0.0,
    contact_shares=(0.3,),
    starts_by_itself=False,
    forgets_percent=15.0,
)
"""The recorded drummer: at ease near 65 beats/min, hardly locked at 100."""

# --- breathers ------------------------------------------------------------------------------

HEALTHY_BREATHER = BreathHabits(
    own_rate_brpm=15.0,
    inhale_share=0.42,
    cycle_cv_percent=10.0,
    depth_counts=90.0,
    depth_cv_percent=15.0,
    following=1.0,
    lag_s=0.4,
    most_slowing_brpm_per_min=12.0,
    longest_exhale_s=15.0,
    deepening_percent_per_min=0.0,
)
"""Tobin 1983 and 1988, and half as variable, since the breather attends to breathing; lag, slowing
and the belt's counts are our choice."""

PARKINSON_BREATHER = BreathHabits(
    own_rate_brpm=18.0,
    inhale_share=0.45,
    cycle_cv_percent=14.0,
    depth_counts=60.0,
    depth_cv_percent=20.0,
    following=0.85,
    lag_s=0.7,
    most_slowing_brpm_per_min=8.0,
    longest_exhale_s=8.0,
    deepening_percent_per_min=0.0,
)
"""Inhales for a larger share, with a smaller excursion (resting breathing of 19 patients against
controls by inductive plethysmography: higher Ti/Ttot); sizes are our choice."""

STROKE_BREATHER = BreathHabits(
    own_rate_brpm=18.0,
    inhale_share=0.42,
    cycle_cv_percent=18.0,
    depth_counts=60.0,
    depth_cv_percent=30.0,
    following=0.8,
    lag_s=0.8,
    most_slowing_brpm_per_min=8.0,
    longest_exhale_s=7.0,
    deepening_percent_per_min=0.0,
)
"""Faster, shallower and less regular than in health (movements of breathing in 18 patients with
hemispheric stroke, doi 10.1080/21679169.2016.1261367, direction); sizes are our choice."""

BRAIN_INJURY_BREATHER = BreathHabits(
    own_rate_brpm=18.0,
    inhale_share=0.44,
    cycle_cv_percent=20.0,
    depth_counts=75.0,
    depth_cv_percent=30.0,
    following=0.4,
    lag_s=1.2,
    most_slowing_brpm_per_min=4.0,
    longest_exhale_s=6.0,
    deepening_percent_per_min=4.0,
)
"""Follows in part, slows reluctantly and breathes too much while paced. Our choice throughout."""

# --- healthy people who do not follow at all: a test of what must never run ahead ----------

STUBBORN_WALKER = replace(HEALTHY_WALKER, heeds_cues=False)
STUBBORN_TAPPER = replace(HEALTHY_TAPPER, heeds_cues=False)
STUBBORN_BREATHER = replace(HEALTHY_BREATHER, following=0.0)
