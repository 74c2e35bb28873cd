"""Touch: a vibration motor on a GPIO pin, behind a transistor."""

from typing import Any

from andante.cues.pin import Pin
from andante.cues.scheduled import ScheduledOutput
from andante.cues.shapes import Shape
from andante.pins import HAPTIC_GPIO
from andante.ports import CueKind
from andante.timebase import NS_PER_MS, Clock

_KICK_MS = 60
_BEAT_MS = 110
_NOTE_MS = 60
_BREATH_MS = 160
_PAUSE_MS = 140
_HELD_DRIVE = 0.7

_ONE = ((0, 1.0), (_KICK_MS * NS_PER_MS, _HELD_DRIVE), (_BREATH_MS * NS_PER_MS, 0.0))
_SECOND_NS = (_BREATH_MS + _PAUSE_MS) * NS_PER_MS

HAPTIC_SHAPE = Shape(
    pulses={
        # Full drive first, which is what gets a motor going, then less to hold it.
        CueKind.BEAT: (
            (0, 1.0),
            (_KICK_MS * NS_PER_MS, _HELD_DRIVE),
            (_BEAT_MS * NS_PER_MS, 0.0),
        ),
        CueKind.NOTE: ((0, 1.0), (_NOTE_MS * NS_PER_MS, 0.0)),
        CueKind.INHALE: _ONE,
        CueKind.EXHALE: (*_ONE, *((_SECOND_NS + offset_ns, drive) for offset_ns, drive in _ONE)),
    },
    is_light=False,
)


class HapticOutput(ScheduledOutput):
    """A vibration motor, switched by a transistor on GPIO 27; a `CueOutput` named `haptic`.

    One pulse for a beat, a short one for a note, one at the start of breathing in, two at the
    start of breathing out, none for holding.

    `actual_ns` is when the pin went high. The motor is felt later: an eccentric mass has to be
    brought up to speed, for which 50-100 ms are usual (table 4, by TDK, of Mouser's white paper on
    piezoelectric haptics), and it differs from motor to motor. Full drive first shortens that
    (Texas Instruments, DRV2605 data sheet SLOS825E, on overdrive). This latency is not in
    `actual_ns` and, without a measurement of the motor in its holder, not known; asynchronies to a
    haptic cue carry it as a constant.
    """

    def __init__(
        self,
        clock: Clock,
        pin: int = HAPTIC_GPIO,
        pin_factory: Any = None,
        simulated: bool = False,
    ) -> None:
        """`pin`: Broadcom number. `pin_factory`: gpiozero's, or None for what the Pi has."""
        super().__init__("haptic", clock, HAPTIC_SHAPE, simulated)
        self._gpio = pin
        self._factory = pin_factory
        self._pin: Pin | None = None

    def _open(self) -> str:
        self._pin = Pin("vibration motor", self._gpio, self._factory)
        return f"vibration motor on {self._pin.description}"

    def _send(self, drive: float) -> None:
        assert self._pin is not None
        self._pin.drive(drive)

    def _close(self) -> None:
        assert self._pin is not None
        self._pin.close()
