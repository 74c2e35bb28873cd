"""The tempo of the cued part, from plan and baseline, with its reason in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from andante import safety
from andante.coach.evidence import cadence_spm
from andante.plan import Exercise, Plan


@dataclass(frozen=True)
class Opening:
    """A tempo to begin with, or None where no tempo can be given, and why.

    `baseline_per_minute`: the patient's own tempo, where it could be measured.
    """

    tempo_per_minute: float | None
    reason: str
    baseline_per_minute: float | None = None


def starting_tempo(plan: Plan, baseline_contacts_ns: Sequence[int]) -> Opening:
    """The tempo of the cued part.

    `baseline_contacts_ns`: every contact of either foot during the baseline. A baseline that
    could not be measured gives no tempo where the plan asks for a share of it; where the plan
    names a tempo, that tempo then holds without the limit that only a baseline can set.
    """
    if plan.exercise is Exercise.TAP and plan.tap is not None:
        return Opening(plan.tap.beat_bpm, "tempo of the plan")
    walk = plan.walk
    if walk is None or walk.cued_minutes is None:
        return Opening(None, "the plan has no cued part")
    baseline_spm = cadence_spm(baseline_contacts_ns)
    unlocked = plan.patient.tempo_unlocked_by is not None
    if walk.tempo_percent_of_baseline is not None:
        if baseline_spm is None:
            return Opening(
                None,
                f"fewer than {safety.MIN_BASELINE_STEPS + 1} steps were felt during the baseline, "
                "so no tempo can be taken from it; check the foot sensors and start again",
            )
        wanted_spm = baseline_spm * walk.tempo_percent_of_baseline / 100
        reason = (
            f"{walk.tempo_percent_of_baseline:g} % of the baseline cadence of "
            f"{baseline_spm:.1f} steps/min"
        )
    elif walk.tempo_spm is not None:
        if plan.patient.freezer and not unlocked and baseline_spm is None:
            return Opening(
                None,
                "the patient is marked as a freezer and no baseline cadence could be measured, so "
                "the tempo might be a raised one; check the foot sensors and start again",
            )
        wanted_spm, reason = walk.tempo_spm, "tempo of the plan"
    else:
        return Opening(None, "the plan gives no tempo")
    clamped = safety.clamp_cue_tempo(wanted_spm, baseline_spm, unlocked, plan.patient.freezer)
    if clamped.reason:
        reason = f"{reason}, {clamped.reason}"
    if unlocked:
        reason = f"{reason} (unlocked by the {plan.patient.tempo_unlocked_by})"
    return Opening(clamped.value, reason, baseline_spm)
