"""A session's analysis in a process of its own, while this one loads the library that draws.

Both take about as long, and a computer with two cores does them at the same time.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from andante_host.report.view import View


@contextmanager
def view_ahead(session: Path) -> Iterator["Future[View]"]:
    """The view of a session, begun now; `result()` waits for it and raises what went wrong there.

    For a command that has just begun: the process is forked, so nothing may run beside it yet.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
        yield process.submit(_view_of, session)


def _view_of(session: Path) -> "View":
    from andante_host.report.view import view_of

    return view_of(session)
