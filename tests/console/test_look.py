"""What every page has in common: colours that can be read, and templates that keep the rules."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import andante_host.console

CONSOLE = Path(andante_host.console.__file__).parent
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
SCRIPTS = sorted((CONSOLE / "static").rglob("*.js"))
SHEETS = sorted((CONSOLE / "static").rglob("*.css"))
SHEET = CONSOLE / "static" / "andante.css"
SHEET_MOST_BYTES = 20 * 1024
TABLET_MOST_BYTES = 20 * 1024
PAGE_MOST_BYTES = 150 * 1000

TEXT = [
    *product(("ink", "soft", "link"), ("paper", "card", "pale")),
    ("on-brand", "brand"),
    ("on-danger", "danger"),
    ("good", "good-pale"),
    ("bad", "bad-pale"),
    ("bad", "card"),
    ("bad", "paper"),
    ("warn", "warn-pale"),
]
"""Which colour is written on which ground."""
SHAPES = [
    *product(("edge", "brand", "accent", "danger"), ("paper", "card")),
    ("brand", "pale"),
]
"""Which colour is seen as a shape, such as a border or a curve, on which ground."""
TEXT_LEAST, TEXT_LEAST_HIGH, SHAPE_LEAST = 4.5, 7.0, 3.0
"""WCAG 2.2: 1.4.3, 1.4.6 and 1.4.11."""


# --- colours ----------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2.2 defines it."""

    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colour_sets() -> dict[str, dict[str, str]]:
    """Every rule that sets colours, by its media query and selector."""
    text = re.sub(r"/\*.*?\*/", "", SHEET.read_text(), flags=re.S)
    sets = {}
    for match in re.finditer(r"(@media [^{]+\{\s*)?(html[^{\s]*) \{([^}]*--paper:[^}]*)\}", text):
        query = (match[1] or "").strip(" \n{")
        sets[f"{query} {match[2]}".strip()] = dict(re.findall(r"--([\w-]+): (#\w{6});", match[3]))
    return sets


SETS = colour_sets()
DARK = "@media (prefers-color-scheme: dark)"
MORE = "@media (prefers-contrast: more)"
HIGH = [name for name in SETS if MORE in name or "contrast" in name]


def test_the_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # Figures that WebAIM's checker gives.
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.59, abs=0.005)


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_contrast_has_no_direction(one: int, other: int) -> None:
    first, second = f"#{one:06x}", f"#{other:06x}"
    assert contrast(first, second) == contrast(second, first)
    assert 1 <= contrast(first, second) <= 21.000001


def test_there_is_light_dark_and_high_contrast_by_preference_and_by_choice() -> None:
    assert set(SETS) == {
        "html",
        f'{DARK} html:not([data-theme="light"])',
        'html[data-theme="dark"]',
        f'{MORE} html:not([data-theme="dark"])',
        f'{MORE} and (prefers-color-scheme: dark) html:not([data-theme="light"])',
        'html[data-theme="contrast"]',
    }
    names = set(SETS["html"])
    assert len(names) == 19
    assert all(set(colours) == names for colours in SETS.values())


def test_a_look_is_the_same_by_preference_and_by_choice() -> None:
    assert SETS[f'{DARK} html:not([data-theme="light"])'] == SETS['html[data-theme="dark"]']
    by_preference = SETS[f'{MORE} and (prefers-color-scheme: dark) html:not([data-theme="light"])']
    assert by_preference == SETS['html[data-theme="contrast"]']


@pytest.mark.parametrize("name", SETS)
def test_every_text_can_be_read_on_its_ground(name: str) -> None:
    colours = SETS[name]
    least = TEXT_LEAST_HIGH if name in HIGH else TEXT_LEAST
    found = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


@pytest.mark.parametrize("name", SETS)
def test_every_shape_can_be_told_from_its_ground(name: str) -> None:
    colours = SETS[name]
    found = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in SHAPES}
    assert {pair: ratio for pair, ratio in found.items() if ratio < SHAPE_LEAST} == {}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_rules_take_their_colours_from_the_sets(sheet: Path) -> None:
    rules = re.sub(r"/\*.*?\*/|--[\w-]+:[^;]+;", "", sheet.read_text(), flags=re.S)
    rules = rules.split("@media print")[0]
    colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules))
    # A shadow's transparent black is no text and no ground.
    assert {colour for colour in colours if not re.fullmatch(r"#000[0-9a-f]", colour)} == set()


# --- templates ----------------------------------------------------------------------------------


class Page(HTMLParser):
    """A template's tags, with what encloses them. Jinja's statements are left out."""

    VOID = frozenset({"input", "meta", "link", "br", "hr", "img", "path", "circle", "line", "rect"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.inside: list[str] = []
        source = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", source, flags=re.S)
        self.feed(re.sub(r"\{\{(.*?)\}\}", lambda m: re.sub(r"\W", "_", m[1]), source, flags=re.S))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values, tuple(self.inside)))
        if tag not in self.VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass


def name_of(path: Path) -> str:
    return str(path.relative_to(CONSOLE))


def fields(page: Page) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """What is typed into or chosen, with what encloses it."""
    for tag, values, inside in page.tags:
        hidden = values.get("type") in {"hidden", "submit", "button"} or (
            # For the browser's password store, out of everybody's way.
            values.get("aria-hidden") == "true" and values.get("tabindex") == "-1"
        )
        if tag in {"select", "textarea"} or (tag == "input" and not hidden):
            yield values, inside


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_has_a_style_or_a_script_of_its_own(path: Path) -> None:
    for tag, values, _ in Page(path.read_text()).tags:
        assert tag != "style"
        assert "style" not in values, f"<{tag} style>"
        assert not [name for name in values if name.startswith("on")], f"<{tag} on…>"
        assert not values.get("href", "").startswith("javascript:")
        if tag == "script":
            assert values["src"].startswith("/static/")


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_form_that_changes_something_carries_the_token(path: Path) -> None:
    for form in re.findall(r"<form\b[^>]*>.*?</form>", path.read_text(), flags=re.S):
        head = form[: form.index(">")]
        if re.search(r"method=[\"']?post", head, flags=re.I):
            assert "{{ csrf_input | safe }}" in form, head


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_field_has_a_label(path: Path) -> None:
    page = Page(path.read_text())
    labelled = {values["for"] for tag, values, _ in page.tags if tag == "label" and "for" in values}
    for values, inside in fields(page):
        has_label = (
            "label" in inside
            or values.get("id") in labelled
            or "aria-label" in values
            or "aria-labelledby" in values
        )
        assert has_label, values


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_comes_from_another_origin(path: Path) -> None:
    for tag, values, _ in Page(path.read_text()).tags:
        for name in ("src", "href", "action"):
            value = values.get(name, "")
            assert not re.match(r"https?:|//", value), f"<{tag} {name}={value}>"


def test_the_tests_of_templates_see_what_they_look_for() -> None:
    source = (
        '<form><label for="{{ a }}">x</label><input id="{{ a }}"><input {% if b %}x{% endif %}>'
    )
    page = Page(source)
    assert [values.get("id") for values, _ in fields(page)] == ["_a_", None]
    assert [inside for _, inside in fields(page)] == [("form",), ("form",)]


# --- scripts and sizes ------------------------------------------------------------------------


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_code_or_markup_from_text(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\beval\(|new Function|innerHTML|outerHTML|document\.write", text)
    assert not re.search(r"""["'`]https?://(?!www\.w3\.org)""", text)


def test_sheets_and_scripts_stay_small() -> None:
    assert SHEET.stat().st_size <= SHEET_MOST_BYTES
    tablet = (CONSOLE / "static").glob("exercise*")
    assert sum(path.stat().st_size for path in tablet) <= TABLET_MOST_BYTES
    # All that any page could load together, before its own text.
    assert sum(path.stat().st_size for path in [*SHEETS, *SCRIPTS]) <= PAGE_MOST_BYTES
