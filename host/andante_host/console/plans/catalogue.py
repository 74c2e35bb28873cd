"""What a plan can be made from: one template for every exercise, policy and task."""

from dataclasses import dataclass
from typing import Any

from andante.plan import Exercise

WALKING_BASELINE = "baseline"
BREATHING_BASELINE = "breathe-baseline"


@dataclass(frozen=True)
class Template:
    """A plan to begin with. `simple` and `more` are the paths of the fields its form shows.

    `about` says what happens, in a sentence for the therapist.
    """

    key: str
    title: str
    about: str
    plan: dict[str, Any]
    simple: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def exercise(self) -> Exercise:
        """What the patient does."""
        return Exercise(self.plan["exercise"])


_TEMPO = ("walk.tempo_percent_of_baseline", "walk.tempo_spm")
_WALK_ENDS = ("walk.fade_s", "walk.carry_over_s")
_WALK_SIMPLE = (*_TEMPO, "walk.baseline_s", "walk.cued_minutes")
_BREATH_SHAPE = ("breathe.inhale_parts", "breathe.exhale_parts")
_BREATH_MORE = ("breathe.hold_in_parts", "breathe.hold_out_parts", "breathe.carry_over_s")
_QUIET = {"sound": False, "led": False}
_RING = {"ring": True}


def _walk(
    key: str, title: str, about: str, values: dict[str, Any], own: tuple[str, ...] = ()
) -> Template:
    more = (*_WALK_ENDS, "walk.seed") if "seed" in values else _WALK_ENDS
    plan = {"exercise": "walk", "walk": values}
    return Template(key, title, about, plan, (*_WALK_SIMPLE, *own), more)


def _breathe(
    key: str,
    title: str,
    about: str,
    values: dict[str, Any],
    simple: tuple[str, ...],
    more: tuple[str, ...],
) -> Template:
    plan = {"exercise": "breathe", "breathe": values, "outputs": _RING}
    return Template(key, title, about, plan, simple, more)


def _tap(
    key: str,
    title: str,
    about: str,
    values: dict[str, Any],
    simple: tuple[str, ...],
    more: tuple[str, ...] = (),
    outputs: dict[str, Any] | None = None,
) -> Template:
    plan = {"exercise": "tap", "tap": values, "outputs": outputs or {}}
    return Template(key, title, about, plan, simple, more)


def _listen(
    key: str,
    title: str,
    about: str,
    values: dict[str, Any],
    simple: tuple[str, ...],
    more: tuple[str, ...] = (),
) -> Template:
    plan = {"exercise": "listen", "listen": values, "outputs": _RING}
    return Template(key, title, about, plan, simple, more)


TEMPLATES = (
    Template(
        WALKING_BASELINE,
        "Baseline: own cadence",
        "Walking at the own pace, without cues. Gives the cadence that later plans start from.",
        {"exercise": "walk", "walk": {"baseline_s": 300}, "outputs": _QUIET},
        ("walk.baseline_s",),
    ),
    _walk(
        "walk",
        "Walk to a steady beat",
        "Own pace first, then one tempo that fades out, then on without it to see what stays.",
        {
            "baseline_s": 120,
            "tempo_percent_of_baseline": 105,
            "cued_minutes": 10,
            "fade_s": 60,
            "carry_over_s": 120,
        },
    ),
    _walk(
        "walk-matched",
        "Beat follows the patient",
        "The beat keeps slowly to the patient's own cadence.",
        {
            "policy": "matched",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 100,
            "cued_minutes": 5,
        },
    ),
    _walk(
        "walk-progressive",
        "A little faster, stage by stage",
        "The tempo rises at each stage while the patient keeps to the beat, and goes back one "
        "stage when they do not.",
        {
            "policy": "progressive",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 100,
            "stage_s": 60,
            "step_percent": 3,
            "cued_minutes": 6,
            "carry_over_s": 60,
        },
        ("walk.stage_s", "walk.step_percent"),
    ),
    _walk(
        "walk-ramp",
        "Ramp",
        "The tempo leaves the own cadence by a constant share with every beat, up to a target.",
        {
            "policy": "ramp",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 100,
            "ramp_percent_per_cue": 0.05,
            "ramp_to_percent": 110,
            "cued_minutes": 5,
        },
        ("walk.ramp_percent_per_cue", "walk.ramp_to_percent"),
    ),
    _walk(
        "walk-adaptive",
        "Adaptive metronome",
        "Every beat moves by a share of how early or late the last step was.",
        {
            "policy": "adaptive",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 100,
            "alpha": 0.3,
            "cued_minutes": 5,
        },
        ("walk.alpha",),
    ),
    _walk(
        "walk-fractal",
        "Beat that varies as healthy steps do",
        "The intervals vary a little and are correlated as healthy strides are (1/f).",
        {
            "policy": "fractal",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 100,
            "variation_sd_percent": 2,
            "seed": 7,
            "cued_minutes": 5,
            "carry_over_s": 60,
        },
        ("walk.variation_sd_percent",),
    ),
    _walk(
        "walk-fading",
        "Fewer and fewer beats",
        "More and more beats are left out at random, until the patient walks without them.",
        {
            "policy": "fading",
            "baseline_s": 60,
            "tempo_percent_of_baseline": 105,
            "seed": 7,
            "cued_minutes": 5,
            "carry_over_s": 60,
        },
    ),
    Template(
        BREATHING_BASELINE,
        "Baseline: own breathing",
        "Breathing freely with the belt on, without cues. Gives the own rate.",
        {"exercise": "breathe", "breathe": {"baseline_s": 120}, "outputs": _QUIET},
        ("breathe.baseline_s",),
    ),
    _breathe(
        "breathe-guided-down",
        "From the own rate down",
        "Starts at the patient's own rate and slows bit by bit, never ahead of who does not "
        "follow.",
        {
            "policy": "guided-down",
            "baseline_s": 90,
            "rate_brpm": 6,
            "cued_minutes": 20,
            "carry_over_s": 60,
            "sound": "sea",
        },
        ("breathe.rate_brpm", "breathe.baseline_s", "breathe.cued_minutes", "breathe.sound"),
        (*_BREATH_SHAPE, *_BREATH_MORE),
    ),
    _breathe(
        "breathe-fixed",
        "One rate, low and slow",
        "The pacer keeps one rate: breathe in and out with it, low and slow.",
        {
            "policy": "fixed",
            "rate_brpm": 6,
            "inhale_parts": 4,
            "exhale_parts": 6,
            "cued_minutes": 10,
            "sound": "two-tone",
        },
        ("breathe.rate_brpm", *_BREATH_SHAPE, "breathe.cued_minutes", "breathe.sound"),
        ("breathe.baseline_s", "breathe.exhale_target_s", *_BREATH_MORE),
    ),
    _breathe(
        "breathe-long-exhale",
        "Ever longer exhale",
        "The exhale grows breath by breath up to a target: for voice and breath work.",
        {"policy": "fixed", "rate_brpm": 8, "exhale_target_s": 7, "cued_minutes": 5},
        (
            "breathe.rate_brpm",
            "breathe.exhale_target_s",
            "breathe.cued_minutes",
            "breathe.sound",
        ),
        ("breathe.baseline_s", *_BREATH_SHAPE, *_BREATH_MORE),
    ),
    _breathe(
        "breathe-sliding",
        "Sliding: find the resonance",
        "Each breath is a little longer than the one before, down to the slowest rate allowed.",
        {"policy": "sliding"},
        ("breathe.baseline_s", "breathe.sound"),
        (*_BREATH_SHAPE, *_BREATH_MORE),
    ),
    _breathe(
        "breathe-stepped",
        "Stepped: find the resonance",
        "Five rates, two minutes each, with rests between them.",
        {"policy": "stepped", "rest_s": 30},
        ("breathe.rest_s", "breathe.baseline_s", "breathe.sound"),
        (*_BREATH_SHAPE, *_BREATH_MORE),
    ),
    _tap(
        "tap",
        "Tap to a beat",
        "Tapping or drumming to a steady beat.",
        {"tempo_bpm": 100, "cued_minutes": 1},
        ("tap.tempo_bpm", "tap.cued_minutes"),
        ("tap.fade_s", "tap.carry_over_s", "tap.pads"),
    ),
    _tap(
        "tap-continuation",
        "Tap on without the beat",
        "With the beat first, then on without it.",
        {"task": "continuation", "tempo_bpm": 100, "cued_minutes": 1, "quiet_s": 30},
        ("tap.tempo_bpm", "tap.cued_minutes", "tap.quiet_s"),
        ("tap.pads",),
    ),
    _tap(
        "tap-unpaced",
        "Tap at the own tempo",
        "No beat: the patient taps at the tempo that comes by itself.",
        {"task": "unpaced", "quiet_s": 60},
        ("tap.quiet_s",),
        ("tap.pads",),
        _QUIET,
    ),
    _tap(
        "tap-screen",
        "Screen: who profits from a beat",
        "With a beat, on without it, then at the own tempo: the standard screen.",
        {"task": "screen", "tempo_bpm": 100, "cued_minutes": 1, "quiet_s": 60},
        ("tap.tempo_bpm", "tap.cued_minutes", "tap.quiet_s"),
        ("tap.pads",),
    ),
    _tap(
        "tap-echo",
        "Echo: repeat a rhythm",
        "The device plays a short rhythm, the patient repeats it.",
        {"task": "echo", "tempo_bpm": 90, "bar_beats": 4, "rounds": 12, "seed": 3},
        ("tap.tempo_bpm", "tap.bar_beats", "tap.rounds"),
        ("tap.seed", "tap.pads"),
        {"beat_sound": "wood"},
    ),
    _tap(
        "tap-mirror",
        "Mirror: the device repeats the patient",
        "The patient plays a bar, the device plays it back.",
        {"task": "mirror", "tempo_bpm": 90, "bar_beats": 4, "rounds": 12},
        ("tap.tempo_bpm", "tap.bar_beats", "tap.rounds"),
        ("tap.pads",),
    ),
    _tap(
        "tap-follow",
        "The device drums along",
        "The patient drums, the device follows.",
        {"task": "follow", "cued_minutes": 3},
        ("tap.cued_minutes",),
        ("tap.pads",),
    ),
    _tap(
        "tap-free",
        "Play freely",
        "Every pad plays a note. Nothing is scored.",
        {"task": "free", "pads": 4, "cued_minutes": 5},
        ("tap.cued_minutes", "tap.pads"),
    ),
    _tap(
        "tap-circle",
        "Drum circle",
        "Two to four people, a pad each: a shared beat, then the same without it.",
        {
            "task": "circle",
            "pads": 4,
            "tempo_bpm": 100,
            "cued_minutes": 1,
            "quiet_s": 30,
            "rounds": 3,
        },
        ("tap.pads", "tap.tempo_bpm", "tap.cued_minutes", "tap.quiet_s", "tap.rounds"),
        (),
        {"beat_sound": "drum"},
    ),
    _listen(
        "listen-breathing",
        "Settle: music at the own breathing",
        "Soft strums that start at the patient's own breathing and settle towards a target.",
        {
            "to": "breathing",
            "baseline_s": 60,
            "target_per_minute": 6,
            "minutes": 15,
            "sound": "strum",
        },
        ("listen.target_per_minute", "listen.minutes", "listen.baseline_s", "listen.sound"),
    ),
    _listen(
        "listen-stepping",
        "Settle: music at the own cadence",
        "Plucked notes that start at the patient's cadence and settle towards a target.",
        {"to": "stepping", "baseline_s": 30, "target_per_minute": 66, "minutes": 10},
        ("listen.target_per_minute", "listen.minutes", "listen.baseline_s"),
    ),
    _listen(
        "listen-recording",
        "Settle: your own recording",
        "A recording kept on the device, slowed evenly from one tempo to another.",
        {
            "to": "stepping",
            "start_per_minute": 76,
            "target_per_minute": 64,
            "minutes": 10,
            "recording": {"file": "our-song.flac", "bpm": 72, "first_beat_s": 0.4},
        },
        (
            "listen.recording.file",
            "listen.recording.bpm",
            "listen.recording.first_beat_s",
            "listen.start_per_minute",
            "listen.target_per_minute",
            "listen.minutes",
        ),
        ("listen.recording.beats_file",),
    ),
)

_BY_KEY = {template.key: template for template in TEMPLATES}

BASELINES = {
    Exercise.WALK: _BY_KEY[WALKING_BASELINE],
    Exercise.BREATHE: _BY_KEY[BREATHING_BASELINE],
}
"""What measures a patient's own tempo, for the exercises that have one."""

EXERCISE_WORDS = {
    Exercise.WALK: "Walk",
    Exercise.BREATHE: "Breathe",
    Exercise.TAP: "Tap, drum, play",
    Exercise.LISTEN: "Listen and settle",
}


def template_of(key: str) -> Template | None:
    """A template by its key, or None."""
    return _BY_KEY.get(key)
