"""What is kept of a session says the same as the report."""

from pathlib import Path

import msgspec
import pytest

from andante_host.analysis import analyse
from andante_host.archive.certificate import certificate_words
from andante_host.archive.summary import CUT_OFF, State, Summary, summarise
from andante_host.report.answers import answers
from andante_host.report.view import view_of
from support.reports import write_breathing, write_weeks
from support.sessions import Walk, write_walk


def test_a_walk_in_short_has_the_figures_of_the_analysis(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path)
    blocks = analyse(path)
    found = summarise(path, 123)
    assert found.state == State.FINISHED
    assert (found.file, found.size_bytes, found.patient_code) == ("walk.andante", 123, "P-007")
    assert found.duration_s == blocks["session"]["duration_s"]
    assert found.answers == answers(view_of(path))
    assert found.baseline.cadence_spm == blocks["gait"]["phases"]["baseline"]["cadence_spm"]
    assert found.baseline.breath_rate_brpm is None
    values = {(each.key, each.part): each.value for each in found.values}
    assert values["sd_asynchrony_ms", "cued"] == blocks["synchrony"]["sd_asynchrony_ms"]
    assert found.simulated
    assert "stick <left hand>" in found.spoken_notes[0].text


def test_breathing_in_short(tmp_path: Path) -> None:
    path = write_breathing(tmp_path / "breath.andante")
    found = summarise(path, 1)
    rate_brpm = analyse(path)["breathing"]["phases"]["baseline"]["breath_rate_brpm"]
    assert found.baseline.breath_rate_brpm == rate_brpm
    assert found.exercise == "breathe"


def test_what_is_kept_comes_back_from_json(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path)
    found = summarise(path, 1)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Summary) == found


def test_a_session_that_was_cut_off_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path, Walk(finished=False))
    found = summarise(path, 1)
    assert (found.state, found.sentence) == (State.CUT_OFF, CUT_OFF)
    assert found.answers


@pytest.mark.parametrize("content", [b"", b"no session", b"SQLite format 3\x00" + b"\x00" * 500])
def test_a_damaged_file_is_told_without_a_path_of_the_device(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "walk.andante"
    path.write_bytes(content)
    found = summarise(path, len(content))
    assert found.state == State.DAMAGED
    assert found.sentence.startswith("walk.andante")
    assert str(tmp_path) not in found.sentence


def test_a_file_cut_in_the_middle_is_listed_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "weeks").mkdir()
    path = next(write_weeks(tmp_path / "weeks", 1).glob("*.andante"))
    path.chmod(0o644)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert summarise(path, 1).state == State.DAMAGED


# --- the certificate in one sentence --------------------------------------------------------


def test_the_certificate_names_what_went_wrong(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path, Walk(not_given=(3, 4), doubtful=(7,), simulated_parts=("led",)))
    timing = analyse(path)["timing"]
    words = certificate_words(timing)
    assert "2 not given, 1 in doubt" in words.sentence
    assert "not calibrated" in words.sentence
    assert "(simulated)" not in words.sentence
    p99_ms = timing["outputs"]["sound"]["cue_error_p99_us"] / 1_000
    assert words.short.startswith(f"99 % within {p99_ms:.2f} ms, 2 not given, 1 in doubt")


def test_a_simulated_output_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path)
    sentence = certificate_words(analyse(path)["timing"]).sentence
    assert sentence.startswith("Cues by sound (simulated): ")
    assert "every cue was given" in sentence


def test_without_cues_there_is_nothing_to_certify(tmp_path: Path) -> None:
    path = tmp_path / "walk.andante"
    write_walk(path, Walk(cued_s=0.0, fade_s=0.0, carry_over_s=0.0, baseline_s=30.0))
    assert certificate_words(analyse(path)["timing"]).short == "no cues"
