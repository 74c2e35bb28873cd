"""Many who watch live, without browsers: a program of its own, so that its work is not the test's.

It reads the live events until its input ends, then prints how many progress events each got.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

_END_S = 30


@dataclass
class Seen:
    """Progress events for each watcher, once all have ended."""

    progress_counts: list[int] = field(default_factory=list)


@contextmanager
def watchers(origin: str, cookies: dict[str, str], count: int) -> Iterator[Seen]:
    """So many watch at `origin` with a login's cookies, as long as the context lasts."""
    seen = Seen()
    command = [sys.executable, __file__, origin, json.dumps(cookies), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield seen
            said, _ = process.communicate(timeout=_END_S)
            assert process.returncode == 0
            seen.progress_counts = json.loads(said)
        finally:
            process.kill()


def unchecked() -> ssl.SSLContext:
    """For a device's own certificate, which nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _read(client: httpx.AsyncClient, counts: list[int], place: int) -> None:
    async with client.stream("GET", "/live/events") as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            counts[place] += line == "event: progress"


async def _watch(origin: str, cookies: dict[str, str], count: int) -> list[int]:
    counts = [0] * count
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=origin, verify=unchecked(), cookies=cookies, limits=limits, timeout=None
    ) as client:
        reading = [asyncio.create_task(_read(client, counts, place)) for place in range(count)]
        await asyncio.to_thread(sys.stdin.read)
        for task in reading:
            task.cancel()
        await asyncio.wait(reading)
    return counts


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_watch(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])))))
