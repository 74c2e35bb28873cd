"""Waiting for what the archive's worker makes."""

import threading
from collections.abc import Callable
from typing import TypeVar

from httpx import Response

from support.console import Visitor

LONGEST_S = 90.0
_STEP_S = 0.05
Found = TypeVar("Found")


def until_there(look: Callable[[], Found | None]) -> Found:
    """What `look` gives as soon as it gives something."""
    pause = threading.Event()
    for _ in range(round(LONGEST_S / _STEP_S)):
        found = look()
        if found is not None:
            return found
        pause.wait(_STEP_S)
    raise AssertionError(f"it was not there after {LONGEST_S:g} s")


def page_when_ready(visitor: Visitor, path: str) -> Response:
    """The page, as a browser has it that looks again while it is told to wait."""

    def look() -> Response | None:
        answer = visitor.get(path)
        if answer.status_code == 202:
            assert answer.headers["refresh"] == "2"
            return None
        return answer

    return until_there(look)
