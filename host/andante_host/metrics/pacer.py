"""The breath that a pacer asked for: its parts, its breaths and how full it was. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from andante.ports import CueKind

_PAUSE_S = 1e-3  # parts that follow each other touch to within this

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Pacer:
    """Parts of breaths as they were given, shape (n,) each, in order of time.

    `kind`: `inhale`, `hold_in`, `exhale` or `hold_out`. A part lasts `duration_s` from `start_s`,
    cut short where the next begins; its phase goes evenly from `begin_share` to 1. A part that
    begins above 0 goes on with the part of its kind before it, at another rate.
    """

    kind: Strings
    start_s: Floats
    duration_s: Floats
    begin_share: Floats

    def between(self, start_s: float, end_s: float) -> "Pacer | None":
        """The parts that begin in [start_s, end_s); None where there are none."""
        inside = (self.start_s >= start_s) & (self.start_s < end_s)
        if not inside.any():
            return None
        return Pacer(
            self.kind[inside],
            self.start_s[inside],
            self.duration_s[inside],
            self.begin_share[inside],
        )

    @property
    def end_s(self) -> Floats:
        """When each part was over, shape (n,): its end, or the start of the next if earlier."""
        end_s = self.start_s + self.duration_s
        end_s[:-1] = np.minimum(end_s[:-1], self.start_s[1:])
        return end_s

    @property
    def _begins(self) -> npt.NDArray[np.bool_]:
        """Which parts begin something: a part that goes on with one of its kind does not."""
        goes_on = np.zeros(self.kind.size, dtype=np.bool_)
        goes_on[1:] = (self.kind[1:] == self.kind[:-1]) & (self.begin_share[1:] > 0.0)
        return ~goes_on

    def cycles(self) -> tuple[Floats, Floats]:
        """Start and end of every whole breath, shape (k,) each.

        From inhalation to inhalation with an exhalation between and without a pause; the last one
        ends with its last part.
        """
        end_s = self.end_s
        first = np.flatnonzero(self._begins & (self.kind == CueKind.INHALE))
        after = np.append(first[1:], self.kind.size)
        exhales = np.concatenate(([0], np.cumsum(self.kind == CueKind.EXHALE)))
        pauses = np.concatenate(([0], np.cumsum(self.start_s[1:] - end_s[:-1] > _PAUSE_S)))
        whole = (exhales[after] > exhales[first]) & (pauses[after - 1] == pauses[first])
        return self.start_s[first[whole]], end_s[after[whole] - 1]

    def stretches(self) -> list[tuple[float, float]]:
        """Start and end of every stretch in which part follows part without a pause."""
        end_s = self.end_s
        breaks = np.flatnonzero(self.start_s[1:] - end_s[:-1] > _PAUSE_S) + 1
        firsts = np.concatenate(([0], breaks))
        lasts = np.concatenate((breaks, [self.kind.size])) - 1
        return list(zip(self.start_s[firsts].tolist(), end_s[lasts].tolist(), strict=True))

    def free_onsets_s(self, kind: CueKind) -> Floats:
        """Starts of the inhalations or exhalations before which no breath was held, shape (k,)."""
        held = {CueKind.INHALE: CueKind.HOLD_OUT, CueKind.EXHALE: CueKind.HOLD_IN}[kind]
        after_hold = np.concatenate(([False], self.kind[:-1] == held))
        onsets_s: Floats = self.start_s[self._begins & (self.kind == kind) & ~after_hold]
        return onsets_s

    @property
    def inhale_exhale_ratio(self) -> float:
        """Time spent inhaling over time spent exhaling; NaN where there is no exhaling."""
        spent_s = self.end_s - self.start_s
        exhaling_s = float(spent_s[self.kind == CueKind.EXHALE].sum())
        inhaling_s = float(spent_s[self.kind == CueKind.INHALE].sum())
        return inhaling_s / exhaling_s if exhaling_s > 0.0 else float("nan")

    def level_at(self, times_s: Floats) -> Floats:
        """How full the breath was, 0-1, shape of `times_s`: `ports.breath_level` for arrays.

        Before the first part it is as at its start, in a pause as at the end of the part before.
        """
        at = np.clip(np.searchsorted(self.start_s, times_s, side="right") - 1, 0, None)
        duration_s = np.where(self.duration_s > 0.0, self.duration_s, 1.0)[at]
        passed = np.clip((times_s - self.start_s[at]) / duration_s, 0.0, 1.0)
        share = self.begin_share[at] + (1.0 - self.begin_share[at]) * passed
        falling = 0.5 + 0.5 * np.cos(np.pi * share)
        kind = self.kind[at]
        level = np.select(
            [kind == CueKind.INHALE, kind == CueKind.HOLD_IN, kind == CueKind.EXHALE],
            [1.0 - falling, 1.0, falling],
            0.0,
        )
        return np.asarray(level, dtype=np.float64)
