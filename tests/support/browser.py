"""Chromium without a network: only the device can be reached, and everything odd is kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Request,
    expect,
)

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = [
    "--no-sandbox",
    # The network is cut: whatever is not the device goes to a proxy that is not there.
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=127.0.0.1",
]
_WAIT_MS = 30_000
"""Waiting is no claim: what has to be quick is measured where it is claimed."""


@dataclass(frozen=True)
class Screen:
    """A device that people hold."""

    name: str
    width_px: int
    height_px: int

    @property
    def viewport(self) -> Any:
        """As Playwright wants it."""
        return {"width": self.width_px, "height": self.height_px}


PHONE = Screen("phone", 390, 844)
TABLET = Screen("tablet", 1024, 768)
UPRIGHT = Screen("tablet held upright", 1024, 1366)


@dataclass
class Watch:
    """What a browser context did that it should not have: kept as it happens."""

    origin: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _allowed: list[re.Pattern[str]] = field(default_factory=list)

    def add_request(self, request: Request) -> None:
        """Keep a request to any other origin."""
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def add_message(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings; breaches of the content security policy are among them."""
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.complaints.append(f"{message.text} ({where})")

    def add_error(self, error: Error) -> None:
        """Keep an exception that no script caught."""
        self.complaints.append(f"uncaught: {error}")

    def allow(self, pattern: str) -> None:
        """From here on a complaint like this belongs to the test."""
        self._allowed.append(re.compile(pattern))

    def check(self) -> None:
        """Fail on whatever was kept."""
        assert self.elsewhere == []
        assert [c for c in self.complaints if not any(p.search(c) for p in self._allowed)] == []


@dataclass
class Visitor:
    """One person's browser."""

    context: BrowserContext
    page: Page
    origin: str
    watch: Watch

    def go(self, path: str) -> Page:
        """Open an address of the device."""
        self.page.goto(self.origin + path)
        return self.page

    @property
    def path(self) -> str:
        """Where the page is, without origin."""
        return self.page.url.removeprefix(self.origin)


def launched(playwright: Playwright) -> Browser:
    """Debian's Chromium."""
    expect.set_options(timeout=_WAIT_MS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)


@contextmanager
def visitor(
    browser: Browser, origin: str, screen: Screen = TABLET, **options: Any
) -> Iterator[Visitor]:
    """A new visitor without cookies; at the end nothing odd may have happened."""
    context = browser.new_context(
        viewport=screen.viewport,
        has_touch=True,
        ignore_https_errors=True,
        accept_downloads=True,
        **options,
    )
    context.set_default_timeout(_WAIT_MS)
    watch = Watch(origin)
    context.on("request", watch.add_request)
    context.on("console", watch.add_message)
    context.on("weberror", lambda found: watch.add_error(found.error))
    try:
        yield Visitor(context, context.new_page(), origin, watch)
        watch.check()
    finally:
        context.close()
