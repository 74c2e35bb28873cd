"""The web application: parts, routes and what stands around every request."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.plugins.flash import FlashConfig, FlashPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.stores.registry import StoreRegistry
from litestar.template import TemplateConfig

from andante.errors import AndanteError
from andante.version import installed_version
from andante_host.console.accounts.routes import accounts_router
from andante_host.console.administration.backup_pages import backup_router
from andante_host.console.administration.device_pages import admin_router
from andante_host.console.administration.setup import first_run_gate, setup_router
from andante_host.console.administration.users_pages import users_router
from andante_host.console.api.operations import operations
from andante_host.console.api.reference import reference
from andante_host.console.api.tokens_page import tokens_pages
from andante_host.console.device.routes import device_router
from andante_host.console.errors import answer_to_defect, answer_to_our_error, answer_to_refusal
from andante_host.console.exercise.routes import exercise_router
from andante_host.console.header import device_badge
from andante_host.console.patients.routes import patients_router
from andante_host.console.plans.routes import plans_router
from andante_host.console.plans.starting import starting_router
from andante_host.console.recordings.routes import recordings_router
from andante_host.console.security.authentication import Authentication
from andante_host.console.security.csrf import CsrfProtection, csrf_config
from andante_host.console.security.gate import gate, room_on_the_disk, small_from_strangers
from andante_host.console.security.headers import security_headers
from andante_host.console.security.sessions import SessionConfig
from andante_host.console.services import Services, provide_services, services_in
from andante_host.console.sessions.downloads import downloads_router
from andante_host.console.sessions.routes import sessions_router
from andante_host.console.sessions.trail import trail_router

_HERE = Path(__file__).parent
LARGEST_BODY_BYTES = 1_000_000
"""Of what a page or a program may send; routes that take files say so themselves."""
_CSRF_SETTING = "csrf_secret"
_CSRF_BYTES = 32


def create_app(services: Services) -> Litestar:
    """The application on these parts; closes them when it ends."""

    templates = TemplateConfig(instance=JinjaTemplateEngine.from_environment(_environment()))
    app = Litestar(
        route_handlers=[
            create_static_files_router("/static", [_HERE / "static"], name="static"),
            accounts_router,
            device_badge,
            exercise_router,
            setup_router,
            admin_router,
            users_router,
            backup_router,
            operations,
            reference,
            tokens_pages,
            device_router,
            sessions_router,
            downloads_router,
            trail_router,
            patients_router,
            plans_router,
            starting_router,
            recordings_router,
        ],
        dependencies={"services": Provide(provide_services)},
        middleware=[
            gate,
            first_run_gate,
            SessionConfig().middleware,
            DefineMiddleware(Authentication, exclude="^/static/"),
            small_from_strangers,
            room_on_the_disk,
            DefineMiddleware(CsrfProtection, config=csrf_config(_csrf_secret(services))),
        ],
        before_send=[security_headers(services.settings.certificate is not None)],
        stores=StoreRegistry({"sessions": services.sessions}),
        template_config=templates,
        plugins=[FlashPlugin(FlashConfig(template_config=templates))],
        exception_handlers={
            HTTPException: answer_to_refusal,
            AndanteError: answer_to_our_error,
            Exception: answer_to_defect,
        },
        # The document is of the API alone: api/reference.py makes and serves it.
        openapi_config=None,
        request_max_body_size=LARGEST_BODY_BYTES,
        lifespan=[_lifespan],
    )
    services.keep_in(app.state)
    return app


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    services = services_in(app.state)
    async with services.device.going_on():
        yield
    services.archive.close()
    services.database.close()


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("andante_host.console"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = installed_version()
    return environment


def _csrf_secret(services: Services) -> str:
    """Made once and kept, so that open pages outlive a restart of the console."""
    secret = services.database.setting(_CSRF_SETTING)
    if secret is None:
        secret = secrets.token_hex(_CSRF_BYTES)
        services.database.keep_setting(_CSRF_SETTING, secret)
    return secret
