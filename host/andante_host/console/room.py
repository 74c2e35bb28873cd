"""The room on the disk that stays free for sessions, whatever else is put there."""

import shutil
from collections.abc import Callable
from pathlib import Path

KEPT_FREE_BYTES = 500_000_000
"""More than a day of sessions."""
LOOK_AFTER_BYTES = 16 << 20
"""Of what comes piece by piece: so much may come before the room is looked at again."""


def why_no_room(folder: Path, what: str, wanted_bytes: int, to_do: str) -> str | None:
    """A sentence where `what`, with `wanted_bytes` more, would take sessions' room; else None.

    `folder`: where it would lie; `to_do`: how the person who reads it can make room.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes >= wanted_bytes + KEPT_FREE_BYTES:
        return None
    needs = f", and it needs {megabytes(wanted_bytes)}" if wanted_bytes else ""
    return (
        f"There is no room for {what}: {megabytes(KEPT_FREE_BYTES)} have to stay free for "
        f"sessions, but only {megabytes(free_bytes)} are{needs}; {to_do}."
    )


class Looks:
    """Has `look` called each time `LOOK_AFTER_BYTES` more have come."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._new_bytes = 0

    def take(self, size_bytes: int) -> None:
        """So much more has come."""
        self._new_bytes += size_bytes
        if self._new_bytes >= LOOK_AFTER_BYTES:
            self._look()
            self._new_bytes = 0


def megabytes(size_bytes: int) -> str:
    """For a person."""
    return f"{size_bytes / 1_000_000:,.1f} MB"
