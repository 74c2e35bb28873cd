"""Sessions that hardly hold anything: an answer each, never a traceback and never a guess."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from andante.ports import Channel
from andante_host.analysis import analyse
from support.breathing import Recording, steady_pacer, write_recording

BEATS_S = tuple((1.0 + np.arange(40) * 0.5).tolist())


def test_every_cue_missed(tmp_path: Path) -> None:
    recording = Recording("tap", 30.0, {}, beats_s=BEATS_S)
    blocks = analyse(write_recording(tmp_path / "m.andante", recording), pairs=True)
    synchrony = blocks["synchrony"]
    assert synchrony["missed_percent"] == 100.0
    assert synchrony["matched_count"] == 0
    assert synchrony["pairs"] == []
    nulls = {key for key, value in synchrony.items() if value is None}
    assert nulls == set(synchrony["reasons"])


@pytest.mark.parametrize("taps", [0, 1, 2])
@pytest.mark.parametrize("beats", [0, 1, 2])
@pytest.mark.parametrize("exercise", ["tap", "walk", "breathe", "listen"])
def test_next_to_no_events(exercise: str, beats: int, taps: int, tmp_path: Path) -> None:
    recording = Recording(
        exercise,
        30.0,
        {},
        beats_s=BEATS_S[:beats],
        taps=((Channel.TAP_1, np.arange(float(taps)) * 0.5 + 1.0),),
    )
    blocks = analyse(write_recording(tmp_path / "n.andante", recording))
    absent = blocks["session"]["absent"]
    assert set(absent) == {name for name, block in blocks.items() if block is None}
    assert all(reason.endswith(".") for reason in absent.values())
    msgspec.json.encode(blocks)


@pytest.mark.parametrize("counts", [np.zeros(0), np.zeros(1), np.zeros(3_000), np.full(60, 7.0)])
def test_a_belt_with_nothing_on_it(counts: np.ndarray, tmp_path: Path) -> None:
    recording = Recording(
        "breathe",
        60.0,
        {},
        pacer=steady_pacer(4.0, 6.0, 6),
        samples=((Channel.BELT, 50.0, counts),),
    )
    blocks = analyse(write_recording(tmp_path / "b.andante", recording))
    if blocks["breathing"] is not None:
        assert blocks["breathing"]["breath_count"] == 0
        nulls = {key for key, value in blocks["breathing"].items() if value is None}
        assert nulls == set(blocks["breathing"]["reasons"])
    else:
        assert "belt" in blocks["session"]["absent"]["breathing"]
    msgspec.json.encode(blocks)


def test_only_breathing_cues_are_no_beats(tmp_path: Path) -> None:
    recording = Recording("breathe", 60.0, {}, pacer=steady_pacer(4.0, 6.0, 6))
    blocks = analyse(write_recording(tmp_path / "p.andante", recording))
    assert blocks["synchrony"] is None
    assert blocks["breathing"] is None
    assert "breathing" in blocks["session"]["absent"]
