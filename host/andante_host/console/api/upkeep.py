"""The device's health and backups over the API: for administrators."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.params import PathParameter
from litestar.response import File
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT
from msgspec import Meta, Struct

from andante.checks.finding import Finding, Verdict
from andante_host.console.administration import computer
from andante_host.console.administration.device_check import LastCheck, PartFound
from andante_host.console.administration.device_pages import certificate_of
from andante_host.console.api.answers import NotThereError, allowed, reading
from andante_host.console.backup import Backup
from andante_host.console.principal import Role
from andante_host.console.services import TheServices

AnyRequest = Request[Any, Any, Any]
_ZIP = "application/zip"


class HealthFinding(Struct, frozen=True, kw_only=True):
    """What was found of one part of the computer."""

    part: str
    verdict: Verdict
    found: Annotated[str, Meta(description="a sentence with the figures and their units")]
    to_do: Annotated[str | None, Meta(description="what to do, where there is something to do")]
    figures: Annotated[
        dict[str, float | None], Meta(description="the figures alone; each name ends in its unit")
    ]


class CheckAnswer(Struct, frozen=True, kw_only=True):
    """What the last check of the trainer's parts found."""

    at_utc: datetime
    ok: bool
    parts: list[PartFound]


class CertificateAnswer(Struct, frozen=True, kw_only=True):
    """The certificate that this page is served with."""

    sha256: str
    names: list[str]
    begins_utc: datetime
    ends_utc: datetime
    own: Annotated[bool, Meta(description="made by the device, signed by nobody else")]


class HealthAnswer(Struct, frozen=True, kw_only=True):
    """The device as its administrator's page shows it."""

    connected: Annotated[bool, Meta(description="whether the engine is there")]
    findings: list[HealthFinding]
    versions: dict[str, str]
    uptime: Annotated[str, Meta(description="how long the computer has been on, in words")]
    certificate: CertificateAnswer | None
    check: Annotated[CheckAnswer | None, Meta(description="null before the first check")]
    check_is_offered: Annotated[
        bool, Meta(description="whether this console may touch the device's parts")
    ]


class BackupAnswer(Struct, frozen=True, kw_only=True):
    """A backup that lies on the device."""

    name: str
    made_utc: datetime
    size_bytes: int
    before_restore: Annotated[
        bool, Meta(description="made by itself before another was restored; without sessions")
    ]


class BackupList(Struct, frozen=True, kw_only=True):
    """The backups, newest first."""

    items: list[BackupAnswer]


@get("/health", summary="Get the device's health", responses=reading(), sync_to_thread=True)
def get_health(request: AnyRequest, services: TheServices) -> HealthAnswer:
    """Disk, memory, temperature, power, versions, certificate, and the last check of the parts."""
    settings = services.settings
    certificate = certificate_of(settings)
    check = services.device_check
    services.audit.add(request, "look at device's health")
    return HealthAnswer(
        connected=services.device.connected,
        findings=[_finding(each) for each in computer.health(settings.sessions_dir)],
        versions=computer.versions(),
        uptime=computer.uptime_text(services.clock),
        certificate=None
        if certificate is None
        else CertificateAnswer(**{**vars(certificate), "names": list(certificate.names)}),
        check=None if check.last is None else _check(check.last),
        check_is_offered=check.is_offered,
    )


@post(
    "/health/check",
    summary="Check the trainer's parts",
    responses=reading(HTTP_409_CONFLICT),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def check_device(request: AnyRequest, services: TheServices) -> CheckAnswer:
    """Takes some 20 s: lights flash, the motor shakes. 409 while a session runs."""
    found = services.device_check.run()
    services.audit.add(request, "check device", detail="ok" if found.ok else "not ready")
    return _check(found)


@get("/backups", summary="List backups", responses=reading(), sync_to_thread=True)
def list_backups(request: AnyRequest, services: TheServices) -> BackupList:
    """Those that lie on the device."""
    services.audit.add(request, "list backups")
    return BackupList(items=[_backup(each) for each in services.backups.all()])


@post(
    "/backups", summary="Make a backup", responses=reading(HTTP_409_CONFLICT), sync_to_thread=True
)
def make_backup(request: AnyRequest, services: TheServices) -> BackupAnswer:
    """Of everything but recordings to listen to; answers when it is safe on the disk.

    It is restored on the page alone.
    """
    made = services.backups.make()
    services.audit.add(request, "make backup", made.name)
    return _backup(made)


@get(
    "/backups/{name:str}",
    summary="Download a backup",
    responses=reading(HTTP_404_NOT_FOUND),
    media_type=_ZIP,
    sync_to_thread=True,
)
def download_backup(
    request: AnyRequest,
    name: Annotated[str, PathParameter(max_length=255, description="a backup's `name`")],
    services: TheServices,
) -> File:
    """The backup, streamed. It holds everything that the device knows: keep it safe."""
    if name not in {backup.name for backup in services.backups.all()}:
        raise NotThereError("There is no backup of this name; look at the list of backups.")
    path = services.backups.path(name)
    services.audit.add(request, "download backup", name)
    return File(path, filename=name, media_type=_ZIP)


def _finding(finding: Finding) -> HealthFinding:
    return HealthFinding(
        part=finding.part,
        verdict=finding.verdict,
        found=finding.found,
        to_do=finding.to_do,
        figures=dict(finding.figures),
    )


def _check(found: LastCheck) -> CheckAnswer:
    return CheckAnswer(at_utc=found.at_utc, ok=found.ok, parts=found.parts)


def _backup(backup: Backup) -> BackupAnswer:
    return BackupAnswer(**vars(backup))


upkeep_api = Router(
    "/",
    route_handlers=[get_health, check_device, list_backups, make_backup, download_backup],
    tags=["administration"],
    **allowed(Role.ADMINISTRATOR),
)
