"""Taking sessions along: one at a time, or many as one ZIP."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream, Template

from andante_host.archive.folder import ArchiveError, NoSuchSessionError
from andante_host.archive.products import Kind
from andante_host.archive.zipping import zipped
from andante_host.console.pages import go_to
from andante_host.console.principal import requires
from andante_host.console.services import Services, TheServices
from andante_host.console.sessions import words
from andante_host.console.sessions.routes import READERS, no_such_session, waiting, wanted_of
from andante_host.console.sessions.sending import Parcel, parcel_of, sent

AnyRequest = Request[Any, Any, Any]

MOST_MADE = 50
"""Reports and tables in one ZIP: each takes the worker seconds, and room on the device's card."""
_LEFT_OUT = "LEFT-OUT.txt"


def _sent_or_waiting(
    request: AnyRequest, services: Services, file: str, kind: Kind, as_page: bool = False
) -> Template | Stream:
    product = services.archive.product(file, kind)
    if product is None:
        return waiting(
            request,
            "sessions/waiting_download.html",
            title=f"{words.KIND_WORDS[kind]} of {file}",
            back=f"/sessions/{file}",
            coming=1,
            total=1,
        )
    action = "look at report" if as_page else "download session"
    return sent(request, services, parcel_of(product), action, file, as_page)


@get("/sessions/{file:str}/report.html", sync_to_thread=True)
def report_page(
    request: AnyRequest, services: TheServices, file: FromPath[str]
) -> Template | Stream:
    """The whole report, to be read on the screen."""
    return _sent_or_waiting(request, services, file, Kind.HTML, as_page=True)


@get("/sessions/{file:str}/report.pdf", sync_to_thread=True)
def report_pdf(
    request: AnyRequest, services: TheServices, file: FromPath[str]
) -> Template | Stream:
    """The whole report for A4."""
    return _sent_or_waiting(request, services, file, Kind.PDF)


@get("/sessions/{file:str}/download/{what:str}", sync_to_thread=True)
def download_one(
    request: AnyRequest, services: TheServices, file: FromPath[str], what: FromPath[str]
) -> Template | Stream:
    """`what` is a Kind: session, csv, html, pdf or measures."""
    return _sent_or_waiting(request, services, file, _kind(what))


@post("/sessions/download")
async def choose_many(request: AnyRequest) -> Redirect:
    """The ticked sessions, as an address that can be asked again while they are made."""
    form = await request.form()
    files = [str(file) for file in form.getall("file", [])]
    if not files:
        raise ArchiveError("No session is ticked; go back and tick those to take along.")
    query = urlencode({"what": str(form.get("what", Kind.SESSION)), "file": files}, doseq=True)
    return go_to(f"/sessions/download?{query}")


@get("/sessions/download", sync_to_thread=True)
def download_many(
    request: AnyRequest,
    services: TheServices,
    what: FromQuery[str],
    file: FromQuery[list[str] | None] = None,
    code: FromQuery[str] = "",
    exercise: FromQuery[str] = "",
    simulated: FromQuery[str] = "",
) -> Template | Stream:
    """One ZIP of the named sessions or, without names, of all that a filter finds."""
    kind = _kind(what)
    wanted = wanted_of(code, exercise, simulated)
    files = file or [each.file for each in services.archive.sessions(wanted)]
    if kind != Kind.SESSION and len(files) > MOST_MADE:
        raise ArchiveError(
            f"{len(files)} are too many at once: choose at most {MOST_MADE}, or take the session "
            "files, of which there can be any number."
        )
    bundle = services.archive.bundle(files, kind)
    if bundle.coming_count:
        return waiting(
            request,
            "sessions/waiting_download.html",
            title=f"{words.KIND_WORDS[kind]}, {len(files)} sessions",
            back="/sessions",
            coming=bundle.coming_count,
            total=len(files),
        )
    if not bundle.ready:
        raise ArchiveError(f"None of these can be taken. {bundle.left_out[0][1]}")
    with services.database.changes():  # many lines of the trail, written to the card once
        for product in bundle.ready:
            detail = f"in a ZIP of {len(bundle.ready)}: {product.name}, {product.size_bytes} bytes"
            services.audit.add(request, "download session", product.session, "begun", detail)
    told = "\r\n".join(f"{name}: {why}" for name, why in bundle.left_out)
    moment = f"{services.clock.utc_now():%Y%m%d-%H%M%S}"
    parcel = Parcel(
        f"andante-{code.strip() + '-' if not file and code.strip().isalnum() else ''}{moment}.zip",
        "application/zip",
        zipped(
            [(product.name, product.path) for product in bundle.ready],
            [(_LEFT_OUT, told)] if told else [],
        ),
    )
    return sent(request, services, parcel, "download sessions", f"{len(bundle.ready)} sessions")


def _kind(what: str) -> Kind:
    try:
        return Kind(what)
    except ValueError:
        raise NotFoundException("There is no such download.") from None


downloads_router = Router(
    "/",
    route_handlers=[report_page, report_pdf, download_one, choose_many, download_many],
    guards=[requires(*READERS)],
    exception_handlers={NoSuchSessionError: no_such_session},
)
