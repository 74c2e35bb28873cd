"""What the API asks of every request before it looks at it, and what its errors become."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import ClientException
from litestar.status_codes import (
    HTTP_202_ACCEPTED,
    HTTP_400_BAD_REQUEST,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
)
from litestar.types import ExceptionHandlersMap

from andante.errors import AndanteError
from andante_host.archive.folder import ArchiveError, NoSuchSessionError
from andante_host.console.administration.device_check import DeviceCheckError
from andante_host.console.api.answers import Coming, NotThereError, Refusal, StillComingError
from andante_host.console.backup import BackupError
from andante_host.console.device.problem import DeviceError
from andante_host.console.patients.service import UnknownPatientError
from andante_host.console.plans.service import UnknownPlanError
from andante_host.console.recordings.problem import (
    RecordingNotNowError,
    RecordingTooLargeError,
    UnknownRecordingError,
)
from andante_host.console.services import services_of
from andante_host.console.sessions.routes import AGAIN_S

AnyRequest = Request[Any, Any, Any]
_JSON = "application/json"


class NotJson(ClientException):
    """A body that is something else."""

    status_code = HTTP_415_UNSUPPORTED_MEDIA_TYPE


def check_request(request: AnyRequest) -> None:
    """Refuse a body that is not JSON, and query parameters that would be passed over in silence."""
    names = request.route_handler.parsed_fn_signature.parameters
    if "data" in names and request.content_type[0] != _JSON:
        raise NotJson(f"The body has to be {_JSON}; say so in the header content-type.")
    for name in request.query_params:
        if name not in names:
            raise ClientException(
                "A parameter in the address is not known here; see /api/v1/docs for those that are."
            )
        if len(request.query_params.getall(name)) > 1:
            raise ClientException(f"{name} stands in the address more than once; give it once.")


def _refuses_with(status_code: int) -> Callable[[AnyRequest, AndanteError], Response[Refusal]]:
    def answer(request: AnyRequest, error: AndanteError) -> Response[Refusal]:
        return _refused(request, status_code, str(error))

    return answer


def _not_done(_: AnyRequest, error: DeviceError) -> Response[Refusal]:
    """The device itself writes down what it refuses."""
    return _answer(HTTP_409_CONFLICT, str(error))


def _too_deep(request: AnyRequest, _: RecursionError) -> Response[Refusal]:
    """JSON that is nested a thousand times."""
    return _refused(request, HTTP_400_BAD_REQUEST, "What was sent is nested too deeply.")


def _not_utf8(request: AnyRequest, _: UnicodeDecodeError) -> Response[Refusal]:
    """JSON with bytes in a text that are no characters."""
    sentence = "What was sent is not text in UTF-8; send JSON in UTF-8."
    return _refused(request, HTTP_400_BAD_REQUEST, sentence)


def _refused(request: AnyRequest, status_code: int, sentence: str) -> Response[Refusal]:
    action = f"{request.method} {request.url.path}"
    detail = f"{status_code} {sentence}"
    services_of(request).audit.add(request, action, outcome="refused", detail=detail)
    return _answer(status_code, sentence)


def _answer(status_code: int, sentence: str) -> Response[Refusal]:
    content = Refusal(status_code=status_code, detail=sentence)
    return Response(content, status_code=status_code)


def _coming(_: AnyRequest, __: StillComingError) -> Response[Coming]:
    return Response(
        Coming(retry_after_s=AGAIN_S),
        status_code=HTTP_202_ACCEPTED,
        headers={"retry-after": str(AGAIN_S)},
    )


_missing = _refuses_with(HTTP_404_NOT_FOUND)
_not_now = _refuses_with(HTTP_409_CONFLICT)
REFUSALS: ExceptionHandlersMap = {
    AndanteError: _refuses_with(HTTP_400_BAD_REQUEST),
    ArchiveError: _not_now,
    BackupError: _not_now,
    DeviceCheckError: _not_now,
    DeviceError: _not_done,
    NoSuchSessionError: _missing,
    NotThereError: _missing,
    RecordingNotNowError: _not_now,
    RecordingTooLargeError: _refuses_with(HTTP_413_REQUEST_ENTITY_TOO_LARGE),
    RecursionError: _too_deep,
    StillComingError: _coming,
    UnicodeDecodeError: _not_utf8,
    UnknownPatientError: _missing,
    UnknownPlanError: _missing,
    UnknownRecordingError: _missing,
}
"""What errors become here, besides what they are in the whole application."""
