"""The API's routes together."""

from litestar import Router

from andante_host.console.api.answers import API
from andante_host.console.api.audit_trail import audit_api
from andante_host.console.api.checks import REFUSALS, check_request
from andante_host.console.api.device import device_api
from andante_host.console.api.patients import patients_api
from andante_host.console.api.plans import plans_api
from andante_host.console.api.recordings import recordings_api
from andante_host.console.api.sessions import sessions_api
from andante_host.console.api.tokens import tokens_api
from andante_host.console.api.upkeep import upkeep_api
from andante_host.console.api.users import users_api

operations = Router(
    API,
    route_handlers=[
        patients_api,
        plans_api,
        recordings_api,
        sessions_api,
        device_api,
        audit_api,
        users_api,
        tokens_api,
        upkeep_api,
    ],
    before_request=check_request,
    exception_handlers=REFUSALS,
)
