"""A database that an older version of the console made is brought up to date and loses nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

from andante_host.console.accounts.users import FIRST_PASSWORD_DAYS, Users
from andante_host.console.database import Database
from andante_host.console.schema import APPLICATION_ID, STEPS
from support.clocks import WallClock

_S_PER_DAY = 86_400


def test_a_database_of_the_first_version_keeps_its_users(tmp_path: Path) -> None:
    path, clock = tmp_path / "console.db", WallClock()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            f"{STEPS[0]}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1"
        )
        old.execute(
            "INSERT INTO users (user_id, name, role, password_hash, must_change_password, "
            "created_utc) VALUES ('a', 'anna', 'therapist', '', 1, ?)",
            (f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}",),
        )
        old.commit()
    database = Database(path)
    users = Users(database, clock)
    assert [user.name for user in users.all()] == ["anna"]
    assert database.rows("PRAGMA user_version")[0][0] == len(STEPS)
    # Where it is not known when a first password was given, it counts from the user's beginning.
    assert not users.first_password_is_over("a")
    clock.pass_s((FIRST_PASSWORD_DAYS + 1) * _S_PER_DAY)
    assert users.first_password_is_over("a")
    database.close()
