"""From a request to who asks: a login's session on pages, a token under /api/."""

from dataclasses import replace
from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)

from andante_host.console.principal import Principal
from andante_host.console.security.tries import TOKEN_FROM_ADDRESS, counted_address
from andante_host.console.services import Services, services_of

API_PATH = "/api/"
_BEARER = "bearer "

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Authentication(AbstractAuthenticationMiddleware):
    """Finds the principal; guards decide what it may do. A session's cookie opens no API."""

    async def authenticate_request(self, connection: AnyConnection) -> AuthenticationResult:
        """The principal, or None for nobody. Raises 401 for a wrong token, 429 after many."""
        principal = await _principal(connection)
        if principal is not None and connection.client is not None:
            principal = replace(principal, address=connection.client.host)
        return AuthenticationResult(user=principal, auth=None)


async def _principal(connection: AnyConnection) -> Principal | None:
    services = services_of(connection)
    if connection.scope["path"].startswith(API_PATH):
        header = connection.headers.get("authorization", "")
        if not header.lower().startswith(_BEARER):
            return None
        address = counted_address(connection.client.host if connection.client else None)
        return await to_thread.run_sync(_by_token, services, header[len(_BEARER) :], address)
    session = connection.scope.get("session")
    if not isinstance(session, dict) or "user_id" not in session:
        return None
    return await to_thread.run_sync(services.users.principal_of_session, session)


def _by_token(services: Services, secret: str, address: str) -> Principal:
    # A right token always comes in: nobody can keep a program waiting. Only wrong ones are counted.
    principal = services.tokens.principal(secret)
    if principal is None:
        services.tries.take(TOKEN_FROM_ADDRESS, address)
        raise NotAuthorizedException(
            "This token is not known, was revoked or is past its end; ask an administrator for one."
        )
    return principal
