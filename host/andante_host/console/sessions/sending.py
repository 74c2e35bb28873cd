"""Files that leave the device: sent in small pieces, and written down in the audit trail."""

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from litestar import Request
from litestar.response import Stream

from andante_host.archive.products import Product
from andante_host.archive.zipping import chunks_of
from andante_host.console.services import Services

AnyRequest = Request[Any, Any, Any]

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A report is one page with its styles in itself, and without a script."""


@dataclass(frozen=True)
class Parcel:
    """What is sent: `size_bytes` None where it is made while it is sent."""

    name: str
    media_type: str
    chunks: Generator[bytes, None, None] | Iterator[bytes]
    size_bytes: int | None = None


def parcel_of(product: Product) -> Parcel:
    """A product as it lies there; opened now, so that it stays whole whatever becomes of it."""
    chunks = chunks_of(product.path.open("rb"))
    return Parcel(product.name, product.media_type, chunks, product.size_bytes)


def sent(
    request: AnyRequest,
    services: Services,
    parcel: Parcel,
    action: str,
    subject: str,
    as_page: bool = False,
) -> Stream:
    """The answer that sends a parcel, to be kept as a file or (`as_page`) to be looked at.

    The trail gets a line before the first byte, and one when all have gone, with how many, or with
    where it broke off. A file is read in a thread and encrypted in small pieces, so that others are
    answered in between.
    """
    services.audit.add(request, action, subject, "begun", parcel.name)

    async def pieces() -> AsyncIterator[bytes]:
        sent_bytes = 0
        outcome = "broken off"
        try:
            while piece := await to_thread.run_sync(next, parcel.chunks, b""):
                sent_bytes += len(piece)
                yield piece
            outcome = "done"
        finally:
            of_size = "" if parcel.size_bytes is None else f" of {parcel.size_bytes}"
            detail = f"{parcel.name}, {sent_bytes}{of_size} bytes"
            services.audit.add(request, action, subject, outcome, detail)

    headers = {"content-disposition": disposition(parcel.name, as_page)}
    if parcel.size_bytes is not None:
        headers["content-length"] = str(parcel.size_bytes)
    if as_page:
        headers["content-security-policy"] = REPORT_POLICY
    return Stream(pieces(), media_type=parcel.media_type, headers=headers)


def disposition(name: str, as_page: bool) -> str:
    """`Content-Disposition` by RFC 6266, for names in any alphabet."""
    kind = "inline" if as_page else "attachment"
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
