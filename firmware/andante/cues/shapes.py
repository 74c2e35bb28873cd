"""What each kind of cue looks or feels like, as the share of full drive over time. Pure.

Brightness of a breath follows CIE 1976 lightness: the level of the breath (`ports.breath_level`)
is taken as lightness L*, and what is sent is the luminance Y that looks so bright (CIE 15:2004,
8.2.1). An even breath then looks even; the light itself is a small share of that for most of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from andante.ports import Cue, CueKind, breath_level
from andante.timebase import NS_PER_MS

Pulse = tuple[tuple[int, float], ...]
"""Frames as (offset_ns from the cue, drive 0-1); the first at 0, the last one dark."""

SMOOTHEST_STEPS = 64
"""No two frames of a breath lie more than 1/64 of full brightness apart."""
LONGEST_FRAME_NS = 10 * NS_PER_MS
_SHORTEST_FRAME_NS = 2 * NS_PER_MS
_STEEPEST = 2.229
"""Largest slope of `brightness(breath_level(...))` over a part of a breath, per share of it."""
_HEADROOM = 0.8
"""Steps are planned this much smaller than allowed, so that a late frame can be made up for."""

_CIE_LINEAR_BELOW = 8.0
_CIE_KAPPA = 24_389 / 27


@dataclass(frozen=True)
class Shape:
    """How one output gives each kind of cue.

    `pulses`: the kinds that are given as a pulse. `glow_steps`: how many steps the device has
    between dark and full, where it follows a breath by its brightness; 0 where it does not.
    `is_light`: whether the flash limit holds for it.
    """

    pulses: Mapping[CueKind, Pulse]
    is_light: bool
    glow_steps: int = 0


def brightness(level: float) -> float:
    """The share of full luminance, 0-1, that looks `level` (0-1) as light as full."""
    lightness = 100.0 * level
    if lightness <= _CIE_LINEAR_BELOW:
        return lightness / _CIE_KAPPA
    return float(((lightness + 16.0) / 116.0) ** 3)


def glow_at(cue: Cue, time_ns: int) -> float:
    """The share of full luminance, 0-1, that a part of a breath asks for at `time_ns`."""
    return brightness(breath_level(cue.kind, cue.share_at(time_ns)))


def glow_frame_ns(cue: Cue, steps: int) -> int:
    """Time between two frames of `cue` on a device with `steps` steps up to full brightness.

    At most 10 ms, and so short that no frame needs more than `largest_step(steps)`, even where
    the breath changes fastest.
    """
    share = 1.0 - cue.begin_share
    steepest_steps = max(1.0, _STEEPEST * share * steps)
    frame_ns = _HEADROOM * largest_step(steps) * cue.duration_ns / steepest_steps
    return math.floor(min(LONGEST_FRAME_NS, max(_SHORTEST_FRAME_NS, frame_ns)))


def largest_step(steps: int) -> int:
    """How many of a device's steps make 1/64 of full brightness; one where it has fewer."""
    return max(1, steps // SMOOTHEST_STEPS)
