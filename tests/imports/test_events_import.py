"""Events files: what comes in is what comes out, and what cannot be read is said plainly."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andante.errors import SessionFileError, SignalFileError
from andante.ports import Channel
from andante.session.file import load_session
from andante.timebase import NS_PER_S, SimulatedClock
from andante_host.analysis import analyse
from andante_host.imports.content import ImportOptions, Unit
from andante_host.imports.events import read_events
from andante_host.imports.importer import import_file

GOOD = "event,time_s,channel\ncue,1.5,\nresponse,1.48,tap2\ncue,2.0,\nresponse,2.03,tap2\n"


def _import(tmp_path: Path, text: str | bytes, name: str = "events.csv") -> Path:
    source, out = tmp_path / name, tmp_path / "out.andante"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    import_file(source, out, SimulatedClock())
    return out


def test_times_and_indices_are_the_files_own(tmp_path: Path) -> None:
    path = _import(tmp_path, GOOD)
    blocks = analyse(path, pairs=True)
    assert blocks["synchrony"]["pairs"] == [
        {
            "cue_index": number,
            "cue_time_s": cue_s,
            "response_index": number,
            "response_time_s": response_s,
            "asynchrony_ms": pytest.approx(asynchrony_ms),
        }
        for number, cue_s, response_s, asynchrony_ms in ((0, 1.5, 1.48, -20), (1, 2.0, 2.03, 30))
    ]
    session = blocks["session"]
    assert session["origin"] == "import"
    assert session["exercise"] == "tap"
    assert session["started_utc"] is None
    assert session["duration_s"] == pytest.approx(2.03 - 1.48)
    assert blocks["timing"]["sync"] is None
    assert blocks["timing"]["cue_reference"] == "planned"
    assert blocks["synchrony"]["cue_reference"] == "planned"


def test_the_session_is_one_finished_file(tmp_path: Path) -> None:
    path = _import(tmp_path, GOOD)
    assert load_session(path).complete
    assert not path.stat().st_mode & 0o222
    assert sorted(p.name for p in tmp_path.iterdir()) == ["events.csv", "out.andante"]


@pytest.mark.parametrize(
    "text",
    [
        gzip.compress(GOOD.encode(), mtime=0),
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("cue", " Cue ").replace("event,time_s", "Event, time_s"),
        "time_s,note,event\n1.5,a,cue\n\n1.48,b,response\n2.0,c,cue\n2.03,d,response\n",
    ],
    ids=["gzip", "spreadsheet", "spaces and capitals", "other columns"],
)
def test_the_same_events_in_other_clothes(tmp_path: Path, text: str | bytes) -> None:
    path = _import(tmp_path, text)
    assert analyse(path)["synchrony"]["matched_count"] == 2


def test_feet_make_a_walk(tmp_path: Path) -> None:
    rows = "".join(
        f"response,{n * 0.5:.1f},{'left' if n % 2 == 0 else 'right'}\n" for n in range(30)
    )
    blocks = analyse(_import(tmp_path, f"event,time_s,channel\n{rows}"))
    assert blocks["session"]["exercise"] == "walk"
    assert blocks["synchrony"] is None
    assert blocks["gait"]["cadence_spm"] == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty"),
        (b"event,time_s\n", "no events"),
        (b"time_s,pressure\n1,2\n", "has the columns time_s, pressure"),
        (b"event,when\ncue,1\n", "no column time_s"),
        (b"event,time_s\ncue,0\ncue,500\ncue,1000\n", "500 apart, which is too slow"),
        (b"event,time_s\ncue,0\ncue,0.0005\ncue,0.001\n", "too fast"),
        (b"time_s,belt\n0,1\n10,2\n20,1\n", "10 apart, which is too slow"),
        (b"event,time_s\ncue,1\ncue,nan\n", "line 3: time_s is 'nan'"),
        (b"event,time_s\ncue,inf\n", "line 2: time_s is 'inf'"),
        (b"event,time_s\ncue,1e300\n", "line 2: time_s is '1e300'"),
        (b"event,time_s\ncue,soon\n", "line 2: time_s is 'soon'"),
        (b"event,time_s\ncue,\n", "line 2: time_s is ''"),
        (b"event,time_s\ncue\n", "line 2 has too few columns"),
        (b"event,time_s\nclap,1\n", "line 2: the event is 'clap'"),
        (b"event,time_s,channel\nresponse,1,nose\n", "line 2: the channel is 'nose'"),
        (b"event,time_s,channel\nresponse,1,left\nresponse,2,tap1\n", "of feet and of taps"),
        (b"\x00\x01\x02\xff\xfe", "bytes that are not text"),
        (b"\x1f\x8b\x08\x00garbage", "damaged or cut-off gzip"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-12], "damaged or cut-off gzip"),
        (b"time_s,left,right\n", "no samples"),
        (b"time_s,left,right\n0,a,b\n", "line 2"),
    ],
)
def test_bad_files_get_one_sentence_and_no_session(tmp_path: Path, text: bytes, words: str) -> None:
    with pytest.raises(SignalFileError) as caught:
        _import(tmp_path, text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["events.csv"]


def test_rows_in_any_order_are_told_and_taken_by_their_times(tmp_path: Path) -> None:
    source, out = tmp_path / "events.csv", tmp_path / "out.andante"
    header, *rows = GOOD.splitlines()
    source.write_text("\n".join([header, *rows[::-1]]) + "\n", encoding="utf-8")
    assert "not in order of time" in import_file(source, out, SimulatedClock())
    pairs = analyse(out, pairs=True)["synchrony"]["pairs"]
    assert [pair["asynchrony_ms"] for pair in pairs] == pytest.approx([-20.0, 30.0])
    out.unlink()
    source.write_text(GOOD, encoding="utf-8")
    assert "order" not in import_file(source, out, SimulatedClock())


def test_the_unit_as_said(tmp_path: Path) -> None:
    source, out = tmp_path / "events.csv", tmp_path / "out.andante"
    source.write_text("event,time_s\ncue,1000\nresponse,980\ncue,1500\nresponse,1530\n")
    for unit, factor in ((Unit.MS, 1_000), (Unit.S, 1), (Unit.US, 1_000_000)):
        out.unlink(missing_ok=True)
        import_file(source, out, SimulatedClock(), ImportOptions(unit=unit))
        data = load_session(out)
        assert data.cues.planned_ns.tolist() == [t * NS_PER_S // factor for t in (1_000, 1_500)]
        assert data.responses.time_ns.tolist() == [t * NS_PER_S // factor for t in (980, 1_530)]
    belt = tmp_path / "belt.csv"
    belt.write_text("time_s,belt\n0,1\n10,2\n20,1\n")
    out.unlink()
    import_file(belt, out, SimulatedClock(), ImportOptions(unit=Unit.MS))
    assert load_session(out).samples["belt"].time_ns.tolist() == [0, 10_000_000, 20_000_000]


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SignalFileError, match="There is no file"):
        import_file(tmp_path / "none.csv", tmp_path / "o.andante", SimulatedClock())
    with pytest.raises(SignalFileError, match="is a folder"):
        import_file(tmp_path, tmp_path / "o.andante", SimulatedClock())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    source = tmp_path / "events.csv"
    source.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SessionFileError, match="cannot be"):
        import_file(source, tmp_path / "file" / "o.andante", SimulatedClock())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["cue", "response"]),
            st.decimals(min_value=-1_000, max_value=2_000_000_000, places=6),
            st.sampled_from(["", "tap1", "tap4"]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_digit_of_every_time_is_kept(
    tmp_path: Path, events: list[tuple[str, Decimal, str]]
) -> None:
    source = tmp_path / "any.csv"
    rows = "\n".join(f"{event},{time},{channel}" for event, time, channel in events)
    source.write_text(f"event,time_s,channel\n{rows}\n", encoding="utf-8")
    found = read_events(source, Unit.S)
    expected_ns = [(event, int(time * NS_PER_S), channel) for event, time, channel in events]
    assert list(found.cue_ns) == [t for event, t, _ in expected_ns if event == "cue"]
    assert list(found.responses) == [
        (t, Channel(channel or "tap1")) for event, t, channel in expected_ns if event == "response"
    ]
