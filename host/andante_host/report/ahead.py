"""Work for a second processor core, in a process that is forked from a command's.

First a session's analysis, while the command loads the library that draws, which takes about as
long; then every second picture.
"""

import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from andante_host.report.view import View

Item = TypeVar("Item")
Made = TypeVar("Made")

_held: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []  # in the other process alone


@contextmanager
def no_garbage_collected() -> Iterator[None]:
    """For a command that soon ends: looking for garbage while libraries load takes 7 % of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def spare_documentation() -> None:
    """Have matplotlib load without writing the documentation of each kind of artist's properties.

    That is a quarter of its loading, and no command reads it. Matplotlib has no setting for it:
    a version that does it in another way only loads as slowly as it wants to.
    """
    from matplotlib.artist import Artist

    writes = "_update_set_signature_and_docstring"
    if hasattr(Artist, writes):
        setattr(Artist, writes, classmethod(lambda _: None))


@contextmanager
def _second_process(**beginning: Any) -> Iterator[ProcessPoolExecutor]:
    with warnings.catch_warnings():
        # Said from Python 3.12 on; the other threads are the numerical library's, which expects it.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        with ProcessPoolExecutor(1, mp_context=get_context("fork"), **beginning) as process:
            yield process


@contextmanager
def view_ahead(session: Path) -> Iterator["Future[View]"]:
    """The view of a session, begun now; `result()` waits for it and raises what went wrong there.

    For a command that has just begun: the process is forked, so nothing may run beside it yet.
    """
    with _second_process() as process:
        yield process.submit(_view_of, session)


def _view_of(session: Path) -> "View":
    from andante_host.report.view import view_of

    return view_of(session)


def made_by_two(make: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """`make` of each item, every second one in the other process; raises what went wrong there.

    The items are there already, since it is a copy of this process; what is made comes back, so
    that has to be picklable.
    """
    made: list[Made | None] = [None] * len(items)
    with _second_process(initializer=_held.extend, initargs=([(make, items)],)) as process:
        theirs = process.map(_make_held, range(1, len(items), 2))
        made[::2] = [make(item) for item in items[::2]]
        made[1::2] = theirs
    return cast(list[Made], made)


def _make_held(place: int) -> Any:
    make, items = _held[-1]
    return make(items[place])
