"""A whole session file against the truth it was written from."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from andante.timebase import NS_PER_S, SimulatedClock
from andante_host.analysis import analyse
from andante_host.imports.importer import import_file
from support.sessions import STARTED_NS, Walk, WalkTruth, write_walk

MISSED, DOUBTFUL, NOT_GIVEN = (20, 41, 42), (30,), (50, 51)
CLOCK_ERROR_MS = 0.1


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> WalkTruth:
    walk = Walk(missed=MISSED, doubtful=DOUBTFUL, not_given=NOT_GIVEN, samples=False)
    return write_walk(tmp_path_factory.mktemp("walk") / "walk.andante", walk)


@pytest.fixture(scope="module")
def blocks(truth: WalkTruth) -> dict[str, Any]:
    return analyse(truth.path, pairs=True)


def test_synchrony_is_the_truth(truth: WalkTruth, blocks: dict[str, Any]) -> None:
    """Through a board clock 40 ppm fast and a sound output that is up to 0.1 ms late."""
    synchrony = blocks["synchrony"]
    scored = ~truth.silent
    scored[list(DOUBTFUL + NOT_GIVEN)] = False
    matched = scored.copy()
    matched[list(MISSED)] = False
    assert synchrony["cue_count"] == scored.sum()
    assert synchrony["matched_count"] == synchrony["response_count"] == matched.sum()
    assert synchrony["missed_percent"] == pytest.approx(100 * len(MISSED) / scored.sum())
    assert synchrony["extra_percent"] == 0.0
    true_ms = truth.asynchrony_ms[matched]
    assert synchrony["mean_asynchrony_ms"] == pytest.approx(true_ms.mean(), abs=CLOCK_ERROR_MS)
    assert synchrony["sd_asynchrony_ms"] == pytest.approx(true_ms.std(ddof=1), abs=CLOCK_ERROR_MS)
    assert synchrony["silent_cue_count"] == truth.silent.sum()
    assert (synchrony["doubtful_cue_count"], synchrony["not_given_cue_count"]) == (1, 2)
    assert synchrony["cue_reference"] == "sound"
    assert synchrony["latency_calibrated"] is False


def test_every_pair_is_the_true_one(truth: WalkTruth, blocks: dict[str, Any]) -> None:
    pairs = blocks["synchrony"]["pairs"]
    cues = np.array([pair["cue_index"] for pair in pairs])
    found_ms = np.array([pair["asynchrony_ms"] for pair in pairs])
    np.testing.assert_allclose(found_ms, truth.asynchrony_ms[cues], atol=0.3)
    cue_s = np.array([pair["cue_time_s"] for pair in pairs])
    np.testing.assert_allclose(cue_s, (truth.cue_ns[cues] - STARTED_NS) / NS_PER_S, atol=3e-4)


def test_steps_of_all_parts_are_counted(blocks: dict[str, Any]) -> None:
    gait = blocks["gait"]
    assert set(gait["phases"]) == {"baseline", "cued", "fade", "carry-over"}
    assert gait["step_count"] == sum(part["step_count"] for part in gait["phases"].values())
    assert gait["phases"]["baseline"]["cadence_spm"] == pytest.approx(100.0, abs=2.0)
    assert gait["phases"]["fade"]["cadence_spm"] == pytest.approx(110.0, abs=1.0)
    assert gait["phases"]["cued"]["left_swing_percent"] == pytest.approx(38.0, abs=0.5)
    assert gait["contacts_from"] == "session"


def test_the_session_block_tells_what_was_done(blocks: dict[str, Any]) -> None:
    session = blocks["session"]
    assert session["patient_code"] == "P-007"
    assert session["duration_s"] == pytest.approx(100.0)
    assert session["complete"] is True
    assert session["simulated"] is True
    assert session["started_utc"] == "2025-03-04T09:30:00+00:00"
    assert [p["name"] for p in session["phases"]] == ["baseline", "cued", "fade", "carry-over"]
    assert session["phases"][1]["start_s"] == pytest.approx(20.0)
    assert session["tempo_changes"][0] == {
        "time_s": pytest.approx(20.0),
        "tempo_per_minute": 110.0,
        "reason": "110 % of the baseline cadence",
    }
    assert blocks["breathing"] is None
    assert "breathing" in session["absent"]


def test_a_cut_off_session_is_told_as_such_with_the_same_figures(
    tmp_path: Path, blocks: dict[str, Any]
) -> None:
    walk = Walk(
        missed=MISSED, doubtful=DOUBTFUL, not_given=NOT_GIVEN, samples=False, finished=False
    )
    cut = analyse(write_walk(tmp_path / "cut.andante", walk).path)
    assert cut["session"]["complete"] is False
    assert cut["session"]["end_reason"] is None
    whole = {key: value for key, value in blocks["synchrony"].items() if key != "pairs"}
    assert cut["synchrony"] == whole


def test_the_blocks_are_json(blocks: dict[str, Any]) -> None:
    text = msgspec.json.encode(blocks)
    assert set(msgspec.json.decode(text)) == {
        "session",
        "timing",
        "synchrony",
        "gait",
        "breathing",
        "group",
        "tapping",
    }
    assert b"NaN" not in text


def test_baseline_alone_has_steps_but_no_synchrony(tmp_path: Path) -> None:
    walk = Walk(baseline_s=30.0, cued_s=0.0, fade_s=0.0, carry_over_s=0.0, samples=False)
    blocks = analyse(write_walk(tmp_path / "baseline.andante", walk).path)
    assert blocks["synchrony"] is None
    assert blocks["session"]["absent"]["synchrony"] == "There were fewer than two cues to meet."
    assert blocks["timing"]["cue_reference"] is None
    assert blocks["gait"]["cadence_spm"] == pytest.approx(100.0, abs=2.0)


def test_force_alone_gets_its_contacts_from_the_samples(tmp_path: Path) -> None:
    """Half-sine stances of 0.65 s every 1.1 s, left and right in turn."""
    time_s = 3.0 + np.arange(4_020) / 100.0
    stances = [
        np.where((since_s := (time_s - offset_s) % 1.1) < 0.65, np.sin(np.pi * since_s / 0.65), 0)
        for offset_s in (0.0, 0.55)
    ]
    source = tmp_path / "force.csv"
    rows = (
        f"{t:.2f},{left:.4f},{right:.4f}" for t, left, right in zip(time_s, *stances, strict=True)
    )
    source.write_text("time_s,left,right\n" + "\n".join(rows) + "\n", encoding="utf-8")
    session = tmp_path / "force.andante"
    import_file(source, session, SimulatedClock())
    blocks = analyse(session)
    gait = blocks["gait"]
    assert gait["contacts_from"] == "host, from the force samples"
    assert gait["left_stride_time_mean_s"] == pytest.approx(1.1, abs=0.002)
    assert gait["cadence_spm"] == pytest.approx(60 / 0.55, abs=0.5)
    assert blocks["session"]["phases"][0]["start_s"] == pytest.approx(3.0)
    assert blocks["session"]["duration_s"] == pytest.approx(40.19)


def test_a_window_counts_only_what_falls_into_it(tmp_path: Path) -> None:
    path = write_walk(tmp_path / "w.andante", Walk(cued_s=60.0)).path
    whole = analyse(path, pairs=True)
    cued = next(p for p in whole["session"]["phases"] if p["name"] == "cued")
    from_s, to_s = cued["start_s"] + 10, cued["start_s"] + 40
    part = analyse(path, pairs=True, window_s=(from_s, to_s))
    inside = [
        pair
        for pair in whole["synchrony"]["pairs"]
        if from_s <= pair["cue_time_s"] < to_s and from_s <= pair["response_time_s"] < to_s
    ]
    assert len(inside) > 30
    assert part["synchrony"]["pairs"] == inside
    assert part["gait"]["step_count"] < whole["gait"]["step_count"]
    assert part["timing"] == whole["timing"]
    assert analyse(path, window_s=(1e6, 2e6))["synchrony"] is None
