"""The checks of sound, light, touch and buttons on twins: what they find and say to do."""

from typing import Any

import pytest

from andante.checks.finding import Finding, Verdict
from andante.checks.outputs import TRIAL_CUES, check_buttons, check_cues, check_sound
from andante.device_check import read_buttons
from andante.errors import OutputError
from andante.ports import CueReport, Fault, FaultKind
from andante.simulated.outputs import SimulatedOutput, mock_led_output, mock_pin_factory
from andante.timebase import NS_PER_MS, MonotonicClock, SimulatedClock


class Faulty(SimulatedOutput):
    """A twin that does what it is told to do wrong."""

    def __init__(
        self,
        clock: SimulatedClock,
        late_ms: float = 0.0,
        gives: int = TRIAL_CUES,
        faults: tuple[Fault, ...] = (),
        refuses: str | None = None,
    ) -> None:
        super().__init__("led", clock)
        self.late_ms, self.gives, self.faults = late_ms, gives, faults
        self.refuses = refuses
        self.stopped = False

    def start(self) -> None:
        if self.refuses is not None:
            raise OutputError(self.refuses)

    def take_reports(self) -> list[CueReport]:
        late_ns = round(self.late_ms * NS_PER_MS)
        return [
            CueReport(r.cue_index, r.output, None, None, "no")
            if r.actual_ns is None or r.cue_index >= self.gives
            else CueReport(r.cue_index, r.output, r.actual_ns + late_ns, 1.0)
            for r in super().take_reports()
        ]

    def take_faults(self) -> list[Fault]:
        return list(self.faults)

    def stop(self) -> None:
        self.stopped = True
        super().stop()


def fault(kind: FaultKind, count: int = 1) -> Fault:
    return Fault(kind, 0, "sound", "Something happened.", count)


# --- sound ----------------------------------------------------------------------------------


def sound(expected: bool = True, sink: str | None = None, **wrong: Any) -> Finding:
    clock = SimulatedClock()
    output = Faulty(clock, **wrong)
    finding = check_sound(lambda: output, clock, expected, sink)
    assert output.stopped or sink is not None
    return finding


def test_a_sound_device_that_runs_is_named() -> None:
    finding = sound()
    assert finding.verdict is Verdict.OK
    assert "simulated led" in finding.found
    assert finding.figures["underrun_count"] == 0


def test_a_sound_device_that_runs_dry_is_a_warning_with_its_count() -> None:
    finding = sound(faults=(fault(FaultKind.SOUND_UNDERRUN, 3), fault(FaultKind.SOUND_UNDERRUN)))
    assert finding.verdict is Verdict.WARNING
    assert finding.figures["underrun_count"] == 4
    assert "4 times" in finding.found


def test_a_sound_device_that_stops_has_failed() -> None:
    finding = sound(faults=(fault(FaultKind.OUTPUT_FAILED),))
    assert finding.verdict is Verdict.FAILED
    assert finding.to_do is not None


@pytest.mark.parametrize(("expected", "verdict"), [(True, "failed"), (False, "missing")])
def test_a_sound_device_that_cannot_be_opened(expected: bool, verdict: str) -> None:
    finding = sound(expected, refuses="There is no sound device; connect one.")
    assert finding.verdict == verdict
    assert finding.found == "There is no sound device."
    assert finding.to_do == "Connect one."


def test_bluetooth_behind_the_sound_server_has_failed() -> None:
    finding = sound(expected=False, sink="bluez_output.00_11_22.1")
    assert finding.verdict is Verdict.FAILED
    assert "Bluetooth" in finding.found
    assert sound(sink="alsa_output.usb-dac").verdict is Verdict.OK


# --- light, touch, buttons ------------------------------------------------------------------


def trial(expected: bool = True, **wrong: Any) -> Finding:
    clock = SimulatedClock()
    output = Faulty(clock, **wrong)
    finding = check_cues("led", lambda: output, clock, expected)
    assert output.stopped
    return finding


def test_a_light_that_keeps_its_time_is_ok_and_left_to_the_eye() -> None:
    finding = trial()
    assert finding.verdict is Verdict.OK
    assert finding.figures["given_count"] == TRIAL_CUES
    assert finding.to_do is not None


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        ({"late_ms": 7.0}, Verdict.WARNING),
        ({"late_ms": -7.0}, Verdict.WARNING),
        ({"gives": 2}, Verdict.WARNING),
        ({"gives": 0}, Verdict.FAILED),
        ({"gives": 0, "faults": (fault(FaultKind.OUTPUT_FAILED),)}, Verdict.FAILED),
        ({"refuses": "The LED cannot be used (no pins); see to it."}, Verdict.FAILED),
    ],
)
def test_a_light_that_does_not(wrong: dict[str, Any], verdict: Verdict) -> None:
    finding = trial(**wrong)
    assert finding.verdict is verdict
    assert finding.to_do


def test_a_light_that_cannot_be_there_is_missing() -> None:
    assert trial(expected=False, refuses="No pins; see to it.").verdict is Verdict.MISSING


def test_the_real_led_class_on_mock_pins_is_ok() -> None:
    clock = MonotonicClock()
    for _ in range(3):  # a busy computer may miss a cue, and the check then says so
        finding = check_cues("led", lambda: mock_led_output(clock), clock, expected=True)
        if finding.figures["given_count"] == TRIAL_CUES:
            break
    assert finding.figures["given_count"] == TRIAL_CUES
    assert "GPIO 17" in finding.found


def test_a_button_at_rest_is_ok_and_one_that_is_held_has_failed() -> None:
    mock = pytest.importorskip("gpiozero.pins.mock", reason="needs gpiozero")

    class HeldPin(mock.MockPin):  # type: ignore[misc,name-defined]
        """A pin that somebody keeps at ground, whatever pulls it up."""

        def _set_pull(self, value: str) -> None:
            super()._set_pull(value)
            self._state = False

    at_rest = check_buttons(lambda: read_buttons(mock_pin_factory()), expected=True)
    assert at_rest.verdict is Verdict.OK
    factory = mock.MockFactory(pin_class=HeldPin)
    held = check_buttons(lambda: read_buttons(factory), expected=True)
    assert held.verdict is Verdict.FAILED
    assert "GPIO 22" in held.found


@pytest.mark.parametrize(("expected", "verdict"), [(True, "failed"), (False, "missing")])
def test_buttons_that_cannot_be_read(expected: bool, verdict: str) -> None:
    def refuse() -> dict[str, bool]:
        raise OutputError("The button cannot be read (no pins); see to it.")

    assert check_buttons(refuse, expected).verdict == verdict
