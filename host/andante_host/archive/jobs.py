"""What the worker is asked and what it answers: one JSON object a line, one answer to each job."""

from msgspec import Struct

from andante_host.archive.products import Kind
from andante_host.archive.summary import Summary


class Summarise(Struct, tag="summarise", frozen=True):
    """Read a session file; answered by its Summary."""

    path: str
    size_bytes: int
    modified_ns: int


class Make(Struct, tag="make", frozen=True):
    """Make a product of a session file at `out`."""

    path: str
    kind: Kind
    out: str


class DrawTrend(Struct, tag="draw-trend", frozen=True):
    """Write the `charts.Trend` of these sessions as JSON at `out`."""

    summaries: tuple[Summary, ...]
    out: str


class Summarised(Struct, tag="summarised", frozen=True):
    """To Summarise."""

    summary: Summary


class Made(Struct, tag="made", frozen=True):
    """It is at `out`, whole."""


class CouldNot(Struct, tag="could-not", frozen=True):
    """It could not be done; `sentence` is for a person."""

    sentence: str


Job = Summarise | Make | DrawTrend
Answer = Summarised | Made | CouldNot
