"""What `SoundOutput` plays, heard again at the monitor of a PulseAudio null sink.

The recording has its own way from frames to session time, so the output cannot vouch for itself.
"""

import gc
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from andante.cues.sound import SoundOutput
from andante.ports import Cue, CueReport, Fault, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, S_PER_MINUTE, MonotonicClock
from support.pulse import pulse_server

TEMPO_SPM = 100
INTERVAL_NS = S_PER_MINUTE * NS_PER_S // TEMPO_SPM
AHEAD_NS = 250 * NS_PER_MS

pytestmark = pytest.mark.real_sound


@dataclass(frozen=True)
class Walk:
    """`planned_ns` and `heard_ns`: shape (n,), of the cues that the output says it gave."""

    cue_count: int
    planned_ns: npt.NDArray[np.int64]
    heard_ns: npt.NDArray[np.int64]
    reports: list[CueReport]  # of the cues given
    faults: list[Fault]
    timing_count: int
    sink_ppm: float

    @property
    def sound(self) -> npt.NDArray[np.bool_]:
        """Cues that the output does not mark as spoilt by an underrun, shape (n,)."""
        return np.array([r.fault is None for r in self.reports])

    @property
    def error_us(self) -> npt.NDArray[np.float64]:
        """Heard less planned, without the constant delay of monitor and pipe."""
        error = (self.heard_ns - self.planned_ns)[self.sound] / 1e3
        return np.asarray(error - np.median(error))

    @property
    def interval_error_us(self) -> npt.NDArray[np.float64]:
        between = self.sound[1:] & self.sound[:-1]
        return np.asarray(np.abs(np.diff(self.heard_ns - self.planned_ns))[between] / 1e3)

    @property
    def underrun_count(self) -> int:
        return sum(f.count for f in self.faults if f.kind is FaultKind.SOUND_UNDERRUN)

    def __str__(self) -> str:
        uncertainty_us = [r.uncertainty_us for r in self.reports if r.uncertainty_us is not None]
        said_ns = np.array([r.actual_ns for r in self.reports])[self.sound]
        placing_us = np.abs(said_ns - self.planned_ns[self.sound]) / 1e3
        interval_us = self.interval_error_us
        return (
            f"{self.heard_ns.size} of {self.cue_count} clicks heard, {self.underrun_count} "
            f"underruns, {np.count_nonzero(~self.sound)} cues marked; interval error p50 "
            f"{np.percentile(interval_us, 50):.0f} p99 {np.percentile(interval_us, 99):.0f} max "
            f"{interval_us.max():.0f} us; heard less planned {self.error_us.min():.0f} to "
            f"{self.error_us.max():.0f} us; reported error p99 {np.percentile(placing_us, 99):.0f} "
            f"us; uncertainty {np.median(uncertainty_us):.0f} us; sink {self.sink_ppm:.0f} ppm"
        )


def walk(folder: "pytest.TempPathFactory", duration_s: float) -> Walk:
    clock = MonotonicClock()
    with pulse_server(folder.mktemp("pulse")) as server:
        recording = server.record(clock)
        output = SoundOutput(clock, volume_percent=50.0)
        output.start()
        start_ns = clock.now_ns() + AHEAD_NS
        cue_count = int(duration_s * TEMPO_SPM / S_PER_MINUTE)
        planned_ns = start_ns + INTERVAL_NS * np.arange(cue_count)
        reports: list[CueReport] = []
        timing_count = 0
        for index, cue_ns in enumerate(planned_ns):
            clock.sleep_until_ns(int(cue_ns) - AHEAD_NS)
            output.schedule(Cue(index, int(cue_ns)))
            reports += output.take_reports()
            timing_count += len(output.take_audio_timing())
        clock.sleep_until_ns(int(planned_ns[-1]) + NS_PER_S)
        output.stop()
        reports += output.take_reports()
        heard = recording.stop()
    assert sorted(r.cue_index for r in reports) == list(range(cue_count))
    given = [r for r in reports if r.actual_ns is not None]
    onsets_frames = heard.onsets_frames()
    assert onsets_frames.size == len(given)
    return Walk(
        cue_count,
        planned_ns[[r.cue_index for r in given]],
        heard.line.ns_at_many(onsets_frames),
        given,
        output.take_faults(),
        timing_count,
        (heard.line.slope_ns * 48_000 / NS_PER_S - 1) * 1e6,
    )


def check(done: Walk) -> None:
    """The bounds of the acceptance, for every cue that the output vouches for."""
    vouched_count = np.count_nonzero(done.sound)
    # Only a computer too busy to feed the sound excuses a cue, and then not many.
    assert vouched_count >= (0.95 if done.underrun_count else 1.0) * done.cue_count, str(done)
    assert np.percentile(done.interval_error_us, 99) <= 200.0, str(done)
    assert np.abs(done.error_us).max() <= 1_000.0, str(done)
    # What the output says of itself agrees with what was heard, but for the constant delay.
    said_ns = np.array([r.actual_ns for r in done.reports])
    apart_us = (done.heard_ns - said_ns)[done.sound] / 1e3
    assert np.abs(apart_us - np.median(apart_us)).max() <= 1_000.0, str(done)


def walk_undisturbed(folder: pytest.TempPathFactory, duration_s: float, most_walks: int) -> Walk:
    """Walks again where the computer was too busy to feed the sound; the least disturbed counts.

    A collection of all that pytest has gathered would hold up the sound for 0.1 s, so it is put
    off, as in a session.
    """
    gc.collect()
    gc.freeze()
    try:
        walks: list[Walk] = []
        while len(walks) < most_walks:
            walks.append(walk(folder, duration_s))
            print(walks[-1])
            if walks[-1].sound.all() and not walks[-1].underrun_count:
                break
    finally:
        gc.unfreeze()
    return max(walks, key=lambda done: int(np.count_nonzero(done.sound)))


def test_a_short_walk_is_heard_on_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    done = walk_undisturbed(tmp_path_factory, 6.0, most_walks=3)
    check(done)
    assert 8 <= done.timing_count <= 30


@pytest.mark.long
def test_three_minutes_neither_jitter_nor_drift(tmp_path_factory: pytest.TempPathFactory) -> None:
    check(walk_undisturbed(tmp_path_factory, 180.0, most_walks=5))
