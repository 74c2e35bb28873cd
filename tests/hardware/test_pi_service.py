"""Both services under a real systemd, in a container. Not a Pi: no pins, no sound, and no
real-time rights where the container itself has none to give.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from support.recordings import needs_preparing

pytestmark = pytest.mark.alone

HERE = Path(__file__).parent
PROJECT = Path(__file__).parents[2]
NEEDED = ("systemd-nspawn", "systemd-sysusers", "unshare")


Findings = dict[str, Any]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What was found of `engine` and `console` in one container."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(NEEDED)} (Debian package systemd-container)")
    asked = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print(sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.stdout.strip() != str(sys.version_info[:2]):
        pytest.skip("needs /usr/bin/python3 in the version of the tests: other users run it")
    may_mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/run"]
    if subprocess.run(may_mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount, which this container does not give")
    out = tmp_path_factory.mktemp("looked")
    script = HERE / "service_in_container.sh"
    done = subprocess.run(
        ["unshare", "--mount", "sh", script, PROJECT, sysconfig.get_path("purelib"), out],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    journal = out / "journal.txt"
    if (out / "booting").exists() and not journal.exists():
        pytest.skip(f"no system boots in a container here: {done.stderr.strip()[-200:]}")
    found = {}
    for name in ("engine", "console"):
        path = out / f"{name}.json"
        if not path.exists():
            pytest.fail(journal.read_text() if journal.exists() else done.stdout + done.stderr)
        found[name] = json.loads(path.read_text())
        print(name, json.dumps(found[name]))
    return found


@pytest.mark.long
def test_systemd_keeps_the_engine_going(looked: Findings) -> None:
    found = looked["engine"]
    assert (found["state"], found["status"]) == ("active", "waiting")
    assert found["socket"] == {"mode": "0o660", "owner": "andante", "group": "andante"}
    stopped = found["stopped_in_a_session"]
    assert stopped["result"] == "success"
    assert stopped["file_is_complete"]
    assert stopped["stopped_s"] < 40
    assert found["killed_s"] < 15
    assert 5 < found["hanging_s"] < 30  # the watchdog's 10 s, and starting again


@pytest.mark.long
def test_systemd_keeps_the_page_going_with_the_rights_it_has(looked: Findings) -> None:
    found = looked["console"]
    assert found["state"] == "active"
    # One right, to take ports 443 and 80 (bit 10), under a filter, and none to come.
    assert int(found["capabilities"], 16) == 1 << 10
    assert (found["no_new_privileges"], found["system_call_filter"]) == ("1", "2")
    assert found["redirect"] == "https://localhost/"
    assert found["first_run"] == {
        "secret_mode": "0o600",
        "first": "/setup",
        "then": "/login",
        "secret_gone": True,
    }
    session = found["session"]
    assert session["figures"] == "tap"
    assert session["killed_s"] < 30
    assert 3 < session["hanging_s"] < 45  # the container's 6 s, and starting again
    assert any(name.endswith("/datapackage.json") for name in session["tables"])
    assert (session["report"].lower(), session["pdf"]) == ("<!doctype html>", "%PDF-")
    sessions = sum(name.endswith(".andante") for name in found["backup"])
    assert sessions == (1 if found["recording"] is None else 2)
    assert not any("recordings" in name for name in found["backup"])
    assert found["health"]["connected"]
    assert "localhost" in found["health"]["names"]
    assert found["stopped_s"] < 5
    assert found["result"] == "success"


@pytest.mark.long
@needs_preparing
def test_a_recording_put_up_on_the_page_is_played_by_the_engine(looked: Findings) -> None:
    """One user puts it there, another reads it: nothing else of the engine's may be written."""
    found = looked["console"]["recording"]
    assert (found["made"]["kind"], found["made"]["minutes"]) == ("FLAC", pytest.approx(1))
    assert (found["mode"], found["owner"], found["group"]) == (
        "0o640",
        "andante-console",
        "andante",
    )
    assert (found["again"], found["in_use"], found["retired"]) == (409, 409, 204)
    assert found["left"] == []
    assert found["beside"] == {
        "/var/lib/andante": "may not",
        "/var/lib/andante/sessions": "may not",
        "/var/lib/andante/sessions/recordings": "may write",
    }
