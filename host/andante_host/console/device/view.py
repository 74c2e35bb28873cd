"""What the live page's template is given, in words."""

from dataclasses import dataclass
from pathlib import Path

from andante import safety
from andante.control import DeviceState, Doing, LiveProgress
from andante.plan import Exercise
from andante_host.console.device.device import Device
from andante_host.console.device.holder import HeldBy, may_take_over
from andante_host.console.principal import Principal, Role

NUDGES_PERCENT = (-5, -1, 1, 5)
_UNITS = {
    Exercise.WALK: "steps/min",
    Exercise.TAP: "beats/min",
    Exercise.BREATHE: "breaths/min",
}
_S_PER_MIN = 60


@dataclass(frozen=True)
class LiveView:
    """The device as one person's page shows it; the page's script then keeps it true."""

    state: DeviceState | None
    progress: LiveProgress | None
    holder: HeldBy | None
    mine: bool
    may_take_over: bool
    commands: bool
    """This person may command."""
    frees: bool
    """This person may free the device for others."""
    reads: bool
    """This person may read what was recorded."""
    ended_file: str | None
    ended_reason: str | None
    most_change_percent: float = safety.MAX_TEMPO_CHANGE_PERCENT

    @property
    def mode(self) -> str:
        """`away`, `waiting`, `starting`, `running`: which parts of the page are shown."""
        return "away" if self.state is None else str(self.state.doing)

    @property
    def is_under_way(self) -> bool:
        """Whether there is something to stop."""
        return self.state is not None and self.state.doing is not Doing.WAITING

    @property
    def title(self) -> str:
        """What runs, for whom."""
        if self.state is None or not self.is_under_way:
            return "Live"
        return f"{(self.state.exercise or 'exercise').capitalize()}, {self.state.patient_code}"

    @property
    def unit(self) -> str:
        """Of the tempo."""
        exercise = None if self.state is None else self.state.exercise
        return _UNITS.get(Exercise(exercise), "per min") if exercise else "per min"

    @property
    def left(self) -> str:
        """Time left, as minutes and seconds."""
        if self.progress is None:
            return "–"
        minutes, seconds = divmod(round(self.progress.left_s), _S_PER_MIN)
        return f"{minutes}:{seconds:02d}"


def live_view(device: Device, principal: Principal) -> LiveView:
    """The view for one person."""
    ended, holder = device.ended, device.holder_of()
    return LiveView(
        state=device.state,
        progress=device.progress,
        holder=holder,
        may_take_over=holder is not None and may_take_over(principal, holder),
        mine=device.holds(principal),
        commands=principal.role is Role.THERAPIST,
        frees=principal.role is Role.ADMINISTRATOR,
        reads=principal.role in (Role.THERAPIST, Role.CLINICIAN),
        ended_file=None if ended is None or ended.path is None else Path(ended.path).name,
        ended_reason=None if ended is None else ended.end_reason,
    )
