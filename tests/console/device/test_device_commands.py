"""No command is lost in silence: what the engine carried out, refused, or never answered."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from andante.commands import Note, NudgeTempo, Pause, Resume, Stop
from andante.control import Doing, TempoChanged, decode_message
from andante.timebase import NS_PER_MS, MonotonicClock
from andante_host.console.device import connection
from andante_host.console.device.connection import EngineConnection
from andante_host.console.device.device import Device
from andante_host.console.device.problem import DeviceError
from andante_host.console.services import Services
from support.device import WALK, engine_in, somebody, until, with_device


def test_commands_are_confirmed_or_refused_with_the_engines_reason(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna = somebody(services, "anna")
        await device.hold(anna, "walk")
        with pytest.raises(DeviceError, match="No session"):
            await device.command(anna, Pause())
        without_cues = {**WALK, "walk": {"baseline_s": 300}}
        await device.start(anna, without_cues, attended=False, simulated=True)
        await until(lambda: device.progress is not None)
        with pytest.raises(DeviceError, match="no tempo to change"):
            await device.command(anna, NudgeTempo(percent=5))
        with pytest.raises(DeviceError, match="not paused"):
            await device.command(anna, Resume())
        with pytest.raises(DeviceError, match="text"):
            await device.command(anna, Note(role="therapist", text="x" * 501))
        assert await device.command(anna, Pause())
        await until(lambda: device.progress is not None and device.progress.paused)
        with pytest.raises(DeviceError, match="paused already"):
            await device.command(anna, Pause())
        assert await device.command(anna, Resume())
        assert await device.command(anna, Stop())
        await until(lambda: device.ended is not None)
        refused = [e for e in services.audit.newest(20) if e.outcome == "refused"]
        assert len(refused) == 5
        await until(lambda: device.state is not None and device.state.doing is Doing.WAITING)
        assert device.holds(anna), "only a patient's tablet gives it back by itself"

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


def test_a_change_of_tempo_is_seen_within_300_ms_and_told_with_its_reason(tmp_path: Path) -> None:
    async def scenario(services: Services, device: Device) -> None:
        anna, clock = somebody(services, "anna"), MonotonicClock()
        await device.start(anna, WALK, attended=False, simulated=True)
        await until(
            lambda: device.progress is not None and device.progress.tempo_low_per_minute is not None
        )
        told: list[TempoChanged] = []

        async def listen() -> None:
            async for event in device.watch():
                message = decode_message(event.data.encode()) if event.name == "tempo" else None
                if isinstance(message, TempoChanged):
                    told.append(message)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        asked_ns = clock.now_ns()
        assert await device.command(anna, NudgeTempo(percent=4))
        assert clock.now_ns() - asked_ns < 300 * NS_PER_MS
        await until(lambda: len(told) == 1)
        assert told[0].tempo_per_minute == pytest.approx(124.8)
        assert "by hand" in told[0].reason
        await device.command(anna, NudgeTempo(percent=12))
        await until(lambda: len(told) == 2)
        assert "5 % at most" in told[1].reason
        listening.cancel()
        await device.command(anna, Stop())

    with engine_in(tmp_path):
        with_device(tmp_path, scenario)


class MuteEngine:
    """Takes connections, reads and never answers; ends them when told."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        try:
            while True:
                self._connections.append(self._socket.accept()[0])
        except OSError:
            return

    def end(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for each in (*self._connections, self._socket):
            each.close()


def test_an_engine_that_does_not_answer_is_an_error_and_its_connection_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.1)
    mute = MuteEngine(tmp_path / "mute.sock")

    async def run() -> None:
        asked = await EngineConnection.opened(tmp_path / "mute.sock")
        with pytest.raises(DeviceError, match="no answer"):
            await asked.ask(Stop())
        assert not asked.is_open, "a late answer must not be taken for the next one's"
        with pytest.raises(DeviceError, match="nothing was done"):
            await asked.ask(Stop())

    asyncio.run(run())
    mute.end()


def test_who_waits_for_an_answer_is_told_when_the_engine_goes(tmp_path: Path) -> None:
    mute = MuteEngine(tmp_path / "mute.sock")

    async def run() -> None:
        asked = await EngineConnection.opened(tmp_path / "mute.sock")
        waiting = asyncio.create_task(asked.command(Stop()))
        await asyncio.sleep(0.05)
        mute.end()
        with pytest.raises(DeviceError, match="has gone"):
            await waiting
        assert not asked.is_open

    asyncio.run(run())


def test_no_engine_at_all(tmp_path: Path) -> None:
    async def run() -> None:
        with pytest.raises(DeviceError, match="cannot be reached"):
            await EngineConnection.opened(tmp_path / "none.sock")

    asyncio.run(run())
