"""The guard: a small process that outlives the engine and darkens everything when that is lost.

Started by `andante.guard.Guard`; run as `python -m andante.guard_process CONFIG`, with CONFIG as
JSON. It loads and opens all it needs beforehand, says `ready` on its standard output, and then
waits on its standard input, the engine's end of which the kernel closes however the engine ends:

| what comes | what the guard does |
|---|---|
| `.` | a heartbeat: from now on one is expected every `silence_ms` |
| `r` | rest: no heartbeat is expected until the next one |
| `q` | ends without touching anything |
| end of file | the engine has died: darkens |
| nothing for `silence_ms` | the engine hangs: kills it, since it holds the pins, and darkens |

Sound needs no guard: the sound server or the kernel closes a dead process's stream.
"""

import importlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, Protocol

from andante.timebase import NS_PER_MS, MonotonicClock

TRY_FOR_NS = 90 * NS_PER_MS
_TRY_AGAIN_NS = NS_PER_MS
_DEATH_MS = 50

# A WS2812 bit is sent as three SPI bits at 2.4 MHz, of which a 0 is 100 (WS2812B data sheet:
# 0.4 µs high, 0.85 µs low); low for 280 µs and more ends whatever was being sent.
_SPI_HZ = 2_400_000
_BLACK_PIXEL = bytes((0b10010010, 0b01001001, 0b00100100)) * 3
_RESET = bytes(96)


class Part(Protocol):
    """One thing to darken."""

    name: str

    def darken(self) -> None:
        """Make it dark or still at once. Raises OSError where that is not possible yet."""
        ...


class PinPart:
    """A pin driven low, through lgpio. The engine's death frees it first."""

    def __init__(self, lgpio: Any, chip: int, gpio: int) -> None:
        self.name = f"GPIO {gpio}"
        self._lgpio = lgpio
        self._chip = chip
        self._gpio = gpio

    def darken(self) -> None:
        """Claim the pin as an output that is low. Raises OSError while somebody else holds it."""
        try:
            self._lgpio.gpio_claim_output(self._chip, self._gpio, 0)
        except self._lgpio.error as error:
            raise OSError(str(error)) from None


class RingPart:
    """A ring of NeoPixels, sent black."""

    name = "ring"

    def __init__(self, spi: Any, pixel_count: int) -> None:
        self._spi = spi
        self._black = _RESET + _BLACK_PIXEL * pixel_count + _RESET

    def darken(self) -> None:
        """Send black to every pixel. Raises OSError."""
        self._spi.writebytes(self._black, max_speed_hz=_SPI_HZ)


class TwinPart:
    """The twin of a part: a line in a file or a pty, `NAME dark`."""

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY)

    def darken(self) -> None:
        """Write the line. Raises OSError."""
        os.write(self._fd, f"{self.name} dark\n".encode())


def open_parts(config: dict[str, Any]) -> tuple[list[Part], list[str]]:
    """The parts of `config`, and a reason for each that cannot be guarded."""
    gpios, ring = config["gpios"], config["ring_device"]
    if config["twin"] is not None:
        names = [f"GPIO {gpio}" for gpio in gpios] + (["ring"] if ring else [])
        return [TwinPart(config["twin"], name) for name in names], []
    parts: list[Part] = []
    without: list[str] = []
    if gpios:
        try:
            lgpio = importlib.import_module("lgpio")
            chip = _pin_chip(lgpio)
            parts += [PinPart(lgpio, chip, gpio) for gpio in gpios]
        except (ImportError, OSError) as error:
            without.append(f"the pins ({error})")
    if ring:
        try:
            spi = importlib.import_module("Adafruit_PureIO.spi").SPI(ring)
            parts.append(RingPart(spi, config["pixel_count"]))
        except (ImportError, OSError) as error:
            without.append(f"the ring ({error})")
    return parts, without


def _pin_chip(lgpio: Any) -> int:
    """A handle of the chip with the header's pins, which is not the first one on every Pi."""
    for path in sorted(Path("/dev").glob("gpiochip*")):
        try:
            handle = int(lgpio.gpiochip_open(int(path.name.removeprefix("gpiochip"))))
        except lgpio.error:
            continue
        if str(lgpio.gpio_get_chip_info(handle)[3]).startswith("pinctrl-"):
            return handle
        lgpio.gpiochip_close(handle)
    raise OSError("no GPIO chip of a Raspberry Pi can be opened")


def darken_all(parts: list[Part], clock: MonotonicClock) -> dict[str, int | str]:
    """Darken every part, trying for 90 ms; for each when it was dark, in `_ns`, or why not."""
    deadline_ns = clock.now_ns() + TRY_FOR_NS
    outcome: dict[str, int | str] = {}
    left = list(parts)
    while left:
        for part in list(left):
            try:
                part.darken()
            except OSError as error:
                outcome[part.name] = str(error)
            else:
                outcome[part.name] = clock.now_ns()
                left.remove(part)
        if clock.now_ns() >= deadline_ns:
            break
        if left:
            clock.sleep_until_ns(clock.now_ns() + _TRY_AGAIN_NS)
    return outcome


def wait_for_loss(pipe_fd: int, silence_ms: int, clock: MonotonicClock) -> str | None:
    """Wait until the engine is lost and return why; None where it took its leave."""
    poll = select.poll()
    poll.register(pipe_fd, select.POLLIN)
    deadline_ns: int | None = None
    while True:
        wait_ms = None
        if deadline_ns is not None:
            wait_ms = max(0.0, (deadline_ns - clock.now_ns()) / NS_PER_MS)
        if not poll.poll(wait_ms):
            if deadline_ns is not None and clock.now_ns() >= deadline_ns:
                return f"the engine said nothing for {silence_ms} ms"
            continue
        said = os.read(pipe_fd, 4096)
        if not said:
            return "the engine ended"
        if said.endswith(b"q"):
            return None
        resting = said.endswith(b"r")
        deadline_ns = None if resting else clock.now_ns() + silence_ms * NS_PER_MS


def main() -> None:
    """Guard until the engine leaves or is lost."""
    # Whoever ends the engine may mean to end its whole group; the guard goes after it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT):
        signal.signal(number, signal.SIG_IGN)
    config = json.loads(sys.argv[1])
    clock = MonotonicClock()
    parts, without = open_parts(config)
    engine = os.pidfd_open(config["engine_pid"])
    record_fd = None
    if config["record"] is not None:
        record_fd = os.open(config["record"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(sys.stdout.fileno(), json.dumps({"ready": True, "without": without}).encode() + b"\n")
    reason = wait_for_loss(sys.stdin.fileno(), config["silence_ms"], clock)
    if reason is None:
        return
    noticed_ns = clock.now_ns()
    try:
        signal.pidfd_send_signal(engine, signal.SIGKILL)
    except ProcessLookupError:
        pass
    else:
        gone = select.poll()
        gone.register(engine, select.POLLIN)
        gone.poll(_DEATH_MS)
    outcome = darken_all(parts, clock)
    if record_fd is not None:
        line = {"reason": reason, "noticed_ns": noticed_ns, "dark": outcome}
        os.write(record_fd, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main()
