"""Plan templates and the plans of patients, over the API."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND
from msgspec import Meta, Struct

from andante.plan import Exercise, Plan, parse_plan, plan_as_dict
from andante.plan.tables import PatientCode
from andante_host.console.api.answers import LINES, ONE_LINE, allowed, asking, reading, writing
from andante_host.console.api.patients import Code
from andante_host.console.patients.service import Flags
from andante_host.console.plans.catalogue import BASELINES, TEMPLATES, Template
from andante_host.console.plans.fields import FIELDS, MIN, OUTPUTS, Field, limits_in_words
from andante_host.console.plans.fitting import usual_values
from andante_host.console.plans.service import (
    LONGEST_REASON_CHARS,
    LONGEST_TITLE_CHARS,
    SavedPlan,
)
from andante_host.console.principal import Role
from andante_host.console.services import TheServices

AnyRequest = Request[Any, Any, Any]
PlanId = Annotated[str, PathParameter(description="a plan's `plan_id`", max_length=64)]
Title = Annotated[
    str,
    Meta(
        max_length=LONGEST_TITLE_CHARS,
        pattern=ONE_LINE,
        description="what the plan is called; the template's title where it is empty",
    ),
]
TemplateKey = Annotated[
    str, Meta(max_length=64, description="the `key` of the template it was made from")
]
UnlockReason = Annotated[
    str,
    Meta(
        max_length=LONGEST_REASON_CHARS,
        pattern=ONE_LINE,
        description="why this patient may do more than the limits; needed where the plan sets "
        "`tempo_unlocked_by` or `holds_unlocked_by`, and then noted on the patient",
    ),
]
Replaces = Annotated[
    Annotated[str, Meta(max_length=64)] | None,
    Meta(description="the `plan_id` of the patient's plan that this one retires"),
]
_MOST_TOML_CHARS = 20_000


class TemplateField(Struct, frozen=True, kw_only=True):
    """A field that the template's form shows."""

    path: Annotated[str, Meta(description="where it stands in the plan, as `walk.tempo_spm`")]
    label: str
    unit: Annotated[str, Meta(description="of the plan's own value; empty for none")]
    kind: str
    low: Annotated[float | None, Meta(description="least value, in `unit`")]
    high: Annotated[float | None, Meta(description="greatest value, in `unit`")]
    low_is_allowed: Annotated[bool, Meta(description="false where only more than `low` is")]
    limits: Annotated[str, Meta(description="the limits in words, also those of a patient's flags")]
    choices: list[str]


class TemplateAnswer(Struct, frozen=True, kw_only=True):
    """A plan to begin with; `plan` can be sent as a new plan as it is, or changed within limits."""

    key: str
    title: str
    about: str
    exercise: Exercise
    measures_baseline: Annotated[bool, Meta(description="it is the baseline of its exercise")]
    plan: dict[str, Any]
    fields: list[TemplateField]


class TemplateList(Struct, frozen=True, kw_only=True):
    """The templates, in the page's order."""

    items: list[TemplateAnswer]


class NewPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan to be kept for a patient. Code and flags in it are those of the patient's record."""

    template: TemplateKey
    plan: Plan
    title: Title = ""
    unlock_reason: UnlockReason = ""
    replaces: Replaces = None


class NewPlanToml(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan file to be kept for a patient."""

    template: TemplateKey
    toml: Annotated[
        str,
        Meta(
            max_length=_MOST_TOML_CHARS,
            pattern=LINES,
            description="a plan file's text, as for `andante run`",
        ),
    ]
    title: Title = ""
    unlock_reason: UnlockReason = ""
    replaces: Replaces = None


class PlanCopy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose plan the copy is to be."""

    code: PatientCode
    title: Title = ""
    unlock_reason: UnlockReason = ""


class BaselineWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which baseline."""

    exercise: Annotated[
        Exercise, Meta(description=f"one with a baseline: {', '.join(sorted(BASELINES))}")
    ]


class SavedPlanList(Struct, frozen=True, kw_only=True):
    """Plans, newest first."""

    items: list[SavedPlan]


@get(
    "/templates",
    summary="List plan templates",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def list_templates(
    request: AnyRequest,
    services: TheServices,
    code: Annotated[
        str | None,
        QueryParameter(
            max_length=32, description="a patient, whose flags then decide values and limits"
        ),
    ] = None,
) -> TemplateList:
    """Every exercise, policy and task, with usual values and limits."""
    flags = Flags() if code is None else services.patients.get(code).flags
    services.audit.add(request, "list templates", code or "")
    return TemplateList(
        items=[_template(each, usual_values(each.plan, flags), flags) for each in TEMPLATES]
    )


@get(
    "/patients/{code:str}/plans",
    summary="List a patient's plans",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def list_plans(
    request: AnyRequest,
    code: Code,
    services: TheServices,
    retired: Annotated[
        bool, QueryParameter(description="those out of use, instead of those in use")
    ] = False,
) -> SavedPlanList:
    """Plans in use, or those that are retired, newest first."""
    plans = services.plans.of_patient(code, retired)
    services.audit.add(request, "list plans", code)
    return SavedPlanList(items=plans)


@post(
    "/patients/{code:str}/plans",
    summary="Add a plan",
    responses=writing(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def add_plan(
    request: AnyRequest, code: Code, data: JSONBody[NewPlan], services: TheServices
) -> SavedPlan:
    """Keep a plan for a patient. 400 where it asks for more than the limits allow."""
    saved = services.plans.save(
        code,
        data.template,
        data.title,
        plan_as_dict(data.plan),
        asking(request),
        data.unlock_reason,
        data.replaces,
    )
    services.audit.add(request, "save plan", saved.code, detail=saved.title)
    return saved


@post(
    "/patients/{code:str}/plans/toml",
    summary="Add a plan file",
    responses=writing(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def add_plan_file(
    request: AnyRequest, code: Code, data: JSONBody[NewPlanToml], services: TheServices
) -> SavedPlan:
    """As above, from the text of a plan file; 400 names the line that cannot be used."""
    plan = parse_plan(data.toml, "toml")
    saved = services.plans.save(
        code,
        data.template,
        data.title,
        plan_as_dict(plan),
        asking(request),
        data.unlock_reason,
        data.replaces,
    )
    services.audit.add(request, "save plan", saved.code, detail=saved.title)
    return saved


@post(
    "/patients/{code:str}/plans/baseline",
    summary="Get or make a patient's baseline plan",
    responses=writing(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def baseline_plan(
    request: AnyRequest, code: Code, data: JSONBody[BaselineWish], services: TheServices
) -> SavedPlan:
    """The plan that measures the patient's own tempo, made where there is none yet."""
    saved = services.plans.baseline(code, data.exercise, asking(request))
    services.audit.add(request, "open baseline plan", saved.code, detail=saved.title)
    return saved


@get(
    "/plans/{plan_id:str}",
    summary="Get a plan",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def get_plan(request: AnyRequest, plan_id: PlanId, services: TheServices) -> SavedPlan:
    """A plan as it is kept: without the patient's flags, which are added when it is started."""
    saved = services.plans.get(plan_id)
    services.audit.add(request, "look at plan", saved.code, detail=saved.title)
    return saved


@get(
    "/plans/{plan_id:str}/as-started",
    summary="Get a plan as it would be started",
    responses=reading(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def get_plan_as_started(request: AnyRequest, plan_id: PlanId, services: TheServices) -> Plan:
    """With all its values and the flags that the patient has now. 400 where those forbid it."""
    saved = services.plans.get(plan_id)
    plan = services.plans.ready(saved)
    services.audit.add(request, "look at plan", saved.code, detail=saved.title)
    return plan


@get(
    "/plans/{plan_id:str}/toml",
    summary="Get a plan as a file",
    responses=reading(HTTP_404_NOT_FOUND),
    media_type="application/toml",
    sync_to_thread=True,
)
def get_plan_file(request: AnyRequest, plan_id: PlanId, services: TheServices) -> Response[str]:
    """The plan as a TOML file for `andante run`."""
    saved = services.plans.get(plan_id)
    text = services.plans.as_toml(saved)
    services.audit.add(request, "download plan", saved.code, detail=saved.title)
    return Response(text, media_type="application/toml")


@post(
    "/plans/{plan_id:str}/copy",
    summary="Copy a plan",
    responses=writing(HTTP_404_NOT_FOUND),
    sync_to_thread=True,
)
def copy_plan(
    request: AnyRequest, plan_id: PlanId, data: JSONBody[PlanCopy], services: TheServices
) -> SavedPlan:
    """The same for this or another patient, whose flags decide anew whether it is allowed."""
    original = services.plans.get(plan_id)
    saved = services.plans.save(
        data.code,
        original.template,
        data.title or original.title,
        original.plan,
        asking(request),
        data.unlock_reason,
    )
    services.audit.add(request, "copy plan", saved.code, detail=saved.title)
    return saved


@post(
    "/plans/{plan_id:str}/retire",
    summary="Retire a plan",
    responses=reading(HTTP_404_NOT_FOUND),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def retire_plan(request: AnyRequest, plan_id: PlanId, services: TheServices) -> SavedPlan:
    """Out of use. It stays known, since sessions were made by it."""
    saved = services.plans.retire(plan_id)
    services.audit.add(request, "retire plan", saved.code, detail=saved.title)
    return saved


def _template(template: Template, plan: dict[str, Any], flags: Flags) -> TemplateAnswer:
    paths = (*template.simple, *template.more, *OUTPUTS)
    return TemplateAnswer(
        key=template.key,
        title=template.title,
        about=template.about,
        exercise=template.exercise,
        measures_baseline=template in BASELINES.values(),
        plan=plan,
        fields=[_field(FIELDS[path], plan, flags) for path in paths],
    )


def _field(field: Field, plan: dict[str, Any], flags: Flags) -> TemplateField:
    limits = field.limits
    return TemplateField(
        path=field.path,
        label=field.label,
        # A form asks for minutes where the plan has seconds.
        unit="s" if field.unit == MIN and field.per_unit != 1 else field.unit,
        kind=field.kind,
        low=None if limits is None else limits.low * field.per_unit,
        high=None if limits is None else limits.high * field.per_unit,
        low_is_allowed=limits is None or not limits.above,
        limits=limits_in_words(field, plan, flags),
        choices=list(field.choices),
    )


plans_api = Router(
    "/",
    route_handlers=[
        list_templates,
        list_plans,
        add_plan,
        add_plan_file,
        baseline_plan,
        get_plan,
        get_plan_as_started,
        get_plan_file,
        copy_plan,
        retire_plan,
    ],
    tags=["plans"],
    **allowed(Role.THERAPIST),
)
