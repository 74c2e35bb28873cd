"""What a browser would send of a plan's form: every field as the page shows it."""

from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        name = have.get("name")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            # Without a chosen one a browser sends the first.
            if "selected" in have or self._select not in self.found:
                self.found[self._select] = have.get("value") or ""
        elif tag == "input" and name is not None:
            kind = have.get("type") or "text"
            if kind in ("checkbox", "radio"):
                if "checked" in have:
                    self.found[name] = have.get("value") or "on"
            else:
                self.found[name] = have.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None


def fields_of(page: str) -> dict[str, str]:
    """The form's fields by name, without its CSRF token."""
    parser = _Fields()
    parser.feed(page)
    return {name: value for name, value in parser.found.items() if name != "_csrf_token"}
