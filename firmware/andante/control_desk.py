"""Who may do what with the engine, and what becomes of it: the control socket without the socket.

Two threads meet here: the socket's (requests) and the engine's (sessions begin and end, and the
runner takes its commands). Once a session runs, the runner touches nothing but a deque, so nobody
can keep it waiting.
"""

import threading
from collections import deque
from collections.abc import Callable

from andante.commands import AnyCommand, Dizzy, Stop
from andante.control import (
    Answer,
    CommandDone,
    ControlError,
    DeviceState,
    Doing,
    Event,
    Hold,
    Holder,
    Notice,
    Ok,
    Refused,
    Release,
    Start,
    decode_request,
)
from andante.errors import AndanteError
from andante.session.live import Facts

MAX_WAITING_COMMANDS = 100
"""More than a person can give within one look-round of the runner, by far."""


class Desk:
    """Answers requests, remembers who holds the device, and keeps commands for the runner."""

    def __init__(
        self, accept_start: Callable[[Start], None], publish: Callable[[Event], None]
    ) -> None:
        """`accept_start` hands a start on, on the socket's thread, or raises AndanteError.

        `publish` tells every client; both must return at once.
        """
        self._accept_start = accept_start
        self._publish = publish
        self._lock = threading.Lock()
        self._state = DeviceState(doing=Doing.WAITING)
        self._holding_client: int | None = None
        self._commands: deque[AnyCommand] = deque()

    @property
    def state(self) -> DeviceState:
        """The engine as it is now. Any thread."""
        return self._state

    # --- the socket's thread --------------------------------------------------------------

    def answer(self, client: int, line: bytes) -> Answer:
        """Carry out one line of a client, or say why not."""
        try:
            with self._lock:
                self._carry_out(client, line)
        except AndanteError as error:
            return Refused(reason=str(error))
        return Ok()

    def leave(self, client: int) -> None:
        """A connection has ended; the device that it held is free. A session goes on."""
        with self._lock:
            if client == self._holding_client:
                self._set_holder(None, None)

    def _carry_out(self, client: int, line: bytes) -> None:
        request = decode_request(line)
        ends = isinstance(request, Stop | Dizzy)
        if not ends:
            self._check_holder(client, wants_it=isinstance(request, Hold))
        match request:
            case Hold():
                self._set_holder(
                    client,
                    Holder(role=request.role, holder=request.holder, reason=request.reason),
                )
            case Release():
                self._set_holder(None, None)
            case Start():
                if self._state.doing is not Doing.WAITING:
                    raise ControlError("A session is under way; stop it before starting another.")
                self._accept_start(request)
                self._change(doing=Doing.STARTING)
            case _:
                if self._state.doing is Doing.WAITING:
                    raise ControlError("No session is under way.")
                # Others' commands never stand in the way of one that ends the session.
                limit = 2 * MAX_WAITING_COMMANDS if ends else MAX_WAITING_COMMANDS
                if len(self._commands) >= limit:
                    raise ControlError("Too many commands are waiting; try again in a moment.")
                self._commands.append(request)

    def _check_holder(self, client: int, wants_it: bool) -> None:
        if client == self._holding_client:
            return
        holder = self._state.holder
        if holder is not None:
            raise ControlError(
                f"The device is held by the {holder.role} at {holder.holder} ({holder.reason}); "
                "wait until it is released, or ask there."
            )
        if not wants_it:
            raise ControlError("Take the device first (command hold); then it can be commanded.")

    def _set_holder(self, client: int | None, holder: Holder | None) -> None:
        self._holding_client = client
        self._change(holder=holder)

    # --- the engine's thread --------------------------------------------------------------

    def begin_without_client(self) -> bool:
        """Claim the engine for a start from the button; False while it is held or busy."""
        with self._lock:
            if self._state.doing is not Doing.WAITING or self._state.holder is not None:
                return False
            self._change(doing=Doing.STARTING)
            return True

    def tell_session(
        self,
        doing: Doing,
        exercise: str,
        patient_code: str,
        simulated_patient: bool,
        facts: Facts | None = None,
    ) -> None:
        """Say what runs."""
        with self._lock:
            self._change(
                doing=doing,
                exercise=exercise,
                patient_code=patient_code,
                simulated_patient=simulated_patient,
                facts=facts,
            )

    def end_session(self) -> None:
        """The engine waits again. Commands that came too late are named, not lost in silence."""
        with self._lock:
            late = self.take_commands()
            self._state = DeviceState(doing=Doing.WAITING, holder=self._state.holder)
            self._publish(self._state)
        for command in late:
            name = command.__struct_config__.tag
            text = f"The session had ended before the command {name} came."
            self._publish(CommandDone(command=command, refusal=text))
            self._publish(Notice(text=text))

    # --- the runner's thread --------------------------------------------------------------

    def take_commands(self) -> list[AnyCommand]:
        """Commands since the last call, in order. Waits for nobody."""
        taken = []
        while self._commands:
            taken.append(self._commands.popleft())
        return taken

    def _change(self, **fields: object) -> None:
        current = {name: getattr(self._state, name) for name in self._state.__struct_fields__}
        self._state = DeviceState(**{**current, **fields})
        self._publish(self._state)
