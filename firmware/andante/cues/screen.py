"""A mark in the terminal on each beat, for `andante try` on a laptop without sound.

What a terminal and its screen add is unknown, so no claim of timing is made for it.
"""

from collections.abc import Callable

from andante.cues.scheduled import ScheduledOutput
from andante.cues.shapes import Shape
from andante.ports import CueKind
from andante.timebase import NS_PER_MS, Clock

_SHOWN_MS = 120
_MARK = ((0, 1.0), (_SHOWN_MS * NS_PER_MS, 0.0))

SCREEN_SHAPE = Shape(pulses={CueKind.BEAT: _MARK, CueKind.NOTE: _MARK}, is_light=True)


class ScreenOutput(ScheduledOutput):
    """Calls `draw(True)` at each beat and `draw(False)` 120 ms later, from a thread of its own."""

    def __init__(self, clock: Clock, draw: Callable[[bool], None]) -> None:
        super().__init__("screen", clock, SCREEN_SHAPE, simulated=False)
        self._draw = draw

    def _open(self) -> str:
        return "terminal; its own delay is unknown"

    def _send(self, drive: float) -> None:
        self._draw(drive > 0.0)

    def _close(self) -> None:
        """Nothing to let go of."""
