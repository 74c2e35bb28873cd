"""The page as a PDF for A4.

The very page that the browser shows, laid out again by WeasyPrint, so that what is printed is
what was read. WeasyPrint needs the system's Pango; where that is missing a browser prints the
page as well.
"""

import logging
from pathlib import Path

from andante.errors import AndanteError

PANGO_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def write_pdf(page: str, out: Path) -> None:
    """Write an HTML page as a PDF. Raises AndanteError where that cannot be."""
    try:
        from weasyprint import HTML  # type: ignore[import-untyped]
    except (ImportError, OSError):
        raise AndanteError(
            "The PDF needs WeasyPrint and Pango, and one of them is missing: install the package "
            f"andante[host] and, on Debian, {PANGO_PACKAGES}, or print the page from a browser."
        ) from None
    # It warns of style rules that only a screen needs.
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        HTML(string=page).write_pdf(out)
    except OSError as error:
        raise AndanteError(
            f"The PDF {out} cannot be written: {error.strerror}; choose another place."
        ) from None
