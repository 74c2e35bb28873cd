"""From a plan to a session under way: the checklist, the start, how the patient feels after it."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from litestar import Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_400_BAD_REQUEST, HTTP_409_CONFLICT

from andante.commands import Item, Moment
from andante.errors import AndanteError, PlanError
from andante.plan import Exercise, Plan, plan_as_dict
from andante_host.console.device.problem import DeviceError
from andante_host.console.pages import AnyRequest, go_to, page, say
from andante_host.console.patients.routes import NOT_FOUND, PATIENTS, Posted, asking
from andante_host.console.patients.self_reports import HIGHEST_SCORE, commands_of, read_scores
from andante_host.console.patients.service import Patient
from andante_host.console.plans.form import in_words
from andante_host.console.plans.routes import plan_of, words_for
from andante_host.console.plans.service import PlanKeepingError, SavedPlan
from andante_host.console.principal import Principal, Role, requires
from andante_host.console.services import Services, TheServices

ATTENDED = "attended"
SIMULATED = "simulated"
_ON = "on"
QUESTIONS = {
    Item.MOOD: ("Mood", "very bad", "very good"),
    Item.PAIN: ("Pain", "none", "worst"),
    Item.EFFORT: ("Effort", "none", "as hard as can be"),
}
"""What is asked, and what 0 and 10 mean."""


@dataclass(frozen=True)
class Wish:
    """What the checklist says. `scores`: how the patient feels before; questions may be left."""

    attended: bool
    simulated: bool
    scores: dict[Item, int]


@get("/plans/{plan_id:str}/start", sync_to_thread=True)
def start_page(
    request: AnyRequest, code: FromPath[str], plan_id: FromPath[str], services: TheServices
) -> Template:
    """The checklist."""
    patient = services.patients.get(code)
    saved = plan_of(services, patient, plan_id)
    services.audit.add(request, "see plan", patient.code, detail=saved.title)
    return checklist(request, services, patient, saved)


@post("/plans/{plan_id:str}/start")
async def start(
    request: AnyRequest,
    code: FromPath[str],
    plan_id: FromPath[str],
    data: Posted,
    services: TheServices,
) -> Template | Redirect:
    """Take the device, begin, and go where the session can be watched."""
    patient = await to_thread.run_sync(services.patients.get, code)
    saved = await to_thread.run_sync(plan_of, services, patient, plan_id)
    return await _begin(request, services, patient, saved, data)


@post("/baseline/{exercise:str}")
async def measure_baseline(
    request: AnyRequest,
    code: FromPath[str],
    exercise: FromPath[str],
    data: Posted,
    services: TheServices,
) -> Template | Redirect:
    """Measure the patient's own tempo now, with the plan made for that."""
    if exercise not in list(Exercise):
        raise NotFoundException
    patient = await to_thread.run_sync(services.patients.get, code)
    who = asking(request)
    saved = await to_thread.run_sync(services.plans.baseline, patient.code, Exercise(exercise), who)
    return await _begin(request, services, patient, saved, data)


@get("/after", sync_to_thread=True)
def after_page(
    request: AnyRequest, code: FromPath[str], file: FromQuery[str], services: TheServices
) -> Template:
    """How the patient feels after a session."""
    patient = services.patients.get(code)
    _check_session(services, patient, file)
    kept = {
        report.item: report.score
        for report in services.self_reports.of_session(file)
        if report.moment is Moment.AFTER
    }
    return _after(request, patient, file, {item: str(score) for item, score in kept.items()})


@post("/after", sync_to_thread=True)
def keep_after(
    request: AnyRequest,
    code: FromPath[str],
    file: FromQuery[str],
    data: Posted,
    services: TheServices,
) -> Template | Redirect:
    """Keep it beside the session, whose file is read-only by now."""
    patient = services.patients.get(code)
    _check_session(services, patient, file)
    try:
        scores = read_scores(data)
        services.self_reports.add(file, patient.code, scores, asking(request).name)
    except AndanteError as error:
        services.audit.add(request, "keep self-report", patient.code, "refused", str(error))
        return _after(request, patient, file, data, HTTP_400_BAD_REQUEST, str(error))
    services.audit.add(request, "keep self-report", patient.code, detail=file)
    say(request, "Kept." if scores else "Nothing was answered, so nothing was kept.")
    return go_to(f"{PATIENTS}/{patient.code}")


async def _begin(
    request: AnyRequest,
    services: Services,
    patient: Patient,
    saved: SavedPlan,
    data: dict[str, str],
) -> Template | Redirect:
    who = asking(request)
    try:
        plan = await to_thread.run_sync(services.plans.ready, saved)
        wish = read_wish(data, plan, services.settings.try_out)
        await start_session(services, who, plan, saved.title, wish)
    except AndanteError as error:
        status_code = HTTP_409_CONFLICT if isinstance(error, DeviceError) else HTTP_400_BAD_REQUEST
        refused = str(error)
        if isinstance(error, PlanError):
            refused = in_words(services.plans.template(saved.template), refused)
        if not isinstance(error, DeviceError):  # those the device has written down
            detail = f"{saved.title}: {refused}"
            await to_thread.run_sync(
                services.audit.add, request, "start", patient.code, "refused", detail
            )
        return await to_thread.run_sync(
            checklist, request, services, patient, saved, data, status_code, refused
        )
    await to_thread.run_sync(services.plans.note_start, saved.plan_id)
    lost = await tell_scores(services, who, wish.scores)
    if lost:
        say(request, lost, bad=True)
    return go_to("/live")


def read_wish(data: dict[str, str], plan: Plan, try_out: bool) -> Wish:
    """What was ticked. Raises PlanKeepingError where a walk has nobody beside the patient."""
    simulated = data.get(SIMULATED) == _ON
    if simulated and not try_out:
        raise PlanKeepingError(
            "This device was not started for trying out; take a real patient and untick simulated."
        )
    attended = data.get(ATTENDED) == _ON
    if plan.exercise is Exercise.WALK and not (attended or simulated):
        raise PlanKeepingError(
            "Walking needs someone beside the patient; tick that this is so, then start."
        )
    return Wish(attended, simulated, read_scores(data))


async def start_session(
    services: Services, who: Principal, plan: Plan, title: str, wish: Wish
) -> None:
    """Take the device and begin the plan of this title.

    Raises DeviceError; a device taken for nothing is given back.
    """
    device = services.device
    had_it = device.holds(who)
    if not had_it:
        await device.hold(who, f"{plan.exercise} with {plan.patient_code}")
    try:
        await device.start(
            who,
            plan_as_dict(plan),
            attended=wish.attended,
            simulated=wish.simulated,
            title=title,
        )
    except DeviceError:
        if not had_it:
            with contextlib.suppress(DeviceError):
                await device.release(who)
        raise


async def tell_scores(services: Services, who: Principal, scores: dict[Item, int]) -> str:
    """Send how the patient feels to the session, all at once; what became of it if not kept."""
    commands = commands_of(scores, Moment.BEFORE)
    told = await asyncio.gather(
        *(services.device.command(who, command) for command in commands), return_exceptions=True
    )
    for answer in told:
        if isinstance(answer, DeviceError):
            return f"The session has begun, but what the patient said before is not in it: {answer}"
        if isinstance(answer, BaseException):
            raise answer
    return ""


def checklist(
    request: AnyRequest,
    services: Services,
    patient: Patient,
    saved: SavedPlan,
    data: dict[str, str] | None = None,
    status_code: int = 200,
    refused: str = "",
) -> Template:
    """What is checked before a start; `refused`: why it was not begun. Blocks for the database."""
    device = services.device
    return page(
        request,
        "plans/start.html",
        status_code,
        patient=patient,
        saved=saved,
        data=data or {},
        refused=refused,
        walking=saved.exercise is Exercise.WALK,
        state=device.state if device.connected else None,
        holder=device.holder_of(),
        mine=device.holds(asking(request)),
        questions=QUESTIONS,
        highest=HIGHEST_SCORE,
        **words_for(services, saved),
    )


def _after(
    request: AnyRequest,
    patient: Patient,
    file: str,
    data: dict[Any, str],
    status_code: int = 200,
    refused: str = "",
) -> Template:
    return page(
        request,
        "patients/after.html",
        status_code,
        patient=patient,
        file=file,
        data=data,
        refused=refused,
        questions=QUESTIONS,
        highest=HIGHEST_SCORE,
    )


def _check_session(services: Services, patient: Patient, file: str) -> None:
    """Raises NoSuchSessionError, and PlanKeepingError for another patient's session."""
    known = services.archive.summary(file)
    if known.patient_code is not None and known.patient_code != patient.code:
        raise PlanKeepingError("This session is another patient's; go back and choose again.")


starting_router = Router(
    PATIENTS + "/{code:str}",
    route_handlers=[start_page, start, measure_baseline, after_page, keep_after],
    guards=[requires(Role.THERAPIST)],
    exception_handlers=NOT_FOUND,
)
