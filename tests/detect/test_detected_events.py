from pathlib import Path

import msgspec
import numpy as np
import pytest

from andante.errors import SignalFileError
from andante_host.detect.events import DetectedEvent, EventKind, detect_file
from support.walkers import make_walk


def test_a_force_file_gives_contacts_and_offs_of_both_feet_in_order(tmp_path: Path) -> None:
    walk = make_walk(12)
    path = tmp_path / "force.csv"
    table = np.column_stack([walk.time_s, walk.left, walk.right])
    np.savetxt(path, table, delimiter=",", header="time_s,left,right", comments="")
    events = detect_file(path)
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    for channel, contacts_s in (("left", walk.left_contacts_s), ("right", walk.right_contacts_s)):
        found_s = [e.time_s for e in events if (e.kind, e.channel) == ("contact", channel)]
        assert found_s == pytest.approx(contacts_s, abs=0.008)
        offs = [e for e in events if (e.kind, e.channel) == ("off", channel)]
        assert len(offs) == contacts_s.size


def test_a_belt_file_gives_inhalations_and_exhalations(tmp_path: Path) -> None:
    time_s = np.arange(2000) / 50
    path = tmp_path / "belt.csv"
    table = np.column_stack([time_s, -np.cos(2 * np.pi * time_s / 4)])
    np.savetxt(path, table, delimiter=",", header="time_s,belt", comments="")
    events = detect_file(path)
    assert {e.channel for e in events} == {"belt"}
    kinds = [e.kind for e in events]
    assert kinds[:3] == [EventKind.EXHALE, EventKind.INHALE, EventKind.EXHALE]
    assert [e.time_s for e in events] == pytest.approx(np.arange(1, 20) * 2.0, abs=0.03)


def test_an_event_is_printed_with_these_names() -> None:
    event = DetectedEvent(EventKind.CONTACT, "left", 12.345)
    assert msgspec.json.encode(event) == b'{"kind":"contact","channel":"left","time_s":12.345}'


def test_a_bad_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SignalFileError, match="There is no file"):
        detect_file(tmp_path / "absent.csv")
