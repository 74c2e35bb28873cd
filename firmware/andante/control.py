"""How the engine is spoken to: a local Unix socket, one JSON object a line.

Requests go to the engine, messages come back. Every line sent is answered by exactly one `Ok` or
`Refused`, in the order of the lines; events arrive in between. Whoever connects watches. Whoever
wants to command takes the device with `Hold` first and keeps it until `Release` or until the
connection ends; everybody sees who holds it and why. `Stop` and `Dizzy` are open to everybody: a
session can be ended by anyone who sees that it has to be.

Any language can speak it: `{"command": "stop"}` and a line feed.
"""

import socket
from collections import deque
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from andante.commands import AnyCommand, Role, Words
from andante.errors import AndanteError
from andante.session.live import Facts, RecentBreaths, RecentCues, Trace
from andante.timebase import NS_PER_S, Clock, MonotonicClock, seconds_to_ns

DEFAULT_SOCKET = Path("/run/andante/engine.sock")
MAX_LINE_BYTES = 65_536
"""A longer line is refused; a plan has some 1,000."""
_CHUNK_BYTES = 65_536
_KEPT_EVENTS = 1_000


class ControlError(AndanteError):
    """An engine that cannot be reached, or a line that cannot be understood."""


# --- to the engine --------------------------------------------------------------------------


class Request(Struct, frozen=True, forbid_unknown_fields=True, tag_field="command", kw_only=True):
    """Base of what is asked of the engine itself; `commands.Command` is for a session."""


class Hold(Request, tag="hold", frozen=True):
    """Take the device. `holder` names the asking console session, never a person."""

    role: Role
    holder: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Words


class Release(Request, tag="release", frozen=True):
    """Give the device back. A session under way goes on."""


class Start(Request, tag="start", frozen=True):
    """Begin a session. `plan` is a plan file's content as an object.

    `attended`: someone is beside the patient, without which no walk begins on a real board.
    `simulated_patient`: on a simulated board, with a patient made from `seed`.
    """

    plan: dict[str, Any]
    attended: bool = False
    simulated_patient: bool = False
    seed: Annotated[int, Meta(ge=0)] = 1


AnyRequest = Hold | Release | Start | AnyCommand


# --- from the engine ------------------------------------------------------------------------


class Message(Struct, frozen=True, tag_field="message", kw_only=True):
    """Base of what the engine says."""


class Ok(Message, tag="ok", frozen=True):
    """The line was understood and is being carried out."""


class Refused(Message, tag="refused", frozen=True):
    """The line was not understood or is not allowed; `reason` is a sentence for a person."""

    reason: str


class Doing(StrEnum):
    """What the engine does."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"


class Holder(Struct, frozen=True, kw_only=True):
    """Who holds the device, and why."""

    role: str
    holder: str
    reason: str


class DeviceState(Message, tag="state", frozen=True):
    """The engine as it is now: said on connecting and at every change.

    `facts` are there while a session is being recorded.
    """

    doing: Doing
    holder: Holder | None = None
    exercise: str | None = None
    patient_code: str | None = None
    simulated_patient: bool = False
    facts: Facts | None = None


class SessionStarted(Message, tag="started", frozen=True):
    """The session's first look-round has passed: it is being recorded."""

    exercise: str
    patient_code: str
    simulated_patient: bool
    facts: Facts | None = None


class CommandDone(Message, tag="done", frozen=True):
    """What became of a command after its `Ok`: carried out, or why not, in a sentence.

    Every command of a session gets one, in the order in which the runner took them.
    """

    command: AnyCommand
    refusal: str | None = None


class TempoChanged(Message, tag="tempo", frozen=True):
    """From `time_ns` on the cues fall at this tempo (None: no cues), for this reason."""

    time_ns: int
    tempo_per_minute: float | None
    reason: str


class LiveProgress(Message, tag="progress", frozen=True):
    """How the session stands, about seven times a second. Asynchrony is negative for early.

    `tempo_per_minute` is the cues', `own_per_minute` the patient's own, in steps, taps or breaths.
    `recent_asynchronies_ms` holds the last of them, oldest first, so that a reader that missed some
    messages still sees what came between. A client that reads too slowly gets only the newest
    message. `at_s` is exercise time, as in `cues`, `breaths` and `traces` (`session.live`);
    `tempo_low_per_minute` and `tempo_high_per_minute` are what `NudgeTempo` can reach, None where
    there is nothing to nudge; `troubles` names the parts that something is wrong with now, and
    `fault_count` everything that went wrong so far.
    """

    stage: str
    left_s: float
    tempo_per_minute: float | None
    last_asynchrony_ms: float | None
    vector_length: float | None
    response_count: int
    own_per_minute: float | None
    paused: bool
    recent_asynchronies_ms: tuple[float, ...]
    at_s: float = 0.0
    tempo_low_per_minute: float | None = None
    tempo_high_per_minute: float | None = None
    cues: RecentCues = RecentCues()
    breaths: RecentBreaths = RecentBreaths()
    traces: tuple[Trace, ...] = ()
    troubles: dict[str, str] = {}
    fault_count: int = 0


class SessionEnded(Message, tag="ended", frozen=True):
    """The session is over; `path` is its file, None where there was none to begin with."""

    path: str | None
    end_reason: str


class Notice(Message, tag="notice", frozen=True):
    """A sentence for a person; `part` is what it is about, where something went wrong there."""

    text: str
    part: str | None = None


Answer = Ok | Refused
Event = (
    DeviceState | SessionStarted | CommandDone | TempoChanged | LiveProgress | SessionEnded | Notice
)
AnyMessage = Answer | Event

_requests = msgspec.json.Decoder(AnyRequest)
_messages = msgspec.json.Decoder(AnyMessage)


def encode_line(item: Request | Message | AnyCommand) -> bytes:
    """One JSON object with its line feed; none within it, since JSON escapes them."""
    return msgspec.json.encode(item) + b"\n"


def decode_request(line: bytes) -> AnyRequest:
    """A request from its line. Raises ControlError in one sentence."""
    try:
        request: AnyRequest = _requests.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(
            f"The line was not understood: {error}; send one JSON object a line."
        ) from None
    return request


def decode_message(line: bytes) -> AnyMessage:
    """A message from its line. Raises ControlError in one sentence."""
    try:
        message: AnyMessage = _messages.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(
            f"The engine said what this program does not understand ({error}); "
            "bring both to the same version."
        ) from None
    return message


class LineBuffer:
    """Whole lines out of a stream of bytes, none longer than MAX_LINE_BYTES. Pure."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._overlong = False

    def take(self, data: bytes) -> list[bytes | None]:
        """The lines that `data` completes, without their line feed; None for one too long."""
        *ends, rest = data.split(b"\n")
        lines: list[bytes | None] = []
        for end in ends:
            self._add(end)
            lines.append(None if self._overlong else bytes(self._bytes))
            self._bytes.clear()
            self._overlong = False
        self._add(rest)
        return lines

    def _add(self, piece: bytes) -> None:
        if len(self._bytes) + len(piece) > MAX_LINE_BYTES:
            self._overlong = True
            self._bytes.clear()
        elif not self._overlong:
            self._bytes += piece


class ControlClient:
    """One connection to the engine, for one thread."""

    def __init__(self, path: Path = DEFAULT_SOCKET, clock: Clock | None = None) -> None:
        """Connect. Raises ControlError where no engine listens at `path`."""
        self._clock = clock or MonotonicClock()
        self._lines = LineBuffer()
        self._answers: deque[Answer] = deque()
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise ControlError(
                f"No engine can be reached at {path} ({error.strerror or error}); start "
                "`andante serve`, or ask to be put into the group andante."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: AnyRequest, timeout_s: float = 2.0) -> Answer:
        """Send one request and wait for its answer. Raises ControlError where none comes."""
        deadline_ns = self._clock.now_ns() + seconds_to_ns(timeout_s)
        try:
            self._socket.settimeout(timeout_s)
            self._socket.sendall(encode_line(request))
        except OSError as error:
            raise ControlError(f"The engine has gone ({error}); connect again.") from None
        while not self._answers:
            if not self._read_until(deadline_ns):
                # The answer may still come, and would be taken for that of the next request.
                self.close()
                raise ControlError(f"The engine gave no answer within {timeout_s:g} s.")
        return self._answers.popleft()

    def next_event(self, timeout_s: float) -> Event | None:
        """The next event, or None where none comes in time. Raises ControlError."""
        deadline_ns = self._clock.now_ns() + seconds_to_ns(timeout_s)
        while not self._events:
            if not self._read_until(deadline_ns):
                return None
        return self._events.popleft()

    def close(self) -> None:
        """End the connection; a device that it held is free again. May be called twice."""
        self._socket.close()

    def _read_until(self, deadline_ns: int) -> bool:
        """Take in what comes next; False where nothing came before the deadline."""
        left_ns = deadline_ns - self._clock.now_ns()
        if left_ns <= 0:
            return False
        try:
            self._socket.settimeout(left_ns / NS_PER_S)
            data = self._socket.recv(_CHUNK_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise ControlError(f"The engine has gone ({error}); connect again.") from None
        if not data:
            raise ControlError("The engine has ended the connection; connect again.")
        for line in self._lines.take(data):
            message = decode_message(line or b"")
            if isinstance(message, Ok | Refused):
                self._answers.append(message)
            else:
                self._events.append(message)
        return True
