"""What a sound is like, as it would sound at the start of a session. Pure."""

import numpy as np

from andante.cues.mixer import SoundMixer
from andante.cues.sounds import BREATH_SOUNDS, PAD_SOUNDS, Samples, make_sounds
from andante.ports import Cue, CueKind
from andante.timebase import NS_PER_S, S_PER_MINUTE, seconds_to_ns

_BEAT_BPM = 100
_BEATS = 8
_BREATHS = 2
_INHALE_S = 4.0
_EXHALE_S = 6.0
_FIRST_S = 0.2
_LAST_S = 1.5
_BLOCK_FRAMES = 1_536


def preview(name: str, rate_hz: int, volume_share: float) -> Samples:
    """Eight beats, one note, or two breaths of the named sound, shape (n,), at `rate_hz`.

    Raises ValueError for an unknown name.
    """
    cues = _cues(name)
    mixer = SoundMixer(make_sounds(rate_hz, [name]), rate_hz, volume_share)
    for cue in cues:
        mixer.add(cue)
    length_ns = cues[-1].end_ns + seconds_to_ns(_LAST_S)
    samples = np.zeros(length_ns * rate_hz // NS_PER_S, dtype=np.float32)
    for first_frames in range(0, samples.size, _BLOCK_FRAMES):
        block = samples[first_frames : first_frames + _BLOCK_FRAMES]
        mixer.mix(block, first_frames, lambda time_ns: time_ns * rate_hz / NS_PER_S)
    return samples


def _cues(name: str) -> list[Cue]:
    first_ns = seconds_to_ns(_FIRST_S)
    if name in PAD_SOUNDS:
        return [Cue(0, first_ns, CueKind.NOTE, name)]
    if name not in BREATH_SOUNDS:
        beat_ns = S_PER_MINUTE * NS_PER_S // _BEAT_BPM
        return [Cue(n, first_ns + n * beat_ns, sound=name) for n in range(_BEATS)]
    inhale_ns, exhale_ns = seconds_to_ns(_INHALE_S), seconds_to_ns(_EXHALE_S)
    cues = []
    for breath in range(_BREATHS):
        begin_ns = first_ns + breath * (inhale_ns + exhale_ns)
        turn_ns = begin_ns + inhale_ns
        cues.append(Cue(2 * breath, begin_ns, CueKind.INHALE, name, duration_ns=inhale_ns))
        cues.append(Cue(2 * breath + 1, turn_ns, CueKind.EXHALE, name, duration_ns=exhale_ns))
    return cues
