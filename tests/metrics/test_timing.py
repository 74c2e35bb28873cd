"""The timing block: from the certificate, or computed for what was cut off."""

from pathlib import Path

import pytest

from andante.ports import Fault, FaultKind
from andante.session.file import load_session
from andante.timebase import NS_PER_S
from andante_host.metrics.timing import summarise_faults, timing_block
from support.sessions import STARTED_NS, Walk, write_walk

SHORT = Walk(baseline_s=5.0, cued_s=20.0, fade_s=0.0, carry_over_s=2.0, samples=False)


def test_a_finished_session_brings_its_certificate(tmp_path: Path) -> None:
    data = load_session(write_walk(tmp_path / "walk.andante", SHORT).path)
    block = timing_block(data, "sound")
    assert data.header.certificate is not None
    assert block.items() >= data.header.certificate.items()
    assert block["certificate_from"] == "session end"
    assert block["cue_reference"] == "sound"
    assert block["simulated_parts"] == ["sound", "led", "board", "patient"]
    assert 0 < block["sync"]["uncertainty_p50_us"] <= block["sync"]["uncertainty_max_us"]


def test_a_cut_off_session_gets_the_same_figures_from_the_host(tmp_path: Path) -> None:
    finished = load_session(write_walk(tmp_path / "a.andante", SHORT).path)
    cut = Walk(**{**vars(SHORT), "finished": False})
    left = load_session(write_walk(tmp_path / "b.andante", cut).path)
    assert left.header.certificate is None
    block = timing_block(left, "sound")
    assert block["certificate_from"] == "host"
    expected = timing_block(finished, "sound")
    assert block["outputs"] == expected["outputs"]
    assert block["counts"] == expected["counts"]
    assert block["sync"]["uncertainty_p99_us"] == pytest.approx(
        expected["sync"]["uncertainty_p99_us"]
    )


def test_faults_of_one_kind_and_part_are_one_entry() -> None:
    faults = [
        Fault(FaultKind.BAD_FRAMES, STARTED_NS + 2 * NS_PER_S, "board", "a frame was bad", 3),
        Fault(FaultKind.SOUND_UNDERRUN, STARTED_NS + 3 * NS_PER_S, "sound", "a gap"),
        Fault(FaultKind.BAD_FRAMES, STARTED_NS + 9 * NS_PER_S, "board", "another", 4),
    ]
    frames, sound = summarise_faults(faults, STARTED_NS)
    assert frames == {
        "kind": "bad_frames",
        "part": "board",
        "count": 7,
        "first_s": 2.0,
        "last_s": 9.0,
        "text": "a frame was bad",
    }
    assert (sound["kind"], sound["count"]) == ("sound_underrun", 1)
