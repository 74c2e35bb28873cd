"""A matplotlib figure as SVG for the middle of an HTML page."""

import io
import re

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

_TAG = re.compile(r"<[^>]*>")
_FINER = re.compile(r"(?<=\.\d\d)\d+")
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def inline_svg(figure: Figure, name: str, description: str) -> Markup:
    """The figure as one `<svg>` element that takes the width it is given.

    `name` goes in front of every id, so that several pictures share a page; `description` is
    what a screen reader says.
    """
    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    # Hundredths of a point are finer than any screen, and halve the size.
    text = _TAG.sub(lambda tag: _FINER.sub("", tag[0]), text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    opening, rest = text.split(">", 1)
    opening = re.sub(r'\s(?:width|height|xmlns:xlink|xmlns|version)="[^"]*"', "", opening)
    label = Markup(' role="img" aria-label="{}">').format(description)
    return Markup(opening) + label + Markup(rest.replace("xlink:href", "href").strip())
