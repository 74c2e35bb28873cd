"""The sounds of cues, all computed and none sampled. Pure; numpy only."""

from andante.cues.sounds.breath import BreathSound as BreathSound
from andante.cues.sounds.breath import BreathState as BreathState
from andante.cues.sounds.library import BEAT_SOUNDS as BEAT_SOUNDS
from andante.cues.sounds.library import BREATH_SOUNDS as BREATH_SOUNDS
from andante.cues.sounds.library import PAD_SOUNDS as PAD_SOUNDS
from andante.cues.sounds.library import SOUND_NAMES as SOUND_NAMES
from andante.cues.sounds.library import Sound as Sound
from andante.cues.sounds.library import make_sounds as make_sounds
from andante.cues.sounds.shots import FIRST_LEVEL as FIRST_LEVEL
from andante.cues.sounds.shots import Samples as Samples
from andante.cues.sounds.shots import Strum as Strum
from andante.cues.sounds.shots import click as click
from andante.cues.sounds.shots import rising_level as rising_level
