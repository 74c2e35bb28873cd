"""Where the beats of a recording are and where they are to go. Pure; numpy only."""

import numpy as np
import numpy.typing as npt

from andante.errors import RecordingError
from andante.safety import RECORDING_SPEED
from andante.timebase import S_PER_MINUTE

Seconds = npt.NDArray[np.float64]


def steady_beats_s(bpm: float, first_beat_s: float, duration_s: float) -> Seconds:
    """Beats at an even tempo until the end of the recording, shape (n,), in its own time."""
    interval_s = S_PER_MINUTE / bpm
    return np.arange(first_beat_s, duration_s, interval_s)


def led_beats_s(
    beat_count: int, start_bpm: float, target_bpm: float, change_s: float | None = None
) -> Seconds:
    """When each beat is to fall, shape (n,), from 0 s for the first.

    The tempo goes evenly in time from start to target within `change_s` (None: until the last
    beat) and stays there: beat k falls where the integral of tempo/60 reaches k. With the tempo
    s + (e - s)*t/D that is a quadratic, solved in the form that loses no digits where s = e.
    """
    beats = np.arange(beat_count, dtype=np.float64)
    begin_hz, end_hz = start_bpm / S_PER_MINUTE, target_bpm / S_PER_MINUTE
    mean_hz = (begin_hz + end_hz) / 2
    if change_s is None:
        change_s = (beat_count - 1) / mean_hz
    change_beats = mean_hz * change_s
    bend = (end_hz - begin_hz) / (2 * change_s)
    within = np.minimum(beats, change_beats)
    times_s = 2 * within / (begin_hz + np.sqrt(begin_hz**2 + 4 * bend * within))
    times_s += np.maximum(beats - change_beats, 0.0) / end_hz
    return np.asarray(times_s)


def tempo_map_s(beats_s: Seconds, led_s: Seconds, duration_s: float) -> tuple[Seconds, Seconds]:
    """Pairs of time in the recording and time in what is made of it, both of shape (n + 2,).

    What lies before the first beat and after the last is played at the speed of the beat next to
    it, so the first beat moves as well. Raises RecordingError where any stretch would have to be
    played outside `RECORDING_SPEED`.
    """
    speeds = np.diff(beats_s) / np.diff(led_s)
    low, high = RECORDING_SPEED.low, RECORDING_SPEED.high
    wrong = np.flatnonzero((speeds < low) | (speeds > high))
    if wrong.size:
        at = int(wrong[0])
        own_bpm = S_PER_MINUTE / float(beats_s[at + 1] - beats_s[at])
        raise RecordingError(
            f"At {beats_s[at]:.1f} s the recording has {own_bpm:.0f} beats a minute and would be "
            f"played at {speeds[at]:.2f} times its speed, but {low:g} to {high:g} is allowed; "
            f"choose tempos from {low * own_bpm:.0f} to {high * own_bpm:.0f} beats a minute or "
            "another recording."
        )
    lead_in_s = beats_s[0] / speeds[0]
    tail_s = (duration_s - beats_s[-1]) / speeds[-1]
    made_s = lead_in_s + led_s
    return (
        np.concatenate(([0.0], beats_s, [duration_s])),
        np.concatenate(([0.0], made_s, [made_s[-1] + tail_s])),
    )
