"""Many files as one ZIP that is made while it is sent."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 64 * 1024
"""So little at a time that encrypting it keeps nobody else waiting."""


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """A file from where it stands to its end, piece by piece; closes it."""
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


class _Sink:
    """Where `zipfile` writes to: keeps what was written until it is fetched; cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._told_bytes = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._told_bytes += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._told_bytes

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """What was written since last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def zipped(files: Sequence[tuple[str, Path]], texts: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """A ZIP of files and short texts, each under a name, in pieces of about CHUNK_BYTES.

    Files are stored as they are, since packing them would take the processor from the engine.
    Raises OSError where a file has gone.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as target:  # type: ignore[call-overload]
        for name, text in texts:
            target.writestr(name, text)
        for name, path in files:
            entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
            with target.open(entry, "w", force_zip64=True) as packed:
                for piece in chunks_of(path.open("rb")):
                    packed.write(piece)
                    if found := sink.taken():
                        yield found
    yield sink.taken()
