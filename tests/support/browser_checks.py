"""Whether a page can be used by everybody: axe-core, measured targets, a walk by keyboard."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, Response

TARGET_PX = 48
LARGEST_PAGE_BYTES = 150 * 1024
"""Of a page with all its scripts, styles and pictures, unpacked."""
_ROUNDING_PX = 0.5  # layout counts in 64ths of a pixel, and so does the device's scale
SERIOUS = ("serious", "critical")
_TO_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex='0']"

_SMALL_TARGETS = """([controls, least]) => {
  const visible = (e) => e.checkVisibility({visibilityProperty: true});
  const inSentence = (e) => e.tagName === 'A'
    && [...e.parentElement.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const small = [];
  for (const e of document.querySelectorAll(controls)) {
    if (e.type === 'hidden' || !visible(e) || e.disabled || e.tabIndex < 0) continue;
    if (inSentence(e)) continue;
    if (e.matches('.skip') || e.getAttribute('role') === 'region') continue;
    if (e.matches("[tabindex='0']:not(a, button, input, select, textarea, summary)")) continue;
    // What belongs to a field's label is touched as the field is.
    const boxes = [e, ...(e.labels ?? [])].map((x) => x.getBoundingClientRect());
    const width = Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left));
    const height = Math.max(...boxes.map((b) => b.bottom)) - Math.min(...boxes.map((b) => b.top));
    if (width < least || height < least) {
      const name = e.outerHTML.replace(/\\s+/g, ' ').slice(0, 120);
      small.push(`${Math.round(width)} x ${Math.round(height)}: ${name}`);
    }
  }
  return small;
}"""

_TO_REACH = """(controls) => {
  const names = new Set();
  const reach = [];
  for (const e of document.querySelectorAll(controls)) {
    if (e.type === 'hidden' || e.disabled || e.tabIndex < 0) continue;
    if (!e.checkVisibility({visibilityProperty: true})) continue;
    if (e.type === 'radio') {  // a group is one stop; its chosen one, or the first
      const key = `${[...document.forms].indexOf(e.form)} ${e.name}`;
      if (names.has(key)) continue;
      names.add(key);
    }
    e.dataset.stop = reach.length;
    if (e.type === 'radio') {
      for (const r of document.getElementsByName(e.name)) {
        if (r.form === e.form) r.dataset.stop = reach.length;
      }
    }
    reach.push(e.outerHTML.replace(/\\s+/g, ' ').slice(0, 120));
  }
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  window.scrollTo(0, 0);
  return reach;
}"""

_FOCUSED = """() => {
  const e = document.activeElement;
  if (e === null || e === document.body || e === document.documentElement) return null;
  const box = e.getBoundingClientRect();
  const shown = [e, e.closest('label'), e.nextElementSibling].filter(Boolean).some((x) => {
    const s = getComputedStyle(x);
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  });
  // Not wholly behind something else, as a bar that stays in its place (WCAG 2.4.11).
  const label = e.closest('label');
  const seen = [0.05, 0.5, 0.95].some((x) => [0.1, 0.5, 0.9].some((y) => {
    const top = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return top !== null && (e.contains(top) || top.contains(e) && top.matches('label, summary')
      || (label !== null && label.contains(top)));
  }));
  return {stop: Number(e.dataset.stop ?? -1), shown, covered: !seen,
          name: e.outerHTML.replace(/\\s+/g, ' ').slice(0, 120)};
}"""

_SIZES = """() => Object.fromEntries(
  [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((entry) => [entry.name, entry.decodedBodySize]))"""


@cache
def _axe() -> Axe:
    return Axe()


def serious_violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if colours_only:
        options["runOnly"] = {"type": "rule", "values": ["color-contrast"]}
    found = _axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {_message(node)}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def _message(node: dict[str, Any]) -> str:
    checks = [*node.get("any", []), *node.get("all", []), *node.get("none", [])]
    return "; ".join(str(check["message"]) for check in checks)


def small_targets(page: Page) -> list[str]:
    """Controls smaller than TARGET_PX either way; links within a sentence excepted (WCAG 2.5.8)."""
    found: list[str] = page.evaluate(_SMALL_TARGETS, [_TO_FOCUS, TARGET_PX - _ROUNDING_PX])
    return found


def too_wide_px(page: Page) -> int:
    """By how much the page is wider than the screen, so that it would scroll sideways."""
    wide_px: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, wide_px)


@dataclass(frozen=True)
class KeyboardWalk:
    """Controls a page has, in order, and what the Tab key made of them."""

    controls: list[str]
    reached: list[int]
    without_focus_shown: list[str]
    out_of_sight: list[str]

    @property
    def missed(self) -> list[str]:
        """Controls that the Tab key never came to."""
        return [name for stop, name in enumerate(self.controls) if stop not in self.reached]


def keyboard_walk(page: Page) -> KeyboardWalk:
    """Press Tab from the top of the page until every control has been passed."""
    controls: list[str] = page.evaluate(_TO_REACH, _TO_FOCUS)
    reached: list[int] = []
    unshown: list[str] = []
    unseen: list[str] = []
    for _ in range(len(controls) + 5):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or (focused["stop"] in reached and focused["stop"] == 0):
            break
        if focused["stop"] not in reached[-1:]:  # parts of a date field are one control
            reached.append(focused["stop"])
        if not focused["shown"]:
            unshown.append(focused["name"])
        if focused["covered"]:
            unseen.append(focused["name"])
    return KeyboardWalk(controls, reached, unshown, unseen)


def weigh(page: Page, address: str) -> tuple[Response, dict[str, int]]:
    """Load an address; its answer, and the bytes of all that came with it by address.

    Bytes are counted as unpacked, whether they came over the network or from the browser's cache.
    """
    answer = page.goto(address)
    assert answer is not None
    page.wait_for_load_state("load")
    sizes_bytes: dict[str, int] = page.evaluate(_SIZES)
    return answer, sizes_bytes
