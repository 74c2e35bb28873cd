"""Audio frames on session time, fitted all the while. Pure; numpy only.

A sound device runs on its own crystal, so frames and time are laid on each other by a line that
is fitted again and again. Two things are known of each buffer: when the device asked for it, and
the delay that its driver tells, from which comes the time at which it will sound.

- A device asks again each time it has played a buffer, so the *asking* keeps its rhythm: the
  soonest of a few callbacks lies within some 50 us of a line, from the first second on and with
  other programs beside it; waiting only ever makes the rest late. Its distance from the sound is
  not known.
- The *delay* is right in the long run, but PulseAudio smooths it: at a null sink recorded back it
  started 0.1-1.2 ms off (once 11 ms) and came back over some ten seconds, and on a busy computer
  it wandered by 5 ms (measured).

So the line's shape comes from the asking, and one number, the lead from asking to sounding, from
the delay:

1. In each 0.2 s the soonest asking is kept, and the median delay.
2. A robust line goes through the askings of the last 30 s. While they span little, its slope is
   held near the nominal rate, weighted by the two variances as for any two estimates of one
   quantity.
3. The lead is held while cues sound, so that all of them share whatever error it has; that error
   stands in their uncertainty. When nothing has sounded for a while (`rest`) it moves to the
   median of the last two minutes.
4. Cues are placed along a line that is led towards the fit by at most 150 ppm and is continuous,
   so that a better fit never shows as an uneven beat. When a cue really sounded is answered by
   the fit itself.
5. Where the asking leaves the line, the delay says whether the sound has left it too. If not, the
   device has only come to ask sooner or later (after a stall, say), and the line goes on with a
   new lead; if so, for 0.8 s, a new piece of the line begins. While the asking has no rhythm the
   line goes on by itself, or by the delay where that still agrees to a millisecond.
6. Where the driver says that it ran dry, a new piece begins at that buffer: what was filled
   before has sounded, and the rest follows from then on. It is in doubt until it is fitted.
7. A device that has no rhythm of asking after four seconds, but tells its delay steadily, is
   followed by the delay alone.
"""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from andante.clockfit import ClockLine, robust_line
from andante.ports import AudioTiming
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

UNDERFLOW = 0x4  # paOutputUnderflow in portaudio.h
BIN_NS = 200 * NS_PER_MS
WINDOW_BINS = 150
DROPPED_CALLBACKS = 4
GAP_NS = 250 * NS_PER_MS
READY_NS = 6 * NS_PER_S // 10
READY_MAX_SD_NS = NS_PER_MS / 10
PATIENCE_NS = 4 * NS_PER_S
LATER_MAX_SD_NS = 2 * NS_PER_MS  # on a computer too busy for more, and said so
READY_MAX_RATE_ERROR = 500e-6
ASKING_AGREES_NS = 300 * NS_PER_US
STEP_NS = NS_PER_MS
STEP_BINS = 4
SLEW = 150e-6
SLEW_HORIZON_NS = 2 * NS_PER_S
LEAD_BINS = 600
DELAY_TRUST_NS = 15 * NS_PER_MS  # how far off a delay may be, seen on a busy computer
UNSETTLED_NS = 600 * NS_PER_US  # how far off the delay begins,
SETTLED_BINS = 50  # and how long it takes to settle
RECENT_BINS = 25
MAX_PIECES = 4
_ASKING_SD_NS = 40 * NS_PER_US
_NOMINAL_SD = 150e-6  # how far a device's rate lies from its nominal one
_KNOWN_SD = 30e-6  # how far it lies, after a step, from what it was before


@dataclass(frozen=True)
class FrameMapping:
    """One state of the mapping; immutable, so that threads can hand it over whole.

    `fit` says when frames from `first_frames` on sound, `before` what held for those before
    them. `placement_*` is the line along which new cues are placed. From `steady_frames` on the
    piece has been fitted; None while it has not. `lead_uncertainty_ns` is the standard
    uncertainty of the lead from asking to sounding, which all cues share.
    """

    fit: ClockLine
    first_frames: int
    placement_frames: int
    placement_ns: float
    placement_slope_ns: float
    steady_frames: int | None
    lead_uncertainty_ns: float
    before: "FrameMapping | None" = None

    def frames_at(self, time_ns: int) -> float:
        """The frame, not rounded, at which a cue planned for `time_ns` belongs."""
        return self.placement_frames + (time_ns - self.placement_ns) / self.placement_slope_ns

    def placed_ns(self, frames: int) -> float:
        """Session time of `frames` along the placement line."""
        return self.placement_ns + self.placement_slope_ns * (frames - self.placement_frames)

    def ns_at(self, frames: int) -> int:
        """When frame `frames` sounds, to the best of what is known."""
        return self._piece(frames).fit.ns_at(frames)

    def uncertainty_us(self, frames: int) -> float:
        """Standard uncertainty of `ns_at`: of the line at that frame, and of the lead."""
        piece = self._piece(frames)
        fit = piece.fit
        parts_ns = (fit.residual_sd_ns, fit.uncertainty_ns(frames), piece.lead_uncertainty_ns)
        return float(np.linalg.norm(np.array(parts_ns, dtype=np.float64))) / NS_PER_US

    def doubtful(self, frames: int) -> bool:
        """True for frames of a piece that began with a break and was not fitted yet."""
        steady_frames = self._piece(frames).steady_frames
        return steady_frames is None or frames < steady_frames

    def restarted(self, first_frames: int, now_ns: int) -> "FrameMapping":
        """As after the device ran dry: it plays what it is now given as it comes."""
        slope_ns = self.fit.slope_ns
        fit = ClockLine(first_frames, float(now_ns), slope_ns, STEP_NS, STEP_NS, 0, 1)
        return _placed_on(fit, first_frames, None, self.lead_uncertainty_ns, self)

    def _piece(self, frames: int) -> "FrameMapping":
        piece = self
        while piece.before is not None and frames < piece.first_frames:
            piece = piece.before
        return piece


@dataclass(frozen=True)
class _Bin:
    """At frame `frames`: when the device asked, and when its driver says that it sounds."""

    frames: int
    asked_ns: int
    told_ns: int


class FrameMap:
    """Takes readings of the sound device's clock and keeps the newest `mapping`."""

    def __init__(self, rate_hz: float) -> None:
        self.mapping: FrameMapping | None = None
        self._slope_ns = NS_PER_S / rate_hz
        self._prior_slope_ns = self._slope_ns
        self._prior_sd = _NOMINAL_SD
        self._seen_count = 0
        self._last_callback_ns: int | None = None
        self._gathering_since_ns: int | None = 0
        self._open_bin: list[AudioTiming] = []
        self._gathered: list[_Bin] = []
        self._doubtful: list[_Bin] = []
        self._points: list[tuple[int, int]] = []  # frames, and when they sound
        self._lead_ns = 0
        self._leads_ns: deque[int] = deque(maxlen=LEAD_BINS)
        self._asks_in_rhythm = True

    @property
    def ready(self) -> bool:
        """True once the device has asked steadily for 0.6 s."""
        return self.mapping is not None

    def add(self, reading: AudioTiming) -> None:
        """Take one reading, in the order of the callbacks."""
        self._seen_count += 1
        last_ns, self._last_callback_ns = self._last_callback_ns, reading.callback_ns
        if last_ns is None:
            self._gathering_since_ns = reading.callback_ns
        if self.mapping is not None and reading.status & UNDERFLOW:
            self._restart(self.mapping, reading)
            return
        if self._seen_count <= DROPPED_CALLBACKS or reading.dac_ns <= reading.callback_ns:
            return
        if not self.ready and last_ns is not None and reading.callback_ns - last_ns > GAP_NS:
            self._open_bin.clear()
            self._gathered.clear()
        bin_of = reading.callback_ns // BIN_NS
        if self._open_bin and self._open_bin[0].callback_ns // BIN_NS != bin_of:
            self._close_bin()
        self._open_bin.append(reading)

    def rest(self) -> None:
        """Nothing sounds: the best lead so far may be taken without anybody hearing it."""
        if self.mapping is not None and self._gathering_since_ns is None:
            by_ns = self._best_lead_ns() - self._lead_ns
            self._lead_ns += by_ns
            self._points = [(frames, sounds_ns + by_ns) for frames, sounds_ns in self._points]
            fit = self._fit()
            self.mapping = replace(
                self.mapping,
                fit=fit,
                placement_frames=fit.x0,
                placement_ns=fit.y0_ns,
                placement_slope_ns=fit.slope_ns,
                lead_uncertainty_ns=self._lead_uncertainty_ns(),
            )

    # --- bins ---------------------------------------------------------------------------

    def _close_bin(self) -> None:
        origin = self._open_bin[0]
        # Times less frames at the known rate, from a nearby origin to keep the digits.
        ahead_ns = [self._slope_ns * (r.frames - origin.frames) for r in self._open_bin]
        asked_ns = [r.callback_ns - a for r, a in zip(self._open_bin, ahead_ns, strict=True)]
        told_ns = [r.dac_ns - a for r, a in zip(self._open_bin, ahead_ns, strict=True)]
        soonest = int(np.argmin(asked_ns))
        kept = self._open_bin[soonest]
        told = round(sorted(told_ns)[len(told_ns) // 2] + ahead_ns[soonest])
        self._open_bin.clear()
        asked = kept.callback_ns if self._asks_in_rhythm else told
        closed = _Bin(kept.frames, asked, told)
        if self.mapping is None or self._gathering_since_ns is not None:
            self._gather(closed)
        else:
            self._follow(closed, self.mapping)

    def _gather(self, newest: _Bin) -> None:
        """Look whether the bins since the beginning, or a restart, have settled on a line."""
        horizon_ns = newest.asked_ns - PATIENCE_NS
        self._gathered = [b for b in self._gathered if b.asked_ns >= horizon_ns] + [newest]
        spanned_ns = newest.asked_ns - self._gathered[0].asked_ns
        if spanned_ns < READY_NS - BIN_NS // 2 or len(self._gathered) < STEP_BINS:
            return
        waited_ns = newest.asked_ns - (self._gathering_since_ns or 0)
        patient = waited_ns >= PATIENCE_NS
        if not self._keeps_time([b.asked_ns for b in self._gathered], patient):
            if not (patient and self._keeps_time([b.told_ns for b in self._gathered], patient)):
                return
            self._asks_in_rhythm = False
            self._gathered = [replace(b, asked_ns=b.told_ns) for b in self._gathered]
        lead_ns = _median([b.told_ns - b.asked_ns for b in self._gathered])
        if self.mapping is None or abs(lead_ns - self._lead_ns) > DELAY_TRUST_NS:
            self._lead_ns = lead_ns
            self._leads_ns.clear()
        self._points = [(b.frames, b.asked_ns + self._lead_ns) for b in self._gathered]
        self._leads_ns.extend(b.told_ns - b.asked_ns for b in self._gathered)
        self._gathered = []
        self._gathering_since_ns = None
        fit = self._fit()
        self._slope_ns = fit.slope_ns
        uncertainty_ns = self._lead_uncertainty_ns()
        if self.mapping is None:
            first = self._points[0][0]
            self.mapping = _placed_on(fit, first, first, uncertainty_ns, None)
        else:
            self.mapping = _placed_on(
                fit, self.mapping.first_frames, newest.frames, uncertainty_ns, self.mapping.before
            )

    def _keeps_time(self, times_ns: list[int], patient: bool) -> bool:
        """True where `times_ns` of what was gathered lie on a line at about the known rate."""
        line = robust_line([b.frames for b in self._gathered], times_ns)
        rate_error = abs(self._held_near_prior(line).slope_ns / self._prior_slope_ns - 1.0)
        max_sd_ns = LATER_MAX_SD_NS if patient else READY_MAX_SD_NS
        return line.residual_sd_ns <= max_sd_ns and rate_error <= READY_MAX_RATE_ERROR

    def _follow(self, newest: _Bin, mapping: FrameMapping) -> None:
        expected_ns = mapping.fit.ns_at(newest.frames)
        asked_ns = newest.asked_ns + self._lead_ns
        told_ns = newest.told_ns - self._astray_ns()
        if abs(asked_ns - expected_ns) <= ASKING_AGREES_NS:
            self._doubtful.clear()
            self._leads_ns.append(newest.told_ns - newest.asked_ns)
            self._go_on(newest.frames, asked_ns, mapping)
            return
        self._doubtful = [*self._doubtful[1 - STEP_BINS :], newest]
        if self._understand(mapping):
            self._doubtful.clear()
        elif abs(told_ns - expected_ns) <= STEP_NS:
            self._go_on(newest.frames, told_ns, mapping)

    def _go_on(self, frames: int, sounds_ns: int, old: FrameMapping) -> None:
        self._points = [*self._points[1 - WINDOW_BINS :], (frames, sounds_ns)]
        fit = self._fit()
        self._slope_ns = fit.slope_ns
        here_ns = old.placed_ns(frames)
        behind_ns = fit.y0_ns + fit.slope_ns * (frames - fit.x0) - here_ns
        slew = min(SLEW, max(-SLEW, behind_ns / SLEW_HORIZON_NS))
        steady_frames = old.steady_frames
        if steady_frames is None and len(self._points) > STEP_BINS:
            steady_frames = frames
        self.mapping = FrameMapping(
            fit,
            old.first_frames,
            frames,
            here_ns,
            fit.slope_ns * (1.0 + slew),
            steady_frames,
            self._lead_uncertainty_ns(),
            old.before,
        )

    # --- breaks -------------------------------------------------------------------------

    def _restart(self, mapping: FrameMapping, reading: AudioTiming) -> None:
        self._break_off(mapping)
        self._gathering_since_ns = reading.callback_ns
        self.mapping = _pruned(mapping.restarted(reading.frames, reading.callback_ns))

    def _understand(self, mapping: FrameMapping) -> bool:
        """Find out what the last bins mean that were off the line; False where it is not clear."""
        recent = self._doubtful
        if len(recent) < STEP_BINS:
            return False
        expected_ns = [mapping.fit.ns_at(b.frames) for b in recent]
        asked_off_ns = [
            b.asked_ns + self._lead_ns - e for b, e in zip(recent, expected_ns, strict=True)
        ]
        told_off_ns = [
            b.told_ns - self._astray_ns() - e for b, e in zip(recent, expected_ns, strict=True)
        ]
        asked_by_ns, told_by_ns = _median(asked_off_ns), _median(told_off_ns)
        if _even(asked_off_ns, ASKING_AGREES_NS) and abs(asked_by_ns) > STEP_NS:
            if abs(told_by_ns - asked_by_ns) >= abs(told_by_ns):
                self._lead_ns -= asked_by_ns  # only the asking has moved
                self._leads_ns = deque((n - asked_by_ns for n in self._leads_ns), LEAD_BINS)
                return True
            points = [(b.frames, b.asked_ns + self._lead_ns) for b in recent]
        elif _even(told_off_ns, STEP_NS) and abs(told_by_ns) > DELAY_TRUST_NS:
            points = [(b.frames, b.told_ns - self._astray_ns()) for b in recent]
        else:
            return False
        last_good_frames = self._points[-1][0]
        self._break_off(mapping)
        self._points = points
        self.mapping = _pruned(
            _placed_on(
                self._fit(), last_good_frames + 1, None, mapping.lead_uncertainty_ns, mapping
            )
        )
        return True

    def _break_off(self, mapping: FrameMapping) -> None:
        self._prior_slope_ns, self._prior_sd = mapping.fit.slope_ns, _KNOWN_SD
        self._open_bin.clear()
        self._gathered, self._doubtful = [], []

    # --- the lead from asking to sounding -------------------------------------------------

    def _best_lead_ns(self) -> int:
        return _median(self._leads_ns)

    def _astray_ns(self) -> int:
        """By how much the told times have lately lain after the line."""
        return _median(list(self._leads_ns)[-RECENT_BINS:]) - self._lead_ns

    def _lead_uncertainty_ns(self) -> float:
        leads_ns = np.array(self._leads_ns)
        spread_ns = 1.4826 * float(np.median(np.abs(leads_ns - self._best_lead_ns())))
        unsettled_ns = UNSETTLED_NS * max(0.0, 1.0 - leads_ns.size / SETTLED_BINS)
        off_ns = self._best_lead_ns() - self._lead_ns
        return float(np.linalg.norm(np.array((spread_ns, unsettled_ns, off_ns))))

    # --- lines --------------------------------------------------------------------------

    def _fit(self) -> ClockLine:
        frames, sounds_ns = zip(*self._points, strict=True)
        return self._held_near_prior(robust_line(frames, sounds_ns))

    def _held_near_prior(self, line: ClockLine) -> ClockLine:
        sd = _ASKING_SD_NS * np.sqrt(12.0) / (max(1, line.x_span) * self._prior_slope_ns)
        share = self._prior_sd**2 / (self._prior_sd**2 + sd**2)
        slope_ns = self._prior_slope_ns + share * (line.slope_ns - self._prior_slope_ns)
        return replace(line, slope_ns=float(slope_ns))


def _placed_on(
    fit: ClockLine,
    first_frames: int,
    steady_frames: int | None,
    lead_uncertainty_ns: float,
    before: FrameMapping | None,
) -> FrameMapping:
    return FrameMapping(
        fit,
        first_frames,
        fit.x0,
        fit.y0_ns,
        fit.slope_ns,
        steady_frames,
        lead_uncertainty_ns,
        before,
    )


def _pruned(mapping: FrameMapping, most: int = MAX_PIECES) -> FrameMapping:
    """Without pieces so old that nobody asks for them."""
    if mapping.before is None:
        return mapping
    before = _pruned(mapping.before, most - 1) if most > 1 else replace(mapping.before, before=None)
    return replace(mapping, before=before)


def _even(offsets_ns: list[int], within_ns: int) -> bool:
    return all(abs(b - a) <= within_ns for a, b in pairwise(offsets_ns))


def _median(values: "deque[int] | list[int]") -> int:
    return round(float(np.median(np.array(values, dtype=np.int64))))
