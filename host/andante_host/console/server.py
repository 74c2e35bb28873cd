"""Running the page: one process, HTTPS only, and never in the engine's way."""

import asyncio
import logging
import logging.config
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from andante.errors import AndanteError
from andante.notify import Notifier
from andante_host.console.administration.network import reached
from andante_host.console.app import create_app
from andante_host.console.certificate import (
    CertificateError,
    CertificateFiles,
    facts_of,
    own_files,
    renew_own,
)
from andante_host.console.first_run import EXPIRES_AFTER_MINUTES
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings

log = logging.getLogger(__name__)

NICENESS = 10
"""As in the service's unit, for a console that is started by hand."""
MAX_CONNECTIONS = 300
"""Twenty tablets that watch live, each with six connections, more than twice over."""
MAX_HEADER_BYTES = 16_384
KEEP_ALIVE_S = 5
FIRST_REQUEST_S = 20
SHUTDOWN_S = 2
"""Event streams never end by themselves; their pages connect again."""
CERTIFICATE_LOOK_S = 3600
PING_S = 5
"""Several within the unit's WatchdogSec."""
_REDIRECT_CONNECTIONS = 50


class _NoEndedStreams(logging.Filter):
    """Leaves out the traceback that uvicorn writes for each event stream that a stop ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "filters": {"ended": {"()": _NoEndedStreams}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["ended"]}
    },
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"andante_host": {"level": "INFO"}},
}


class ServerError(AndanteError):
    """A page that cannot be served, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where connections are taken. `host` None: on every address. `redirect_port`: where plain
    HTTP is told to come over HTTPS; None for nowhere.
    """

    host: str | None
    port: int
    redirect_port: int | None = None


def serve(settings: ConsoleSettings, listening: Listening, say: Callable[[str], None]) -> None:
    """Serve until asked to end (Ctrl-C or a polite kill). `say` tells a person where to look.

    Raises ServerError, CertificateError or ConsoleDatabaseError before anything is served.
    """
    with ExitStack() as stack:
        sockets = _listen(listening.host, listening.port, stack)
        redirecting = None
        if listening.redirect_port is not None:
            redirecting = _listen(listening.host, listening.redirect_port, stack)
        _be_modest()
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        services = Services.made(settings)
        stack.callback(services.database.close)
        services.backups.clear_unfinished()
        services.restoring.clear_unfinished()
        services.recordings.clear_unfinished()
        files = _certificate(settings, services)
        app = create_app(services)
        logging.config.dictConfig(_LOGGING)
        port = sockets[0].getsockname()[1]
        say(f"The page: {settings.origin} (port {port})")
        say(f"Its certificate's SHA-256 fingerprint: {facts_of(files.certificate).sha256}")
        secret = services.first_run.new_secret()
        if secret is not None:
            say(
                f"Nobody can log in yet. Open the page and make the first administrator with this "
                f"secret within {EXPIRES_AFTER_MINUTES} minutes: {secret}"
            )
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, settings, services, files, sockets, redirecting))


async def _serve(
    app: Any,
    settings: ConsoleSettings,
    services: Services,
    files: CertificateFiles,
    sockets: list[socket.socket],
    redirecting: list[socket.socket] | None,
) -> None:
    context = _tls(files)
    notifier = Notifier.from_environment(os.environ, os.getpid())

    async def alive() -> None:
        notifier.alive()

    server = _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
            # From the loop that answers the pages, so that systemd restarts one that hangs.
            callback_notify=alive,
            timeout_notify=PING_S,
            ssl_context_factory=lambda *_: context,
        ),
        notifier,
    )
    beside = [asyncio.create_task(_look_after(files, settings, services, context))]
    if redirecting is not None:
        elsewhere = _Redirecting(settings.origin)
        beside.append(asyncio.create_task(_redirect_server(elsewhere).serve(redirecting)))
    try:
        await server.serve(sockets)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


# --- the certificate --------------------------------------------------------------------------


def _certificate(settings: ConsoleSettings, services: Services) -> CertificateFiles:
    """The clinic's own, or the device's, which is made or renewed where it has to be."""
    if settings.certificate is not None and settings.key is not None:
        return CertificateFiles(settings.certificate, settings.key)
    files = own_files(settings.state_dir)
    if renew_own(files, reached(), services.clock.utc_now()):
        log.info("a new certificate was made: %s", facts_of(files.certificate).sha256)
    return files


def _tls(files: CertificateFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer, with Python's own choice of ciphers. Raises CertificateError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, files)
    return context


def _load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    facts_of(files.certificate)
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        reason = error.strerror if type(error) is OSError else error
        raise CertificateError(
            f"The certificate {files.certificate} cannot be used with the key {files.key} "
            f"({reason}); give two PEM files that belong together, the key without a password."
        ) from None


def _no_password() -> str:
    raise ValueError("the key asks for a password")


async def _look_after(
    files: CertificateFiles, settings: ConsoleSettings, services: Services, context: ssl.SSLContext
) -> None:
    """Take a renewed certificate, the device's or the clinic's, without a restart.

    Connections that are open keep the old one.
    """
    seen_ns = files.certificate.stat().st_mtime_ns
    while True:
        await asyncio.sleep(CERTIFICATE_LOOK_S)
        try:
            await asyncio.to_thread(_certificate, settings, services)
            now_ns = files.certificate.stat().st_mtime_ns
            if now_ns != seen_ns:
                _load(context, files)
                seen_ns = now_ns
        except (AndanteError, OSError) as error:
            log.warning("the certificate was not renewed: %s", error)


# --- connections ------------------------------------------------------------------------------


def _listen(host: str | None, port: int, stack: ExitStack) -> list[socket.socket]:
    """Sockets on every address of `host`, closed with the stack. Raises ServerError."""
    sockets = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                one = socket.socket(family, kind, protocol)
            except OSError:  # a computer without IPv6
                continue
            stack.callback(one.close)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.setblocking(False)
            sockets.append(one)
    except OSError as error:
        raise ServerError(
            f"Port {port} cannot be used ({error.strerror or error}); choose another with --port, "
            "or stop what uses it."
        ) from None
    if not sockets:
        raise ServerError(f"There is no address {host} to listen on; choose another with --host.")
    return sockets


class _Protocol(H11Protocol):
    """Uvicorn's own, which would wait for ever for a connection's first request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(FIRST_REQUEST_S, self._give_up)

    def _give_up(self) -> None:
        cycle: object | None = self.cycle
        if cycle is None:
            self.transport.close()


class _Redirecting:
    """An ASGI application that knows one answer: come over HTTPS.

    To the name that was asked for only where it is one of this computer's, so that nobody can make
    it send people elsewhere; else to the page's own name.
    """

    def __init__(self, origin: str) -> None:
        self._origin = urlsplit(origin)

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        asked = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        headers = [(b"location", self._target(asked).encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body"})

    def _target(self, asked: str) -> str:
        """Always to the beginning: what was asked for came in the clear, and stays there."""
        with suppress(ValueError):
            name = urlsplit(f"//{asked}").hostname
            here = reached()
            if name in (*here.names, *here.addresses):
                port = f":{self._origin.port}" if self._origin.port else ""
                shown = f"[{name}]" if ":" in name else name
                return f"https://{shown}{port}/"
        return f"{self._origin.geturl().rstrip('/')}/"


class _Server(uvicorn.Server):
    """Tells systemd when pages are served, and when no longer."""

    def __init__(self, config: uvicorn.Config, notifier: Notifier) -> None:
        super().__init__(config)
        self._notifier = notifier

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._notifier.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notifier.stopping()
        await super().shutdown(sockets)


class _BesideServer(uvicorn.Server):
    """Leaves signals to the main server."""

    def capture_signals(self) -> Any:
        return nullcontext()


def _redirect_server(app: _Redirecting) -> uvicorn.Server:
    return _BesideServer(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_REDIRECT_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


def _be_modest() -> None:
    """Go after everything else that wants the processor."""
    if os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
