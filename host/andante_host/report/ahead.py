"""Work for a second processor core, in a process that is forked from a command's.

First a session's analysis, while the command loads the library that draws, which takes about as
long; then every second picture.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from andante_host.report.view import View

Item = TypeVar("Item")
Made = TypeVar("Made")


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


def made_by_two(make: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """`make` of each item, every second one in the other process; raises what went wrong there.

    Items and what is made of them go from one to the other, so both have to be picklable.
    """
    made: list[Made | None] = [None] * len(items)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
        theirs = process.map(make, items[1::2])
        made[::2] = [make(item) for item in items[::2]]
        made[1::2] = theirs
    return cast(list[Made], made)
