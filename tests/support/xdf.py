"""XDF files with known content: the few chunks that a recorder writes.

The format: https://github.com/sccn/xdf/wiki/Specifications
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stream:
    """`rows`: texts, or numbers of `labels` each; `rate_hz` 0 for events."""

    name: str
    kind: str
    rate_hz: float
    times_s: Sequence[float]
    rows: Sequence[str] | Sequence[Sequence[float]]
    labels: Sequence[str] = ("",)


def write_xdf(path: Path, streams: Sequence[Stream]) -> Path:
    """Write a whole file."""
    data = b"XDF:" + _chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    for number, stream in enumerate(streams, start=1):
        data += _chunk(2, struct.pack("<I", number) + _head(stream).encode())
        data += _chunk(3, struct.pack("<I", number) + _samples(stream))
        data += _chunk(6, struct.pack("<I", number) + _foot(stream).encode())
    path.write_bytes(data)
    return path


def _chunk(tag: int, content: bytes) -> bytes:
    return b"\x08" + struct.pack("<QH", len(content) + 2, tag) + content


def _head(stream: Stream) -> str:
    text = isinstance(stream.rows[0], str)
    channels = "".join(f"<channel><label>{label}</label></channel>" for label in stream.labels)
    return (
        f"<?xml version='1.0'?><info><name>{stream.name}</name><type>{stream.kind}</type>"
        f"<channel_count>{len(stream.labels)}</channel_count>"
        f"<nominal_srate>{stream.rate_hz}</nominal_srate>"
        f"<channel_format>{'string' if text else 'double64'}</channel_format>"
        f"<desc><channels>{channels}</channels></desc></info>"
    )


def _foot(stream: Stream) -> str:
    return (
        f"<?xml version='1.0'?><info><first_timestamp>{stream.times_s[0]}</first_timestamp>"
        f"<last_timestamp>{stream.times_s[-1]}</last_timestamp>"
        f"<sample_count>{len(stream.times_s)}</sample_count></info>"
    )


def _samples(stream: Stream) -> bytes:
    data = b"\x08" + struct.pack("<Q", len(stream.times_s))
    for time_s, row in zip(stream.times_s, stream.rows, strict=True):
        data += b"\x08" + struct.pack("<d", time_s)
        if isinstance(row, str):
            text = row.encode()
            data += b"\x04" + struct.pack("<I", len(text)) + text
        else:
            data += struct.pack(f"<{len(row)}d", *row)
    return data
