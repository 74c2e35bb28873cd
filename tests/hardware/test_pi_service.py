"""The engine's service under a real systemd, in a container. Not a Pi: no pins, no sound, and no
real-time rights where the container itself has none to give.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

HERE = Path(__file__).parent
PROJECT = Path(__file__).parents[2]
NEEDED = ("systemd-nspawn", "systemd-sysusers", "unshare")


@pytest.mark.long
def test_systemd_keeps_the_engine_going(tmp_path: Path) -> None:
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
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            HERE / "service_in_container.sh",
            PROJECT,
            sysconfig.get_path("purelib"),
            tmp_path,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    findings = tmp_path / "look.json"
    assert findings.exists(), done.stdout + done.stderr
    found = json.loads(findings.read_text())
    print(json.dumps(found))
    assert (found["state"], found["status"]) == ("active", "waiting")
    assert found["socket"] == {"mode": "0o660", "owner": "andante", "group": "andante"}
    stopped = found["stopped_in_a_session"]
    assert stopped["result"] == "success"
    assert stopped["file_is_complete"]
    assert stopped["stopped_s"] < 40
    assert found["killed_s"] < 15
    assert 5 < found["hanging_s"] < 30  # the watchdog's 10 s, and starting again
