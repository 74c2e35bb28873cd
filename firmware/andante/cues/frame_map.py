"""Audio frames on session time, fitted all the while. Pure; numpy only.

A sound device runs on its own crystal, and its word on its own delay is noisy: PulseAudio's
wanders by 0.1-0.4 ms over seconds, and a reading taken late, because the program was busy, is
off by milliseconds. So:

1. The first callbacks are dropped: buffers are filled ahead, often followed by a long gap.
   PulseAudio's delay may then go astray by 2 ms and come back within some 12 s (measured), so
   nothing is claimed before four seconds of readings lie on a line, or, from a noisier
   device, 15 s have passed.
2. In each 0.2 s the reading at the lower quartile of the offsets is kept; lateness only adds.
3. A robust line goes through the last 30 s of those. While they span little, its slope is
   held near what is known beforehand (the nominal rate, or the rate before a step), weighted
   by the two variances as for any two estimates of one quantity.
4. Cues are placed along a line that is led towards the fit by at most 150 ppm and is
   continuous, so that a better fit never shows as an uneven beat. When a cue really sounded
   is answered by the fit itself.
5. Where the readings leave the line together, by more than 1 ms for 0.8 s, frames and time
   have lost their relation (an underrun): the window restarts there.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from andante.clockfit import ClockLine, robust_line
from andante.ports import AudioTiming
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

BIN_NS = 200 * NS_PER_MS
WINDOW_BINS = 150
DROPPED_CALLBACKS = 8
GAP_NS = 250 * NS_PER_MS
READY_NS = 4 * NS_PER_S
READY_MAX_SD_NS = NS_PER_MS / 10
PATIENCE_NS = 15 * NS_PER_S
LATER_MAX_SD_NS = NS_PER_MS / 4
READY_MAX_RATE_ERROR = 500e-6
STEP_NS = NS_PER_MS
STEP_BINS = 4
SLEW = 150e-6
SLEW_HORIZON_NS = 2 * NS_PER_S
_WANDER_NS = 150 * NS_PER_US  # of the device's delay readings, over seconds
_NOMINAL_SD = 150e-6  # how far a device's rate lies from its nominal one
_KNOWN_SD = 30e-6  # how far it lies, after a step, from what it was before


@dataclass(frozen=True)
class FrameMapping:
    """One state of the mapping; immutable, so that threads can hand it over whole.

    `fit` says when frames from `first_frames` on sound, `before` what held for those before
    them. `placement_*` is the line along which new cues are placed. From `steady_frames` on the
    readings have been steady; None while they are not.
    """

    fit: ClockLine
    first_frames: int
    placement_frames: int
    placement_ns: float
    placement_slope_ns: float
    steady_frames: int | None
    before: "FrameMapping | None" = None

    def frames_at(self, time_ns: int) -> float:
        """The frame, not rounded, at which a cue planned for `time_ns` belongs."""
        return self.placement_frames + (time_ns - self.placement_ns) / self.placement_slope_ns

    def placed_ns(self, frames: int) -> float:
        """Session time of `frames` along the placement line."""
        return self.placement_ns + self.placement_slope_ns * (frames - self.placement_frames)

    def ns_at(self, frames: int) -> int:
        """When frame `frames` sounds, to the best of what is known."""
        return self._segment(frames).fit.ns_at(frames)

    def uncertainty_us(self, frames: int) -> float:
        """Standard uncertainty of `ns_at`.

        Readings near each other share their error, so their spread counts in full beside the
        standard error of the line.
        """
        fit = self._segment(frames).fit
        return float(np.hypot(fit.residual_sd_ns, fit.uncertainty_ns(frames))) / NS_PER_US

    def doubtful(self, frames: int, margin_frames: int) -> bool:
        """True for frames between a step, less the margin, and steadiness thereafter."""
        return (
            self.before is not None
            and frames >= self.first_frames - margin_frames
            and (self.steady_frames is None or frames < self.steady_frames)
        )

    def _segment(self, frames: int) -> "FrameMapping":
        return self if self.before is None or frames >= self.first_frames else self.before


class FrameMap:
    """Takes readings of the sound device's clock and keeps the newest `mapping`."""

    def __init__(self, rate_hz: float) -> None:
        self.mapping: FrameMapping | None = None
        self._slope_ns = NS_PER_S / rate_hz
        self._prior_slope_ns = self._slope_ns
        self._prior_sd = _NOMINAL_SD
        self._seen_count = 0
        self._unsteady_since_ns = 0
        self._last_callback_ns: int | None = None
        self._open_bin: list[AudioTiming] = []
        self._bins: list[AudioTiming] = []
        self._doubtful: list[AudioTiming] = []

    @property
    def ready(self) -> bool:
        """True once the device has kept time steadily for four seconds."""
        return self.mapping is not None

    def add(self, reading: AudioTiming) -> None:
        """Take one reading, in the order of the callbacks."""
        self._seen_count += 1
        last_ns, self._last_callback_ns = self._last_callback_ns, reading.callback_ns
        if last_ns is None:
            self._unsteady_since_ns = reading.callback_ns
        if self._seen_count <= DROPPED_CALLBACKS or reading.dac_ns <= reading.callback_ns:
            return
        if not self.ready and last_ns is not None and reading.callback_ns - last_ns > GAP_NS:
            self._open_bin.clear()
            self._bins.clear()
        bin_of = reading.callback_ns // BIN_NS
        if self._open_bin and self._open_bin[0].callback_ns // BIN_NS != bin_of:
            self._close_bin()
        self._open_bin.append(reading)

    def _close_bin(self) -> None:
        by_offset = sorted(self._open_bin, key=self._offset_ns)
        kept = by_offset[len(by_offset) // 4]
        self._open_bin.clear()
        if self.mapping is None:
            self._bins.append(kept)
            self._begin()
        elif abs(kept.dac_ns - self.mapping.fit.ns_at(kept.frames)) < STEP_NS:
            self._doubtful.clear()
            self._bins = [*self._bins[1 - WINDOW_BINS :], kept]
            self._publish(self.mapping)
        else:
            self._doubtful.append(kept)
            self._look_for_step(self.mapping)

    def _offset_ns(self, reading: AudioTiming) -> float:
        """Time less frames at the known rate, from a nearby origin to keep the digits."""
        origin = self._open_bin[0] if self._open_bin else reading
        return (reading.dac_ns - origin.dac_ns) - self._slope_ns * (reading.frames - origin.frames)

    def _begin(self) -> None:
        horizon_ns = self._bins[-1].callback_ns - READY_NS - BIN_NS
        self._bins = [b for b in self._bins if b.callback_ns >= horizon_ns]
        if len(self._bins) < 2:
            return
        line = self._line()
        rate_error = abs(line.slope_ns / self._prior_slope_ns - 1.0)
        if self._steady(line) and rate_error <= READY_MAX_RATE_ERROR:
            fit = self._held_near_prior(line)
            self.mapping = _placed_on(fit, self._bins[0].frames, self._bins[0].frames, None)
            self._slope_ns = fit.slope_ns

    def _look_for_step(self, mapping: FrameMapping) -> None:
        recent = self._doubtful[-STEP_BINS:]
        if len(recent) < STEP_BINS:
            return
        offsets_ns = [
            (b.dac_ns - a.dac_ns) - self._slope_ns * (b.frames - a.frames)
            for a, b in pairwise(recent)
        ]
        if max(map(abs, offsets_ns)) > STEP_NS:
            return
        self._bins, self._doubtful = recent, []
        self._unsteady_since_ns = recent[0].callback_ns
        self._prior_slope_ns, self._prior_sd = mapping.fit.slope_ns, _KNOWN_SD
        older = replace(mapping, before=None)
        self.mapping = _placed_on(self._fit(), recent[0].frames, None, older)

    def _publish(self, old: FrameMapping) -> None:
        fit = self._fit()
        self._slope_ns = fit.slope_ns
        here = self._bins[-1].frames
        here_ns = old.placed_ns(here)
        behind_ns = fit.y0_ns + fit.slope_ns * (here - fit.x0) - here_ns
        lead = min(SLEW, max(-SLEW, behind_ns / SLEW_HORIZON_NS))
        steady_frames = old.steady_frames
        if steady_frames is None and self._steady(fit):
            steady_frames = here
        self.mapping = FrameMapping(
            fit,
            old.first_frames,
            here,
            here_ns,
            fit.slope_ns * (1.0 + lead),
            steady_frames,
            old.before,
        )

    def _steady(self, line: ClockLine) -> bool:
        newest_ns = self._bins[-1].callback_ns
        waited_ns = newest_ns - self._unsteady_since_ns
        max_sd_ns = READY_MAX_SD_NS if waited_ns < PATIENCE_NS else LATER_MAX_SD_NS
        spanned_ns = newest_ns - self._bins[0].callback_ns
        return spanned_ns >= READY_NS and line.residual_sd_ns <= max_sd_ns

    def _fit(self) -> ClockLine:
        return self._held_near_prior(self._line())

    def _line(self) -> ClockLine:
        return robust_line([b.frames for b in self._bins], [b.dac_ns for b in self._bins])

    def _held_near_prior(self, line: ClockLine) -> ClockLine:
        sd = _WANDER_NS * np.sqrt(12.0) / (line.x_span * self._prior_slope_ns)
        share = self._prior_sd**2 / (self._prior_sd**2 + sd**2)
        slope_ns = self._prior_slope_ns + share * (line.slope_ns - self._prior_slope_ns)
        return replace(line, slope_ns=float(slope_ns))


def _placed_on(
    fit: ClockLine, first_frames: int, steady_frames: int | None, before: FrameMapping | None
) -> FrameMapping:
    return FrameMapping(fit, first_frames, fit.x0, fit.y0_ns, fit.slope_ns, steady_frames, before)
