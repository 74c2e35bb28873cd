"""Every sound by its name. Levels are set so that all are about equally loud."""

from collections.abc import Callable, Iterable

from andante.cues.sounds.breath import BreathSound, Sea, TwoTone
from andante.cues.sounds.shots import Mode, Samples, Strum, arpeggio, click, struck
from andante.errors import OutputError

Sound = Samples | Strum | BreathSound
"""One with an end, shape (n,), 1.0 being the set volume; a strum; or one that follows a breath."""

LEAST_RATE_HZ = 32_000.0
"""Four samples for a turn of the highest mode of any sound, and some to spare."""

_D4_HZ = 293.66
_A3_HZ = 220.0
# D major pentatonic from D4 on, equal temperament: any two of its notes go together.
_SCALE_SEMITONES = (0, 2, 4, 7, 9, 12, 14, 16)
_OPEN_CHORD_SEMITONES = (-12, -5, 0, 2, 7)  # D3 A3 D4 E4 A4, which asks
_CLOSED_CHORD_SEMITONES = (7, 4, 0, -5, -12)  # A4 F#4 D4 A3 D3, which answers

_BREATH_STRUM_APART_MS = 130.0
_BEAT_STRUM_APART_MS = 22.0
_STRUM_LENGTH_MS = 4_000.0
_BEAT_STRUM_LENGTH_MS = 2_000.0

# Free bar: 1 : 2.756 : 5.404.
_WOOD_MODES: tuple[Mode, ...] = ((840.0, 1.0, 22.0), (2_315.0, 0.5, 9.0), (4_539.0, 0.15, 4.0))
# Ideal membrane: 1 : 1.594 : 2.136 : 2.296; the last mode is the felt beater.
_DRUM_MODES: tuple[Mode, ...] = (
    (98.0, 1.0, 140.0),
    (156.2, 0.5, 80.0),
    (209.3, 0.3, 60.0),
    (225.0, 0.2, 60.0),
    (1_150.0, 0.22, 6.0),
)


def make_sounds(rate_hz: float, names: Iterable[str] | None = None) -> dict[str, Sound]:
    """The named sounds, or all, for a stream at `rate_hz`.

    Breath sounds keep their place while they play, so each stream needs its own. Raises
    ValueError for an unknown name, OutputError for a device too slow to sound well.
    """
    if rate_hz < LEAST_RATE_HZ:
        raise OutputError(
            f"The sound device runs at {rate_hz:.0f} Hz, but at least {LEAST_RATE_HZ:.0f} Hz are "
            "needed; choose another sound device."
        )
    wanted = SOUND_NAMES if names is None else tuple(names)
    unknown = [name for name in wanted if name not in _RECIPES]
    if unknown:
        raise ValueError(f"there is no sound {unknown[0]!r}; there are {', '.join(_RECIPES)}")
    return {name: _RECIPES[name](rate_hz) for name in wanted}


def _wood(rate_hz: float) -> Sound:
    return struck(rate_hz, _WOOD_MODES, 120.0, 0.8)


def _drum(rate_hz: float) -> Sound:
    return struck(rate_hz, _DRUM_MODES, 500.0, 0.5)


def _pluck(rate_hz: float) -> Sound:
    return arpeggio(rate_hz, [_A3_HZ], 0.0, 1_500.0, 0.21)


def _strum(rate_hz: float) -> Sound:
    opened = [_pitch_hz(semitones) for semitones in _OPEN_CHORD_SEMITONES]
    closed = [_pitch_hz(semitones) for semitones in _CLOSED_CHORD_SEMITONES]
    return Strum(
        beat=arpeggio(rate_hz, opened, _BEAT_STRUM_APART_MS, _BEAT_STRUM_LENGTH_MS, 0.28),
        up=arpeggio(rate_hz, opened, _BREATH_STRUM_APART_MS, _STRUM_LENGTH_MS, 0.26),
        down=arpeggio(rate_hz, closed, _BREATH_STRUM_APART_MS, _STRUM_LENGTH_MS, 0.28),
    )


def _pad(semitones: int) -> Callable[[float], Sound]:
    """A tuned bar, as of a marimba: 1 : 3.9 : 9.2."""
    pitch_hz = _pitch_hz(semitones)
    modes = ((pitch_hz, 1.0, 350.0), (3.9 * pitch_hz, 0.25, 90.0), (9.2 * pitch_hz, 0.06, 25.0))
    return lambda rate_hz: struck(rate_hz, modes, 1_200.0, 0.22)


def _pitch_hz(semitones: float) -> float:
    return float(_D4_HZ * 2.0 ** (semitones / 12))


_RECIPES: dict[str, Callable[[float], Sound]] = {
    "click": click,
    "wood": _wood,
    "drum": _drum,
    "pluck": _pluck,
    "strum": _strum,
    **{f"pad-{n}": _pad(semitones) for n, semitones in enumerate(_SCALE_SEMITONES, start=1)},
    "two-tone": TwoTone,
    "sea": Sea,
}

SOUND_NAMES = tuple(_RECIPES)
BEAT_SOUNDS = ("click", "wood", "drum", "pluck", "strum")
PAD_SOUNDS = tuple(name for name in SOUND_NAMES if name.startswith("pad-"))
BREATH_SOUNDS = ("strum", "two-tone", "sea")
