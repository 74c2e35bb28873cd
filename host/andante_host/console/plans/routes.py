"""The pages of plans: choose a template, fill it in, look at it, copy, take, retire."""

from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_400_BAD_REQUEST

from andante.errors import AndanteError, PlanError
from andante.plan import Exercise
from andante_host.console.pages import AnyRequest, go_to, page, say
from andante_host.console.patients.routes import NOT_FOUND, PATIENTS, Posted, asking
from andante_host.console.patients.service import Patient
from andante_host.console.plans import form
from andante_host.console.plans.catalogue import EXERCISE_WORDS, TEMPLATES
from andante_host.console.plans.catalogue import Template as PlanTemplate
from andante_host.console.plans.fitting import fitted
from andante_host.console.plans.own_tempo import OwnTempo, own_tempos, with_own_tempo
from andante_host.console.plans.service import (
    LONGEST_REASON_CHARS,
    LONGEST_TITLE_CHARS,
    SavedPlan,
    UnknownPlanError,
    is_unlocked,
)
from andante_host.console.plans.words import (
    minutes_in_words,
    outputs_in_words,
    parts_in_words,
    unlocks_in_words,
)
from andante_host.console.principal import Role, requires
from andante_host.console.services import Services, TheServices
from andante_host.console.sessions.archive import Wanted

_SESSIONS_SEARCHED = 50


@get("/new", sync_to_thread=True)
def templates_page(request: AnyRequest, code: FromPath[str], services: TheServices) -> Template:
    """Every template, by exercise; those that this patient's flags do not allow as such say why."""
    patient = services.patients.get(code)
    shelves = {
        exercise: [
            (template, _why_not(services, template, patient))
            for template in TEMPLATES
            if template.exercise is exercise
        ]
        for exercise in Exercise
    }
    return page(
        request,
        "plans/templates.html",
        patient=patient,
        shelves=shelves,
        exercise_words=EXERCISE_WORDS,
        own=_own(services, patient),
    )


@get("/new/{template_key:str}", sync_to_thread=True)
def form_page(
    request: AnyRequest,
    code: FromPath[str],
    template_key: FromPath[str],
    services: TheServices,
    source: FromQuery[str] = "",
    replaces: FromQuery[str] = "",
    own: FromQuery[bool] = False,
) -> Template:
    """The form: a new plan, a copy of `source`, or one that `replaces` another."""
    patient = services.patients.get(code)
    template = services.plans.template(template_key)
    typed = form.Typed(services.plans.new(template.key, patient), template.title)
    origin = replaces or source
    if origin:
        saved = plan_of(services, patient, origin)
        typed = form.Typed(saved.plan, saved.title)
    tempo = _own(services, patient).get(template.exercise)
    if own and tempo is not None:
        typed.raw = with_own_tempo(typed.raw, tempo)
    why_not = "" if origin else _why_not(services, template, patient)
    return _form(request, services, patient, template, typed, source, replaces, sentence=why_not)


@post("/new/{template_key:str}", sync_to_thread=True)
def save(
    request: AnyRequest,
    code: FromPath[str],
    template_key: FromPath[str],
    data: Posted,
    services: TheServices,
) -> Template | Redirect:
    """Keep what was filled in, or show it again with what is wrong."""
    patient = services.patients.get(code)
    template = services.plans.template(template_key)
    source, replaces = data.get("source", ""), data.get("replaces", "")
    base = services.plans.new(template.key, patient)
    if replaces or source:
        base = plan_of(services, patient, replaces or source).plan
    typed = form.read(template, base, data)
    sentence = ""
    if not typed.errors:
        try:
            saved = services.plans.save(
                patient.code,
                template.key,
                typed.title,
                typed.raw,
                asking(request),
                typed.unlock_reason,
                replaces or None,
            )
        except PlanError as error:
            sentence = form.put_error(typed, template, str(error))
        except UnknownPlanError:
            raise
        except AndanteError as error:
            sentence = str(error)
        else:
            unlocked = is_unlocked(services.plans.shown(saved))
            why = f", unlocked: {typed.unlock_reason}" if unlocked else ""
            services.audit.add(request, "save plan", patient.code, detail=saved.title + why)
            return go_to(f"{PATIENTS}/{patient.code}/plans/{saved.plan_id}")
    told = sentence or "; ".join(typed.errors.values())
    services.audit.add(request, "save plan", patient.code, "refused", told)
    return _form(
        request,
        services,
        patient,
        template,
        typed,
        source,
        replaces,
        HTTP_400_BAD_REQUEST,
        sentence,
    )


@get("/{plan_id:str}", sync_to_thread=True)
def plan_page(
    request: AnyRequest, code: FromPath[str], plan_id: FromPath[str], services: TheServices
) -> Template:
    """The plan in words, part by part."""
    patient = services.patients.get(code)
    saved = plan_of(services, patient, plan_id)
    services.audit.add(request, "see plan", patient.code, detail=saved.title)
    return page(
        request,
        "plans/plan.html",
        patient=patient,
        saved=saved,
        made_from=services.plans.template(saved.template),
        **words_for(services, saved),
    )


@get("/{plan_id:str}/plan.toml", sync_to_thread=True)
def plan_file(
    request: AnyRequest, code: FromPath[str], plan_id: FromPath[str], services: TheServices
) -> Response[str]:
    """The plan as a file for `andante run`."""
    patient = services.patients.get(code)
    saved = plan_of(services, patient, plan_id)
    text = services.plans.as_toml(saved)
    services.audit.add(request, "download plan", patient.code, detail=saved.title)
    name = f"{patient.code}-{saved.template}.toml"
    return Response(
        text,
        media_type="application/toml",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@post("/{plan_id:str}/retire", sync_to_thread=True)
def retire(
    request: AnyRequest, code: FromPath[str], plan_id: FromPath[str], services: TheServices
) -> Redirect:
    """Out of use."""
    patient = services.patients.get(code)
    saved = services.plans.retire(plan_of(services, patient, plan_id).plan_id)
    services.audit.add(request, "retire plan", patient.code, detail=saved.title)
    say(request, f"“{saved.title}” is retired. It can still be copied.")
    return go_to(f"{PATIENTS}/{patient.code}")


def words_for(services: Services, saved: SavedPlan) -> dict[str, Any]:
    """What a page says of a plan; where it may not be started any more, only why."""
    try:
        plan = services.plans.shown(saved)
    except PlanError as error:
        sentence = form.in_words(services.plans.template(saved.template), str(error))
        return {"sentence": sentence, "parts": [], "outputs": "", "unlocks": [], "length": ""}
    return {
        "sentence": "",
        "parts": parts_in_words(plan),
        "outputs": outputs_in_words(plan),
        "unlocks": unlocks_in_words(plan),
        "length": minutes_in_words(plan),
    }


def _form(
    request: AnyRequest,
    services: Services,
    patient: Patient,
    template: PlanTemplate,
    typed: form.Typed,
    source: str,
    replaces: str,
    status_code: int = 200,
    sentence: str = "",
) -> Template:
    return page(
        request,
        "plans/form.html",
        status_code,
        patient=patient,
        made_from=template,
        typed=typed,
        fields=form.shown(
            template,
            typed,
            patient.flags,
            services.recordings.sounds(),
            services.recordings.beats(),
        ),
        recording_field=form.RECORDING,
        source=source,
        replaces=replaces,
        sentence=sentence,
        choice_words=form.CHOICE_WORDS,
        longest_title_chars=LONGEST_TITLE_CHARS,
        longest_reason_chars=LONGEST_REASON_CHARS,
        unlock_tempo=form.can_unlock_tempo(template),
        unlock_holds=form.can_unlock_holds(template, patient.flags),
        own=_own(services, patient).get(template.exercise),
    )


def _why_not(services: Services, template: PlanTemplate, patient: Patient) -> str:
    try:
        fitted(services.plans.new(template.key, patient), patient)
    except PlanError as error:
        return form.in_words(template, str(error))
    return ""


def plan_of(services: Services, patient: Patient, plan_id: str) -> SavedPlan:
    """A plan of this patient. Raises UnknownPlanError, also for another patient's."""
    saved = services.plans.get(plan_id)
    if saved.code != patient.code:
        raise UnknownPlanError("There is no such plan; choose one from the patient's page.")
    return saved


def _own(services: Services, patient: Patient) -> dict[Exercise, OwnTempo]:
    sessions = services.archive.sessions(Wanted(code=patient.code), _SESSIONS_SEARCHED)
    return own_tempos(sessions, services.settings.try_out)


plans_router = Router(
    PATIENTS + "/{code:str}/plans",
    route_handlers=[templates_page, form_page, save, plan_page, plan_file, retire],
    guards=[requires(Role.THERAPIST)],
    exception_handlers=NOT_FOUND,
)
