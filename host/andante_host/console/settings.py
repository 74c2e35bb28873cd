"""What the console is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ConsoleSettings:
    """Where things are and how the page is reached.

    `state_dir`: the console's own: database, certificate, backups; for its user alone.
    `sessions_dir`: where the engine puts session files. `origin`: scheme, name and port as a
    browser has them. `try_out`: plans may be run on a simulated patient, and pages say so.
    `certificate` and `key`: the clinic's own, in PEM form; None where the device makes its own.
    `device_check`: the console's user may open sound, lights and the sensor board.
    """

    state_dir: Path
    sessions_dir: Path
    engine_socket: Path
    origin: str = "https://andante.local"
    try_out: bool = False
    certificate: Path | None = None
    key: Path | None = None
    device_check: bool = True

    @property
    def database_path(self) -> Path:
        """The console's SQLite file."""
        return self.state_dir / "console.db"

    @property
    def backups_dir(self) -> Path:
        """Where backups made on the page are kept."""
        return self.state_dir / "backups"
