"""Changes only by forms that this device has given out: Litestar's double-submitted token."""

from typing import Any

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import Receive, Scope, Send

CSRF_COOKIE = "__Host-andante-csrf"
_FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)


def csrf_config(secret: str) -> CSRFConfig:
    """The settings: a cookie of this origin alone, whose value each form repeats."""
    return CSRFConfig(
        secret=secret,
        cookie_name=CSRF_COOKIE,
        cookie_secure=True,
        cookie_httponly=True,
        cookie_samesite="strict",
        # Programs come with a token, which no browser adds by itself.
        exclude="^/api/",
    )


class CsrfProtection(CSRFMiddleware):
    """Litestar's, made proof against what is no token and no form.

    A cookie that was not signed with our secret, as after a backup was restored, gives way to a
    new one: else this browser could send nothing any more. A form that cannot be read is 400.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The middleware."""
        request: Request[Any, Any, Any] = scope["litestar_app"].request_class(scope, receive)
        cookie = request.cookies.get(CSRF_COOKIE)
        if cookie is not None and self._decode_csrf_token(cookie) is None:
            # The dictionary is kept with the request, for everybody who asks after us.
            del request.cookies[CSRF_COOKIE]
        if request.method in self.config.safe_methods or request.content_type[0] not in _FORMS:
            await super().__call__(scope, receive, send)
            return
        try:
            form = await request.form()
        except (ValueError, LookupError) as error:
            raise ClientException("The form cannot be read; send it again.") from error
        try:
            await super().__call__(scope, receive, send)
        finally:
            for value in form.values():
                if isinstance(value, UploadFile):
                    await value.close()

    def _decode_csrf_token(self, token: object) -> str | None:
        if not isinstance(token, str) or not token.isascii():
            return None
        return super()._decode_csrf_token(token)
