"""Choosing a device, and what `SoundOutput` does when it misbehaves (a simulated device)."""

import logging
import sys
import threading
from typing import Any

import numpy as np
import pytest

from andante.cues import device as device_module
from andante.cues import sound as sound_module
from andante.cues.device import FRAMES_PER_BUFFER, Callback, refuse_bluetooth
from andante.cues.frame_map import FrameMap
from andante.cues.sound import SoundOutput
from andante.errors import OutputError
from andante.ports import Cue, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock

pytestmark = pytest.mark.alone

RATE_HZ = 48_000
BUFFER_NS = FRAMES_PER_BUFFER * NS_PER_S // RATE_HZ


class FakeDevice:
    """Asks for a buffer every 32 ms, as a simulated sound device; can run dry and stall."""

    rate_hz = RATE_HZ
    channel_count = 2
    description = "simulated device"
    ahead_s = 0.04

    def __init__(self, _wanted: str | None, callback: Callback) -> None:
        self._callback = callback
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.stalled = False
        self.dry_ns = 0
        self.played: list[bytes] = []
        FakeDevice.newest = self

    newest: "FakeDevice"

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        clock = MonotonicClock()
        due_ns, status = clock.now_ns(), 0
        while not self._ended.is_set():
            due_ns += BUFFER_NS + self.dry_ns
            status, self.dry_ns = (4 if self.dry_ns else 0), 0
            clock.sleep_until_ns(due_ns)
            if self.stalled:
                continue
            # The device's delay makes up for a callback that comes late.
            ahead_s = self.ahead_s - (clock.now_ns() - due_ns) / NS_PER_S
            times_s = {"current_time": 5.0, "output_buffer_dac_time": 5.0 + ahead_s}
            buffer, _ = self._callback(None, FRAMES_PER_BUFFER, times_s, status)
            self.played.append(buffer.tobytes())  # copied at once, as PyAudio does

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()


@pytest.fixture
def fake_device(monkeypatch: pytest.MonkeyPatch) -> type[FakeDevice]:
    monkeypatch.setattr(sound_module, "SoundDevice", FakeDevice)
    return FakeDevice


def wait_ns(duration_ns: int) -> None:
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + duration_ns)


def test_running_dry_and_stalling_lose_no_report(
    fake_device: type[FakeDevice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "STALLED_NS", NS_PER_S // 2)
    clock = MonotonicClock()
    output = SoundOutput(clock)
    output.start()
    device = fake_device.newest
    start_ns = clock.now_ns()
    output.schedule(Cue(0, start_ns + 120 * NS_PER_MS))  # sounds just before the gap
    wait_ns(100 * NS_PER_MS)
    device.dry_ns = 150 * NS_PER_MS
    output.schedule(Cue(1, clock.now_ns() + 120 * NS_PER_MS))  # in the gap
    output.schedule(Cue(4, clock.now_ns() + 270 * NS_PER_MS))  # just after it
    wait_ns(400 * NS_PER_MS)
    device.stalled = True
    output.schedule(Cue(2, clock.now_ns() + 300 * NS_PER_MS))
    wait_ns(1_000 * NS_PER_MS)
    output.schedule(Cue(3, clock.now_ns() + 500 * NS_PER_MS))
    output.stop()
    reports = {r.cue_index: r for r in output.take_reports()}
    assert sorted(reports) == [0, 1, 2, 3, 4]
    # What was in the buffers when it ran dry has sounded.
    assert reports[0].actual_ns is not None
    assert reports[0].fault is None
    assert reports[1].actual_ns is None
    assert reports[4].actual_ns is not None
    assert reports[4].fault == "the sound ran dry near this cue"
    for index in (2, 3):
        assert reports[index].actual_ns is None
        assert reports[index].fault == "the sound device has stopped"
    kinds = [f.kind for f in output.take_faults()]
    assert kinds.count(FaultKind.SOUND_UNDERRUN) == 1
    assert kinds.count(FaultKind.OUTPUT_FAILED) == 1
    flagged = [t for t in output.take_audio_timing() if t.status]
    assert [t.status for t in flagged] == [4]


def test_the_mapping_may_move_only_when_nothing_has_sounded_for_a_while(
    fake_device: type[FakeDevice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "QUIET_NS", NS_PER_S)
    monkeypatch.setattr(sound_module, "REST_PERIOD_NS", NS_PER_S // 10)
    rests_ns: list[int] = []
    clock = MonotonicClock()
    monkeypatch.setattr(FrameMap, "rest", lambda _: rests_ns.append(clock.now_ns()))
    output = SoundOutput(clock)
    output.start()
    wait_ns(NS_PER_S // 2)
    cue = Cue(0, clock.now_ns() + 250 * NS_PER_MS)
    output.schedule(cue)
    scheduled_ns = clock.now_ns()
    wait_ns(2 * NS_PER_S)
    output.stop()
    assert min(rests_ns) < scheduled_ns
    between = [r for r in rests_ns if scheduled_ns + 50 * NS_PER_MS < r < cue.planned_ns + NS_PER_S]
    assert between == []
    assert max(rests_ns) > cue.planned_ns + NS_PER_S
    assert fake_device.newest.played


def test_a_cue_still_in_a_buffer_at_stop_is_not_called_given(
    fake_device: type[FakeDevice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_device, "ahead_s", 0.3)  # far ahead, so that stop comes between
    clock = MonotonicClock()
    output = SoundOutput(clock)
    output.start()
    start_ns = clock.now_ns()
    output.schedule(Cue(0, start_ns + 400 * NS_PER_MS))
    output.schedule(Cue(1, start_ns + 3 * NS_PER_S))
    wait_ns(250 * NS_PER_MS)
    output.stop()
    [report] = output.take_reports()
    assert (report.cue_index, report.actual_ns) == (0, None)
    assert report.fault == "stopped before it sounded"
    assert output.take_faults() == []


def test_volume_starts_at_a_third_and_both_channels_agree(fake_device: type[FakeDevice]) -> None:
    clock = MonotonicClock()
    output = SoundOutput(clock, volume_percent=60.0)
    output.start()
    output.schedule(Cue(0, clock.now_ns() + 150 * NS_PER_MS))
    wait_ns(250 * NS_PER_MS)
    output.stop()
    played = np.frombuffer(b"".join(fake_device.newest.played), dtype=np.float32).reshape(-1, 2)
    np.testing.assert_array_equal(played[:, 0], played[:, 1])
    assert np.abs(played).max() == pytest.approx(0.2, rel=1e-4)


def test_a_device_without_delay_is_refused(
    fake_device: type[FakeDevice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(fake_device, "ahead_s", -1.0)
    output = SoundOutput(MonotonicClock())
    with pytest.raises(OutputError, match="does not keep time"):
        output.start()
    output.stop()


@pytest.mark.parametrize("volume_percent", [-1.0, 101.0])
def test_a_volume_out_of_range_is_refused(volume_percent: float) -> None:
    with pytest.raises(ValueError, match="volume"):
        SoundOutput(MonotonicClock(), volume_percent)


@pytest.mark.parametrize("name", ["bluez_sink.AA_BB", "Bluetooth speaker", "BLUEZ"])
def test_bluetooth_is_refused(name: str) -> None:
    with pytest.raises(OutputError, match="use one with a cable"):
        refuse_bluetooth(name)


def test_no_pyaudio_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    output = SoundOutput(MonotonicClock())
    with pytest.raises(OutputError, match="PyAudio, which is not installed"):
        output.start()
    output.stop()
    assert output.take_reports() == []


@pytest.mark.parametrize(("device", "words"), [(None, "no sound device"), ("x", "no sound device")])
def test_no_device_is_one_plain_sentence_and_keeps_the_terminal_clean(
    device: str | None,
    words: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("pyaudio", reason="needs PyAudio")
    empty = tmp_path / "alsa.conf"
    empty.write_text("pcm.!default { type nonsense }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(empty))
    with (
        caplog.at_level(logging.DEBUG, logger=device_module.__name__),
        pytest.raises(OutputError, match=words),
    ):
        SoundOutput(MonotonicClock(), device=device).start()
    assert capfd.readouterr().err == ""
    assert any("ALSA" in message for message in caplog.messages)
