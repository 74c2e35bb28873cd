"""What can be taken away of a session, and where what was made of it is kept."""

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from andante.session.file import SUFFIX
from andante_host.archive.folder import FoundFile
from andante_host.archive.summary import measures_version

MOST_BYTES = 500_000_000
"""Kept in all; the longest unused goes first, since everything can be made again."""


class Kind(StrEnum):
    """What can be had of a session."""

    SESSION = "session"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"
    MEASURES = "measures"


_ENDINGS = {
    Kind.SESSION: SUFFIX,
    Kind.CSV: "-csv.zip",
    Kind.HTML: ".html",
    Kind.PDF: ".pdf",
    Kind.MEASURES: ".json",
}
_MEDIA_TYPES = {
    Kind.SESSION: "application/vnd.sqlite3",
    Kind.CSV: "application/zip",
    Kind.HTML: "text/html; charset=utf-8",
    Kind.PDF: "application/pdf",
    Kind.MEASURES: "application/json",
}


@dataclass(frozen=True)
class Product:
    """A file to take: where it is, what it is called, what it is and how large."""

    session: str
    kind: Kind
    path: Path
    name: str
    media_type: str
    size_bytes: int


def product_at(session: str, kind: Kind, path: Path) -> Product:
    """What lies at `path` as a product. Raises OSError where nothing does."""
    name = session.removesuffix(SUFFIX) + _ENDINGS[kind]
    return Product(session, kind, path, name, _MEDIA_TYPES[kind], path.stat().st_size)


class ProductCache:
    """Made files in one folder, each under a name that changes with everything it rests on."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most_bytes = most_bytes

    def path(self, found: FoundFile, kind: Kind) -> Path:
        """Where this product of the file, as it is now and by this version, is kept."""
        return self._path(f"{kind}/{found.name}/{found.size_bytes}/{found.modified_ns}", kind)

    def path_of_trend(self, rests_on: bytes) -> Path:
        """Where a trend is kept that was drawn from `rests_on`."""
        return self._path(f"trend/{hashlib.sha256(rests_on).hexdigest()}", Kind.MEASURES)

    def used(self, path: Path) -> None:
        """Note that it is still wanted."""
        os.utime(path)

    def tidy(self, newest: Path) -> None:
        """Take out the longest unused beyond what may be kept, never `newest`."""
        kept = [(each.stat(), each) for each in self.folder.iterdir() if each.is_file()]
        total_bytes = sum(status.st_size for status, _ in kept)
        for status, each in sorted(kept, key=lambda pair: pair[0].st_mtime_ns):
            if total_bytes <= self._most_bytes:
                return
            if each != newest:
                each.unlink(missing_ok=True)
                total_bytes -= status.st_size

    def _path(self, key: str, kind: Kind) -> Path:
        digest = hashlib.sha256(f"{measures_version()}/{key}".encode()).hexdigest()[:32]
        return self.folder / f"{digest}{_ENDINGS[kind]}"
