"""The guides' pictures and links lead somewhere."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = ("therapist-guide.md", "clinician-guide.md")
_LINK = re.compile(r"\]\(([^)#:]+)")


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_to_a_file(guide: str) -> None:
    links = _LINK.findall((DOCS / guide).read_text())
    assert links
    assert [link for link in links if not (DOCS / link).is_file()] == []


def test_every_picture_of_the_page_is_in_a_guide() -> None:
    shown = {link for path in DOCS.glob("*.md") for link in _LINK.findall(path.read_text())}
    taken = {f"images/{path.name}" for path in (DOCS / "images").glob("console-*.png")}
    assert taken - shown == set()
