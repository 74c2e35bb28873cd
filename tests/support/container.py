"""Systemd as the programs see it that look at a service from inside the container."""

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock

clock = MonotonicClock()


def waited_s(is_so: Callable[[], bool], limit_s: float = 60) -> float:
    """How long it took until `is_so`, to 20 ms."""
    begun_ns = clock.now_ns()
    while not is_so():
        assert clock.now_ns() - begun_ns < limit_s * NS_PER_S, "it never came"
        clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_MS)
    return (clock.now_ns() - begun_ns) / NS_PER_S


@dataclass(frozen=True)
class Unit:
    """One service."""

    name: str

    def do(self, verb: str) -> float:
        """`systemctl VERB`; how long it took, in s."""
        begun_ns = clock.now_ns()
        subprocess.run(["systemctl", verb, self.name], check=True)
        return (clock.now_ns() - begun_ns) / NS_PER_S

    def shown(self, name: str) -> str:
        """One property."""
        words = ["systemctl", "show", "--value", "--property", name, self.name]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    def until_it_is_back(self, number: signal.Signals, is_back: Callable[[], bool]) -> float:
        """Send the main process a signal; how long until systemd has started another, in s."""
        restarts = int(self.shown("NRestarts"))
        os.kill(int(self.shown("MainPID")), number)
        return waited_s(
            lambda: (
                int(self.shown("NRestarts")) > restarts
                and self.shown("ActiveState") == "active"
                and is_back()
            )
        )
