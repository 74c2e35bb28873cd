"""Files and folders that are there whole or not at all, also after a power cut.

Temporary name, fsync, rename, fsync of the folder (`man 2 rename`, `man 2 fsync`).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andante.errors import AndanteError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The name to write to; on leaving without an error it becomes `path`. Raises AndanteError."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _cannot(path, error) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The folder to write to; on leaving without an error it becomes `path`.

    `path` must not exist, or be an empty folder. Raises AndanteError.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        for file in part.iterdir():
            _sync(file)
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _cannot(path, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _cannot(path: Path, error: OSError) -> AndanteError:
    return AndanteError(
        f"{path} cannot be written: {error.strerror or error}; choose another place."
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
