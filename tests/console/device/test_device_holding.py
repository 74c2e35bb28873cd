"""Who has the device: two therapists, a login that ends, a console that comes back."""

import asyncio
import json
from pathlib import Path

import pytest

from andante.commands import Note, NudgeTempo, Pause, SelfReport, Stop
from andante.control import ControlClient, Doing, Hold
from andante_host.console.audit import Entry
from andante_host.console.device.device import Device
from andante_host.console.device.holder import holder_as_json
from andante_host.console.device.problem import DeviceError
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.console import console_settings
from support.device import WALK, end_login, engine_in, somebody, until, with_device


def last_lines(services: Services, count: int = 1) -> list[Entry]:
    return services.audit.newest(count)


def test_two_therapists_one_holds_and_the_other_sees_who_and_why(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna, ben = somebody(services, "anna"), somebody(services, "ben")
        await device.hold(anna, "walk with P7")
        holder = device.holder_of()
        assert holder is not None
        assert (holder.name, holder.role, holder.reason) == ("anna", "therapist", "walk with P7")
        assert device.holds(anna)
        for doing in (device.hold(ben, "mine"), device.command(ben, Pause()), device.release(ben)):
            with pytest.raises(DeviceError):
                await doing
        (entry, *_) = last_lines(services, 2)
        assert entry.outcome == "refused"
        with pytest.raises(DeviceError, match=r"anna, therapist \(walk with P7\)"):
            await device.hold(ben, "mine")
        await device.release(anna)
        await device.hold(ben, "now mine")
        assert device.holds(ben)

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_the_engine_learns_no_persons_name(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        await device.hold(somebody(services, "anna"), "walk")
        await until(lambda: device.state is not None and device.state.holder is not None)
        assert device.state is not None
        held = device.state.holder
        assert held is not None
        assert held.role == "therapist"
        assert "anna" not in held.holder

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_asking_is_seen_by_the_holder_alone_as_hers(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna, ben = somebody(services, "anna"), somebody(services, "ben")
        with pytest.raises(DeviceError, match="Nobody"):
            await device.ask_for(ben)
        await device.hold(anna, "walk")
        await device.ask_for(ben)
        hers = json.loads(holder_as_json(device.holder_of(), anna))
        his = json.loads(holder_as_json(device.holder_of(), ben))
        assert (hers["mine"], hers["asked_by"]) == (True, "ben")
        assert (his["mine"], his["may_take_over"]) == (False, False)
        assert anna.key not in holder_as_json(device.holder_of(), ben)
        await device.release(anna)
        await device.hold(ben, "walk")
        assert json.loads(holder_as_json(device.holder_of(), ben))["asked_by"] is None

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_the_same_user_and_an_administrator_may_take_over_with_a_reason(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        phone, tablet = somebody(services, "anna"), somebody(services, "anna")
        ben = somebody(services, "ben")
        admin = somebody(services, "carla", Role.ADMINISTRATOR)
        await device.hold(phone, "walk")
        with pytest.raises(DeviceError, match="anna or an administrator"):
            await device.take_over(ben, "I need it")
        with pytest.raises(DeviceError, match="reason"):
            await device.take_over(tablet, "  ")
        assert device.holds(phone)
        await device.take_over(tablet, "the phone is empty")
        assert device.holds(tablet)
        assert last_lines(services)[0].detail == "the phone is empty"
        await device.take_over(admin, "anna has gone home")
        assert device.holder_of() is None
        (entry,) = last_lines(services)
        assert (entry.who, entry.action, entry.outcome) == ("carla", "take the device over", "done")
        with pytest.raises(DeviceError, match="does not command"):
            await device.hold(admin, "for myself")

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_what_another_program_holds_is_not_taken_from_it(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna = somebody(services, "anna")
        admin = somebody(services, "carla", Role.ADMINISTRATOR)
        with ControlClient(tmp_path / "engine.sock") as other:
            other.ask(Hold(role="therapist", holder="bench", reason="a test walk"))
            await until(lambda: device.holder_of() is not None)
            with pytest.raises(DeviceError, match=r"bench \(a test walk\)"):
                await device.hold(anna, "walk")
            with pytest.raises(DeviceError, match="end it there"):
                await device.take_over(admin, "mine")
        await until(lambda: device.holder_of() is None)
        await device.hold(anna, "walk")

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_the_device_is_released_when_the_holders_login_ends(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna, ben = somebody(services, "anna"), somebody(services, "ben")
        await device.start(anna, WALK, attended=False, simulated=True)
        await until(lambda: device.progress is not None)
        end_login(services, anna)
        await until(lambda: device.holder_of() is None)
        assert device.state is not None
        assert device.state.doing is Doing.RUNNING, "a session goes on"
        await device.hold(ben, "goes on with it")
        await device.command(ben, Note(role="therapist", text="taken over"))
        await device.command(ben, Stop())

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_after_a_restart_of_the_console_the_device_is_free_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    async def before(services: Services, device: Device) -> None:
        await device.start(somebody(services, "anna"), WALK, attended=False, simulated=True)
        await until(lambda: device.progress is not None)

    async def after(services: Services, device: Device) -> None:
        assert device.state is not None
        assert device.state.doing is Doing.RUNNING
        assert device.state.facts is not None
        anna = somebody(services, "anna")
        await device.hold(anna, "back again")
        await until(lambda: (device.progress or _NONE).tempo_low_per_minute is not None)
        assert await device.command(anna, NudgeTempo(percent=1))
        assert await device.command(anna, Stop())
        await until(lambda: device.ended is not None)
        assert device.ended is not None
        assert device.ended.path == device_path(tmp_path)

    with engine_in(tmp_path):
        with_device(tmp_path, before)
        with_device(tmp_path, after)


def device_path(folder: Path) -> str:
    (path,) = (folder / "sessions").glob("*.andante")
    return str(path)


class _Nothing:
    tempo_low_per_minute = None


_NONE = _Nothing()


def test_a_patients_tablet_commands_its_own_session_alone(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna = somebody(services, "anna")
        own = somebody(services, "tablet", Role.PATIENT_VIEW, "P7")
        other = somebody(services, "tablet", Role.PATIENT_VIEW, "P8")
        with pytest.raises(DeviceError, match="another patient"):
            await device.start(other, WALK, attended=False, simulated=True)
        await device.start(anna, WALK, attended=False, simulated=True)
        await until(lambda: device.progress is not None)
        with pytest.raises(DeviceError, match="for the therapist"):
            await device.command(own, NudgeTempo(percent=1))
        with pytest.raises(DeviceError, match="another patient"):
            await device.command(other, Stop())
        report = SelfReport(moment="before", item="mood", score=7)  # type: ignore[arg-type]
        assert await device.command(own, report), "whoever holds the device"
        assert await device.command(own, Stop())

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_a_clinician_commands_nothing_and_simulation_must_be_allowed(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        clinician = somebody(services, "dora", Role.CLINICIAN)
        with pytest.raises(DeviceError, match="clinician"):
            await device.command(clinician, Stop())
        with pytest.raises(DeviceError, match="simulated"):
            await device.start(somebody(services, "anna"), WALK, attended=False, simulated=True)
        assert device.holder_of() is None

    with engine_in(tmp_path):
        with_device(tmp_path, scenario, try_out=False)


def test_without_an_engine_everything_says_so_and_it_is_found_when_it_comes(
    tmp_path: Path,
) -> None:
    services_seen: list[bool] = []

    async def with_none(services: Services, device: Device) -> None:
        anna = somebody(services, "anna")
        assert not device.connected
        with pytest.raises(DeviceError, match="cannot be reached"):
            await device.hold(anna, "walk")
        with pytest.raises(DeviceError, match="button on the device"):
            await device.command(anna, Stop())
        with engine_in(tmp_path):
            await until(lambda: device.connected)
            services_seen.append(True)
        await until(lambda: not device.connected)

    async def run(services: Services) -> None:
        async with services.device.going_on():
            await with_none(services, services.device)

    services = Services.made(console_settings(tmp_path))
    asyncio.run(run(services))
    services.database.close()
    assert services_seen
