"""XDF recordings: streams are named, never guessed."""

from pathlib import Path

import numpy as np
import pytest

from andante.errors import SignalFileError
from andante.session.file import load_session
from andante.timebase import NS_PER_S, SimulatedClock
from andante_host.analysis import analyse
from andante_host.imports.content import ImportOptions
from andante_host.imports.importer import import_file
from andante_host.imports.xdf import read_xdf
from support.xdf import Stream, write_xdf

ZERO_S = 5_000.0
BEATS_S = [ZERO_S + 1.0 + 0.5 * n for n in range(20)]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    samples_s = [ZERO_S + n / 100 for n in range(1_200)]
    marks = sorted([(t, "beat") for t in BEATS_S] + [(t + 0.02, "tap") for t in BEATS_S])
    return write_xdf(
        tmp_path / "lab.xdf",
        [
            Stream("Marks", "Markers", 0.0, [t for t, _ in marks], [m for _, m in marks]),
            Stream(
                "Feet",
                "Force",
                100.0,
                samples_s,
                [(float(n % 100), -float(n % 50)) for n in range(1_200)],
                ("L", "R"),
            ),
            Stream("Chest", "Belt", 100.0, samples_s, [(float(n % 300),) for n in range(1_200)]),
        ],
    )


def test_markers_become_cues_and_taps(lab: Path, tmp_path: Path) -> None:
    out = tmp_path / "taps.andante"
    options = ImportOptions(cues="Marks=beat", taps="Marks=tap")
    words = import_file(lab, out, SimulatedClock(), options)
    assert words == "20 cues and 20 responses"
    blocks = analyse(out, pairs=True)
    assert blocks["synchrony"]["mean_asynchrony_ms"] == pytest.approx(20.0, abs=1e-3)
    assert blocks["synchrony"]["pairs"][0]["cue_time_s"] == pytest.approx(1.0, abs=1e-6)


def test_signals_keep_their_times_and_values(lab: Path, tmp_path: Path) -> None:
    out = tmp_path / "walk.andante"
    import_file(lab, out, SimulatedClock(), ImportOptions(left="Feet:L", right="Force:2"))
    data = load_session(out)
    assert data.header.exercise == "walk"
    for channel, expected in (
        ("left", np.arange(1_200) % 100),
        ("right", -(np.arange(1_200) % 50)),
    ):
        np.testing.assert_array_equal(data.samples[channel].counts, expected)
        times_s = data.samples[channel].time_ns / NS_PER_S
        np.testing.assert_allclose(times_s, np.arange(1_200) / 100, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(), "'Marks' (type 'Markers')"),
        (ImportOptions(belt="Nose"), "no stream of the name or type 'Nose'"),
        (ImportOptions(left="Feet"), "name one of them, as in Feet:L"),
        (ImportOptions(left="Feet:X"), "no signal named 'X'"),
        (ImportOptions(belt="Marks"), "holds markers and no samples"),
        (ImportOptions(cues="Chest"), "sampled regularly"),
        (ImportOptions(cues="Marks"), "has the markers beat, tap; name one"),
        (ImportOptions(cues="Marks=clap"), "no marker 'clap'"),
        (ImportOptions(cues="Marks=beat", bpm=60.0), "--bpm says nothing"),
    ],
)
def test_what_was_not_said_or_is_not_there_is_named(
    lab: Path, options: ImportOptions, words: str
) -> None:
    with pytest.raises(SignalFileError) as caught:
        read_xdf(lab, options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"XDF:", b"MThd and so on", b"XDF:" + bytes(30)])
def test_what_is_no_xdf_file_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.xdf").write_bytes(data)
    with pytest.raises(SignalFileError, match="XDF file"):
        read_xdf(tmp_path / "x.xdf", ImportOptions(belt="Chest"))
    with pytest.raises(SignalFileError, match="There is no file"):
        read_xdf(tmp_path / "y.xdf", ImportOptions(belt="Chest"))
