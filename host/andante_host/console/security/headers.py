"""What every answer says to the browser about what may be done with it."""

from collections.abc import Awaitable, Callable

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), usb=()",
}
HTTPS_ONLY = ("strict-transport-security", "max-age=31536000; includeSubDomains")
"""With the clinic's own certificate alone: where a device's own is renewed before the tablets trust
the new one, it would leave a therapist no way in."""
_STATIC = "/static/"
STATIC_CACHING = "max-age=60"
"""Going from page to page asks for none of them again; after an update a minute is soon over."""


def security_headers(has_own_certificate: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A `before_send` hook, so that errors that no route has seen get them too.

    An answer's own policy (a report's) is left as it is. `has_own_certificate`: the clinic's.
    """
    sent = [*HEADERS.items(), *([HTTPS_ONLY] if has_own_certificate else [])]

    async def hook(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in sent:
            headers.setdefault(name, value)
        fixed = str(scope.get("path", "")).startswith(_STATIC)
        headers.setdefault("cache-control", STATIC_CACHING if fixed else "no-store")

    return hook
