"""How well a session's own times can be trusted: the `timing` block."""

from collections.abc import Iterable
from typing import Any

from andante.ports import Fault, FaultKind
from andante.session.certificate import certificate_of
from andante.session.file import SessionData
from andante.timebase import NS_PER_S


def timing_block(data: SessionData, cue_reference: str | None) -> dict[str, Any]:
    """The certificate, what the host adds to it, and the faults in short.

    The certificate is the one written at the session's end; for a session that was cut off it is
    computed now (`certificate_from`: "session end" or "host"). `cue_reference`: the output whose
    times the asynchronies refer to. All `_s` count from the start of the session.
    """
    stored = data.header.certificate
    block = dict(stored if stored is not None else certificate_of(data))
    block["certificate_from"] = "session end" if stored is not None else "host"
    block["cue_reference"] = cue_reference
    block["faults"] = summarise_faults(data.faults, data.header.started_ns)
    block["reasons"] = {}
    if data.header.origin == "import":
        # A file of times says nothing of how well they were taken.
        block["sync"] = None
        block["reasons"]["sync"] = (
            "The times are those of the imported file; how well they were taken is not known."
        )
    return block


def summarise_faults(faults: Iterable[Fault], started_ns: int) -> list[dict[str, Any]]:
    """One entry for each kind and part, in order of first appearance, with the first's words."""
    summary: dict[tuple[FaultKind, str], dict[str, Any]] = {}
    for fault in faults:
        time_s = (fault.time_ns - started_ns) / NS_PER_S
        entry = summary.setdefault(
            (fault.kind, fault.part),
            {
                "kind": str(fault.kind),
                "part": fault.part,
                "count": 0,
                "first_s": time_s,
                "last_s": time_s,
                "text": fault.text,
            },
        )
        entry["count"] += fault.count
        entry["last_s"] = time_s
    return list(summary.values())
