"""The therapists' own recordings over the API."""

from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from litestar import Request, Router, delete, get, put
from litestar.exceptions import ClientException
from litestar.params import PathParameter
from litestar.status_codes import (
    HTTP_201_CREATED,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
)
from msgspec import Meta, Struct

from andante_host.console.api.answers import TAKES, allowed, reading, writing
from andante_host.console.principal import Role
from andante_host.console.recordings.names import ALLOWED_WORDS
from andante_host.console.recordings.routes import PUT_UP, TAKE_AWAY, told
from andante_host.console.recordings.service import RecordingFile
from andante_host.console.services import TheServices
from andante_host.console.uploads import LARGEST_RECORDING_BYTES

AnyRequest = Request[Any, Any, Any]
BYTES = "application/octet-stream"
Name = Annotated[str, PathParameter(max_length=255, description="a recording's `name`")]
NewName = Annotated[str, PathParameter(max_length=255, description=f"its name: {ALLOWED_WORDS}")]


class WrongKind(ClientException):
    """A body that says it is something else."""

    status_code = HTTP_415_UNSUPPORTED_MEDIA_TYPE


class RecordingAnswer(Struct, frozen=True, kw_only=True):
    """A file among the recordings."""

    name: Annotated[str, Meta(description="as a plan names it in `listen.recording`")]
    kind: Annotated[
        Literal["WAV", "FLAC", "beats"], Meta(description="`beats`: the beats of a recording")
    ]
    minutes: Annotated[
        float | None, Meta(description="its length; null for beats, and where it cannot be read")
    ]
    size_bytes: int


class RecordingList(Struct, frozen=True, kw_only=True):
    """Every recording and file with beats, by name."""

    items: list[RecordingAnswer]


@get("/", summary="List recordings", responses=reading(), sync_to_thread=True)
def list_recordings(request: AnyRequest, services: TheServices) -> RecordingList:
    """Those on the device, for plans of the exercise `listen`."""
    services.audit.add(request, "list recordings")
    return RecordingList(items=[_answer(file) for file in services.recordings.all()])


@put(
    "/{name:str}",
    summary="Put a recording on the device",
    responses=writing(HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    status_code=HTTP_201_CREATED,
    request_max_body_size=LARGEST_RECORDING_BYTES,
    opt={TAKES: BYTES},
)
async def put_up_recording(
    request: AnyRequest, name: NewName, services: TheServices
) -> RecordingAnswer:
    """A WAV or FLAC file, or a text file with the time of each beat in seconds, one a line; by its
    suffix. It is checked to its end. 409 where there is one of that name, which stays as it is.
    """
    if request.content_type[0] != BYTES:
        raise WrongKind(f"The body has to be {BYTES}; say so in the header content-type.")
    arriving = await run_sync(services.recordings.arriving, name)
    try:
        async for piece in request.stream():
            await run_sync(arriving.write, piece)
        made = await run_sync(arriving.keep)
    finally:
        arriving.close()
    services.audit.add(request, PUT_UP, made.name, detail=told(made))
    return _answer(made)


@delete(
    "/{name:str}",
    summary="Take a recording away",
    responses=reading(HTTP_404_NOT_FOUND, HTTP_409_CONFLICT),
    sync_to_thread=True,
)
def take_away_recording(request: AnyRequest, name: Name, services: TheServices) -> None:
    """For good. 409 where a plan in use plays it, or goes by its beats."""
    services.recordings.remove(name, services.plans.that_play().get(name, []))
    services.audit.add(request, TAKE_AWAY, name)


def _answer(file: RecordingFile) -> RecordingAnswer:
    return RecordingAnswer(
        name=file.name, kind=file.kind, minutes=file.minutes, size_bytes=file.size_bytes
    )


recordings_api = Router(
    "/recordings",
    route_handlers=[list_recordings, put_up_recording, take_away_recording],
    tags=["recordings"],
    **allowed(Role.THERAPIST),
)
