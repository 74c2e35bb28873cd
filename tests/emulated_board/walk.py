"""A recorded walk as voltages at the emulated chip's foot inputs."""

import numpy as np

from andante.ports import FOOT_CHANNELS
from andante.signal_file import ForceRecording
from andante.simulated.replay import volts_of
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_S
from emulated_board.chip import Chip
from emulated_board.wiring import adc_input

_MV_PER_V = 1000.0


def connect_recording(
    chip: Chip, recording: ForceRecording, cycles: TickClock, start_ns: int
) -> int:
    """Play the recording at both feet, its first sample at `start_ns`; returns its end in ns.

    Volts as in `andante.simulated.replay`, straight lines between samples. A pin always has some
    voltage, so a gap is a straight line too.
    """
    from_start_ns = np.rint((recording.time_s - recording.time_s[0]) * NS_PER_S).astype(np.int64)
    for channel, volts in zip(FOOT_CHANNELS, volts_of(recording), strict=True):
        known = np.flatnonzero(np.isfinite(volts))
        if known.size == 0:
            continue
        at = [cycles.ticks_at(start_ns + int(after_ns)) for after_ns in from_start_ns[known]]
        chip.set_wave(adc_input(channel), at, volts[known] * _MV_PER_V)
    return start_ns + int(from_start_ns[-1])
