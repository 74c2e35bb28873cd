"""The computer that the trainer runs on, as far as it can be looked at without special rights."""

import platform
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from andante.checks.finding import Finding, Verdict
from andante.checks.system import (
    NEEDED_HOURS,
    SESSION_BYTES_PER_HOUR,
    WANTED_HOURS,
    check_power,
    check_temperature,
)
from andante.machine import this_machine
from andante.timebase import S_PER_MINUTE, Clock
from andante.version import installed_version

_THERMAL_FOLDER = Path("/sys/class/thermal")
_THROTTLED_FILE = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_ANSWER_WITHIN_S = 3
_MIN_PER_H, _H_PER_DAY = 60, 24
_TIGHT_MEMORY_PERCENT = 10.0
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class TimeSettings:
    """As systemd knows them; None is not known here."""

    zone: str | None
    synchronised: bool | None
    uses_network_time: bool | None


def health(sessions_dir: Path) -> list[Finding]:
    """Disk, memory, temperature and power, each with what to do where there is something to do."""
    return [
        room_for_sessions(sessions_dir),
        memory(),
        check_temperature(_THERMAL_FOLDER),
        check_power(_THROTTLED_FILE, lambda: None),
    ]


def room_for_sessions(sessions_dir: Path) -> Finding:
    """Free disk as hours of sessions; by the same measure as `andante check`."""
    try:
        free_bytes = shutil.disk_usage(sessions_dir).free
    except OSError as error:
        return Finding(
            "disk",
            Verdict.FAILED,
            f"The folder of sessions {sessions_dir} cannot be read ({error.strerror}).",
            "See to the folder and its rights.",
        )
    hours = free_bytes / SESSION_BYTES_PER_HOUR
    found = f"{free_bytes / 1e9:.1f} GB free: room for {hours:,.0f} hours of sessions."
    figures = {"free_bytes": free_bytes, "session_hours": hours}
    if hours < NEEDED_HOURS:
        to_do = "Make a backup, download it, and move old sessions elsewhere before the next one."
        return Finding("disk", Verdict.FAILED, found, to_do, figures)
    if hours < WANTED_HOURS:
        to_do = "Move old sessions elsewhere soon."
        return Finding("disk", Verdict.WARNING, found, to_do, figures)
    return Finding("disk", Verdict.OK, found, figures=figures)


def memory() -> Finding:
    """What programs can still have."""
    told = psutil.virtual_memory()
    free_percent = 100 * told.available / told.total
    found = f"{told.available / 1e6:,.0f} MB of {told.total / 1e6:,.0f} MB free."
    figures = {"free_percent": free_percent}
    if free_percent < _TIGHT_MEMORY_PERCENT:
        return Finding("memory", Verdict.WARNING, found, "Restart the device soon.", figures)
    return Finding("memory", Verdict.OK, found, figures=figures)


def uptime_text(clock: Clock) -> str:
    """How long the computer has been on, in days, hours and minutes."""
    minutes = round((clock.utc_now().timestamp() - psutil.boot_time()) / S_PER_MINUTE)
    hours, minutes = divmod(max(minutes, 0), _MIN_PER_H)
    days, hours = divmod(hours, _H_PER_DAY)
    parts = [f"{days} d"] * (days > 0) + [f"{hours} h"] * (hours + days > 0) + [f"{minutes} min"]
    return " ".join(parts)


def versions() -> dict[str, str]:
    """Of what the console runs on."""
    return {
        "Andante": installed_version(),
        "Computer": this_machine().name,
        "System": f"{_system_name()}, kernel {platform.release()}",
        "Python": sys.version.split()[0],
        "SQLite": sqlite3.sqlite_version,
    }


def time_settings() -> TimeSettings:
    """Zone and network time, from `timedatectl show`."""
    try:
        told = subprocess.run(
            ["timedatectl", "show"],
            capture_output=True,
            check=True,
            text=True,
            timeout=_ANSWER_WITHIN_S,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return TimeSettings(None, None, None)
    values = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return TimeSettings(
        zone=values.get("Timezone") or None,
        synchronised=_yes(values.get("NTPSynchronized")),
        uses_network_time=_yes(values.get("NTP")),
    )


def _yes(word: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(word or "")


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return NOT_KNOWN
