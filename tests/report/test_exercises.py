"""Each exercise gets what belongs to it, and nothing else."""

import csv
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from andante.ports import Channel, CueKind
from andante_host.report.commands import report
from support.reports import Session, Tags, page_of, text_of, write_breathing
from support.sessions import Walk, write_walk

PNG_START = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def breathing(tmp_path_factory: pytest.TempPathFactory) -> str:
    return text_of(write_breathing(tmp_path_factory.mktemp("breath") / "b.andante"))


def test_a_breathing_session_tells_of_rate_following_and_depth(breathing: str) -> None:
    assert re.search(r"How fast was the breath\? 1[45]\.\d → 6\.0 a minute", breathing)
    assert "breaths turned 0.48 s after the pacer" in breathing  # the truth is 0.50 s
    assert "Was the pacer followed? 100%" in breathing
    assert "Deeper or shallower?" in breathing
    assert "Breathing, an excerpt" in breathing
    assert "Breaths, early or late" in breathing


def test_phase_locking_is_never_alone(breathing: str) -> None:
    at = breathing.index("Phase locking value")
    assert "Inhale to exhale against the pacer's" in breathing[:at]
    assert "it does not see the ratio of inhale to exhale" in breathing[at : at + 300]


def test_a_breathing_session_says_nothing_of_steps_and_beats(breathing: str) -> None:
    for words in ("step", "Asynchrony", "Where in the beat"):
        assert words not in breathing.replace("steps no beat", "").replace("taps or steps", "")


def test_many_changes_of_rate_are_one_line(breathing: str) -> None:
    assert "24 times: breath 1 of 24, and so on to: breath 24 of 24" in breathing


def test_listening_says_that_nothing_is_scored(tmp_path: Path) -> None:
    text = text_of(write_breathing(tmp_path / "l.andante", exercise="listen"))
    assert "Nothing in this session is scored" in text
    for words in ("Was the pacer followed?", "Phase locking", "Breaths of the pacer"):
        assert words not in text
    assert "The sound went at 6.0 a minute" in text


def test_free_play_shows_what_was_played(tmp_path: Path) -> None:
    session = Session(tmp_path / "f.andante", "tap", {"task": "free", "pads": 2})
    session.phase("free", 0.0)
    times_s = np.arange(1.0, 31.0, 0.5).tolist()
    session.taps(times_s, Channel.TAP_1)
    for time_s in times_s[:10]:
        session.cue(time_s, CueKind.NOTE, phase="free")
    text = text_of(session.finish(60.0))
    assert "Nothing in this session is scored" in text
    assert "60 notes 60 a minute; the device played 10." in text
    assert "What was played" in text
    assert "Asynchrony" not in text


def test_a_circle_tells_of_togetherness_and_not_of_extra_taps(tmp_path: Path) -> None:
    session = Session(tmp_path / "c.andante", "tap", {"task": "circle", "pads": 2})
    beats_s = np.arange(1.0, 41.0, 0.6)
    session.phase("cued", 0.0)
    session.phase("mute", 20.0)
    for beat_s in beats_s:
        session.cue(float(beat_s), CueKind.BEAT if beat_s < 20.0 else CueKind.SILENT)
    rng = np.random.default_rng(1)
    for pad in (Channel.TAP_1, Channel.TAP_2):
        session.taps((beats_s + rng.normal(0.0, 0.01, beats_s.size)).tolist(), pad)
    text = text_of(session.finish(42.0))
    assert "2 people" in text
    assert "Together with the beat? 1.00" in text or "Together with the beat? 0.99" in text
    assert "And without it?" in text
    assert "Were taps missed?" not in text


def test_parts_that_share_a_name_keep_their_figures_apart(tmp_path: Path) -> None:
    """Or show none: never those of another part."""
    session = Session(tmp_path / "s.andante", "tap", {"task": "circle", "pads": 2})
    for start_s, name in ((0.0, "cued"), (20.0, "mute"), (40.0, "cued"), (60.0, "mute")):
        session.phase(name, start_s)
    for pad in (Channel.TAP_1, Channel.TAP_2):
        session.taps(np.arange(0.5, 79.0, 0.6).tolist(), pad)
    assert "mean of 2 rounds" in text_of(session.finish(80.0))


def test_a_walk_against_its_baseline_in_words_with_numbers(tmp_path: Path) -> None:
    walk = Walk(baseline_s=60.0, cued_s=60.0, fade_s=0.0, carry_over_s=60.0, samples=False)
    text = text_of(write_walk(tmp_path / "w.andante", walk).path)
    at = text.index("Did the tempo change?")
    told = text[at : at + 200]
    assert "→ 110." in told
    assert "95 % interval +" in told
    assert "It became faster." in told
    assert "Did the rhythm become more even?" in text
    assert "Did left and right become more alike?" in text
    assert "What stayed without the beat?" in text


def test_a_beat_that_changed_its_tempo_gets_no_verdict_on_rhythm(tmp_path: Path) -> None:
    walk = Walk(baseline_s=60.0, cued_s=60.0, fade_s=0.0, carry_over_s=0.0, samples=False)
    path = write_walk(tmp_path / "w.andante", walk).path
    assert "no verdict" not in text_of(path)
    path.chmod(0o644)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO tempo_changes SELECT 9, time_ns + 20000000000, 115.0, 'more' "
            "FROM tempo_changes WHERE tempo_per_minute IS NOT NULL"
        )
    text = text_of(path)
    assert "which alone makes strides vary: no verdict." in text
    assert "It became less even" not in text


def test_a_short_part_says_that_it_is_too_short(tmp_path: Path) -> None:
    walk = Walk(baseline_s=12.0, cued_s=30.0, fade_s=0.0, carry_over_s=0.0, samples=False)
    text = text_of(write_walk(tmp_path / "w.andante", walk).path)
    assert "too few to say how sure this is" in text


def test_feelings_are_in_the_page(tmp_path: Path) -> None:
    session = Session(tmp_path / "s.andante", "tap", {"task": "unpaced"})
    session.phase("unpaced", 0.0)
    session.taps(np.arange(1.0, 30.0, 0.6).tolist())
    session.felt("before", "pain", 6)
    session.felt("after", "pain", 3)
    text = text_of(session.finish(31.0))
    assert re.search(r"How the patient felt 0 to 10 ?before ?after pain ?6 ?3 ", text)
    assert "What is the patient's own tempo? 100.0 taps/min" in text


def test_low_dfa_is_never_called_worse(tmp_path: Path) -> None:
    walk = Walk(cued_s=240.0, samples=False)
    text = text_of(write_walk(tmp_path / "w.andante", walk).path)
    at = text.index("DFA alpha of stride times")
    assert "is no sign of getting worse" in text[at : at + 250]


def test_every_picture_as_png_and_csv(tmp_path: Path) -> None:
    session = write_walk(tmp_path / "w.andante", Walk(missed=(20,))).path
    written = report(session, tmp_path / "w.html", tmp_path / "plots")
    svgs = page_of(session).count("<svg")
    assert svgs == 6
    assert sorted(path.suffix for path in written[1:]) == [".csv"] * svgs + [".png"] * svgs
    for path in written[1:]:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(PNG_START)
    with (tmp_path / "plots" / "w-asynchrony.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missed = [row for row in rows if row["asynchrony_ms"] == ""]
    assert len(missed) == 1
    known_ms = np.array([float(row["asynchrony_ms"]) for row in rows if row["asynchrony_ms"]])
    assert "nan" not in (tmp_path / "plots" / "w-asynchrony.csv").read_text(encoding="utf-8")
    matched = Tags(page_of(session)).text
    assert f"{number_of(matched, 'Cues met by a response')}" == str(known_ms.size)


def number_of(text: str, label: str) -> str:
    """The figure after a label in the words of a page."""
    return text[text.index(label) + len(label) :].split()[0]


def test_a_pdf_of_the_page(tmp_path: Path) -> None:
    try:
        import weasyprint  # type: ignore[import-untyped]  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("WeasyPrint or Pango is not installed")
    session = write_walk(tmp_path / "w.andante", Walk(cued_s=30.0, samples=False)).path
    out = tmp_path / "w.pdf"
    assert report(session, out) == [out]
    content = out.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/JavaScript" not in content
    assert len(content) < 1_000_000
