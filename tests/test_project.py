"""What the project's own files promise of each other."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_is_named_in_setup_cfg() -> None:
    """Two source folders cannot be searched by setuptools, so the list is kept by hand."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    found = {
        ".".join(init.parent.relative_to(folder).parts)
        for folder in (ROOT / "firmware", ROOT / "host")
        for init in folder.rglob("__init__.py")
    }
    assert named == found


def test_every_document_that_the_readme_names_is_there() -> None:
    words = (ROOT / "README.md").read_text().replace("`", " ").replace("(", " ").replace(")", " ")
    paths = [
        w.rstrip(",.;") for w in words.split() if w.startswith(("docs/", "firmware/", "host/"))
    ]
    assert len(paths) >= 8
    assert [path for path in paths if not (ROOT / path).exists()] == []
