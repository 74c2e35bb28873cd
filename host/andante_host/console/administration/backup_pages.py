"""The page on which an administrator makes backups and brings them back."""

from dataclasses import dataclass
from typing import IO, Annotated, Any

from litestar import Request, Router, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import File, Redirect, Template

from andante.control import Doing
from andante.errors import AndanteError
from andante_host.console.backup import BackupError
from andante_host.console.pages import go_to, page, say
from andante_host.console.principal import Role, requires
from andante_host.console.room import megabytes
from andante_host.console.services import Services, TheServices
from andante_host.console.sure import Sure, check_sure
from andante_host.console.uploads import FORM_BYTES, LARGEST_BACKUP_BYTES

BACKUP_PATH = "/admin/backup"

AnyRequest = Request[Any, Any, Any]


@dataclass
class Upload:
    """A backup from somewhere else, with the tick that it is meant."""

    file: UploadFile
    sure: str = ""


@get("/", sync_to_thread=True)
def backup_page(request: AnyRequest, services: TheServices) -> Template:
    """Which there are, and what can be done."""
    return page(
        request,
        "admin/backup.html",
        backups=services.backups.all(),
        megabytes=megabytes,
        largest_upload_gigabytes=LARGEST_BACKUP_BYTES // 10**9,
    )


@post("/", sync_to_thread=True)
def make_backup(request: AnyRequest, services: TheServices) -> Redirect:
    """Make one now; returns when it is safe on the disk."""
    made = services.backups.make()
    services.audit.add(request, "make backup", made.name)
    say(request, f"The backup {made.name} is made. Download it, and keep it away from the device.")
    return go_to(BACKUP_PATH)


@get("/{name:str}/download", sync_to_thread=True)
def download_backup(request: AnyRequest, name: FromPath[str], services: TheServices) -> File:
    """One, as it is."""
    path = services.backups.path(name)
    services.audit.add(request, "download backup", name)
    return File(path, filename=name, media_type="application/zip")


@post("/{name:str}/delete", sync_to_thread=True)
def delete_backup(
    request: AnyRequest,
    name: FromPath[str],
    data: Annotated[Sure, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Redirect:
    """Take one away for good."""
    check_sure(data.sure, BackupError)
    services.backups.delete(name)
    services.audit.add(request, "delete backup", name)
    say(request, f"The backup {name} is deleted.")
    return go_to(BACKUP_PATH)


@post("/{name:str}/restore", sync_to_thread=True)
def restore_listed(
    request: AnyRequest,
    name: FromPath[str],
    data: Annotated[Sure, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Template:
    """Bring back one from the list."""
    check_sure(data.sure, BackupError)
    with services.backups.path(name).open("rb") as file:
        return _restore(request, services, file, name)


@post("/restore", sync_to_thread=True, request_max_body_size=LARGEST_BACKUP_BYTES + FORM_BYTES)
def restore_upload(
    request: AnyRequest,
    data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)],
    services: TheServices,
) -> Template:
    """Bring back one that is sent."""
    check_sure(data.sure, BackupError)
    return _restore(request, services, data.file.file, data.file.filename)


def _restore(request: AnyRequest, services: Services, file: IO[bytes], name: str) -> Template:
    try:
        state = services.device.state
        if state is not None and state.doing is not Doing.WAITING:
            raise BackupError("A session runs on the device; wait for its end, then restore.")
        restored = services.restoring.restore(file)
    except AndanteError as error:
        services.audit.add(request, "restore backup", name, "refused", str(error))
        raise
    detail = f"{len(restored.added)} sessions; the state of before is in {restored.aside.name}"
    services.audit.add(request, "restore backup", name, detail=detail)
    # This login ended with all the others; nothing of it is to be kept again.
    request.set_session({})
    request.scope["user"] = None
    return page(
        request,
        "admin/restored.html",
        restored=restored,
        name=name,
        sessions_dir=services.settings.sessions_dir,
    )


backup_router = Router(
    BACKUP_PATH,
    guards=[requires(Role.ADMINISTRATOR)],
    route_handlers=[
        backup_page,
        make_backup,
        download_backup,
        delete_backup,
        restore_listed,
        restore_upload,
    ],
)
