"""What a flag does, in words for whoever ticks it. Every limit in them is read from `safety`."""

from dataclasses import dataclass

from andante import safety
from andante_host.console.patients.service import Flags


@dataclass(frozen=True)
class FlagWords:
    """`name` is a field of `Flags`; `consequence` is what the device and these pages then do."""

    name: str
    label: str
    consequence: str


_FREEZER = safety.FREEZER_PERCENT_OF_BASELINE
_UNLOCKED = safety.UNLOCKED_PERCENT_OF_BASELINE
_LOUDNESS = safety.WEEKLY_SOUND_DBA
_BREATHING = safety.BREATHING_RATE_BRPM

FLAGS = (
    FlagWords(
        "freezer",
        "Freezing of gait",
        f"Walking: the beat stays at {_FREEZER.low:g} to {_FREEZER.high:g} % of the cadence "
        "measured at the start, every plan with a beat begins with that measurement, and "
        "“progressive” is refused. A therapist can unlock "
        f"{_UNLOCKED.low:g} to {_UNLOCKED.high:g} % with a reason.",
    ),
    FlagWords(
        "epilepsy",
        "Epilepsy",
        "Lamp and ring stay dark for beats and notes; for breaths they glow slowly. (For everybody "
        f"else they flash at most {safety.MAX_FLASHES_PER_S} times a second.)",
    ),
    FlagWords(
        "hearing",
        "Hard of hearing or deaf",
        "New plans have sound off, lamp and vibration on. A plan whose cues would reach the ears "
        "only is refused.",
    ),
    FlagWords(
        "respiratory",
        "Respiratory illness",
        "Breath holds cannot be unlocked. “From the own rate down” stands first: it starts at the "
        f"patient's own rate, slows by {safety.GUIDED_SLOWING_BRPM_PER_MIN:g}/min each minute at "
        f"most and never goes below {_BREATHING.low:g}/min.",
    ),
    FlagWords(
        "child",
        "Child",
        "The device does not know how loud it is at the ear, and children bear less "
        f"({_LOUDNESS['child']} dBA for 40 hours a week, adults {_LOUDNESS['adult']} dBA): measure "
        "it there before the first session. New plans start at "
        f"{safety.DEFAULT_VOLUME_PERCENT:g} % volume, as for everybody.",
    ),
)


def words_of(flags: Flags) -> list[FlagWords]:
    """Those that are set."""
    return [words for words in FLAGS if getattr(flags, words.name)]
