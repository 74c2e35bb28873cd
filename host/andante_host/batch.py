"""All sessions of a folder to one table, on every processor core.

Each session is read and measured by a process of its own pool; the libraries are loaded once, by
the process that the others are forked from, and linear algebra keeps to one thread in each, since
the sessions are what is shared out. A session that cannot be read, or that ends the process that
reads it, is named and the others go on.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

from andante.errors import AndanteError
from andante.session.file import SUFFIX
from andante_host.export.cells import Cell, write_csv
from andante_host.export.flat import columns_of, flat
from andante_host.export.whole import whole_file

Row = dict[str, Cell]
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_LOADED_ONCE = ["andante_host.analysis", "andante_host.detect.contacts", __name__]
_DIED = "The process that read it came to an end; the file is damaged or too large for the memory."


@dataclass(frozen=True)
class Batch:
    """One row for each session that could be measured; (file, reason) for the others.

    Both in order of the file names; names are relative to the folder.
    """

    rows: tuple[Row, ...]
    failures: tuple[tuple[str, str], ...]


def session_files(folder: Path) -> list[Path]:
    """Every session file in a folder and the folders in it, in order. Raises AndanteError."""
    if not folder.is_dir():
        raise AndanteError(f"There is no folder {folder}; check the name.")
    found = sorted(folder.rglob(f"*{SUFFIX}"))
    if not found:
        raise AndanteError(f"{folder} holds no session files; they end in {SUFFIX}.")
    return found


def measure_all(
    folder: Path,
    files: Sequence[Path],
    core_count: int | None = None,
    on_done: Callable[[Path], None] = lambda _: None,
) -> Batch:
    """Measure `files`, all in `folder`, with `core_count` processes (None: as many as cores)."""
    results: dict[Path, Row | str] = {}
    wanted = max(1, min(core_count or len(os.sched_getaffinity(0)), len(files)))
    with _one_thread_each():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED_ONCE)
        for path, result in _shared_out(context, files, wanted):
            results[path] = result
            on_done(path)
        # A pool that lost a process says nothing of which file it was: each gets its own.
        for path in files:
            if path not in results:
                results[path] = next((r for _, r in _shared_out(context, [path], 1)), _DIED)
                on_done(path)
    rows: list[Row] = []
    failures: list[tuple[str, str]] = []
    for path in files:
        name, result = str(path.relative_to(folder)), results[path]
        if isinstance(result, str):
            failures.append((name, result))
        else:
            rows.append({"path": name, **result})
    return Batch(tuple(rows), tuple(failures))


def _shared_out(
    context: BaseContext, files: Sequence[Path], core_count: int
) -> Iterator[tuple[Path, Row | str]]:
    """What became of each file, as it comes; ends early where a process died."""
    with ProcessPoolExecutor(core_count, context) as pool:
        waiting: dict[Future[Row | str], Path] = {}
        try:
            waiting |= {pool.submit(_measure, path): path for path in files}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _measure(path: Path) -> Row | str:
    """The row of one session, or why there is none. Runs in a process of the pool."""
    from andante_host.analysis import analyse

    try:
        return flat(analyse(path))
    except AndanteError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 one bad file never stops the rest
        return f"{path} cannot be measured ({type(error).__name__}: {error})."


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start in here use one thread for linear algebra, unless told otherwise."""
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


# --- the table ------------------------------------------------------------------------------


def write_tables(batch: Batch, out: Path) -> list[Path]:
    """Write OUT.csv and OUT.parquet; the files. Raises AndanteError.

    Both have the same columns: the file, then the keys of the measures. Unknown is empty in the
    CSV and null in Parquet.
    """
    columns = columns_of(batch.rows)
    table, parquet = out.with_name(f"{out.name}.csv"), out.with_name(f"{out.name}.parquet")
    with whole_file(table) as part:
        write_csv(part, columns, ([row.get(name) for name in columns] for row in batch.rows))
    with whole_file(parquet) as part:
        _write_parquet(part, columns, batch.rows)
    return [table, parquet]


def _write_parquet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = []
    for name in columns:
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {bool} and kinds:
            kind = pa.bool_()
        elif kinds <= {int} and kinds:
            kind = pa.int64()
        elif kinds <= {int, float}:
            kind = pa.float64()
        else:
            kind, values = pa.string(), [None if v is None else str(v) for v in values]
        arrays.append(pa.array(values, type=kind))
    pq.write_table(pa.table(arrays, names=list(columns)), path)
