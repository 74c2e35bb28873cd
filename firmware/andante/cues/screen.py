"""A mark in the terminal on each beat, for `andante try` on a laptop without sound.

What a terminal and its screen add is unknown, so no claim of timing is made for it.
"""

from collections.abc import Callable

from andante.cues.scheduled import ScheduledOutput
from andante.timebase import NS_PER_MS, Clock

_SHOWN_MS = 120


class ScreenOutput(ScheduledOutput):
    """Calls `draw(True)` at each cue and `draw(False)` 120 ms later, from a thread of its own."""

    frame_offsets_ns = (_SHOWN_MS * NS_PER_MS,)

    def __init__(self, clock: Clock, draw: Callable[[bool], None]) -> None:
        super().__init__("screen", clock, simulated=False)
        self._draw = draw

    def _open(self) -> str:
        return "terminal; its own delay is unknown"

    def _show(self, frame: int) -> None:
        self._draw(frame == 0)

    def _close(self) -> None:
        self._draw(False)
