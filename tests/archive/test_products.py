"""What was made is found again as long as it holds, and makes room for what is newer."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from andante_host.archive import products
from andante_host.archive.folder import FoundFile
from andante_host.archive.products import Kind, ProductCache, product_at

FOUND = FoundFile("walk.andante", 100, 5, False, False)


@pytest.mark.parametrize(
    "changed", [{"size_bytes": 101}, {"modified_ns": 6}, {"name": "b.andante"}]
)
def test_another_file_has_another_place(tmp_path: Path, changed: dict[str, Any]) -> None:
    cache = ProductCache(tmp_path)
    assert cache.path(FOUND, Kind.PDF) == cache.path(FOUND, Kind.PDF)
    assert cache.path(dataclasses.replace(FOUND, **changed), Kind.PDF) != cache.path(
        FOUND, Kind.PDF
    )


def test_another_version_makes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ProductCache(tmp_path)
    before = cache.path(FOUND, Kind.HTML)
    monkeypatch.setattr(products, "measures_version", lambda: "another")
    assert cache.path(FOUND, Kind.HTML) != before


def test_the_longest_unused_goes_first_and_the_newest_stays(tmp_path: Path) -> None:
    cache = ProductCache(tmp_path, most_bytes=250)
    made = [tmp_path / f"{number}.html" for number in range(4)]
    for number, path in enumerate(made):
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    cache.used(made[1])
    cache.tidy(newest=made[0])
    assert [path.exists() for path in made] == [True, True, False, False]


def test_a_product_is_named_after_its_session(tmp_path: Path) -> None:
    path = tmp_path / "0123.zip"
    path.write_bytes(b"12345")
    found = product_at("walk.andante", Kind.CSV, path)
    assert (found.name, found.size_bytes) == ("walk-csv.zip", 5)
