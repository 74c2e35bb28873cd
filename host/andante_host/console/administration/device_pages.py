"""How the device is, and its time and network: pages that look and change nothing."""

from typing import Any

from litestar import Request, Router, get, post
from litestar.response import Redirect, Template

from andante.errors import AndanteError
from andante_host.console.administration import computer
from andante_host.console.administration.network import reached
from andante_host.console.certificate import CertificateFacts, facts_of, own_files
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import Role, requires
from andante_host.console.services import Services, TheServices
from andante_host.console.settings import ConsoleSettings

ADMIN_PATH = "/admin"

AnyRequest = Request[Any, Any, Any]


@get("/", sync_to_thread=True)
def device_page(request: AnyRequest, services: TheServices) -> Template:
    """Engine, parts, computer, certificate and versions."""
    settings = services.settings
    return page(
        request,
        "admin/device.html",
        device=services.device,
        health=computer.health(settings.sessions_dir),
        uptime=computer.uptime_text(services.clock),
        versions=computer.versions(),
        certificate=certificate_of(settings),
        check=services.device_check,
    )


@post("/check", sync_to_thread=True)
def check_device(request: AnyRequest, services: TheServices) -> Redirect:
    """Run `andante check` and come back with what it found."""
    try:
        found = services.device_check.run()
    except AndanteError as error:
        services.audit.add(request, "check device", outcome="refused", detail=str(error))
        raise
    services.audit.add(request, "check device", detail="ok" if found.ok else "not ready")
    say(request, "Nothing has failed." if found.ok else "Something has failed.", bad=not found.ok)
    return go_to(ADMIN_PATH)


@get("/network", sync_to_thread=True)
def network_page(request: AnyRequest, services: TheServices) -> Template:
    """The clock, names and addresses, and what an administrator types to change them."""
    return page(
        request,
        "admin/network.html",
        now=services.clock.utc_now(),
        time=computer.time_settings(),
        reached=reached(),
        port=_port(services),
        certificate=certificate_of(services.settings),
    )


def _port(services: Services) -> str:
    """As it stands in an address: with its colon, or empty for the usual one."""
    _, _, after = services.settings.origin.removeprefix("https://").partition(":")
    return f":{after}" if after else ""


def certificate_of(settings: ConsoleSettings) -> CertificateFacts | None:
    """Of the certificate that is served; None where it cannot be read any more."""
    try:
        return facts_of(settings.certificate or own_files(settings.state_dir).certificate)
    except AndanteError:
        return None


admin_router = Router(
    ADMIN_PATH,
    guards=[requires(Role.ADMINISTRATOR)],
    route_handlers=[device_page, check_device, network_page],
)
