"""Looks at the console's service from inside the container: its pages over HTTPS; prints JSON."""

import json
import re
import signal
import ssl
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile  # type: ignore[import-untyped]

from support.container import Unit, waited_s
from support.recordings import why_no_preparing

UNIT = Unit("andante-console.service")
STATE = Path("/var/lib/andante-console")
CERTIFICATE = STATE / "certificate.pem"
SECRET = re.compile(r"\b[0-9a-z]{4}(-[0-9a-z]{4}){6}\b")
CSRF_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
PASSWORD = "a slow walk in the park"
PLAN = {
    "exercise": "tap",
    "tap": {"tempo_bpm": 120, "cued_minutes": 5},
    "outputs": {"sound": False, "led": True},
}
RECORDINGS = Path("/var/lib/andante/sessions/recordings")
SONG = "knocks.flac"
SONG_BPM, SONG_FIRST_BEAT_S = 70, 0.5
SONG_RATE_HZ = 16_000
SETTLE = {
    "exercise": "listen",
    "listen": {
        "to": "stepping",
        "start_per_minute": 72,
        "target_per_minute": 66,
        "minutes": 1,
        "recording": {"file": SONG, "bpm": SONG_BPM, "first_beat_s": SONG_FIRST_BEAT_S},
    },
    "outputs": {"sound": False, "led": True},
}
MAKE_TOKENS = f"""
from pathlib import Path
from andante_host.console.principal import Role
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings

services = Services.made(
    ConsoleSettings(
        state_dir=Path("{STATE}"),
        sessions_dir=Path("/var/lib/andante/sessions"),
        engine_socket=Path("/run/andante/engine.sock"),
    )
)
for role in (Role.THERAPIST, Role.ADMINISTRATOR):
    print(services.tokens.make(f"look as {{role}}", role, 1, "Ida")[1])
"""
"""What an administrator does on the page *Programs*; the second factor's way there is walked in the
browser's tests."""


def client(token: str | None = None) -> httpx.Client:
    """One that knows the device's own certificate and trusts no other."""
    return httpx.Client(
        base_url="https://localhost",
        verify=ssl.create_default_context(cafile=str(CERTIFICATE)),
        headers={} if token is None else {"authorization": f"Bearer {token}"},
        timeout=60,
    )


def told(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.request.url, answer.status_code, answer.text)
    return answer.json()


def first_run() -> dict[str, Any]:
    """As whoever sets up a new device: the secret from the file, name and password."""
    path = STATE / "first-run-secret.txt"
    secret = SECRET.search(path.read_text())
    assert secret is not None
    mode = oct(path.stat().st_mode & 0o777)
    with client() as visitor:
        led_to = visitor.get("/").headers["location"]
        token = CSRF_TOKEN.search(visitor.get("/setup").text)
        assert token is not None
        words = {"name": "Ida", "password": PASSWORD, "password_again": PASSWORD}
        done = visitor.post(
            "/setup", data={"_csrf_token": token[1], "secret": secret[0], **words}
        ).headers["location"]
    return {"secret_mode": mode, "first": led_to, "then": done, "secret_gone": not path.exists()}


def tokens() -> tuple[str, str]:
    said = subprocess.run(
        ["runuser", "-u", "andante-console", "--", "/usr/bin/python3", "-Bc", MAKE_TOKENS],
        capture_output=True,
        text=True,
        check=True,
        cwd=STATE,
    ).stdout.split()
    return said[0], said[1]


def taken(program: httpx.Client, file: str, kind: str) -> httpx.Response:
    """A download, once it is made."""
    path = f"/api/v1/sessions/{file}/files/{kind}"
    waited_s(lambda: program.get(path).status_code != 202)
    answer = program.get(path)
    assert answer.status_code == 200, (kind, answer.text)
    return answer


def stage(program: httpx.Client) -> str | None:
    live = told(program.get("/api/v1/device"))["progress"]
    return None if live is None else str(live["stage"])


def is_up() -> bool:
    try:
        with client() as visitor:
            return visitor.get("/login").status_code == 200
    except httpx.TransportError:
        return False


def finished(program: httpx.Client) -> list[str]:
    """The patient's sessions that are over."""
    items = told(program.get("/api/v1/sessions", params={"code": "P-1"}))["items"]
    return [each["file"] for each in items if each["state"] == "finished"]


def a_session(program: httpx.Client) -> dict[str, Any]:
    """From a new patient to the report, while the page dies and comes back on the way."""
    told(program.post("/api/v1/patients", json={"code": "P-1"}))
    plan = told(program.post("/api/v1/patients/P-1/plans", json={"template": "tap", "plan": PLAN}))
    start = {"plan_id": plan["plan_id"], "simulated": True}
    told(program.post("/api/v1/device/start", json=start))
    waited_s(lambda: stage(program) == "cued")
    killed_s = UNIT.until_it_is_back(signal.SIGKILL, is_up)
    waited_s(lambda: stage(program) == "cued")
    hanging_s = UNIT.until_it_is_back(signal.SIGSTOP, is_up)
    waited_s(lambda: stage(program) == "cued")
    told(program.post("/api/v1/device/stop"))
    waited_s(lambda: len(finished(program)) == 1)
    files = finished(program)
    with zipfile.ZipFile(BytesIO(taken(program, files[0], "csv").content)) as archive:
        tables = archive.namelist()
    return {
        "killed_s": killed_s,
        "hanging_s": hanging_s,
        "figures": told(program.get(f"/api/v1/sessions/{files[0]}"))["exercise"],
        "tables": tables,
        "report": taken(program, files[0], "html").text[:15],
        "pdf": taken(program, files[0], "pdf").content[:5].decode(),
    }


def song() -> bytes:
    """A minute of noise that fades from beat to beat."""
    times_s = np.arange(60 * SONG_RATE_HZ) / SONG_RATE_HZ
    since_beat_s = (times_s - SONG_FIRST_BEAT_S) % (60 / SONG_BPM)
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, times_s.size)
    out = BytesIO()
    soundfile.write(out, noise * np.exp(-20 * since_beat_s), SONG_RATE_HZ, format="FLAC")
    return out.getvalue()


def a_recording(program: httpx.Client) -> dict[str, Any]:
    """Put up over HTTPS by one user, played by another: a plan with it comes to its stage."""
    kind = {"content-type": "application/octet-stream"}
    path = f"/api/v1/recordings/{SONG}"
    made = told(program.put(path, content=song(), headers=kind))
    lies = RECORDINGS / SONG
    status = lies.stat()
    again = program.put(path, content=b"fLaC", headers=kind).status_code
    body = {"template": "listen-recording", "plan": SETTLE}
    plan = told(program.post("/api/v1/patients/P-1/plans", json=body))
    told(program.post("/api/v1/device/start", json={"plan_id": plan["plan_id"], "simulated": True}))
    waited_s(lambda: stage(program) == "listening")
    in_use = program.delete(path).status_code
    told(program.post("/api/v1/device/stop"))
    waited_s(lambda: len(finished(program)) == 2)
    told(program.post(f"/api/v1/plans/{plan['plan_id']}/retire"))
    return {
        "made": made,
        "mode": oct(status.st_mode & 0o777),
        "owner": lies.owner(),
        "group": lies.group(),
        "again": again,
        "in_use": in_use,
        "retired": program.delete(path).status_code,
        "left": [each.name for each in RECORDINGS.iterdir()],
        "beside": beside(),
    }


def beside() -> dict[str, str]:
    """What the console's user may do in the engine's folders, seen as its service."""
    pid = UNIT.shown("MainPID")
    entered = ["nsenter", "--mount", f"--target={pid}", "runuser", "-u", "andante-console", "--"]
    return {
        folder: "may write"
        if subprocess.run([*entered, "touch", f"{folder}/tried"], check=False).returncode == 0
        else "may not"
        for folder in ("/var/lib/andante", "/var/lib/andante/sessions", str(RECORDINGS))
    }


def a_backup(program: httpx.Client) -> list[str]:
    name = told(program.post("/api/v1/backups"))["name"]
    with zipfile.ZipFile(BytesIO(program.get(f"/api/v1/backups/{name}").content)) as archive:
        return archive.namelist()


def health(program: httpx.Client) -> dict[str, Any]:
    found = told(program.get("/api/v1/health"))
    return {
        "connected": found["connected"],
        "names": found["certificate"]["names"],
        "findings": {each["part"]: each["verdict"] for each in found["findings"]},
    }


def process() -> dict[str, str]:
    """What the kernel says about the main process."""
    lines = Path(f"/proc/{UNIT.shown('MainPID')}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


found: dict[str, Any] = {"state": UNIT.shown("ActiveState")}
kernel = process()
found["capabilities"] = kernel["CapEff"]
found["no_new_privileges"] = kernel["NoNewPrivs"]
found["system_call_filter"] = kernel["Seccomp"]
found["redirect"] = httpx.get("http://localhost/patients").headers["location"]
found["first_run"] = first_run()
therapist, administrator = tokens()
with client(therapist) as program:
    found["session"] = a_session(program)
    found["recording"] = None if why_no_preparing() else a_recording(program)
with client(administrator) as program:
    found["backup"] = a_backup(program)
    found["health"] = health(program)
found["stopped_s"] = UNIT.do("stop")
found["result"] = UNIT.shown("Result")
Path(sys.argv[1]).write_text(json.dumps(found))
