"""What a pause costs, read from the session's file."""

import numpy as np
import numpy.typing as npt

from andante.coach.conductor import LEAD_NS
from andante.session.file import SessionData
from andante.session.runner import PAUSED


def pauses_ns(data: SessionData) -> list[tuple[int, int]]:
    """Each pause's beginning, and the time before which no cue is given after that.

    A pause withdraws what was handed out by then. Where it is shorter than the lead, such a cue's
    time lies behind it.
    """
    found = []
    for phase in data.phases:
        if phase.name == PAUSED:
            assert phase.end_ns is not None
            found.append((phase.start_ns, max(phase.end_ns, phase.start_ns + LEAD_NS)))
    return found


def outside_pauses(
    data: SessionData, begin_ns: npt.NDArray[np.int64], end_ns: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether nothing of each stretch, from `begin_ns` to `end_ns`, was paused; shape (n,)."""
    outside = np.ones(begin_ns.size, dtype=bool)
    for paused_ns, dark_until_ns in pauses_ns(data):
        outside &= (end_ns < paused_ns) | (begin_ns >= dark_until_ns)
    return outside
