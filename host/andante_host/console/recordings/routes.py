"""The page of recordings: which there are, putting one on the device, taking one away."""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated

from litestar import Router, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_400_BAD_REQUEST

from andante.safety import RECORDING_MINUTES
from andante.timebase import S_PER_MINUTE
from andante_host.console.pages import AnyRequest, go_to, page, say
from andante_host.console.principal import Role, requires
from andante_host.console.recordings.names import (
    LONGEST_NAME_CHARS,
    SUFFIXES,
    fitting_name,
    is_allowed,
    suffix_of,
)
from andante_host.console.recordings.problem import RecordingFileError
from andante_host.console.recordings.service import RecordingFile
from andante_host.console.room import megabytes
from andante_host.console.services import Services, TheServices
from andante_host.console.sure import Sure, check_sure
from andante_host.console.uploads import FORM_BYTES, LARGEST_RECORDING_BYTES

RECORDINGS_PATH = "/recordings"
PUT_UP, TAKE_AWAY = "put up recording", "take away recording"
"""How the audit trail calls them, from the page and from programs."""

_SMALL_BYTES = 100_000


@dataclass
class Upload:
    """A file, and what it is to be called where that is not its own name."""

    file: UploadFile
    name: str = ""


@get("/", sync_to_thread=True)
def recordings_page(request: AnyRequest, services: TheServices) -> Template:
    """Which there are, and the form for another."""
    return _page(request, services)


@post("/", sync_to_thread=True, request_max_body_size=LARGEST_RECORDING_BYTES + FORM_BYTES)
def put_up(
    request: AnyRequest,
    data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)],
    services: TheServices,
) -> Template | Redirect:
    """Take in what is sent, or say what is wrong with it."""
    name = data.name.strip() or data.file.filename
    try:
        made = services.recordings.add(name, data.file.file)
    except RecordingFileError as error:
        services.audit.add(request, PUT_UP, name, "refused", str(error))
        return _page(request, services, HTTP_400_BAD_REQUEST, str(error), _proposed(name))
    services.audit.add(request, PUT_UP, made.name, detail=told(made))
    say(request, f"{made.name} is on the device. Choose it in a plan.")
    return go_to(RECORDINGS_PATH)


@post("/{name:str}/remove", sync_to_thread=True)
def take_away(
    request: AnyRequest,
    name: FromPath[str],
    data: Annotated[Sure, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: TheServices,
) -> Template | Redirect:
    """For good, unless a plan needs it."""
    try:
        check_sure(data.sure, RecordingFileError)
        services.recordings.remove(name, services.plans.that_play().get(name, []))
    except RecordingFileError as error:
        services.audit.add(request, TAKE_AWAY, name, "refused", str(error))
        return _page(request, services, HTTP_400_BAD_REQUEST, str(error))
    services.audit.add(request, TAKE_AWAY, name)
    say(request, f"{name} is taken away.")
    return go_to(RECORDINGS_PATH)


def told(file: RecordingFile) -> str:
    """A file in a few words: kind, length, size."""
    length = "" if file.minutes is None else f", {_length(file.minutes)}"
    return f"{file.kind}{length}, {_size(file.size_bytes)}"


def _page(
    request: AnyRequest,
    services: Services,
    status_code: int = 200,
    sentence: str = "",
    name: str = "",
) -> Template:
    return page(
        request,
        "recordings/list.html",
        status_code,
        files=services.recordings.all(),
        players=defaultdict(list, services.plans.that_play()),
        sentence=sentence,
        name=name,
        length=_length,
        size=_size,
        longest_name_chars=LONGEST_NAME_CHARS,
        largest_megabytes=LARGEST_RECORDING_BYTES // 10**6,
        least_s=round(RECORDING_MINUTES.low * S_PER_MINUTE),
        most_minutes=round(RECORDING_MINUTES.high),
    )


def _proposed(name: str) -> str:
    """For the field of the name: one that would do, where that was what was wrong."""
    return fitting_name(name) if suffix_of(name) in SUFFIXES and not is_allowed(name) else ""


def _length(minutes: float) -> str:
    minute, second = divmod(round(minutes * S_PER_MINUTE), round(S_PER_MINUTE))
    return f"{minute}:{second:02d} min"


def _size(size_bytes: int) -> str:
    if size_bytes >= _SMALL_BYTES:
        return megabytes(size_bytes)
    return f"{math.ceil(size_bytes / 1000)} kB"


recordings_router = Router(
    RECORDINGS_PATH,
    route_handlers=[recordings_page, put_up, take_away],
    guards=[requires(Role.THERAPIST)],
)
