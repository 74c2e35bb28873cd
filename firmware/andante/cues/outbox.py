"""What an output has to say of its cues, kept until the runner asks for it."""

from collections import deque

from andante.ports import UNGIVEN_KINDS, Cue, CueReport, Fault, FaultKind

LIGHT_WITHHELD = "light withheld to keep under the flash limit"


class Outbox:
    """Reports and faults of one output. Any thread may put, one takes."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._reports: deque[CueReport] = deque()
        self._faults: deque[Fault] = deque()

    def given(
        self, cue: Cue, actual_ns: int, uncertainty_us: float, fault: str | None = None
    ) -> None:
        """The cue was given at `actual_ns`; `fault` says why that time may be in doubt."""
        self._reports.append(CueReport(cue.index, self._output, actual_ns, uncertainty_us, fault))

    def missed(self, cue: Cue, now_ns: int, reason: str) -> None:
        """The cue was not given, which is a fault."""
        self._reports.append(CueReport(cue.index, self._output, None, None, reason))
        self.fault(FaultKind.CUE_MISSED, now_ns, f"Cue {cue.index} was not given: {reason}.")

    def withheld(self, cue: Cue, reason: str) -> None:
        """The cue was not given on purpose, which is no fault of the output."""
        self._reports.append(CueReport(cue.index, self._output, None, None, reason))

    def fault(self, kind: FaultKind, time_ns: int, text: str, count: int = 1) -> None:
        """Something went wrong at `time_ns`."""
        self._faults.append(Fault(kind, time_ns, self._output, text, count))

    def take_reports(self) -> list[CueReport]:
        """Reports since the last call."""
        return [self._reports.popleft() for _ in range(len(self._reports))]

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return [self._faults.popleft() for _ in range(len(self._faults))]


def require_audible(cue: Cue) -> None:
    """Raise ValueError for a cue that is not given: it has its place in time but no output."""
    if cue.kind in UNGIVEN_KINDS:
        raise ValueError(f"cue {cue.index} is silent and belongs to no output")


def lateness_ms(planned_ns: int, now_ns: int) -> str:
    """How late a cue is, in words."""
    return f"{(now_ns - planned_ns) / 1e6:.0f} ms late"
