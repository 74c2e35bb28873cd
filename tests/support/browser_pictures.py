"""Pictures for the guides, taken while the tests walk; written only when asked for.

    ANDANTE_PICTURES=1 make test-browser

Otherwise they are left as they are, so that a run of the tests changes no file of the project.
"""

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from support.browser import Screen

PICTURES = Path(__file__).parents[2] / "docs" / "images"
ASKED_BY = "ANDANTE_PICTURES"
_COLOURS = 128


def picture(page: Page, name: str, *, screen: Screen | None = None, after_ms: float = 0) -> None:
    """Keep the page as `docs/images/console-NAME.png`, where pictures are asked for.

    `screen`: another than the test's; `after_ms`: how long something is left to show itself first.
    """
    if not os.environ.get(ASKED_BY):
        return
    size = page.viewport_size
    if screen is not None:
        page.set_viewport_size(screen.viewport)
    page.wait_for_load_state("load")
    page.wait_for_timeout(after_ms)
    page.evaluate("scrollTo(0, 0)")
    shot = page.screenshot(animations="disabled", caret="hide")
    if size is not None:
        page.set_viewport_size(size)
    # Plain surfaces and letters: a palette halves the file and nobody sees it.
    with Image.open(io.BytesIO(shot)) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(PICTURES / f"console-{name}.png", optimize=True)
