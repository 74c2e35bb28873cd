"""The live page, its events, and the commands."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

from anyio import to_thread
from litestar import Request, Response, Router, get, post
from litestar.response import Redirect, ServerSentEvent, ServerSentEventMessage, Template
from litestar.status_codes import HTTP_409_CONFLICT

from andante import safety
from andante.commands import AnyCommand, NudgeTempo
from andante.control import Doing
from andante_host.console.device.device import ENDING_COMMANDS, Device
from andante_host.console.device.fan_out import LiveEvent
from andante_host.console.device.forms import MOST_CHARS, AskedForm, ReasonForm, command_of
from andante_host.console.device.holder import holder_as_json
from andante_host.console.device.problem import DeviceError
from andante_host.console.device.view import NUDGES_PERCENT, live_view
from andante_host.console.device.watch import TIME
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import Principal, Role, principal_of, requires
from andante_host.console.security.sessions import BY_ITSELF
from andante_host.console.services import Services, TheServices

AnyRequest = Request[Any, Any, Any]

HERE = "/live"
RECONNECT_MS = 1_000
_JSON = "application/json"
_THERAPIST = requires(Role.THERAPIST)
_WATCHES = requires(Role.THERAPIST, Role.CLINICIAN, Role.ADMINISTRATOR)
_SEES_EVENTS = requires(*Role)
_TAKES_OVER = requires(Role.THERAPIST, Role.ADMINISTRATOR)
_ALWAYS = frozenset({"engine", TIME})
"""Events that say nothing of a patient."""


@get(HERE, guards=[_WATCHES])
async def live_page(request: AnyRequest, services: TheServices) -> Template:
    """What runs, as it is now; the page's own script keeps it so."""
    principal = _asking(request)
    device = services.device
    await log_looking(request, services)
    return page(
        request,
        "live.html",
        view=live_view(device, principal),
        notices=device.notices,
        nudges_percent=NUDGES_PERCENT,
        unlocked=safety.UNLOCKED_PERCENT_OF_BASELINE,
        most_chars=MOST_CHARS,
    )


@get(f"{HERE}/events", guards=[_SEES_EVENTS], opt=BY_ITSELF)
async def live_events(request: AnyRequest, services: TheServices) -> ServerSentEvent:
    """Everything that happens, as server-sent events, until the login ends."""
    principal = _asking(request)
    await log_looking(request, services)
    return ServerSentEvent(messages_for(principal, services), retry_duration=RECONNECT_MS)


@post("/device/hold", guards=[_THERAPIST])
async def hold(request: AnyRequest, data: ReasonForm, services: TheServices) -> Response[Any]:
    """Take the device."""
    doing = services.device.hold(_asking(request), data.reason or "at the live page")
    return await _answered(request, doing, "You have the device.")


@post("/device/release", guards=[_THERAPIST])
async def release(request: AnyRequest, services: TheServices) -> Response[Any]:
    """Give it back."""
    doing = services.device.release(_asking(request))
    return await _answered(request, doing, "The device is free. A session under way goes on.")


@post("/device/ask", guards=[_THERAPIST])
async def ask_for(request: AnyRequest, services: TheServices) -> Response[Any]:
    """Let the holder know that one would like to have it."""
    doing = services.device.ask_for(_asking(request))
    return await _answered(request, doing, "Whoever holds the device sees that you ask for it.")


@post("/device/take-over", guards=[_TAKES_OVER])
async def take_over(request: AnyRequest, data: ReasonForm, services: TheServices) -> Response[Any]:
    """Take it from whoever holds it, with a reason."""
    principal = _asking(request)
    frees = principal.role is Role.ADMINISTRATOR
    sentence = "The device is free." if frees else "You have the device."
    return await _answered(request, services.device.take_over(principal, data.reason), sentence)


@post("/device/command", guards=[_THERAPIST])
async def command(request: AnyRequest, data: AskedForm, services: TheServices) -> Response[Any]:
    """Command the session under way; a free device is taken for it."""

    async def done() -> str:
        principal = _asking(request)
        try:
            asked = command_of(data, principal.role)
        except DeviceError as error:
            await to_thread.run_sync(
                services.audit.add, request, "command the device", "", "refused", str(error)
            )
            raise
        device = services.device
        if not isinstance(asked, ENDING_COMMANDS) and device.holder_of() is None:
            await device.hold(principal, "commands during the session")
        carried_out = await device.command(principal, asked)
        return _sentence(asked, carried_out)

    return await _answered(request, done(), None)


# --- events -----------------------------------------------------------------------------------


async def messages_for(
    principal: Principal, services: Services
) -> AsyncIterator[ServerSentEventMessage]:
    """The live events that this principal may see, until its login or token ends."""
    device = services.device
    async for event in device.watch():
        if event.name == TIME and not await to_thread.run_sync(device.is_still_there, principal):
            return
        if _may_see(principal, device, event):
            data = event.data
            if event.name == "holder":
                data = holder_as_json(device.holder_of(), principal)
            yield ServerSentEventMessage(data=data, event=event.name)


def _may_see(principal: Principal, device: Device, event: LiveEvent) -> bool:
    """A patient's tablet is told of its own session alone."""
    if principal.patient_code is None or event.name in _ALWAYS:
        return True
    state = device.state
    is_own = state is None or state.patient_code in (None, principal.patient_code)
    return is_own and event.name != "holder"  # whose reason may name another patient


async def log_looking(request: AnyRequest, services: Services) -> None:
    """Once for each login and session: who saw whose."""
    state = services.device.state
    if state is None or state.doing is Doing.WAITING or state.patient_code is None:
        return
    principal = _asking(request)
    if services.device.is_new_look(principal, state):
        await to_thread.run_sync(services.audit.add, request, "watch live", state.patient_code)


# --- answers ----------------------------------------------------------------------------------


async def _answered(
    request: AnyRequest, doing: Awaitable[str | None], sentence: str | None
) -> Response[Any]:
    """Do it and say what became of it: to the page's script as JSON, else on the live page."""
    wants_json = _JSON in request.headers.get("accept", "")
    try:
        said = await doing or sentence or "Done."
    except DeviceError as error:
        if wants_json:
            return Response({"detail": str(error)}, status_code=HTTP_409_CONFLICT)
        say(request, str(error), bad=True)
        return _to_page()
    if wants_json:
        return Response({"sentence": said}, status_code=200)
    say(request, said)
    return _to_page()


def _to_page() -> Redirect:
    return go_to(HERE)


def _sentence(command: AnyCommand, carried_out: bool) -> str:
    if not carried_out:
        return "The device has it and will do it as soon as the session has begun."
    if isinstance(command, NudgeTempo):
        return f"The device has taken {command.percent:+g} %; the tempo shown is what it does."
    return _DONE[str(command.__struct_config__.tag)]


_DONE = {
    "stop": "Stopped: the device is silent and dark.",
    "dizzy": "Stopped, and written down that the patient felt dizzy.",
    "pause": "Paused: the device is silent and dark.",
    "resume": "It goes on.",
    "unlock": "The tempo limits are unlocked, and your reason is in the session file.",
    "note": "The note is in the session file.",
}


def _asking(request: AnyRequest) -> Principal:
    principal = principal_of(request)
    assert principal is not None  # the guards let nobody else in
    return principal


device_router = Router(
    "/",
    route_handlers=[live_page, live_events, hold, release, ask_for, take_over, command],
)
