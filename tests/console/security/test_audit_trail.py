"""The audit trail: added to and read, never changed."""

import sqlite3
from pathlib import Path

import pytest

from andante_host.console.services import Services
from support.clocks import WallClock
from support.console import console_settings


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services.made(console_settings(tmp_path), WallClock())


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE 1"]
)
def test_no_line_is_changed_or_taken_out(services: Services, sql: str) -> None:
    services.audit.add(None, "a test", "P-1")
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        services.database.write(sql)
    (entry,) = services.audit.newest()
    assert (entry.who, entry.subject) == ("-", "P-1")


def test_lines_are_numbered_without_gaps_in_utc_and_newest_first(services: Services) -> None:
    clock = services.clock
    assert isinstance(clock, WallClock)
    for number in range(5):
        services.audit.add(None, f"act {number}")
        clock.pass_s(1)
    entries = services.audit.newest()
    assert [entry.action for entry in entries] == [f"act {number}" for number in (4, 3, 2, 1, 0)]
    assert [entry.entry for entry in entries] == [5, 4, 3, 2, 1]
    assert entries[-1].at_utc == "2026-03-02T08:00:00Z"
    assert [entry.entry for entry in services.audit.newest(2, before_entry=4)] == [3, 2]
    assert [entry.action for entry in services.audit.newest(containing="ACT 3")] == ["act 3"]
    assert services.audit.newest(containing="' OR 1=1 --") == []
