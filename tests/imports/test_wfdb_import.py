"""WFDB records: signals are named, times follow the header's rate, invalid samples are gaps."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from andante.errors import SignalFileError
from andante.session.file import load_session
from andante.timebase import NS_PER_S, SimulatedClock
from andante_host.imports.content import ImportOptions
from andante_host.imports.importer import import_file
from andante_host.imports.wfdb_records import read_wfdb

RATE_HZ = 300


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Two feet with a gap of a second in the right one."""
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    right = np.cos(time_s)
    right[RATE_HZ : 2 * RATE_HZ] = np.nan
    wfdb.wrsamp(
        "gait",
        fs=RATE_HZ,
        units=["mV", "mV"],
        sig_name=["LEFT FOOT", "RIGHT FOOT"],
        p_signal=np.column_stack((np.sin(time_s), right)),
        fmt=["16", "16"],
        write_dir=str(tmp_path),
    )
    return tmp_path / "gait.hea"


def test_signals_come_back_at_the_headers_rate(record: Path, tmp_path: Path) -> None:
    out = tmp_path / "walk.andante"
    options = ImportOptions(left="LEFT FOOT", right="RIGHT FOOT")
    import_file(record, out, SimulatedClock(), options)
    data = load_session(out)
    assert data.header.exercise == "walk"
    assert data.header.hardware["units"] == {"left": "mV", "right": "mV"}
    for channel, wave in (("left", np.sin), ("right", np.cos)):
        series = data.samples[channel]
        times_s = series.time_ns / NS_PER_S
        scale = data.header.hardware["units_per_count"][channel]
        np.testing.assert_allclose(series.counts * scale, wave(times_s), atol=2e-4)
    gap_s = np.diff(data.samples["right"].time_ns).max() / NS_PER_S
    assert gap_s == pytest.approx(1.0 + 1 / RATE_HZ, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(), "the signals 'LEFT FOOT', 'RIGHT FOOT'; say which is which"),
        (ImportOptions(left="left"), "no signal named 'left'"),
        (ImportOptions(left="LEFT FOOT", cues="x"), "--cues says nothing"),
        (ImportOptions(left="LEFT FOOT", belt="RIGHT FOOT"), "feet and a belt"),
    ],
)
def test_what_was_not_said_or_is_not_there_is_named(
    record: Path, tmp_path: Path, options: ImportOptions, words: str
) -> None:
    with pytest.raises(SignalFileError) as caught:
        import_file(record, tmp_path / "o.andante", SimulatedClock(), options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_records_are_one_sentence(record: Path) -> None:
    options = ImportOptions(left="LEFT FOOT")
    (record.parent / "gait.dat").unlink()
    with pytest.raises(SignalFileError, match=r"gait\.dat"):
        read_wfdb(record, options)
    for text in ("", "not a header at all\n", "gait 1 300\n"):
        record.write_text(text, encoding="utf-8")
        with pytest.raises(SignalFileError, match=r"WFDB record|no signal"):
            read_wfdb(record, options)
    with pytest.raises(SignalFileError, match="There is no file"):
        read_wfdb(record.with_name("none.hea"), options)
