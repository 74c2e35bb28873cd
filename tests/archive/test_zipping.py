"""A ZIP made while it is sent: whole, and with little memory however large."""

import io
import tracemalloc
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante_host.archive.zipping import CHUNK_BYTES, chunks_of, zipped

LARGE_BYTES = 200_000_000
MOST_MEMORY_BYTES = 2_000_000


@given(contents=st.lists(st.binary(max_size=3 * CHUNK_BYTES), max_size=4), text=st.text())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_goes_in_comes_out(tmp_path: Path, contents: list[bytes], text: str) -> None:
    files = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(content)
        files.append((f"folder/{number}.bin", path))
    whole = b"".join(zipped(files, [("told.txt", text)]))
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["told.txt", *(name for name, _ in files)]
        assert found.read("told.txt").decode() == text
        assert [found.read(name) for name, _ in files] == contents


def test_200_mb_pass_through_2_mb_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.andante"
    with path.open("wb") as file:
        file.truncate(LARGE_BYTES)
    tracemalloc.start()
    try:
        zip_bytes = sum(map(len, zipped([("large.andante", path)], [])))
        file_bytes = sum(map(len, chunks_of(path.open("rb"))))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file_bytes == LARGE_BYTES
    assert zip_bytes > LARGE_BYTES
    assert peak_bytes < MOST_MEMORY_BYTES


def test_a_file_older_than_zip_itself_is_taken(tmp_path: Path) -> None:
    import os

    path = tmp_path / "a"
    path.write_bytes(b"x")
    os.utime(path, (0, 0))  # as a device without a clock dates it
    assert b"".join(zipped([("a", path)], []))
