"""`services.device`: the one way in which pages and programs see and command the trainer.

Holding belongs to a login: the engine knows a connection, this module knows whose it is. Several
people may watch; one holds; stop and "dizzy" are open to whoever may command at all.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from andante.commands import (
    AnyCommand,
    Dizzy,
    Pause,
    Resume,
    SelfReport,
    Stop,
)
from andante.control import DeviceState, Doing, Hold, LiveProgress, Notice, SessionEnded, Start
from andante.timebase import Clock
from andante_host.console.accounts.tokens import Tokens
from andante_host.console.audit import Audit
from andante_host.console.device.connection import EngineConnection
from andante_host.console.device.fan_out import LiveEvent
from andante_host.console.device.holder import IN_USE, HeldBy, may_take_over, taken_by
from andante_host.console.device.problem import DeviceError
from andante_host.console.device.trail import words_of, words_of_start
from andante_host.console.device.watch import HOLDER_CHANGED, EngineWatch, background
from andante_host.console.principal import Principal, Role
from andante_host.console.security.sessions import SessionStore
from andante_host.console.settings import ConsoleSettings

CHECK_LOGINS_S = 2.0
_LABEL_BYTES = 3
_MOST_REASON_CHARS = 500
_KEPT_LOOKS = 200
COMMANDING_ROLES = (Role.THERAPIST, Role.PATIENT_VIEW)
ENDING_COMMANDS = (Stop, Dizzy)
PATIENTS_COMMANDS = (Stop, Dizzy, Pause, Resume, SelfReport)
"""What a patient's tablet may send, of its own session."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Holding:
    principal: Principal
    reason: str
    connection: EngineConnection
    asked_by: str | None = None


class Device:
    """See the module. Methods that are `async` belong to the event loop; the rest to any thread."""

    def __init__(
        self,
        settings: ConsoleSettings,
        clock: Clock,
        audit: Audit,
        logins: SessionStore,
        tokens: Tokens,
    ) -> None:
        """`logins` and `tokens` say whether who holds the device is still there."""
        self._settings = settings
        self._audit = audit
        self._logins = logins
        self._tokens = tokens
        self._watch = EngineWatch(settings.engine_socket, clock)
        self._holding: _Holding | None = None
        self._label = ""
        self._looks: deque[tuple[str, str | None]] = deque(maxlen=_KEPT_LOOKS)
        self._turn = asyncio.Lock()

    # --- what is seen -------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the engine is there."""
        return self._watch.connected

    @property
    def state(self) -> DeviceState | None:
        """What the engine said last of what it does; None while it is away."""
        return self._watch.state

    @property
    def progress(self) -> LiveProgress | None:
        """How the session under way stands; None without one."""
        return self._watch.progress

    @property
    def ended(self) -> SessionEnded | None:
        """How the last session ended that this console saw; None once the next has begun."""
        return self._watch.ended

    @property
    def notices(self) -> list[Notice]:
        """The last sentences of this session, oldest first."""
        return list(self._watch.notices)

    def holder_of(self) -> HeldBy | None:
        """Who holds the device; None where it is free or the engine away."""
        holding, state = self._holding, self._watch.state
        if holding is not None and holding.connection.is_open:
            who = holding.principal
            return HeldBy(
                who.name, who.role, holding.reason, who.key, who.user_id, holding.asked_by
            )
        # What is our own, and no longer held, the engine will have noticed in a moment.
        if state is None or state.holder is None or state.holder.holder == self._label:
            return None
        return HeldBy(state.holder.holder, state.holder.role, state.holder.reason)

    def holds(self, principal: Principal) -> bool:
        """Whether this login holds the device."""
        holder = self.holder_of()
        return holder is not None and holder.key == principal.key

    def is_still_there(self, principal: Principal) -> bool:
        """Whether a login or a token has not ended. Blocks for the database."""
        if principal.by_token:
            return self._tokens.lives(principal.key)
        return self._logins.lives(principal.key)

    def is_new_look(self, principal: Principal, state: DeviceState) -> bool:
        """Whether this login has not looked at this session before, for the audit trail."""
        session = state.patient_code if state.facts is None else state.facts.path
        look = principal.key, session
        is_new = look not in self._looks
        self._looks.append(look)
        return is_new

    async def watch(self) -> AsyncIterator[LiveEvent]:
        """Everything that happens, beginning with how it is now; a sign of life every second.

        Has no end of its own. A slow reader misses progress, and what lasts only when far behind.
        """
        fan_out = self._watch.fan_out
        watcher = fan_out.join()
        try:
            for event in (*self._watch.first_events(), HOLDER_CHANGED):
                yield event
            while True:
                yield await watcher.next()
        finally:
            fan_out.leave(watcher)

    # --- holding ------------------------------------------------------------------------

    async def hold(self, principal: Principal, reason: str) -> None:
        """Take the device. Raises DeviceError where somebody else has it, with who and why."""
        async with self._logged(principal, "take the device", reason), self._turn:
            _check_commands(principal)
            await self._take(principal, reason)

    async def release(self, principal: Principal) -> None:
        """Give the device back; a session goes on. Raises DeviceError where one has it not."""
        async with self._logged(principal, "release the device"), self._turn:
            if not self.holds(principal):
                raise DeviceError("You do not have the device, so it was not released.")
            await self._let_go()

    async def ask_for(self, principal: Principal) -> None:
        """Let whoever holds the device know that one would like to have it. Raises DeviceError."""
        async with self._logged(principal, "ask for the device"), self._turn:
            holding = self._holding
            if holding is None or not holding.connection.is_open:
                raise DeviceError("Nobody here holds the device; take it.")
            self._holding = replace(holding, asked_by=principal.name)
        self._tell_holder()

    async def take_over(self, principal: Principal, reason: str) -> None:
        """Take the device from whoever holds it; for an administrator: make it free.

        Only the same user, elsewhere, or an administrator may. Raises DeviceError.
        """
        async with self._logged(principal, "take the device over", reason), self._turn:
            holder = self.holder_of()
            if holder is not None and holder.key is None:
                raise DeviceError(
                    f"Another program ({holder.name}) holds the device; end it there first."
                )
            if holder is not None and not may_take_over(principal, holder):
                raise DeviceError(
                    f"Only {holder.name} or an administrator can take the device over; ask for it."
                )
            if not reason.strip():
                raise DeviceError("Taking the device over needs a reason; write one.")
            await self._let_go()
            if principal.role is not Role.ADMINISTRATOR:
                await self._take(principal, reason)

    async def start(
        self,
        principal: Principal,
        plan: dict[str, Any],
        *,
        attended: bool,
        simulated: bool,
        title: str = "",
    ) -> None:
        """Begin a session, taking the device where it is free. Raises DeviceError.

        `plan`: as `plan_from_dict` reads it. `simulated`: on a simulated patient, which this
        console must be set up for. `title`: what the plan is called, for the audit trail.
        """
        code = plan.get("patient_code")
        detail = words_of_start(str(plan.get("exercise")), title, simulated)
        async with self._logged(principal, "start", detail, str(code or "")):
            _check_commands(principal)
            await self._start(principal, plan, code, attended, simulated)

    async def _start(
        self,
        principal: Principal,
        plan: dict[str, Any],
        code: object,
        attended: bool,
        simulated: bool,
    ) -> None:
        if simulated and not self._settings.try_out:
            raise DeviceError(
                "This device is not set up for simulated patients; choose a real one."
            )
        if principal.patient_code is not None and principal.patient_code != code:
            raise DeviceError("This tablet is for another patient; take it back and begin anew.")
        async with self._turn:
            if not self.holds(principal):
                await self._take(principal, f"exercise with {code or 'no code'}")
            start = Start(plan=plan, attended=attended, simulated_patient=simulated)
            await self._held_connection(principal).ask(start)

    async def command(self, principal: Principal, command: AnyCommand) -> bool:
        """Command the session under way. True once the engine has carried it out.

        False where it is still waiting for the session to begin. Raises DeviceError with the
        reason where it was refused, there is no session, or somebody else holds the device.
        """
        state = self._watch.state
        code = "" if state is None else state.patient_code or ""
        async with self._logged(principal, *words_of(command), code):
            _check_commands(principal)
            if principal.role is Role.PATIENT_VIEW:
                self._check_patients(principal, command)
            if isinstance(command, ENDING_COMMANDS):
                return await self._watch.command(command)
            if isinstance(command, SelfReport) and principal.role is Role.PATIENT_VIEW:
                return await self._report(principal, command)
            return await self._held_connection(principal).command(command)

    # --- as long as the console runs ----------------------------------------------------

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Watch the engine and the holder's login; at the end the device is released."""
        async with (
            self._watch.going_on(),
            background(self._check_logins()),
            background(self._free_after_tablets()),
        ):
            yield
        async with self._turn:
            await self._let_go()

    async def _check_logins(self) -> None:
        while True:
            await asyncio.sleep(CHECK_LOGINS_S)
            holding = self._holding
            if holding is None:
                continue
            if not holding.connection.is_open:
                async with self._turn:
                    await self._let_go()
            elif not await asyncio.to_thread(self._still_holds, holding.principal):
                log.info("the holder's login has ended; the device is released")
                async with self._turn:
                    if self._holding is holding:
                        await self._let_go()

    async def _free_after_tablets(self) -> None:
        """A patient has the device for one session: after it, whoever comes next finds it free."""
        while True:
            await self._watch.session_over.wait()
            self._watch.session_over.clear()
            holding = self._holding
            if holding is not None and holding.principal.role is Role.PATIENT_VIEW:
                who, why = holding.principal, "the session is over"
                async with self._logged(who, "release the device", why), self._turn:
                    if self._holding is holding:
                        await self._let_go()

    def _still_holds(self, principal: Principal) -> bool:
        """Whether the holder is there. While a session runs, holding counts as use of the page:
        a therapist who walks beside the patient must find it as it was left.
        """
        is_there = self.is_still_there(principal)
        state = self._watch.state
        running = state is not None and state.doing is not Doing.WAITING
        if is_there and running and not principal.by_token:
            self._logins.renew(principal.key)
        return is_there

    @asynccontextmanager
    async def _logged(
        self, principal: Principal, action: str, detail: str = "", subject: str = ""
    ) -> AsyncIterator[None]:
        """What is done within goes into the audit trail, afterwards, with how it came out."""
        outcome = "done"
        try:
            yield
        except DeviceError as error:
            outcome, detail = "refused", f"{detail}: {error}" if detail else str(error)
            raise
        finally:
            await asyncio.to_thread(
                self._audit.add, None, action, subject, outcome, detail, principal
            )

    # --- inside -------------------------------------------------------------------------

    async def _take(self, principal: Principal, reason: str) -> None:
        reason = reason.strip()[:_MOST_REASON_CHARS]
        if not reason:
            raise DeviceError("Say what the device is taken for.")
        holding, state = self._holding, self._watch.state
        if state is None:
            raise DeviceError(
                "The trainer's engine cannot be reached; see whether the device is on."
            )
        held_here = holding is not None and holding.connection.is_open
        if held_here and not self.holds(principal):
            holder = self.holder_of()
            assert holder is not None
            raise DeviceError(taken_by(holder, principal))
        if held_here:
            assert holding is not None
            connection = holding.connection
        else:
            connection = await EngineConnection.opened(self._settings.engine_socket)
        self._label = f"console-{secrets.token_hex(_LABEL_BYTES)}"
        try:
            await connection.ask(Hold(role=principal.role, holder=self._label, reason=reason))
        except DeviceError:
            if not held_here:
                await connection.close()
            if principal.role is Role.PATIENT_VIEW:
                raise DeviceError(IN_USE) from None
            raise
        self._holding = _Holding(principal, reason, connection)
        self._tell_holder()

    async def _let_go(self) -> None:
        holding, self._holding = self._holding, None
        if holding is not None:
            await holding.connection.close()
            self._tell_holder()

    def _held_connection(self, principal: Principal) -> EngineConnection:
        holding = self._holding
        if holding is None or not holding.connection.is_open or not self.holds(principal):
            holder = self.holder_of()
            raise DeviceError(taken_by(holder, principal) if holder else "Take the device first.")
        return holding.connection

    async def _report(self, principal: Principal, command: SelfReport) -> bool:
        """A patient's own words go out whoever holds the device."""
        holding = self._holding
        if holding is not None and holding.connection.is_open:
            return await holding.connection.command(command)
        async with self._turn:
            await self._take(principal, "how the patient feels")
            try:
                return await self._held_connection(principal).command(command)
            finally:
                await self._let_go()

    def _check_patients(self, principal: Principal, command: AnyCommand) -> None:
        if not isinstance(command, PATIENTS_COMMANDS):
            raise DeviceError("This is for the therapist; ask them.")
        state = self._watch.state
        if state is None or state.doing is Doing.WAITING:
            return
        # For a moment after a start the engine has not said whose session it is.
        is_own = state.patient_code == principal.patient_code
        begins = state.patient_code is None and self.holds(principal)
        if not is_own and not begins:
            raise DeviceError("The exercise under way is another patient's.")

    def _tell_holder(self) -> None:
        self._watch.fan_out.put(HOLDER_CHANGED)


def _check_commands(principal: Principal) -> None:
    if principal.role not in COMMANDING_ROLES:
        raise DeviceError(
            f"The role {principal.role} does not command the device; ask a therapist."
        )
