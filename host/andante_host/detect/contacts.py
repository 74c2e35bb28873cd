"""Steps out of force: when each foot came down and left, from a whole recording.

Works in any unit that rises with load and at any sampling rate; both signals are laid on a 1 ms
grid first. Unlike the board's detector it sees both sides of every instant.

1. The unloaded and the loaded level are the 5th and 95th percentile over the 4 s around each
   instant, so they follow a drifting sensor. Where their difference, the range, falls below half
   of its largest in the 60 s around (standing), the levels of the walking before and after hold.
2. Loaded means above 35 % of the range, unloaded below 15 %, or below 33 % while the other foot
   bears weight (a shuffling step; in the dip in the middle of a stance the other foot is in the
   air). Stances and swings are at least 100 ms, a shuffling swing 60 ms.
3. A contact is where the rise began: from the last instant of rest before it (growth of less than
   1.6 % of the range in 8 ms) forward to where growth reached 2.2 % in 8 ms. A foot may hesitate
   while it takes load: where the force had been up by 15 % of the range for 55 ms before that
   rest, after a steep rise, the foot stood already, and the contact is where the earlier rise
   began (less than 0.8 % in 8 ms). A shorter touch is a scuff.
4. An off is where the fall ended: the first instant from which the force fell by less than 1.6 %
   in 16 ms.

A level, as in the usual Schmitt trigger, is crossed 15-20 ms after the publishers of PhysioNet's
"Gait in Neurodegenerative Disease Database" place the contact; the start of the rise is within a
few ms of it (`tests/validation`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

_GRID_HZ = 1000
_ON_SHARE, _OFF_SHARE, _SHUFFLE_OFF_SHARE, _BEARING_SHARE = 0.35, 0.15, 0.33, 0.5
_RISE_SHARE, _REST_SHARE, _RISE_SAMPLES = 0.022, 0.016, 8
_STANDING_SHARE, _STANDING_SAMPLES = 0.15, 55
_QUIET_SHARE, _STEEP_WITHIN_SAMPLES = 0.008, 40
_FALL_SHARE, _FALL_SAMPLES = 0.016, 16
_CONFIRM_SAMPLES = 4
_MIN_STANCE_SAMPLES, _MIN_SWING_SAMPLES, _MIN_SHUFFLE_SAMPLES = 100, 100, 60
_LONGEST_FALL_SAMPLES = 150
_LEVEL_EDGES_PERCENT = (5, 95)
_LEVEL_EVERY_SAMPLES = 32
_LEVEL_WINDOW = 125  # of these: 4 s
_STILL_SHARE = 0.5
_MEMORY_WINDOW = 1875  # 60 s
_LONGEST_BRIDGED_S = 0.02  # a hole this short cannot hide a contact
_SHORTEST_RUN_S = 1.0
_MIN_RANGE_TO_NOISE = 6.0  # white noise alone has 3.3
_MIN_RANGE_TO_OTHER_FOOT = 0.05
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class FootEvents:
    """Contacts and offs of one foot in seconds, each of shape (n,) and rising."""

    contacts_s: Floats
    offs_s: Floats


@dataclass(frozen=True)
class _Foot:
    """One foot on the 1 ms grid; all of shape (n,)."""

    force: Floats
    present: Bools
    low: Floats
    range_: Floats

    def share(self, share: float) -> Floats:
        return self.low + share * self.range_

    @property
    def bearing(self) -> Bools:
        bearing: Bools = (self.range_ > 0) & (self.force > self.share(_BEARING_SHARE))
        return bearing & self.present


@dataclass(frozen=True)
class _Rise:
    """Finds where a rise began, in one run of force and its range, shape (n,) each.

    `steep_at`, `rest_at`, `quiet_at`: grid indices at which the force rose steeply, at which it
    rose so little that a foot rests, and at which it hardly rose at all.
    """

    force: Floats
    range_: Floats
    steep_at: Indices
    rest_at: Indices
    quiet_at: Indices

    def onset(self, off: int, landed: int) -> int:
        """Where the rise began by which a foot that left at `off` was down at `landed`."""
        rest = _last(self.rest_at, landed)
        earlier = self._earlier_touch(off, rest, float(self.range_[landed]))
        if earlier is not None:
            return earlier
        steep = _first(self.steep_at, rest)
        return (landed if steep is None else min(steep, landed)) - 1

    def _earlier_touch(self, off: int, rest: int, range_: float) -> int | None:
        """Where the foot came down, if it stood already at the hesitation `rest`."""
        swing = self.force[off : rest + 1]
        if not swing.size:
            return None
        limit = float(swing.min()) + _STANDING_SHARE * range_
        if swing[-1] <= limit:
            return None
        left = off + int(np.flatnonzero(swing <= limit)[-1])
        rest_before = _last(self.rest_at, left)
        steep = _first(self.steep_at, left)
        if rest - rest_before <= _STANDING_SAMPLES:
            return None
        if steep is None or steep - rest_before >= _STEEP_WITHIN_SAMPLES:
            return None
        return _last(self.quiet_at, left)


def detect_contacts(time_s: Floats, left: Floats, right: Floats) -> tuple[FootEvents, FootEvents]:
    """Contacts and offs of the left and the right foot.

    `time_s`, `left`, `right`: shape (n,), n >= 2, times rising, NaN for a gap. In a gap of more
    than 20 ms nothing is detected; a stance that runs into one has no off. A sensor that gives
    nothing but noise, or next to nothing beside the other foot, has no events.
    """
    count = int((time_s[-1] - time_s[0]) * _GRID_HZ) + 1
    grid_s = time_s[0] + np.arange(count) / _GRID_HZ
    usual = [_usual_range(values) for values in (left, right)]
    smallest = _MIN_RANGE_TO_OTHER_FOOT * max(usual)
    left_foot, right_foot = (_on_grid(time_s, values, grid_s, smallest) for values in (left, right))
    return _events(left_foot, right_foot, grid_s), _events(right_foot, left_foot, grid_s)


def _usual_range(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return 0.0
    low, high = np.percentile(finite, _LEVEL_EDGES_PERCENT)
    noise = _MAD_TO_SD * float(np.median(np.abs(np.diff(finite)))) / 2**0.5
    return float(high - low) if high - low > _MIN_RANGE_TO_NOISE * noise else 0.0


def _on_grid(time_s: Floats, values: Floats, grid_s: Floats, smallest_range: float) -> _Foot:
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2 or _usual_range(values) <= smallest_range:
        nothing = np.zeros(grid_s.size)
        return _Foot(nothing, nothing > 0, nothing, nothing)
    force = np.interp(grid_s, time_s[known], values[known])
    after = np.clip(np.searchsorted(time_s[known], grid_s), 1, known.size - 1)
    hole_s = time_s[known[after]] - time_s[known[after - 1]]
    longest_s = max(_LONGEST_BRIDGED_S, 1.5 * float(np.median(np.diff(time_s))))
    inside = (grid_s >= time_s[known[0]]) & (grid_s <= time_s[known[-1]])
    low, range_ = _levels(force)
    return _Foot(force, inside & (hole_s <= longest_s), low, range_)


def _levels(force: Floats) -> tuple[Floats, Floats]:
    """Unloaded level and range at every instant, shape (n,)."""
    every = force[::_LEVEL_EVERY_SAMPLES]
    window = min(_LEVEL_WINDOW, every.size)
    low, high = (
        ndimage.percentile_filter(every, edge, size=window, mode="nearest")
        for edge in _LEVEL_EDGES_PERCENT
    )
    range_ = high - low
    around = min(_MEMORY_WINDOW, every.size)
    usual = ndimage.maximum_filter1d(range_, size=around, mode="nearest")
    walking = np.flatnonzero(range_ >= _STILL_SHARE * usual)
    at = np.arange(force.size) / _LEVEL_EVERY_SAMPLES
    return np.interp(at, walking, low[walking]), np.interp(at, walking, range_[walking])


def _events(foot: _Foot, other: _Foot, grid_s: Floats) -> FootEvents:
    contacts: list[int] = []
    offs: list[int] = []
    edges = np.flatnonzero(np.diff(foot.present.astype(np.int8), prepend=0, append=0))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start >= _SHORTEST_RUN_S * _GRID_HZ:
            _walk_through(foot, other.bearing, slice(start, stop), contacts, offs)
    return FootEvents(grid_s[contacts], grid_s[offs])


def _walk_through(
    foot: _Foot, other_bearing: Bools, run: slice, contacts: list[int], offs: list[int]
) -> None:
    """Add the contacts and offs, as grid indices, of one run of samples without a gap."""
    force, start = foot.force[run], run.start
    range_ = foot.range_[run]
    above = force > foot.share(_ON_SHARE)[run]
    fully_off = force < foot.share(_OFF_SHARE)[run]
    shuffled_off = other_bearing[run] & (force < foot.share(_SHUFFLE_OFF_SHARE)[run])
    risen = force - _delayed(force, _RISE_SAMPLES)
    fallen = _delayed(force, _FALL_SAMPLES) - force
    on_at = np.flatnonzero(above)
    landed_at = np.flatnonzero(_held(above, _CONFIRM_SAMPLES))
    off_at = np.flatnonzero(fully_off | shuffled_off)
    rise = _Rise(
        force,
        range_,
        steep_at=np.flatnonzero(risen >= _RISE_SHARE * range_),
        rest_at=np.flatnonzero(risen < _REST_SHARE * range_),
        quiet_at=np.flatnonzero(risen < _QUIET_SHARE * range_),
    )
    settled_at = np.flatnonzero(fallen < _FALL_SHARE * range_)
    contact = None  # a foot that is down when the run begins came down before
    now = 0
    while (below := _first(off_at, now)) is not None:
        settled = _first(settled_at, below)
        latest = below + _LONGEST_FALL_SAMPLES
        off = (latest if settled is None else min(settled, latest)) - _FALL_SAMPLES
        off = max(off, 0 if contact is None else contact + 1)
        back_on = _first(on_at, below)
        shortest = _MIN_SWING_SAMPLES if fully_off[below] else _MIN_SHUFFLE_SAMPLES
        if back_on is not None and back_on - off < shortest:
            now = back_on
            continue
        if off + shortest > force.size:
            return
        if contact is not None:
            offs.append(start + off)
        landed = _first(landed_at, below)
        if landed is None:
            return
        contact = max(rise.onset(off, landed), off + 1)
        contacts.append(start + contact)
        now = max(landed, contact + _MIN_STANCE_SAMPLES)


def _delayed(values: Floats, samples: int) -> Floats:
    return np.concatenate([np.full(samples, values[0]), values[:-samples]])


def _held(flags: Bools, samples: int) -> Bools:
    """Where `flags` has been true for `samples` samples in a row."""
    held = flags.copy()
    for _ in range(samples - 1):
        held[1:] &= held[:-1].copy()
        held[0] = False
    return held


def _last(indices: Indices, at_most: int) -> int:
    """The last of the rising `indices` that is not above `at_most`; 0 where there is none."""
    place = int(np.searchsorted(indices, at_most, side="right"))
    return int(indices[place - 1]) if place else 0


def _first(indices: Indices, at_least: int) -> int | None:
    place = int(np.searchsorted(indices, at_least))
    return int(indices[place]) if place < indices.size else None
