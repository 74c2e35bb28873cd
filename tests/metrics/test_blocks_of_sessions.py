"""Breathing, group and tapping as `analyse` gives them, from session files of simulated people."""

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from andante.ports import Channel
from andante_host.analysis import analyse
from support.breathing import Recording, belt_level, steady_pacer, write_recording


def breathing_session(path: Path, breaths: int = 18, lag_s: float = 0.5) -> Path:
    """A minute of 4-second breaths, then a pacer of 10 s followed with a lag."""
    time_s = np.arange(round((60 + breaths * 10) * 50)) / 50
    own = belt_level(time_s, 1.6, 2.4)
    paced = belt_level(time_s - 60 - lag_s, 4.0, 6.0)
    belt = 300 + 80 * np.where(time_s < 60 + lag_s, own, paced) + 0.02 * time_s
    return write_recording(
        path,
        Recording(
            exercise="breathe",
            duration_s=60 + breaths * 10,
            plan={"exercise": "breathe"},
            phases=(("baseline", 0.0), ("cued", 60.0)),
            pacer=steady_pacer(4.0, 6.0, breaths, start_s=60.0),
            samples=((Channel.BELT, 50.0, belt),),
        ),
    )


def test_a_breathing_session_has_its_block_for_each_phase(tmp_path: Path) -> None:
    block = analyse(breathing_session(tmp_path / "b.andante"))["breathing"]
    baseline, cued = block["phases"]["baseline"], block["phases"]["cued"]
    assert baseline["breath_rate_brpm"] == pytest.approx(15.0, rel=0.01)
    assert baseline["phase_locking_value"] is None
    assert cued["breath_rate_brpm"] == pytest.approx(6.0, rel=0.01)
    assert cued["phase_locking_value"] > 0.99
    assert cued["phase_lag_s"] == pytest.approx(0.5, abs=0.05)
    assert cued["onset_asynchrony_mean_s"] == pytest.approx(0.5, abs=0.05)
    assert cued["in_tolerance_percent"] > 90
    # The first of 18 breaths begins with the end of the last unpaced one: 4.5 s of inhaling.
    assert cued["inhale_exhale_ratio"] == pytest.approx((17 * 4 + 4.5) / (18 * 6), rel=0.03)
    assert block["amplitude_mean_counts"] == pytest.approx(160, rel=0.02)
    assert "breathing" not in analyse(tmp_path / "b.andante")["session"]["absent"]


def test_a_window_leaves_the_rest_of_the_belt_out(tmp_path: Path) -> None:
    path = breathing_session(tmp_path / "b.andante")
    block = analyse(path, window_s=(0.0, 59.0))["breathing"]
    assert block["breath_rate_brpm"] == pytest.approx(15.0, rel=0.01)
    assert 12 <= block["breath_count"] <= 14
    msgspec.json.encode(analyse(path))


def test_a_belt_that_nobody_wore_gives_reasons(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 3, 3_000)
    recording = Recording(
        exercise="breathe",
        duration_s=60,
        plan={},
        pacer=steady_pacer(4.0, 6.0, 6),
        samples=((Channel.BELT, 50.0, noise),),
    )
    block = analyse(write_recording(tmp_path / "n.andante", recording))["breathing"]
    assert block["breath_count"] == 0
    assert block["breath_rate_brpm"] is None
    assert "whole breath" in block["reasons"]["breath_rate_brpm"]
    assert block["phase_locking_value"] < 0.5
    assert block["in_tolerance_percent"] == 0.0


def two_pads(path: Path, task: str) -> Path:
    first_s: npt.NDArray[np.float64] = 2.0 + np.arange(100, dtype=np.float64) * 0.5
    return write_recording(
        path,
        Recording(
            exercise="tap",
            duration_s=60,
            plan={"tap": {"task": task, "pads": 2}},
            phases=(("cued", 0.0), ("mute", 30.0), ("cued", 40.0)),
            taps=((Channel.TAP_1, first_s), (Channel.TAP_2, first_s + 0.0625)),
        ),
    )


def test_a_circle_has_a_group(tmp_path: Path) -> None:
    blocks = analyse(two_pads(tmp_path / "c.andante", "circle"))
    assert blocks["group"]["order_mean"] == pytest.approx(np.cos(np.pi / 8), abs=1e-6)
    assert set(blocks["group"]["persons"]) == {"tap1", "tap2"}
    assert list(blocks["group"]["phases"]) == ["cued", "mute", "cued 2"]
    assert blocks["tapping"] is None


def test_one_person_at_two_pads_is_no_group(tmp_path: Path) -> None:
    blocks = analyse(two_pads(tmp_path / "f.andante", "free"))
    assert blocks["group"] is None
    assert "group" in blocks["session"]["absent"]


def test_taps_without_a_beat_are_measured_by_phase(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    paced_s = 1.0 + np.arange(40) * 0.6
    continued_s = paced_s[-1] + np.cumsum(rng.normal(0.6, 0.02, 60))
    own_s = continued_s[-1] + 2.0 + np.cumsum(rng.normal(0.45, 0.02, 60))
    recording = Recording(
        exercise="tap",
        duration_s=float(own_s[-1]) + 1,
        plan={"tap": {"task": "screen"}},
        phases=(
            ("cued", 0.0),
            ("continuation", float(paced_s[-1]) + 0.3),
            ("unpaced", float(continued_s[-1]) + 1.0),
        ),
        beats_s=tuple(paced_s.tolist()),
        taps=((Channel.TAP_1, np.concatenate((paced_s - 0.03, continued_s, own_s))),),
    )
    blocks = analyse(write_recording(tmp_path / "s.andante", recording))
    assert blocks["synchrony"]["mean_asynchrony_ms"] == pytest.approx(-30, abs=0.1)
    tapping = blocks["tapping"]
    assert set(tapping) == {"continuation", "unpaced", "formulas"}
    assert tapping["continuation"]["interval_mean_ms"] == pytest.approx(600, rel=0.02)
    assert tapping["unpaced"]["interval_mean_ms"] == pytest.approx(450, rel=0.02)


def test_imported_taps_without_cues_are_ones_own_tempo(tmp_path: Path) -> None:
    recording = Recording(
        exercise="tap",
        duration_s=40,
        plan={},
        phases=(("recording", 0.0),),
        taps=((Channel.TAP_1, 1.0 + np.arange(60.0) * 0.5),),
    )
    blocks = analyse(write_recording(tmp_path / "o.andante", recording))
    assert blocks["synchrony"] is None
    assert blocks["tapping"]["unpaced"]["interval_mean_ms"] == pytest.approx(500.0)


def test_taps_are_found_in_a_pads_samples_where_no_board_stamped_them(tmp_path: Path) -> None:
    time_s = np.arange(30_000) / 1000
    beats_s = 1.0 + np.arange(50) * 0.5
    since_s = time_s - beats_s[np.clip(np.searchsorted(beats_s, time_s) - 1, 0, None)]
    force = np.where(since_s >= 0, 400 * np.minimum(since_s / 0.004, 1), 0)
    force *= np.exp(-np.maximum(since_s, 0) / 0.03)
    recording = Recording(
        exercise="tap",
        duration_s=30,
        plan={},
        beats_s=tuple(beats_s.tolist()),
        samples=((Channel.TAP_1, 1000.0, force),),
    )
    block = analyse(write_recording(tmp_path / "p.andante", recording))["synchrony"]
    assert block["matched_count"] == 50
    assert block["mean_asynchrony_ms"] == pytest.approx(0.0, abs=2.0)
