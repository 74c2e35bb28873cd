"""The report: whole, self-contained, honest, and small."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from andante.timebase import SimulatedClock
from andante_host.imports.importer import import_file
from andante_host.report.commands import report
from andante_host.report.figures import clock_text, number
from andante_host.report.page import MAX_BYTES
from andante_host.report.words import LATENCY_SENTENCE
from support.reports import Tags, page_of, text_of
from support.sessions import Walk, write_walk

WALK = Walk(missed=(20, 41), doubtful=(30,), not_given=(50,), samples=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_walk(tmp_path_factory.mktemp("report") / "walk.andante", WALK).path
    return page_of(path)


def test_nothing_comes_from_elsewhere_and_nothing_runs(page: str) -> None:
    tags = Tags(page).tags
    assert not {"script", "link", "iframe", "object", "embed", "img"} & {tag for tag, _ in tags}
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)


def test_the_pictures_are_whole_and_their_ids_are_their_own(page: str) -> None:
    svgs = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(svgs) == 5
    for svg in svgs:
        ElementTree.fromstring(svg)
        assert 'role="img" aria-label="' in svg
    ids = [attributes["id"] for _, attributes in Tags(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page))
    assert {first or second for first, second in used} <= set(ids)


def test_every_pair_is_in_the_picture(page: str) -> None:
    """One path of as many dots as there are pairs."""
    svgs = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    svg = next(found for found in svgs if "Early or late" in found)
    most = max(path.count("M ") for path in re.findall(r' d="([^"]*)"', svg))
    matched = re.search(r"Cues met by a response</th>\s*<td class=\"n\">(\d+)", page)
    assert matched is not None
    assert most == int(matched[1])


def test_the_answers_come_first(page: str) -> None:
    text = Tags(page).text
    for question in ("Was the tempo kept?", "How steady?", "Early or late?", "steps missed?"):
        assert text.index(question) < text.index("Early or late, over the session")
    assert "110.1 steps/min" in text
    assert "ms early" in text
    assert "2 of 1" in text


def test_what_is_simulated_and_what_is_not_known_is_said(page: str) -> None:
    text = Tags(page).text
    assert "Simulated: sound, led, board, patient" in text
    assert "sound (simulated)" in text
    assert LATENCY_SENTENCE in text
    assert "Cues given at a time that is in doubt, which do not count: 1." in text
    assert "2 steps came at the second try." in text
    assert "110 % of the baseline cadence" in text


def test_texts_of_people_are_escaped(page: str) -> None:
    assert "walks with a stick &lt;left hand&gt;" in page
    assert "<left hand>" not in page


def test_a_baseline_alone_shows_steps_and_no_beat(tmp_path: Path) -> None:
    walk = Walk(baseline_s=30.0, cued_s=0.0, fade_s=0.0, carry_over_s=0.0, samples=False)
    text = text_of(write_walk(tmp_path / "b.andante", walk).path)
    assert "How fast?" in text
    assert "Early or late" not in text
    assert "There were fewer than two cues to meet." in text


def test_a_threshold_behind_the_contacts_is_said(tmp_path: Path) -> None:
    """Of a real board, or a replay through one; a simulated patient tells its own contacts."""
    real = Walk(cued_s=30.0, samples=False, simulated_parts=())
    text = text_of(write_walk(tmp_path / "r.andante", real).path)
    assert "where the force begins to rise" in text
    assert "Simulated" not in text
    simulated = Walk(cued_s=30.0, samples=False)
    page = page_of(write_walk(tmp_path / "s.andante", simulated).path)
    assert "where the force begins to rise" not in page


def test_a_cut_off_session_says_so(tmp_path: Path) -> None:
    walk = Walk(cued_s=20.0, samples=False, finished=False)
    page = page_of(write_walk(tmp_path / "cut.andante", walk).path)
    assert "cut off before its end" in page
    assert "its last second may be missing" in page


def test_half_an_hour_stays_below_a_megabyte(tmp_path: Path) -> None:
    walk = Walk(cued_s=1_740.0, tempo_spm=120.0, samples=False)
    session, out = tmp_path / "long.andante", tmp_path / "long.html"
    write_walk(session, walk)
    report(session, out)
    assert 100_000 < out.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize(
    "rows",
    ["cue,1\n", "response,1\n", "cue,1\ncue,2\n", "cue,1\ncue,2\nresponse,2.01\n"],
)
def test_next_to_nothing_still_makes_a_page(tmp_path: Path, rows: str) -> None:
    source, session = tmp_path / "events.csv", tmp_path / "few.andante"
    source.write_text(f"event,time_s\n{rows}", encoding="utf-8")
    import_file(source, session, SimulatedClock())
    page = page_of(session)
    assert "Timing certificate" in page
    assert "nan" not in Tags(page).text.lower().split()


@pytest.mark.parametrize(
    ("value", "digits", "unit", "text"),
    [
        (None, 1, "ms", "–"),
        (-20.04, 1, "ms", "−20.0 ms"),
        (-0.04, 1, "%", "0.0%"),
        (3600, 0, "", "3600"),
    ],
)
def test_numbers_as_people_read_them(
    value: float | None, digits: int, unit: str, text: str
) -> None:
    assert number(value, digits, unit) == text


@pytest.mark.parametrize(
    ("time_s", "text"), [(0.0, "0:00"), (59.6, "1:00"), (187.0, "3:07"), (-2.0, "−0:02")]
)
def test_clock_texts(time_s: float, text: str) -> None:
    assert clock_text(time_s) == text
