"""Clicks at a steady tempo through `SoundOutput`, heard again at a null sink's monitor.

The recording has its own way from frames to session time, so the output cannot vouch for itself.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante import realtime
from andante.cues.sound import SoundOutput
from andante.ports import Cue, CueReport, Fault, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, S_PER_MINUTE, MonotonicClock
from support.pulse import RATE_HZ, pulse_server

TEMPO_SPM = 100
INTERVAL_NS = S_PER_MINUTE * NS_PER_S // TEMPO_SPM
AHEAD_NS = 250 * NS_PER_MS
_NEAR_NS = INTERVAL_NS // 3
_RECORDER_FIRST_NS = 3 * NS_PER_S
"""An idle null sink wakes every two seconds; a recorder that is there before keeps it awake."""


@dataclass(frozen=True)
class Walk:
    """What was planned, said and heard.

    `planned_ns`: shape (n,), of all cues; `heard_ns`: shape (n,), of the onset that belongs to
    each, less the constant between the output's word and the recording, or nan where none was
    heard; `reports`: one for each cue.
    """

    planned_ns: npt.NDArray[np.int64]
    heard_ns: npt.NDArray[np.float64]
    reports: list[CueReport]
    faults: list[Fault]
    timing_count: int
    onset_count: int
    scheduling: realtime.Scheduling
    ready_s: float
    sink_ppm: float
    recording_sd_us: float

    @property
    def heard(self) -> npt.NDArray[np.bool_]:
        """Cues that were heard, shape (n,)."""
        return np.isfinite(self.heard_ns)

    @property
    def vouched(self) -> npt.NDArray[np.bool_]:
        """Cues that the output says it gave, without a doubt about their time, shape (n,)."""
        return np.array([r.actual_ns is not None and r.fault is None for r in self.reports])

    @property
    def error_us(self) -> npt.NDArray[np.float64]:
        """Heard less planned, shape (n,), up to one constant; nan where nothing was heard."""
        error = (self.heard_ns - self.planned_ns) / NS_PER_US
        return np.asarray(error - np.nanmedian(error))

    @property
    def interval_error_us(self) -> npt.NDArray[np.float64]:
        """By how much intervals between neighbours that were vouched for are off."""
        error = np.where(self.vouched, self.error_us, np.nan)
        between = np.abs(np.diff(error))
        return np.asarray(between[np.isfinite(between)])

    @property
    def said_off_us(self) -> npt.NDArray[np.float64]:
        """Heard less what the output said, of cues vouched for, up to one constant."""
        kept = self.vouched & self.heard
        said_ns = np.array([r.actual_ns or 0 for r in self.reports])
        off = (self.heard_ns - said_ns)[kept] / NS_PER_US
        return np.asarray(off - np.median(off))

    @property
    def uncertainty_us(self) -> npt.NDArray[np.float64]:
        """What the output said of its own knowledge, for each cue given."""
        return np.array([r.uncertainty_us for r in self.reports if r.uncertainty_us is not None])

    @property
    def underrun_count(self) -> int:
        """How often the output says that the sound ran dry."""
        return sum(f.count for f in self.faults if f.kind is FaultKind.SOUND_UNDERRUN)

    def __str__(self) -> str:
        error_us = np.abs(self.error_us[self.vouched & self.heard])
        return (
            f"{np.count_nonzero(self.heard)} of {self.planned_ns.size} clicks heard, "
            f"{self.underrun_count} underruns, {np.count_nonzero(~self.vouched)} cues in doubt or "
            f"missed; heard less planned p50 {np.percentile(error_us, 50):.0f} p99 "
            f"{np.percentile(error_us, 99):.0f} max {error_us.max():.0f} us; ready after "
            f"{self.ready_s:.2f} s; uncertainty {np.median(self.uncertainty_us):.0f} us; sink "
            f"{self.sink_ppm:.1f} ppm; recording {self.recording_sd_us:.0f} us"
        )


def sound_walk(folder: Path, duration_s: float, in_real_time: bool = False) -> Walk:
    """Walk for `duration_s` seconds. `folder` is for the server's files.

    `in_real_time` is about the output alone: server and recorder are begun before.
    """
    clock = MonotonicClock()
    with ExitStack() as stack:
        server = stack.enter_context(pulse_server(folder))
        recording = server.record(clock)
        clock.sleep_until_ns(clock.now_ns() + _RECORDER_FIRST_NS)
        scheduling = stack.enter_context(realtime.running(in_real_time))
        output = SoundOutput(clock, volume_percent=50.0, sounds=["click"])
        began_ns = clock.now_ns()
        output.start()
        ready_ns = clock.now_ns()
        recording.settled(ready_ns)
        cue_count = int(duration_s * TEMPO_SPM / S_PER_MINUTE)
        planned_ns = ready_ns + AHEAD_NS + INTERVAL_NS * np.arange(cue_count)
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
    reports.sort(key=lambda r: r.cue_index)
    assert [r.cue_index for r in reports] == list(range(cue_count))
    onsets_ns = heard.line.ns_at_many(heard.onsets_frames())
    return Walk(
        planned_ns,
        _belonging(onsets_ns, planned_ns),
        reports,
        output.take_faults(),
        timing_count,
        onsets_ns.size,
        scheduling,
        (ready_ns - began_ns) / NS_PER_S,
        (heard.line.slope_ns * RATE_HZ / NS_PER_S - 1) * 1e6,
        float(np.std(heard.off_line_us)),
    )


def _belonging(
    onsets_ns: npt.NDArray[np.int64], planned_ns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """For each planned time the onset near it, if there is one, less their common delay."""
    apart_ns = (onsets_ns[:, np.newaxis] - planned_ns + INTERVAL_NS // 2) % INTERVAL_NS
    delay_ns = int(np.median(apart_ns[:, 0])) - INTERVAL_NS // 2
    heard_ns = np.full(planned_ns.size, np.nan)
    for onset_ns in onsets_ns - delay_ns:
        nearest = int(np.argmin(np.abs(planned_ns - onset_ns)))
        if abs(onset_ns - planned_ns[nearest]) <= _NEAR_NS:
            heard_ns[nearest] = onset_ns
    return heard_ns
