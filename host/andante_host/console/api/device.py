"""The trainer over the API: how it is, who holds it, commands to it, and what happens live."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.params import JSONBody
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT
from msgspec import Meta, Struct

from andante.commands import (
    AnyCommand,
    Dizzy,
    Item,
    Moment,
    Note,
    NudgeTempo,
    Pause,
    Resume,
    SelfReport,
    Stop,
    Unlock,
    Words,
)
from andante.control import DeviceState, LiveProgress, Notice, SessionEnded
from andante_host.console.api.answers import allowed, asking, reading, writing
from andante_host.console.device.routes import log_looking, messages_for
from andante_host.console.device.watch import TIME
from andante_host.console.plans.starting import Wish
from andante_host.console.plans.starting import start_session as start
from andante_host.console.principal import PEOPLE, Role
from andante_host.console.services import Services, TheServices

AnyRequest = Request[Any, Any, Any]
_SOURCE = "program"


class HolderAnswer(Struct, frozen=True, kw_only=True):
    """Who holds the device."""

    name: str
    role: str
    reason: str
    mine: Annotated[bool, Meta(description="it is the token that asks")]
    asked_by: Annotated[str | None, Meta(description="who would like to have it")]


class DeviceAnswer(Struct, frozen=True, kw_only=True):
    """The device as it is now. `state` and `progress` are null while the engine is away."""

    connected: Annotated[bool, Meta(description="whether the engine is there")]
    state: DeviceState | None
    holder: HolderAnswer | None
    progress: Annotated[LiveProgress | None, Meta(description="of the session under way")]
    ended: Annotated[
        SessionEnded | None, Meta(description="the last session, until the next has begun")
    ]
    notices: list[Notice]


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What for; everybody sees it."""

    reason: Words


class SessionStart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plan is to begin."""

    plan_id: Annotated[str, Meta(max_length=64, description="a patient's plan in use")]
    attended: Annotated[
        bool, Meta(description="someone is beside the patient; no walk begins without")
    ] = False
    simulated: Annotated[
        bool, Meta(description="on a simulated patient, where the device is set up for trying out")
    ] = False


class Nudge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of tempo or breathing rate."""

    percent: Annotated[float, Meta(ge=-20, le=20, description="of the present one")]


class NoteWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words for the session file; no names."""

    text: Words


class Score(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the patient feels."""

    moment: Moment
    item: Item
    score: Annotated[int, Meta(ge=0, le=10, description="0 is least")]


class CommandAnswer(Struct, frozen=True, kw_only=True):
    """What became of a command."""

    carried_out: Annotated[
        bool, Meta(description="false: the engine has it, but the session has not begun yet")
    ]


@get("/", summary="Get the device's state", responses=reading())
async def get_device(request: AnyRequest, services: TheServices) -> DeviceAnswer:
    """What it does, who holds it, and how the session stands."""
    await log_looking(request, services)
    return _device(request, services)


@get("/events", summary="Watch the device", responses=reading(), media_type="text/event-stream")
async def watch_device(request: AnyRequest, services: TheServices) -> ServerSentEvent:
    """Server-sent events, from how it is now, until the token ends or the program hangs up.

    `engine`: whether it is there; `state`, `started`, `tempo`, `done`, `ended`, `notice`: as the
    engine says them; `progress`: several times a second, the newest for who reads slowly;
    `holder`: who holds it, as in the device's state; `time`: every second.
    """
    await log_looking(request, services)
    return ServerSentEvent(_messages(request, services))


@post(
    "/hold",
    summary="Take the device",
    responses=writing(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def hold_device(
    request: AnyRequest, data: JSONBody[Reason], services: TheServices
) -> DeviceAnswer:
    """Only who holds it can start and command; 409 says who else does and why.

    A token holds it until it is released, ends, or is not used for two minutes: ask for the
    state, or watch the events, while you need it.
    """
    await services.device.hold(asking(request), data.reason)
    return _device(request, services)


@post(
    "/release",
    summary="Release the device",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def release_device(request: AnyRequest, services: TheServices) -> DeviceAnswer:
    """Give it back. A session under way goes on."""
    await services.device.release(asking(request))
    return _device(request, services)


@post(
    "/ask",
    summary="Ask for the device",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def ask_for_device(request: AnyRequest, services: TheServices) -> DeviceAnswer:
    """Lets whoever holds it see that one would like to have it."""
    await services.device.ask_for(asking(request))
    return _device(request, services)


@post(
    "/start",
    summary="Start a session",
    responses=writing(HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def start_session(
    request: AnyRequest, data: JSONBody[SessionStart], services: TheServices
) -> DeviceAnswer:
    """Begin a plan with the flags that its patient has now, taking the device where it is free."""
    saved = await to_thread.run_sync(services.plans.get, data.plan_id)
    plan = await to_thread.run_sync(services.plans.ready, saved)
    wish = Wish(data.attended, data.simulated, {})
    await start(services, asking(request), plan, saved.title, wish)
    await to_thread.run_sync(services.plans.note_start, saved.plan_id)
    return _device(request, services)


@post(
    "/stop",
    summary="Stop the session",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def stop_session(request: AnyRequest, services: TheServices) -> CommandAnswer:
    """End it now, whoever holds the device."""
    return await _command(request, services, Stop(source=_SOURCE))


@post(
    "/dizzy",
    summary="The patient is dizzy",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def dizzy(request: AnyRequest, services: TheServices) -> CommandAnswer:
    """End it now and log why, whoever holds the device."""
    return await _command(request, services, Dizzy(source=_SOURCE))


@post(
    "/pause",
    summary="Pause the session",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def pause_session(request: AnyRequest, services: TheServices) -> CommandAnswer:
    """Hold the exercise where it is, silent and dark."""
    return await _command(request, services, Pause(source=_SOURCE))


@post(
    "/resume",
    summary="Go on after a pause",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def resume_session(request: AnyRequest, services: TheServices) -> CommandAnswer:
    """Go on where the pause began."""
    return await _command(request, services, Resume(source=_SOURCE))


@post(
    "/nudge",
    summary="Change the tempo",
    responses=writing(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def nudge_tempo(
    request: AnyRequest, data: JSONBody[Nudge], services: TheServices
) -> CommandAnswer:
    """By a share of the present one; the engine keeps it within the patient's limits."""
    return await _command(request, services, NudgeTempo(percent=data.percent, source=_SOURCE))


@post(
    "/unlock",
    summary="Widen the tempo limits",
    responses=writing(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def unlock_tempo(
    request: AnyRequest, data: JSONBody[Reason], services: TheServices
) -> CommandAnswer:
    """For this session, with a reason that goes into its file."""
    role = asking(request).role
    command = Unlock(role=role, reason=data.reason, source=_SOURCE)
    return await _command(request, services, command)


@post(
    "/note",
    summary="Note something in the session",
    responses=writing(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def note_in_session(
    request: AnyRequest, data: JSONBody[NoteWords], services: TheServices
) -> CommandAnswer:
    """Words for the session file, with the moment at which they came."""
    role = asking(request).role
    return await _command(request, services, Note(role=role, text=data.text, source=_SOURCE))


@post(
    "/self-report",
    summary="Note how the patient feels",
    responses=writing(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
)
async def self_report(
    request: AnyRequest, data: JSONBody[Score], services: TheServices
) -> CommandAnswer:
    """A score for the session file."""
    command = SelfReport(moment=data.moment, item=data.item, score=data.score, source=_SOURCE)
    return await _command(request, services, command)


async def _messages(
    request: AnyRequest, services: Services
) -> AsyncIterator[ServerSentEventMessage]:
    """The page's own events. Watching counts as using the token."""
    principal = asking(request)
    async for message in messages_for(principal, services):
        if message.event == TIME:
            await to_thread.run_sync(services.tokens.note_use, principal.key)
        yield message


async def _command(request: AnyRequest, services: Services, command: AnyCommand) -> CommandAnswer:
    return CommandAnswer(carried_out=await services.device.command(asking(request), command))


def _device(request: AnyRequest, services: Services) -> DeviceAnswer:
    device = services.device
    held = device.holder_of()
    return DeviceAnswer(
        connected=device.connected,
        state=device.state,
        holder=None
        if held is None
        else HolderAnswer(
            name=held.name,
            role=held.role,
            reason=held.reason,
            mine=device.holds(asking(request)),
            asked_by=held.asked_by,
        ),
        progress=device.progress,
        ended=device.ended,
        notices=device.notices,
    )


device_api = Router(
    "/device",
    route_handlers=[
        Router("/", route_handlers=[get_device, watch_device], **allowed(*PEOPLE)),
        Router(
            "/",
            route_handlers=[
                hold_device,
                release_device,
                ask_for_device,
                start_session,
                stop_session,
                dizzy,
                pause_session,
                resume_session,
                nudge_tempo,
                unlock_tempo,
                note_in_session,
                self_report,
            ],
            **allowed(Role.THERAPIST),
        ),
    ],
    tags=["device"],
)
