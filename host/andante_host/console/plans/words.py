"""A plan in words: what will happen, part by part, before anybody presses start."""

from collections.abc import Callable
from dataclasses import dataclass

from andante import safety
from andante.plan import (
    GET_READY,
    BreathePlan,
    BreathePolicy,
    ListenPlan,
    Plan,
    Stage,
    StageKind,
    TapPlan,
    WalkPlan,
    WalkPolicy,
    duration_s,
    stages_of,
)
from andante.plan.breathe import (
    SLIDING_BREATHS,
    SLIDING_FROM_BRPM,
    SLIDING_TO_BRPM,
    STEP,
    STEPPED_RATES_BRPM,
)
from andante.plan.listen import ListenTo
from andante.plan.stages import REST
from andante.plan.tap import USUAL_BEATS, USUAL_ROUNDS, TapTask
from andante.timebase import S_PER_MINUTE
from andante_host.console.plans.fitting import plan_is_breath


@dataclass(frozen=True)
class Part:
    """A part of the session: from when to when, as `m:ss`, and what happens."""

    begins: str
    ends: str
    text: str


def parts_in_words(plan: Plan) -> list[Part]:
    """The session from its first second to its last."""
    tell = _teller(plan)
    parts: list[Part] = []
    begins_s = 0.0
    for stage in stages_of(plan):
        ends_s = begins_s + stage.duration_s
        parts.append(Part(clock_words(begins_s), clock_words(ends_s), _told(stage, tell)))
        begins_s = ends_s
    return parts


def minutes_in_words(plan: Plan) -> str:
    """How long the session is: `16 min`."""
    return f"{_number(duration_s(plan) / S_PER_MINUTE)} min"


def clock_words(time_s: float) -> str:
    """`2:05`."""
    minutes, seconds = divmod(round(time_s), int(S_PER_MINUTE))
    return f"{minutes}:{seconds:02d}"


def summary(plan: Plan) -> str:
    """A line for a list: how long, and at which tempo."""
    tempo = _tempo_words(plan)
    return f"{minutes_in_words(plan)}, {tempo}" if tempo else minutes_in_words(plan)


def outputs_in_words(plan: Plan) -> str:
    """How cues reach the patient."""
    outputs = plan.outputs
    ways = []
    if outputs.sound:
        ways.append(f"sound at {outputs.volume_percent:g} % of the device's volume")
    calm = plan.patient.epilepsy
    is_breath = plan_is_breath(plan)
    for is_on, name in ((outputs.led, "lamp"), (outputs.ring, "light ring")):
        if is_on and calm and not is_breath:
            ways.append(f"{name} dark, because of the epilepsy flag")
        elif is_on:
            ways.append(f"{name} glowing with the breath" if is_breath else name)
    if outputs.haptic:
        ways.append("vibration")
    quiet = all(stage.kind is StageKind.QUIET for stage in stages_of(plan))
    if quiet:
        return "No cues are given."
    words = ", ".join(ways)
    return f"Cues: {words}." if ways else "No cue would reach the patient."


def unlocks_in_words(plan: Plan) -> list[str]:
    """What a therapist has unlocked in it."""
    words = []
    if plan.patient.tempo_unlocked_by is not None:
        share = safety.UNLOCKED_PERCENT_OF_BASELINE
        words.append(
            f"Tempo unlocked by the {plan.patient.tempo_unlocked_by}: "
            f"{share.low:g} to {share.high:g} % of the own cadence."
        )
    if plan.breathe is not None and plan.breathe.holds_unlocked_by is not None:
        words.append(f"Breath holds unlocked by the {plan.breathe.holds_unlocked_by}.")
    return words


_COMMON = {
    GET_READY: "Quiet: the patient gets ready.",
    REST: "Rest: no cues. Sit down and breathe quietly.",
}


def _told(stage: Stage, tell: Callable[[Stage], str]) -> str:
    return _COMMON.get(stage.name) or tell(stage)


def _teller(plan: Plan) -> Callable[[Stage], str]:
    match plan.part:
        case WalkPlan() as walk:
            return lambda stage: _walking(walk, stage)
        case BreathePlan() as breathe:
            return lambda stage: _breathing(breathe, stage)
        case TapPlan() as tap:
            return lambda stage: _tapping(tap, stage)
        case ListenPlan() as listen:
            return lambda stage: _listening(listen, stage)
    raise AssertionError(plan.exercise)


def _walking(walk: WalkPlan, stage: Stage) -> str:
    match stage.kind, stage.name:
        case StageKind.QUIET, "baseline":
            return "Walks at the own pace, without cues; the cadence is measured."
        case StageKind.FADE, _:
            return "The beat is thinned out until it is silent."
        case StageKind.CUED, _:
            return f"Walks to the beat: {_walking_tempo(walk)}{_walking_policy(walk)}."
    return "Walks on without cues, to see what stays."


def _walking_tempo(walk: WalkPlan) -> str:
    if walk.tempo_percent_of_baseline is not None:
        return f"{walk.tempo_percent_of_baseline:g} % of the cadence just measured"
    return f"{walk.tempo_spm:g} steps a minute" if walk.tempo_spm is not None else ""


def _walking_policy(walk: WalkPlan) -> str:
    match walk.policy:
        case WalkPolicy.MATCHED:
            return " to begin with, then it follows the patient's own cadence slowly"
        case WalkPolicy.PROGRESSIVE:
            step = _own(walk.step_percent, " %", "a few %")
            stage = _own(walk.stage_s, " s", "stage")
            return f" to begin with, {step} more every {stage} while the steps meet the beat"
        case WalkPolicy.RAMP:
            step = _own(walk.ramp_percent_per_cue, " %", "a little")
            to = _own(walk.ramp_to_percent, " % of the own cadence", "its target")
            return f" to begin with, then {step} with every beat, up (or down) to {to}"
        case WalkPolicy.ADAPTIVE:
            return "; every beat gives way to how early or late the step before it was"
        case WalkPolicy.FRACTAL:
            return " on average, varying a little as healthy steps do"
        case WalkPolicy.FADING:
            return "; more and more beats are left out"
    return ", steady"


def _own(value: float | None, unit: str, usual: str) -> str:
    return usual if value is None else f"{value:g}{unit}"


def _breathing(breathe: BreathePlan, stage: Stage) -> str:
    if stage.kind is StageKind.QUIET:
        if stage.name == "baseline":
            return "Breathes freely, without cues; the belt measures the own rate."
        if stage.name == "carry-over":
            return "Breathes on without cues, to see what stays."
        return "Rests, without cues."
    match breathe.policy:
        case BreathePolicy.STEPPED:
            number = int(stage.name.removeprefix(STEP))
            rate_brpm = STEPPED_RATES_BRPM[number - 1]
            return f"Breathes with the pacer at {_breaths(rate_brpm, breathe)}."
        case BreathePolicy.SLIDING:
            slowest = max(SLIDING_TO_BRPM, safety.BREATHING_RATE_BRPM.low)
            return (
                f"Breathes with the pacer: {SLIDING_BREATHS} breaths from "
                f"{SLIDING_FROM_BRPM:g} down to {slowest:g} a minute, each a little longer."
            )
        case BreathePolicy.GUIDED_DOWN:
            to = f" towards {breathe.rate_brpm:g} a minute" if breathe.rate_brpm else ""
            return (
                "Breathes with the pacer, low and slow: from the own rate"
                f"{to}, slower by {safety.GUIDED_SLOWING_BRPM_PER_MIN:g}/min each minute at most, "
                "and never ahead of a patient who does not follow."
            )
    pacer = "Breathes with the pacer, low and slow"
    rate = f" at {_breaths(breathe.rate_brpm, breathe)}" if breathe.rate_brpm else ""
    grows = breathe.exhale_target_s
    longer = "" if grows is None else f"; the exhale grows up to {grows:g} s"
    return f"{pacer}{rate}{longer}."


def _breaths(rate_brpm: float, breathe: BreathePlan) -> str:
    """`6 a minute (in 4 s, out 6 s)`."""
    parts = (
        ("in", breathe.inhale_parts),
        ("hold", breathe.hold_in_parts),
        ("out", breathe.exhale_parts),
        ("hold", breathe.hold_out_parts),
    )
    whole = sum(share for _, share in parts)
    cycle_s = S_PER_MINUTE / rate_brpm
    told = ", ".join(
        f"{name} {_number(cycle_s * share / whole)} s" for name, share in parts if share
    )
    return f"{rate_brpm:g} a minute ({told})"


def _tapping(tap: TapPlan, stage: Stage) -> str:
    beat = f"{tap.beat_bpm:g} beats a minute"
    if stage.kind is StageKind.FADE:
        return "The beat is thinned out until it is silent."
    match stage.name:
        case "cued":
            together = f"{tap.pads} people tap together" if tap.task is TapTask.CIRCLE else "Taps"
            return f"{together} to {beat}."
        case "mute":
            return "The same together, without the beat."
        case "continuation" | "carry-over":
            return "Taps on without the beat."
        case "unpaced":
            return "Taps at the own tempo, without a beat."
    bars = (
        f"{tap.rounds or USUAL_ROUNDS} rounds of a bar of {tap.bar_beats or USUAL_BEATS} at {beat}"
    )
    match tap.task:
        case TapTask.ECHO:
            return f"The device plays a bar, the patient repeats it: {bars}."
        case TapTask.MIRROR:
            return f"The patient plays a bar, the device plays it back: {bars}."
        case TapTask.FOLLOW:
            return "The patient drums, the device drums along."
    return "Plays freely, a note on every pad; nothing is scored."


def _listening(listen: ListenPlan, stage: Stage) -> str:
    breathing = listen.to is ListenTo.BREATHING
    if stage.kind is StageKind.QUIET:
        return f"Quiet; the patient's own {'breathing' if breathing else 'cadence'} is measured."
    unit = "breaths" if breathing else "beats"
    start = listen.start_per_minute
    begins = "the patient's own rate" if start is None else f"{start:g} {unit} a minute"
    what = f"The recording {listen.recording.file}" if listen.recording else "Soft music"
    return (
        f"{what} to listen to, from {begins} gradually towards "
        f"{listen.target_per_minute:g} a minute. Nothing is scored."
    )


def _tempo_words(plan: Plan) -> str:
    match plan.part:
        case WalkPlan() as walk:
            return _walking_tempo(walk).replace("the cadence just measured", "own cadence")
        case BreathePlan() as breathe if breathe.rate_brpm is not None:
            return f"{breathe.rate_brpm:g} breaths a minute"
        case TapPlan() as tap if tap.tempo_bpm is not None:
            return f"{tap.tempo_bpm:g} beats a minute"
        case ListenPlan() as listen:
            return f"towards {listen.target_per_minute:g} a minute"
    return ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
