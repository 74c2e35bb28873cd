"""What the console consists of, made once and found from every request."""

from dataclasses import dataclass
from typing import Any, Self

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency

from andante.timebase import Clock, MonotonicClock
from andante_host.console.accounts.logins import Logins
from andante_host.console.accounts.tokens import Tokens
from andante_host.console.accounts.users import Users
from andante_host.console.administration.device_check import DeviceCheck
from andante_host.console.audit import Audit
from andante_host.console.backup import Backups
from andante_host.console.database import Database
from andante_host.console.device.device import Device
from andante_host.console.first_run import FirstRun
from andante_host.console.patients.self_reports import SelfReports
from andante_host.console.patients.service import Patients
from andante_host.console.plans.service import Plans
from andante_host.console.recordings.service import Recordings
from andante_host.console.restore import Restoring
from andante_host.console.security.sessions import SessionStore
from andante_host.console.security.tries import Tries
from andante_host.console.sessions.archive import Archive
from andante_host.console.settings import ConsoleSettings

_KEY = "services"


@dataclass
class Services:
    """The parts. Route handlers get them as the dependency `services`."""

    settings: ConsoleSettings
    clock: Clock
    database: Database
    audit: Audit
    users: Users
    tries: Tries
    logins: Logins
    tokens: Tokens
    sessions: SessionStore
    first_run: FirstRun
    backups: Backups
    restoring: Restoring
    patients: Patients
    recordings: Recordings
    plans: Plans
    self_reports: SelfReports
    archive: Archive
    device: Device
    device_check: DeviceCheck

    @classmethod
    def made(cls, settings: ConsoleSettings, clock: Clock | None = None) -> Self:
        """Open the database and build the parts on it. Raises ConsoleDatabaseError."""
        clock = clock or MonotonicClock()
        database = Database(settings.database_path)
        users = Users(database, clock)
        backups = Backups(settings.backups_dir, settings.sessions_dir, database, clock)
        tries = Tries(database, clock)
        patients = Patients(database, clock)
        recordings = Recordings(settings.sessions_dir)
        audit = Audit(database, clock)
        tokens = Tokens(database, clock)
        sessions = SessionStore(database, clock)
        device = Device(settings, clock, audit, sessions, tokens)
        return cls(
            settings=settings,
            clock=clock,
            database=database,
            audit=audit,
            users=users,
            tries=tries,
            logins=Logins(database, clock, users, tries),
            tokens=tokens,
            sessions=sessions,
            first_run=FirstRun(database, clock, users, settings.state_dir),
            backups=backups,
            restoring=Restoring(backups, settings.state_dir, settings.sessions_dir, database),
            patients=patients,
            recordings=recordings,
            plans=Plans(database, clock, patients, recordings),
            self_reports=SelfReports(database, clock),
            archive=Archive(settings.sessions_dir, settings.state_dir, database, clock),
            device=device,
            device_check=DeviceCheck(settings, clock, device),
        )

    def keep_in(self, state: State) -> None:
        """Make them found by `services_of`."""
        state[_KEY] = self


def services_in(state: State) -> Services:
    """The parts, from an application's state."""
    found: Services = state[_KEY]
    return found


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    """The parts, from a request."""
    return services_in(connection.app.state)


TheServices = NamedDependency[Services]
"""How a route handler asks for them, as its parameter `services`."""


async def provide_services(state: State) -> Services:
    """The dependency `services`."""
    return services_in(state)
