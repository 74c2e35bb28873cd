"""Every page that somebody can come to by links, so that no page is forgotten."""

import re
from urllib.parse import urljoin, urlsplit

from support.browser import Visitor
from support.reports import Tags

_PARTS = (
    (re.compile(r"[^/]+\.andante"), "{file}"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "{id}"),
    (re.compile(r"\bP-\d+\b"), "{code}"),
    (re.compile(r"(?<=/plans/new/)[a-z-]+"), "{template}"),
)
_DOCUMENT = re.compile(r"/report\.[a-z]+$|/download(/|$)")
_MOST_PAGES = 60


def pattern_of(path: str) -> str:
    """An address with codes, ids and files left open: `/patients/{code}`."""
    for part, name in _PARTS:
        path = part.sub(name, path)
    return path


def pages_within_reach(visitor: Visitor, start: str) -> dict[str, str]:
    """One address for each kind of page, by its pattern, beginning at `start`.

    Links to files (what is not HTML, and reports, which are documents to keep) are left out; so is
    what differs only by its query.
    """
    found: dict[str, str] = {}
    waiting = [start]
    seen = {pattern_of(start)}
    while waiting and len(found) < _MOST_PAGES:
        path = waiting.pop(0)
        answer = visitor.context.request.get(visitor.origin + path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.ok, f"{path} is linked to and answers {answer.status}"
        path = answer.url.removeprefix(visitor.origin)  # where it led
        found[pattern_of(urlsplit(path).path)] = path
        for name, attributes in Tags(answer.text()).tags:
            href = attributes.get("href")
            if name != "a" or href is None or "download" in attributes:
                continue
            link = urlsplit(urljoin(answer.url, href))
            if f"{link.scheme}://{link.netloc}" != visitor.origin:
                continue
            if pattern_of(link.path) not in seen and not _DOCUMENT.search(link.path):
                seen.add(pattern_of(link.path))
                waiting.append(link.path + (f"?{link.query}" if link.query else ""))
    return found
