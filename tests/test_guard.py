"""The guard: whatever becomes of the engine, everything is dark within 100 ms.

The engine here is a process of its own with real outputs on mock pins; the guard's parts are
twins that write into a file. Times are the guard's own record on CLOCK_MONOTONIC, which all
processes share.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from andante.errors import OutputError
from andante.guard import Guard
from andante.guard_process import PinPart, RingPart, darken_all, open_parts
from andante.ports import FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock

LIMIT_NS = 100 * NS_PER_MS
SILENCE_MS = 300
MOST_BYTES = 15_000_000

ENGINE = """
import sys
from pathlib import Path
from andante.guard import Guard
from andante.ports import Cue
from andante.simulated.outputs import mock_led_output
from andante.timebase import NS_PER_MS, MonotonicClock

clock = MonotonicClock()
guard = Guard(clock, silence_ms=int(sys.argv[2]), twin=Path(sys.argv[1], "twin"),
              record=Path(sys.argv[1], "record"))
guard.start()
led = mock_led_output(clock)
led.start()
guard.beat()  # from here on silence is noticed
print(guard.pid, flush=True)
index = 0
while True:
    guard.beat()
    led.schedule(Cue(index, clock.now_ns() + 15 * NS_PER_MS))
    index += 1
    clock.sleep_until_ns(clock.now_ns() + 20 * NS_PER_MS)
"""


class Engine:
    """A process that plays cues under guard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(folder), str(SILENCE_MS)], stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.guard_pid = int(self.process.stdout.readline())

    def record(self) -> dict[str, Any]:
        wait_until(lambda: (self.folder / "record").read_bytes().endswith(b"\n"))
        return dict(json.loads((self.folder / "record").read_text()))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def wait_until(holds: Callable[[], bool]) -> None:
    clock = MonotonicClock()
    deadline_ns = clock.now_ns() + 5 * NS_PER_S
    while not holds():
        assert clock.now_ns() < deadline_ns
        clock.sleep_until_ns(clock.now_ns() + 5 * NS_PER_MS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine(tmp_path)
    yield opened
    opened.close()


def dark_after_ns(record: dict[str, Any], since_ns: int) -> int:
    assert set(record["dark"]) == {"GPIO 17", "GPIO 27", "ring"}
    return int(max(record["dark"].values()) - since_ns)


def test_a_killed_engine_leaves_everything_dark(engine: Engine) -> None:
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + 100 * NS_PER_MS)
    status = Path(f"/proc/{engine.guard_pid}/status").read_text()
    [resident] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    print(f"guard on twins: {int(resident.split()[1]) * 1_024 / 1e6:.1f} MB resident")
    killed_ns = clock.now_ns()
    engine.process.send_signal(signal.SIGKILL)
    record = engine.record()
    assert record["reason"] == "the engine ended"
    took_ns = dark_after_ns(record, killed_ns)
    print(f"killed engine, guard on twins: dark after {took_ns / NS_PER_MS:.1f} ms")
    assert 0 < took_ns < LIMIT_NS
    lines = (engine.folder / "twin").read_text().splitlines()
    assert lines == ["GPIO 17 dark", "GPIO 27 dark", "ring dark"]


def test_a_hanging_engine_is_killed_and_everything_is_dark(engine: Engine) -> None:
    clock = MonotonicClock()
    engine.process.send_signal(signal.SIGSTOP)
    stopped_ns = clock.now_ns()
    record = engine.record()
    assert record["reason"] == f"the engine said nothing for {SILENCE_MS} ms"
    assert engine.process.wait(5) == -signal.SIGKILL
    silent_ns = record["noticed_ns"] - stopped_ns
    # The last beat came up to 20 ms before the engine was stopped, or was read after.
    assert silent_ns > (SILENCE_MS - 100) * NS_PER_MS
    took_ns = dark_after_ns(record, record["noticed_ns"])
    print(f"hanging engine, guard on twins: dark {took_ns / NS_PER_MS:.1f} ms after it was noticed")
    assert took_ns < LIMIT_NS


def test_the_guard_outlives_a_polite_end_of_the_whole_group(engine: Engine) -> None:
    os.kill(engine.guard_pid, signal.SIGTERM)
    os.kill(engine.guard_pid, signal.SIGINT)
    clock = MonotonicClock()
    clock.sleep_until_ns(clock.now_ns() + 50 * NS_PER_MS)
    assert not (engine.folder / "twin").read_text()
    killed_ns = clock.now_ns()
    engine.process.send_signal(signal.SIGTERM)
    assert dark_after_ns(engine.record(), killed_ns) < LIMIT_NS


def test_what_a_real_guard_loads_is_small() -> None:
    program = (
        "import sys, importlib.util as u\n"
        "import andante.guard_process\n"
        "for name in ('lgpio', 'Adafruit_PureIO.spi'):\n"
        "    __import__(name)\n"
        "print(int(open('/proc/self/statm').read().split()[1]) * 4096)\n"
        "print(*sys.modules)\n"
    )
    pytest.importorskip("lgpio")
    pytest.importorskip("Adafruit_PureIO.spi")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    size, modules = done.stdout.decode().splitlines()
    print(f"guard with lgpio and SPI: {int(size) / 1e6:.1f} MB resident")
    assert int(size) < MOST_BYTES
    assert not {"numpy", "msgspec", "gpiozero", "subprocess"} & set(modules.split())


def guard_on_twins(folder: Path, silence_ms: int = SILENCE_MS) -> Guard:
    guard = Guard(
        MonotonicClock(), silence_ms=silence_ms, twin=folder / "twin", record=folder / "record"
    )
    guard.start()
    return guard


def test_taking_leave_touches_nothing(tmp_path: Path) -> None:
    guard = guard_on_twins(tmp_path)
    assert guard.without == ()
    guard.beat()
    guard.stop()
    guard.stop()
    assert guard.pid is None
    assert not (tmp_path / "twin").read_text()
    assert not (tmp_path / "record").read_text()
    assert guard.take_faults() == []


def test_no_beat_is_expected_before_the_first_and_while_at_rest(tmp_path: Path) -> None:
    clock, guard = MonotonicClock(), guard_on_twins(tmp_path, silence_ms=100)
    clock.sleep_until_ns(clock.now_ns() + 200 * NS_PER_MS)
    guard.beat()
    guard.rest()
    clock.sleep_until_ns(clock.now_ns() + 200 * NS_PER_MS)
    guard.beat()
    guard.rest()
    assert guard.take_faults() == []
    guard.stop()
    assert not (tmp_path / "record").read_text()


def test_a_guard_that_is_gone_is_a_fault_told_once(tmp_path: Path) -> None:
    guard = guard_on_twins(tmp_path)
    assert guard.pid is not None
    os.kill(guard.pid, signal.SIGKILL)

    def has_noticed() -> bool:
        guard.beat()
        return guard.pid is None

    wait_until(has_noticed)
    guard.beat()
    [fault] = guard.take_faults()
    assert (fault.kind, fault.part) == (FaultKind.OUTPUT_FAILED, "guard")
    assert guard.take_faults() == []


def test_a_guard_that_does_not_start_is_one_plain_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(OutputError, match="does not start"):
        guard_on_twins(tmp_path)


# --- the real parts, on stand-ins for their libraries -------------------------------------------


class BusyPins:
    """lgpio where a pin is held by a dying engine for the first tries."""

    error = RuntimeError

    def __init__(self, busy_tries: int) -> None:
        self.busy_tries = busy_tries
        self.claimed: list[tuple[int, int, int]] = []

    def gpio_claim_output(self, chip: int, gpio: int, level: int) -> None:
        if self.busy_tries > 0:
            self.busy_tries -= 1
            raise self.error("GPIO busy")
        self.claimed.append((chip, gpio, level))


def test_a_pin_is_claimed_as_soon_as_it_is_free() -> None:
    pins, clock = BusyPins(5), MonotonicClock()
    outcome = darken_all([PinPart(pins, 3, 17), PinPart(pins, 3, 27)], clock)
    assert sorted(pins.claimed) == [(3, 17, 0), (3, 27, 0)]
    assert all(isinstance(dark_ns, int) for dark_ns in outcome.values())


def test_a_pin_that_never_comes_free_is_given_up_within_100_ms() -> None:
    pins, clock = BusyPins(10_000), MonotonicClock()
    began_ns = clock.now_ns()
    outcome = darken_all([PinPart(pins, 3, 17)], clock)
    assert outcome == {"GPIO 17": "GPIO busy"}
    assert clock.now_ns() - began_ns < LIMIT_NS + 20 * NS_PER_MS


def test_the_ring_is_sent_black() -> None:
    sent: list[tuple[bytes, int]] = []
    spi = SimpleNamespace(writebytes=lambda data, max_speed_hz: sent.append((data, max_speed_hz)))
    RingPart(spi, 16).darken()
    [(data, speed_hz)] = sent
    bits = "".join(f"{byte:08b}" for byte in data)
    assert bits.strip("0") == ("100" * (16 * 24)).strip("0")
    reset_s = (len(bits) - len(bits.lstrip("0"))) / speed_hz
    assert reset_s > 280e-6
    # 0.4 µs high, 0.85 µs low, each to 0.15 µs (WS2812B data sheet).
    assert 1 / speed_hz == pytest.approx(0.4e-6, abs=0.15e-6)
    assert 2 / speed_hz == pytest.approx(0.85e-6, abs=0.15e-6)


def test_what_cannot_be_guarded_is_said() -> None:
    config = {"gpios": [17], "ring_device": "/nowhere", "pixel_count": 16, "twin": None}
    parts, without = open_parts(config)
    if Path("/dev/gpiochip0").exists():
        pytest.skip("this computer has pins")
    assert parts == []
    assert [text.split(" (")[0] for text in without] == ["the pins", "the ring"]
