import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante.errors import SignalFileError
from andante.signal_file import (
    BeltRecording,
    ForceRecording,
    read_belt,
    read_force,
    read_signal,
)


def write(folder: Path, text: str, name: str = "walk.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_reads_two_feet_and_the_rate(tmp_path: Path) -> None:
    rows = "".join(f"{i / 300:.4f},{i},{-i}\n" for i in range(900))
    recording = read_force(write(tmp_path, "time_s,left_counts,right_counts\n" + rows))
    assert recording.in_counts
    assert recording.rate_hz == pytest.approx(300.0, rel=1e-4)  # times are rounded to 0.1 ms
    np.testing.assert_array_equal(recording.left, np.arange(900.0))
    np.testing.assert_array_equal(recording.right, -np.arange(900.0))


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "belt.csv"
    path.write_bytes(gzip.compress(b"time_s,belt\n0,1.5\n0.01,1.6\n"))
    recording = read_belt(path)
    assert recording.rate_hz == pytest.approx(100.0)
    np.testing.assert_array_equal(recording.belt, [1.5, 1.6])


def test_windows_line_ends_a_byte_order_mark_and_empty_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_bytes(b"\xef\xbb\xbftime_s, left, right\r\n0,1,2\r\n\r\n1,3,4\r\n")
    recording = read_signal(path)
    assert isinstance(recording, ForceRecording)
    assert not recording.in_counts
    np.testing.assert_array_equal(recording.right, [2.0, 4.0])


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "NA"])
def test_an_empty_cell_is_a_marked_gap(tmp_path: Path, cell: str) -> None:
    recording = read_force(write(tmp_path, f"time_s,left,right\n0,1,2\n1,{cell},3\n2,4,5\n"))
    np.testing.assert_array_equal(recording.left, [1.0, np.nan, 4.0])
    np.testing.assert_array_equal(recording.right, [2.0, 3.0, 5.0])


def test_a_gap_in_time_does_not_spoil_the_rate(tmp_path: Path) -> None:
    times_s = [i / 100 for i in range(50)] + [10 + i / 100 for i in range(50)]
    text = "time_s,belt\n" + "".join(f"{t},{1}\n" for t in times_s)
    assert read_belt(write(tmp_path, text)).rate_hz == pytest.approx(100.0)


GOOD = "time_s,left,right\n0,1,2\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, ["is empty", "time_s,left,right"]),
        ("\n\n", 1, ["found ''"]),
        ("time_s,left,right\n", None, ["no samples"]),
        (GOOD, None, ["one sample"]),
        ("time,left,right\n0,1,2\n1,2,3\n", 1, ["time,left,right", "time_s,left,right"]),
        ("time_s,left\n0,1\n1,2\n", 1, ["time_s,left", "expected"]),
        ("time_s;left;right\n0;1;2\n", 1, ["time_s;left;right"]),
        (GOOD + "1,2\n", 3, ["found 2 values", "expected 3"]),
        (GOOD + "1,2,3,4\n", 3, ["found 4 values"]),
        (GOOD + "1,two,3\n", 3, ["'two'", "left", "a number"]),
        (GOOD + "1,2,inf\n", 3, ["'inf'", "right"]),
        (GOOD + "nan,2,3\n", 3, ["'nan'", "time_s"]),
        (GOOD + ",2,3\n", 3, ["''", "time_s"]),
        (GOOD + "0,2,3\n", 3, ["0 s", "rise"]),
        (GOOD + "2,2,3\n1,2,3\n", 4, ["1 s", "2 s"]),
        ("time_s,left,right\n0,,\n1,,\n", None, ["every cell is a gap"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, text: str, line: int | None, says: list[str]
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SignalFileError) as caught:
        read_signal(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    if line is not None:
        assert f"line {line}:" in message
    for part in says:
        assert part in message


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rubbish.csv", bytes(range(128, 256)) * 50, "not text"),
        ("latin1.csv", b"time_s,left,right\n0,1,2\n1,\xb5,3\n", "line 3"),
        (
            "cut.csv.gz",
            gzip.compress(b"time_s,belt\n" + b"0,1\n" * 5000, mtime=0)[:40],
            "cut-off gzip",
        ),
        ("bad.csv.gz", b"\x1f\x8b" + b"\x00" * 60, "gzip"),
        ("nul.csv", b"\x00" * 100, "line 1"),
    ],
)
def test_files_that_are_not_text(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SignalFileError, match=says):
        read_signal(path)


def test_absent_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(SignalFileError, match="There is no file"):
        read_signal(tmp_path / "absent.csv")
    with pytest.raises(SignalFileError, match="is a folder"):
        read_signal(tmp_path)


def test_the_other_kind_of_file(tmp_path: Path) -> None:
    belt = write(tmp_path, "time_s,belt\n0,1\n1,2\n", "belt.csv")
    walk = write(tmp_path, GOOD + "1,2,3\n", "walk.csv")
    assert isinstance(read_signal(belt), BeltRecording)
    with pytest.raises(SignalFileError, match="breathing belt"):
        read_force(belt)
    with pytest.raises(SignalFileError, match="two feet"):
        read_belt(walk)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_content_ends_in_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    for prefix in (b"", b"time_s,left,right\n0,1,2\n"):
        path.write_bytes(prefix + content)
        try:
            recording = read_signal(path)
        except SignalFileError:
            continue
        assert np.all(np.diff(recording.time_s) > 0)
