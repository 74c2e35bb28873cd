"""The patient's tablet, from being handed over to being taken back."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_400_BAD_REQUEST
from msgspec.structs import replace

from andante.commands import AnyCommand, Dizzy, Item, Moment, Stop
from andante.control import DeviceState, Doing
from andante.errors import AndanteError
from andante.plan import Exercise, Plan, plan_as_dict
from andante_host.console.device.holder import taken_by
from andante_host.console.device.problem import DeviceError
from andante_host.console.exercise.tablet import (
    Screen,
    Tablet,
    TabletError,
    file_of,
    keep_tablet,
    screen_of,
    tablet_of,
)
from andante_host.console.exercise.words import words_of
from andante_host.console.pages import AnyRequest, go_to, page, say
from andante_host.console.patients.self_reports import HIGHEST_SCORE, commands_of, read_scores
from andante_host.console.plans.service import SavedPlan
from andante_host.console.plans.starting import ATTENDED, SIMULATED, checklist
from andante_host.console.principal import Principal, Role, principal_of, requires
from andante_host.console.security.sessions import BY_ITSELF, begin_session
from andante_host.console.services import Services, TheServices

HERE = "/exercise"
SOURCE = "tablet"
UNDER_WAY_S = 3.0
"""The engine takes up a start within 50 ms; after this long it has not."""


@dataclass
class Begin:
    """What a therapist hands over. The last two are ticks: any text is a yes."""

    code: str
    plan_id: str
    attended: str = ""
    simulated: str = ""


@dataclass
class Scales:
    """How the patient feels; a scale left alone is empty."""

    mood: str = ""
    pain: str = ""
    effort: str = ""

    def scores(self) -> dict[Item, int]:
        """Raises SelfReportError."""
        return read_scores({"mood": self.mood, "pain": self.pain, "effort": self.effort})


BeginForm = Annotated[Begin, Body(media_type=RequestEncodingType.URL_ENCODED)]
ScalesForm = Annotated[Scales, Body(media_type=RequestEncodingType.URL_ENCODED)]


# --- handing over and taking back ---------------------------------------------------------------


@post("/begin", guards=[requires(Role.THERAPIST)])
async def begin(request: AnyRequest, data: BeginForm, services: TheServices) -> Template | Redirect:
    """The therapist's login on this tablet becomes the patient's."""
    therapist = _asking(request)
    saved = await to_thread.run_sync(_handed_over, services, data)
    try:
        plan = await to_thread.run_sync(_checked_plan, services, data, saved)
        _check_not_taken(services, therapist, plan.patient_code)
    except AndanteError as error:
        return await to_thread.run_sync(_refused, request, services, data, saved, str(error))
    tablet = Tablet(
        plan_id=data.plan_id, attended=bool(data.attended), simulated=bool(data.simulated)
    )
    await _give_back(services, therapist)
    services.audit.add(
        request, "hand over the tablet", plan.patient_code, detail=f"{plan.exercise}, {tablet}"
    )
    login: dict[str, Any] = {
        "user_id": therapist.user_id,
        "logged_in": True,
        "patient_code": plan.patient_code,
    }
    keep_tablet(login, tablet)
    await begin_session(request, login)
    return go_to(HERE)


@post("/leave")
async def leave(request: AnyRequest, services: TheServices) -> Redirect:
    """The patient's login ends; whoever wants more of this tablet logs in."""
    patient = _asking(request)
    await _give_back(services, patient)
    services.audit.add(request, "take back the tablet", patient.patient_code or "")
    request.clear_session()
    return go_to("/login")


# --- the screens ----------------------------------------------------------------------------


@get("/")
async def exercise_page(request: AnyRequest, services: TheServices) -> Template:
    """The screen that is due."""
    patient, tablet = _asking(request), tablet_of(request.session)
    state = _state(services)
    screen = screen_of(tablet, _code(patient), state)
    if screen is Screen.RUNNING and state is not None:
        tablet = tablet.seen_running(state)
        keep_tablet(request.session, tablet)
    saved, plan = await to_thread.run_sync(_plan_of, services, tablet)
    return page(
        request,
        f"exercise/{screen}.html",
        screen=screen,
        tablet=tablet,
        code=_code(patient),
        title=saved.title,
        words=words_of(plan),
        calm=plan.patient.epilepsy,
        simulated=tablet.simulated if state is None else _is_simulated(tablet, state),
        highest=HIGHEST_SCORE,
        file=file_of(tablet, services.device.ended),
        end_reason="" if services.device.ended is None else services.device.ended.end_reason,
    )


@get("/state", opt=BY_ITSELF, sync_to_thread=False)
def state(request: AnyRequest, services: TheServices) -> dict[str, Screen]:
    """Which screen is due, for the page's own look-round."""
    tablet = tablet_of(request.session)
    return {"screen": screen_of(tablet, _code(_asking(request)), _state(services))}


@post("/before", sync_to_thread=False)
def before(request: AnyRequest, data: ScalesForm) -> Redirect:
    """How the patient feels before; kept until the session has begun."""
    tablet = tablet_of(request.session)
    keep_tablet(request.session, replace(tablet, before=data.scores()))
    return go_to(HERE)


@post("/back", sync_to_thread=False)
def back(request: AnyRequest) -> Redirect:
    """To the first questions again."""
    keep_tablet(request.session, replace(tablet_of(request.session), before=None))
    return go_to(HERE)


@post("/start")
async def start(request: AnyRequest, services: TheServices) -> Redirect:
    """Take the device and begin; what was said before goes into the session's file."""
    patient, tablet = _asking(request), tablet_of(request.session)
    if screen_of(tablet, _code(patient), _state(services)) is Screen.RUNNING:
        return go_to(HERE)  # pressed twice
    saved = await to_thread.run_sync(services.plans.get, tablet.plan_id)
    plan = await to_thread.run_sync(services.plans.ready, saved)
    device = services.device
    try:
        await device.start(
            patient,
            plan_as_dict(plan),
            attended=tablet.attended,
            simulated=tablet.simulated,
            title=saved.title,
        )
    except DeviceError as error:
        await _give_back(services, patient)
        say(request, str(error), bad=True)
        return go_to(HERE)
    keep_tablet(request.session, replace(tablet, started=True))
    await to_thread.run_sync(services.plans.note_start, saved.plan_id)
    if tablet.before:
        await _tell_before(request, services, patient, tablet.before)
    return go_to(HERE)


@post("/stop")
async def stop(request: AnyRequest, services: TheServices) -> Redirect:
    """End it."""
    return await _end(request, services, Stop(source=SOURCE))


@post("/dizzy")
async def dizzy(request: AnyRequest, services: TheServices) -> Redirect:
    """End it at once, because the patient feels dizzy; the session's file says so."""
    return await _end(request, services, Dizzy(source=SOURCE))


@post("/after")
async def after(request: AnyRequest, data: ScalesForm, services: TheServices) -> Redirect:
    """How the patient feels afterwards; kept beside the session's file."""
    patient, tablet = _asking(request), tablet_of(request.session)
    scores = data.scores()
    file = file_of(tablet, services.device.ended)
    if scores and file is None:
        raise TabletError("Nothing was recorded, so there is nothing to keep this with.")
    if scores and file is not None:
        code = _code(patient)
        await to_thread.run_sync(services.self_reports.add, file, code, scores, SOURCE)
        services.audit.add(request, "keep self-report", code, detail=file)
    keep_tablet(request.session, replace(tablet, after_asked=True))
    return go_to(HERE)


@post("/again", sync_to_thread=False)
def again(request: AnyRequest) -> Redirect:
    """The same exercise once more, from the first questions on."""
    keep_tablet(request.session, tablet_of(request.session).again())
    return go_to(HERE)


# --- what they share ------------------------------------------------------------------------


def _asking(request: Request[Any, Any, Any]) -> Principal:
    principal = principal_of(request)
    assert principal is not None  # the guard let them in
    return principal


def _code(patient: Principal) -> str:
    assert patient.patient_code is not None  # what makes it a patient's login
    return patient.patient_code


def _state(services: Services) -> DeviceState | None:
    return services.device.state if services.device.connected else None


def _is_simulated(tablet: Tablet, state: DeviceState) -> bool:
    running = state.doing is not Doing.WAITING
    return state.simulated_patient if running else tablet.simulated


def _handed_over(services: Services, data: Begin) -> SavedPlan:
    """The plan that is asked for. Raises TabletError or the plans' own errors."""
    saved = services.plans.get(data.plan_id)
    if saved.code.casefold() != data.code.casefold():
        raise TabletError("This plan is another patient's; choose one of this patient's.")
    return saved


def _checked_plan(services: Services, data: Begin, saved: SavedPlan) -> Plan:
    """As it will be played. Raises TabletError or the plans' own errors."""
    plan = services.plans.ready(saved)
    if data.simulated and not services.settings.try_out:
        raise TabletError("Patients are simulated only on a console that was started to try out.")
    if plan.exercise is Exercise.WALK and not (data.attended or data.simulated):
        raise TabletError(
            "Walking needs someone beside the patient; tick that this is so, and hand over again."
        )
    return plan


def _plan_of(services: Services, tablet: Tablet) -> tuple[Any, Plan]:
    saved = services.plans.get(tablet.plan_id)
    return saved, services.plans.shown(saved)


def _check_not_taken(services: Services, therapist: Principal, code: str) -> None:
    """A tablet that could not start would be handed over. Raises TabletError.

    A session of this patient that is under way may be followed on it, whoever holds the device.
    """
    holder, state = services.device.holder_of(), _state(services)
    follows = state is not None and state.patient_code == code
    if holder is not None and not services.device.holds(therapist) and not follows:
        raise TabletError(taken_by(holder, therapist))


def _refused(
    request: AnyRequest, services: Services, data: Begin, saved: SavedPlan, sentence: str
) -> Template:
    """The page that the tablet was to be handed over from, with what is in the way."""
    code = saved.code
    services.audit.add(request, "hand over the tablet", code, "refused", sentence)
    ticks = {name: getattr(data, name) for name in (ATTENDED, SIMULATED)}
    patient = services.patients.get(code)
    return checklist(request, services, patient, saved, ticks, HTTP_400_BAD_REQUEST, sentence)


async def _give_back(services: Services, holder: Principal) -> None:
    """Release the device if this login holds it, so that others can have it."""
    if services.device.holds(holder):
        await services.device.release(holder)


async def _tell_before(
    request: AnyRequest, services: Services, patient: Principal, scores: dict[Item, int]
) -> None:
    """Into the session that has just been asked for, once the engine says that it is this one."""
    device = services.device
    try:
        async with asyncio.timeout(UNDER_WAY_S):
            async for _ in device.watch():
                if device.state is not None and device.state.patient_code == patient.patient_code:
                    break
        # Together: each waits until the session has come so far as to take it.
        reports = commands_of(scores, Moment.BEFORE)
        await asyncio.gather(*(device.command(patient, report) for report in reports))
    except (TimeoutError, DeviceError) as error:
        if isinstance(error, TimeoutError):  # what the device refuses it writes down itself
            services.audit.add(request, "keep self-report", _code(patient), outcome="refused")
        say(request, "What you said before could not be written down.", bad=True)


async def _end(request: AnyRequest, services: Services, command: AnyCommand) -> Redirect:
    patient = _asking(request)
    try:
        await services.device.command(patient, command)
    except DeviceError:
        if _state(services) is None:
            raise
        # It had ended by itself; the page that follows shows that.
    return go_to(HERE)


exercise_router = Router(
    HERE,
    route_handlers=[
        begin,
        Router(
            "/",
            route_handlers=[
                exercise_page,
                state,
                leave,
                before,
                back,
                start,
                stop,
                dizzy,
                after,
                again,
            ],
            guards=[requires(Role.PATIENT_VIEW)],
        ),
    ],
)
