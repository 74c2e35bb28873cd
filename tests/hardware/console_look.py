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

from support.container import Unit, waited_s

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
    files: list[str] = []

    def is_finished() -> bool:
        items = told(program.get("/api/v1/sessions", params={"code": "P-1"}))["items"]
        files[:] = [each["file"] for each in items if each["state"] == "finished"]
        return bool(files)

    waited_s(is_finished)
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
with client(administrator) as program:
    found["backup"] = a_backup(program)
    found["health"] = health(program)
found["stopped_s"] = UNIT.do("stop")
found["result"] = UNIT.shown("Result")
Path(sys.argv[1]).write_text(json.dumps(found))
