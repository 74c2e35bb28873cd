"""The tablet's scripts in Chromium: the picture against the engine's own breath, and the scales."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

import andante_host.console
from andante import safety
from andante.ports import CueKind, breath_level

STATIC = Path(andante_host.console.__file__).parent / "static"
CHROMIUM = Path("/usr/bin/chromium")
ORIGIN = "https://andante.test"
PICTURE = """
<div id="picture" data-sayings='{"baseline": "Breathe as you like."}' data-task="Follow."
  data-calm="CALM"><svg><circle class="body" r="1"></circle></svg>
  <p class="saying"></p><p class="left"></p></div>
"""
SCALE = """
<fieldset id="scale"><label><input type="radio" name="a" value="0">0</label>
<label><input type="radio" name="a" value="1">1</label>
<label><input type="radio" name="a" value="2">2</label>
<button type="button" data-undo hidden>Undo</button></fieldset>
"""
NOTHING: dict[str, Any] = {
    "stage": "cued",
    "left_s": 90.0,
    "paused": False,
    "at_s": 0.0,
    "breaths": {"at_s": [], "duration_s": [], "kind": [], "begin_share": []},
    "cues": {"at_s": [], "interval_ms": [], "asynchrony_ms": [], "open_count": 0},
}

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def blank() -> Iterator[Page]:
    """A page of this origin that gets our scripts and nothing else."""

    def serve(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name.endswith(".js"):
            body = (STATIC / name).read_text()
            route.fulfill(body=body, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>x</title>", content_type="text/html")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(f"{ORIGIN}/blank")
        yield page
        browser.close()


def with_pacer(page: Page, body: str, calm: bool = False) -> Any:
    """What `body` returns, with a fresh `pacer`, `take`, `radius` and `saying` to work with."""
    markup = PICTURE.replace("CALM", "yes" if calm else "no")
    return page.evaluate(
        f"""async ([markup, nothing]) => {{
        const module = await import("{ORIGIN}/static/exercise-pacer.js");
        document.body.innerHTML = markup;
        const picture = document.getElementById("picture");
        const pacer = new module.Pacer(picture);
        const take = (changes, arrived_ms) => pacer.take({{ ...nothing, ...changes }}, arrived_ms);
        const radius = () => Number(picture.querySelector(".body").getAttribute("r"));
        const saying = () => picture.querySelector(".saying").textContent;
        {body}
    }}""",
        [markup, NOTHING],
    )


def breaths(*parts: tuple[float, float, str]) -> str:
    """Columns of parts of breaths, as the engine sends them."""
    at_s, duration_s, kind = zip(*parts, strict=True)
    columns = {"at_s": at_s, "duration_s": duration_s, "kind": kind}
    return json.dumps({**columns, "begin_share": [0.0] * len(parts)})


def beats(interval_ms: float, count: int) -> str:
    """Columns of beats."""
    times_s = [number * interval_ms / 1000 for number in range(count)]
    return json.dumps({"at_s": times_s, "interval_ms": [interval_ms] * count})


def test_the_circle_is_as_full_as_the_engines_breath(blank: Page) -> None:
    shares = [number / 20 for number in range(21)]
    kinds = [CueKind.INHALE, CueKind.HOLD_IN, CueKind.EXHALE, CueKind.HOLD_OUT]
    asked = [(kind, share) for kind in kinds for share in shares]
    found = with_pacer(
        blank, f"return {json.dumps(asked)}.map(([k, s]) => module.breathLevel(k, s));"
    )
    assert found == pytest.approx([breath_level(kind, share) for kind, share in asked])


def test_the_circle_follows_the_parts_that_were_handed_out(blank: Page) -> None:
    parts = breaths((10.0, 4.0, "inhale"), (14.0, 6.0, "exhale"))
    found = with_pacer(
        blank,
        f"""take({{ at_s: 10, breaths: {parts} }}, 5000);
        return [5000, 6500, 7500, 8999, 9001, 14900, 15100].map((now_ms) => {{
            pacer.arrived_ms = now_ms;
            pacer.draw(now_ms);
            return [radius(), saying()];
        }});""",
    )
    sizes, words = zip(*found, strict=True)
    assert words == ("Breathe in",) * 4 + ("Breathe out",) * 2 + ("Follow.",)
    assert sizes[0] < sizes[1] < sizes[2] < sizes[3]
    assert sizes[4] == pytest.approx(sizes[3], abs=0.2)
    assert sizes[5] == pytest.approx(sizes[0], abs=0.2)


def test_late_news_does_not_set_the_circle_back(blank: Page) -> None:
    late_ms, messages = 180, 30
    ahead_s = with_pacer(
        blank,
        f"""for (let i = 0; i < {messages}; i += 1)
            take({{ at_s: i * 0.14 }}, 1000 + i * 140 + (i % 5 ? {late_ms} : 0));
        return pacer.ahead_s;""",
    )
    # The least late came at once: exercise time 0 at 1 s of the screen's clock.
    assert ahead_s == pytest.approx(-1.0, abs=0.005)


def test_in_a_pause_and_without_news_the_circle_stands_still(blank: Page) -> None:
    parts = breaths((0.0, 4.0, "inhale"), (4.0, 6.0, "exhale"))
    found = with_pacer(
        blank,
        f"""take({{ at_s: 1, breaths: {parts}, paused: true, stage: "pause" }}, 1000);
        const sizes = [1100, 1500, 1900].map((now_ms) => (pacer.draw(now_ms), radius()));
        take({{ at_s: 1, breaths: {parts} }}, 1000);
        sizes.push(...[3100, 3600].map((now_ms) => (pacer.draw(now_ms), radius())));
        return sizes;""",
    )
    assert len(set(found)) == 1


@pytest.mark.parametrize("tempo_bpm", [60, safety.WALKING_TEMPO_SPM.high, 200, 240])
def test_the_circle_never_swells_more_than_three_times_a_second(
    blank: Page, tempo_bpm: float
) -> None:
    interval_ms = 60_000 / tempo_bpm
    seconds = 10
    sizes = with_pacer(
        blank,
        f"""const sizes = [];
        take({{ at_s: 0, cues: {beats(interval_ms, int(seconds * tempo_bpm / 60) + 2)} }}, 0);
        for (let now_ms = 0; now_ms < {seconds * 1000}; now_ms += 10) {{
            pacer.arrived_ms = now_ms;
            pacer.draw(now_ms);
            sizes.push(radius());
        }}
        return sizes;""",
    )
    peaks = [
        place
        for place in range(1, len(sizes) - 1)
        if sizes[place - 1] < sizes[place] >= sizes[place + 1]
    ]
    gaps_s = [(later - earlier) / 100 for earlier, later in pairwise(peaks)]
    assert len(peaks) >= seconds * min(tempo_bpm / 60, 1.5)
    assert min(gaps_s) >= 1 / safety.MAX_FLASHES_PER_S


def test_for_a_patient_with_epilepsy_no_beat_is_drawn(blank: Page) -> None:
    body = f"""take({{ at_s: 0, cues: {beats(600, 10)} }}, 0);
        return [0, 100, 200, 300, 620, 700].map((now_ms) => (pacer.draw(now_ms), radius()));"""
    assert len(set(with_pacer(blank, body, calm=True))) == 1
    assert len(set(with_pacer(blank, body))) > 3  # or this test could not fail


def test_with_less_motion_the_circle_keeps_its_size(blank: Page) -> None:
    blank.emulate_media(reduced_motion="reduce")
    try:
        found = with_pacer(
            blank,
            f"""take({{ at_s: 0, breaths: {breaths((0.0, 4.0, "inhale"))} }}, 0);
            const opacity = () => Number(pacer.body.getAttribute("fill-opacity"));
            return [100, 900, 1900].map((now_ms) => (pacer.draw(now_ms),
                [radius(), opacity()]));""",
        )
    finally:
        blank.emulate_media(reduced_motion="no-preference")
    sizes, opacities = zip(*found, strict=True)
    assert len(set(sizes)) == 1
    assert opacities[0] < opacities[1] < opacities[2]


def on_scale(page: Page, body: str) -> Any:
    """What `body` returns, with `touch(n)`, `key()` and `chosen()` on a scale of three."""
    return page.evaluate(
        f"""async (markup) => {{
        const module = await import("{ORIGIN}/static/exercise-scales.js");
        document.body.innerHTML = markup;
        const scale = document.getElementById("scale");
        const inputs = [...scale.querySelectorAll("input")];
        const undo = scale.querySelector("[data-undo]");
        const chosen = () => inputs.find((input) => input.checked)?.value ?? null;
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const touch = (n) => {{
            inputs[n].dispatchEvent(new PointerEvent("pointerdown", {{ bubbles: true }}));
            inputs[n].click();
        }};
        module.steady(scale);
        {body}
    }}""",
        SCALE,
    )


def test_a_second_touch_at_once_is_the_tremor(blank: Page) -> None:
    assert on_scale(blank, "touch(1); touch(2); await wait(50); touch(0); return chosen();") == "1"


def test_a_later_touch_is_a_change_of_mind_and_can_be_undone(blank: Page) -> None:
    found = on_scale(
        blank,
        """const seen = [undo.hidden];
        touch(1); await wait(module.SAME_TOUCH_MS + 60); touch(2); seen.push(chosen());
        undo.click(); seen.push(chosen()); undo.click(); seen.push(chosen(), undo.hidden);
        return seen;""",
    )
    assert found == [True, "2", "1", None, True]


def test_after_an_undo_the_next_touch_counts(blank: Page) -> None:
    assert on_scale(blank, "touch(1); undo.click(); touch(2); return chosen();") == "2"


def test_arrow_keys_are_never_taken_for_a_tremor(blank: Page) -> None:
    body = """touch(0);
        inputs[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        inputs[1].click(); inputs[2].click(); return chosen();"""
    assert on_scale(blank, body) == "2"
