"""The day in docs/api.md, as it stands there, before the real engine and page."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from andante_host.console.certificate import own_files
from andante_host.console.principal import Role
from andante_host.console.services import Services
from andante_host.console.settings import ConsoleSettings
from support.browser_house import House

_GUIDE = Path(__file__).parents[3] / "docs" / "api.md"
_BLOCK = re.compile(r"```(sh|json|text)\n(.*?)```", re.DOTALL)
_LONGEST_S = 120
_OWN = re.compile(r"_(utc|id)$")


def blocks() -> list[tuple[str, str]]:
    """The commands and what they answer, in order; without the block that is each clinic's own."""
    found = _BLOCK.findall(_GUIDE.read_text(encoding="utf-8"))
    assert found[0][1].startswith("ADDRESS=")
    return found[1:]


def values(text: str) -> list[Any]:
    """JSON values that follow one another, without what is another each time."""
    decoder, found = json.JSONDecoder(), []
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        if isinstance(value, dict):
            value = {key: None if _OWN.search(key) else each for key, each in value.items()}
        found.append(value)
        text = text[end:].strip()
    return found


@pytest.mark.long
def test_the_day_in_the_guide_goes_as_it_says(tmp_path: Path) -> None:
    house = House(tmp_path)
    settings = ConsoleSettings(
        state_dir=house.state_dir, sessions_dir=house.sessions_dir, engine_socket=house.socket_path
    )
    services = Services.made(settings)
    _, secret = services.tokens.make("a day", Role.THERAPIST, 1, "administrator")
    services.users.add("administrator", Role.ADMINISTRATOR, "a slow walk in the park")
    services.archive.close()
    services.database.close()
    environment = {
        "PATH": "/usr/bin:/bin",
        "ADDRESS": house.origin,
        "TOKEN": secret,
        "CERTIFICATE": str(own_files(house.state_dir).certificate),
    }
    with house:
        said = run_guide(environment, tmp_path)
    for kind, answer in said:
        if kind == "json":
            told, expected = answer
            assert values(told) == values(expected)
        else:
            assert answer[0] == answer[1]


def run_guide(environment: dict[str, str], folder: Path) -> list[tuple[str, tuple[str, str]]]:
    """Every block that has an answer: its kind, and what came beside what the guide says."""
    script = "set -euo pipefail\n"
    expected: list[tuple[str, str]] = []
    for kind, text in blocks():
        if kind == "sh":
            script += text
        else:
            script += f"echo '=== {len(expected)}'\n"
            expected.append((kind, text))
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    came = re.split(r"=== \d+\n", done.stdout)
    return [(kind, (came[number], text)) for number, (kind, text) in enumerate(expected)]
