"""What a session under way shows on the live page, and what its file knows of it afterwards."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from andante.session.file import SessionData, load_session
from andante.timebase import MS_PER_S, NS_PER_MS

_COUNT_DRAWINGS = """(during_ms) => new Promise((resolve) => {
  let drawn = 0;
  const strip = document.getElementById('strip');
  // One call for each drawing: nothing but a message from the engine redraws the strip.
  new MutationObserver(() => { drawn += 1; }).observe(strip, {childList: true, subtree: true});
  setTimeout(() => resolve(drawn), during_ms);
})"""
_NOTE_CLICKS = """() => {
  document.addEventListener('click', () => { document.body.dataset.clicked = Date.now(); }, true);
}"""
BEGINS_WITHIN_MS = 20_000


def begin_simulated(page: Page) -> None:
    """From a plan's page: start it on a simulated patient and come to the live page."""
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_label("Simulated patient").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/live", timeout=BEGINS_WITHIN_MS)
    expect(page.locator("[data-mode='running']")).to_be_visible(timeout=BEGINS_WITHIN_MS)


def stage(page: Page) -> str:
    """The stage as the page names it."""
    return page.locator("[data-text='stage']").inner_text()


def wait_for_stage(page: Page, name: str, timeout_ms: float = 30_000) -> None:
    """Until the page says so."""
    expect(page.locator("[data-text='stage']")).to_have_text(name, timeout=timeout_ms)


def updates_per_s(page: Page, during_s: float) -> float:
    """How often a second the strip of beats is drawn anew from what the engine said."""
    drawn: int = page.evaluate(_COUNT_DRAWINGS, during_s * 1000)
    return drawn / during_s


def wait_until_over(page: Page, timeout_ms: float = 90_000) -> None:
    """Until the page says that the session has ended."""
    expect(page.get_by_role("heading", name="The session is over")).to_be_visible(
        timeout=timeout_ms
    )


def file_of(page: Page, sessions_dir: Path) -> Path:
    """The session file that the page links to once the session is over."""
    href = page.locator("[data-ended-link]").get_attribute("href")
    assert href is not None
    (found,) = sessions_dir.rglob(href.removeprefix("/sessions/"))
    return found


def note_ns(data: SessionData, text: str) -> int:
    """When the engine took down a note that contains `text`."""
    (time_ns,) = [note.time_ns for note in data.notes if text in note.text]
    return time_ns


def cue_intervals_ms(data: SessionData) -> tuple[np.ndarray, np.ndarray]:
    """Planned times of the beats in ns, and the interval from each to the next in ms."""
    beats_ns = data.cues.planned_ns[np.isin(data.cues.kind, ("beat", "silent"))]
    return beats_ns, np.diff(beats_ns) / NS_PER_MS


def loaded(path: Path) -> SessionData:
    """The session without its raw samples."""
    return load_session(path, with_raw=False)


def note_clicks(page: Page) -> None:
    """From here on the page keeps when it was last clicked."""
    page.evaluate(_NOTE_CLICKS)


def session_ns(data: SessionData, wall_ms: float) -> int:
    """A browser's time in session time, by the wall clock that the session's header ties to it."""
    since_ms = wall_ms - data.header.started_utc.timestamp() * MS_PER_S
    return data.header.started_ns + round(since_ms * NS_PER_MS)
