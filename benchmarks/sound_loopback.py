"""How far each click lies from its planned session time: the sound output alone, without a session.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.sound_loopback --minutes 10 --load

The clicks go through PyAudio, ALSA and a PulseAudio server that is started for this alone; `parec`
records what its null sink plays, and the recording is laid on session time by the arrival of its
own pieces. What the loopback cannot see is one constant, the same for all clicks; it is taken out
as the median. `benchmarks.cue_walk` measures the same through the whole engine.
"""

import gc
import tempfile
from pathlib import Path

import numpy as np

from andante.timebase import S_PER_MINUTE
from benchmarks.common import (
    Result,
    centred,
    load,
    need_sound,
    options_of,
    print_result,
    run_script,
    shaped,
    spread,
)
from support.sound_walk import TEMPO_SPM, Walk, sound_walk


def figures(walk: Walk) -> Result:
    """Everything that the acceptance asks of a walk, in plain numbers."""
    vouched, heard = walk.vouched, walk.heard
    return {
        "cue_count": int(walk.planned_ns.size),
        "heard_count": int(heard.sum()),
        "in_doubt_count": int((~vouched).sum()),
        "vouched_but_unheard_count": int((vouched & ~heard).sum()),
        "onsets_without_cue_count": int(walk.onset_count - heard.sum()),
        "underrun_count": walk.underrun_count,
        "error_of_all_us": spread(centred(walk.error_us[heard])),
        "error_of_sure_us": spread(centred(walk.error_us[vouched & heard])),
        "said_less_heard_us": spread(walk.said_off_us),
        "stated_uncertainty_p50_us": float(np.median(walk.uncertainty_us)),
        "stated_uncertainty_max_us": float(walk.uncertainty_us.max()),
        "sound_ready_s": walk.ready_s,
        "sink_rate_ppm": walk.sink_ppm,
        "recording_sd_us": walk.recording_sd_us,
    }


def main() -> None:
    """Parse the options, walk, print."""
    options = options_of(__doc__).parse_args()
    need_sound()
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder, load(options.load):
        walk = sound_walk(Path(folder), options.minutes * S_PER_MINUTE, options.real_time)
    conditions = {
        "load": options.load,
        "minutes": options.minutes,
        "tempo_spm": TEMPO_SPM,
        "scheduling": str(walk.scheduling),
    }
    series = {"sound_error_us": walk.error_us}
    print_result(shaped("sound_loopback", conditions, figures(walk), series))


if __name__ == "__main__":
    run_script(main)
