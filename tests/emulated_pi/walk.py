"""A paced walk on the emulated Pi: what `andante run` does there, with all of it known outside.

The sensor board is the real firmware on an emulated chip, at the other end of the Pi's UART. Its
feet walk from power-on; from the first flash on they follow a walk whose every step is known.
All that is emulated or simulated here is named in the README beside this file.
"""

import json
import queue
import random
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.ports import FOOT_CHANNELS, Channel, Edge
from andante.simulated.pty_board import PtyBoard
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, S_PER_MINUTE
from emulated_board.chip import Chip, firmware_elf
from emulated_board.patterns import REST_MV, Truth, Wave, step
from emulated_board.real_time import PacedBoard
from emulated_pi.image import EmulationError, image
from emulated_pi.machine import PinEdge, VirtualClock, ahead_of_others, emulated_pi

LED_PIN, MARK_PIN = 17, 5  # the latter is free on the hat
FIRST_FLASH_S = 180.0  # of this machine's time; it takes some 40
AFTER_WALK_S = 90.0
SLOWEST = 5  # this machine's time for one second of the walk
SOUND_RATE_HZ = 48_000
STANCE_SHARE = 0.62  # of a stride
QUIET_CUES = 3  # the patient stands still from the first flash until the fourth
LAST_CUES = 2  # and makes no step to these, whose end would come after the session's
EARLY_MS, SPREAD_MS = -30.0, 15.0  # of the patient's steps from the cues: mean and SD
WARM_UP_S = 150.0

_JOB = """
marks=/usr/lib/emulated_pi/marks.py
uptime_s() { cut -d ' ' -f 1 /proc/uptime; }
uptime_s >booted_s
python3 $marks before.json
python3 -c "import board; print(board.board_id, board.D10)" >ring_pin.txt 2>&1
RECORDER & recorder=$!
busybox time -v -o engine.txt python3 -m andante run plan.toml \
  --port /dev/ttyAMA0 --attended --out sessions --json >result.json 2>said.txt
kill $recorder
wait $recorder
python3 $marks after.json
[ ! -f /tmp/sound.wav ] || cp /tmp/sound.wav .
"""
_RECORDER = f"arecord -q -D plughw:Loopback,1,0 -f S16_LE -c 1 -r {SOUND_RATE_HZ} /tmp/sound.wav"
_PLAN = """
exercise = "walk"
patient_code = "emulated"

[walk]
tempo_spm = {tempo_spm}
cued_minutes = {cued_minutes}

[outputs]
led = true
sound = {sound}
ring = {ring}
"""

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PiWalk:
    """A walk that has ended. All times are session time, all off by at most `uncertainty_us`.

    `steps_ns`: when the feet truly came down and left, by channel and edge, shape (n,).
    `ring_pin`: how Blinka names the computer and the pin of the ring.
    `sound`: what came out of the loopback, a WAV file, if sound was asked for.
    """

    session: Path
    led_edges: tuple[PinEdge, ...]
    steps_ns: dict[tuple[Channel, Edge], Int64s]
    uncertainty_us: float
    sound: Path | None
    said: str
    engine: str
    ring_pin: str
    boot_s: float
    first_flash_s: float
    processor_s: float


def led_edges_of_walk(
    folder: Path,
    cue_count: int = 200,
    tempo_spm: float = 150.0,
    *,
    sound: bool = True,
    ring: bool = False,
    idle_leaps: bool = True,
) -> PiWalk:
    """Let the emulated Pi run a walk of `cue_count` cues; everything it leaves lies in `folder`.

    Takes about twice the walk's length. With `idle_leaps` a busy computer makes no cue late, but
    an edge may be read some milliseconds after it came; without, edges are read within some 0.1 ms
    and this machine's own delays come through. Raises EmulationError where the walk does not come
    to its end, BoardError where the sensor board cannot be emulated.
    """
    clock = VirtualClock()
    interval_ns = round(S_PER_MINUTE * NS_PER_S / tempo_spm)
    walk_s = cue_count * interval_ns / NS_PER_S
    files, card = folder / "to-card", folder / "card"
    files.mkdir(parents=True)
    card.mkdir()
    (files / "job").write_text(_JOB.replace("RECORDER", _RECORDER if sound else "true"))
    # Half an interval less than all cues, so that none falls on the very end.
    minutes = (cue_count - 0.5) / tempo_spm
    wanted = {name: str(value).lower() for name, value in (("sound", sound), ("ring", ring))}
    plan = _PLAN.format(tempo_spm=tempo_spm, cued_minutes=minutes, **wanted)
    (files / "plan.toml").write_text(plan)
    built = image()
    with ExitStack() as stack:
        chip = stack.enter_context(closing(Chip(firmware_elf())))
        with ahead_of_others():  # a chip that has to answer within a few ms of the Pi's time
            board = BoardInTime(chip, clock)
            pty = stack.enter_context(PtyBoard(board, clock))
        pi = stack.enter_context(emulated_pi(built, folder, clock, pty.path, idle_leaps=idle_leaps))
        pi.fill_card(files)
        with pty.pause():
            _warm_up(chip, board.cycles, interval_ns)
        flashes: queue.SimpleQueue[PinEdge] = queue.SimpleQueue()
        with ahead_of_others():
            pi.start(lambda edge: flashes.put(edge) if edge.pin == LED_PIN else None)
        try:
            first_ns = flashes.get(timeout=FIRST_FLASH_S).time_ns
        except queue.Empty:
            raise EmulationError(
                f"The emulated Pi gave no cue within {FIRST_FLASH_S:.0f} s; see {pi.console}."
            ) from None
        with pty.pause():
            truth = _walk_along(chip, board.cycles, first_ns, interval_ns, cue_count)
        pi.wait(AFTER_WALK_S + SLOWEST * walk_s)
        pi.read_card(card)
    result = card / "result.json"
    if not result.is_file() or not result.read_text().strip():
        said = (card / "said.txt").read_text() if (card / "said.txt").is_file() else "nothing"
        raise EmulationError(f"On the emulated Pi andante run failed; it said: {said}")
    session = card / json.loads(result.read_text())["session"]
    if not session.is_file():
        raise EmulationError(f"On the emulated Pi andante run left no session at {session.name}.")
    brackets_ns = [*_marks(card / "before.json"), *_marks(card / "after.json")]
    session_time = SessionTime.of(pi.edges_of(MARK_PIN), brackets_ns)
    return PiWalk(
        session=session,
        led_edges=tuple(edge.shifted(-session_time.offset_ns) for edge in pi.edges_of(LED_PIN)),
        steps_ns={
            kind: np.array([board.cycles.ns_at(c) for c in cycles]) - session_time.offset_ns
            for kind, cycles in truth.cycles.items()
        },
        uncertainty_us=session_time.uncertainty_us,
        sound=card / "sound.wav" if sound else None,
        said=(card / "said.txt").read_text(),
        engine=(card / "engine.txt").read_text(),
        ring_pin=(card / "ring_pin.txt").read_text().strip(),
        boot_s=float((card / "booted_s").read_text()),
        first_flash_s=first_ns / NS_PER_S,
        processor_s=pi.processor_s,
    )


class BoardInTime(PacedBoard):
    """The chip in virtual time, which can leap between a look at the clock and one at the wire."""

    def __init__(self, chip: Chip, clock: VirtualClock) -> None:
        super().__init__(chip, clock)
        self._clock = clock

    def receive(self, data: bytes, time_ns: int) -> None:
        """Bytes are heard when they are here and not before they were sent."""
        super().receive(data, max(time_ns, self._clock.now_ns()))


# --- the feet -------------------------------------------------------------------------------


def _warm_up(chip: Chip, cycles: TickClock, interval_ns: int) -> None:
    """Walk at the cues' tempo, in no relation to them, so that the firmware knows the feet."""
    count = round(WARM_UP_S * NS_PER_S / interval_ns)
    steps_ns = [n * interval_ns for n in range(1, count)]
    _connect_steps(chip, cycles, 0, steps_ns, interval_ns)


def _walk_along(
    chip: Chip, cycles: TickClock, first_flash_ns: int, interval_ns: int, cue_count: int
) -> Truth:
    """Stand still at once; then a step to every cue but the last, each off by its own."""
    rng = random.Random(cue_count)
    steps_ns = [
        first_flash_ns + n * interval_ns + round(rng.gauss(EARLY_MS, SPREAD_MS) * NS_PER_MS)
        for n in range(QUIET_CUES, cue_count - LAST_CUES)
    ]
    return _connect_steps(chip, cycles, first_flash_ns, steps_ns, interval_ns)


def _connect_steps(
    chip: Chip, cycles: TickClock, from_ns: int, steps_ns: Sequence[int], interval_ns: int
) -> Truth:
    rng, truth = random.Random(len(steps_ns)), Truth()
    stance_ms = STANCE_SHARE * 2 * interval_ns / NS_PER_MS
    for foot, channel in enumerate(FOOT_CHANNELS):
        wave = Wave([cycles.ticks_at(from_ns)], [REST_MV])
        for step_ns in steps_ns[foot::2]:
            step(wave, truth, channel, cycles.ticks_at(step_ns), stance_ms, rng)
        wave.connect(chip, channel)
    return truth


# --- the clocks -----------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionTime:
    """What lies between virtual time and the Pi's session time, which run at one rate."""

    offset_ns: int
    uncertainty_us: float

    @classmethod
    def of(cls, marks: Sequence[PinEdge], brackets_ns: Sequence[tuple[int, int]]) -> "SessionTime":
        """From the marks: each edge on the spare pin fell between two readings of session time.

        The median of them all is the offset; no mark allows it to be farther off than
        `uncertainty_us`. Raises EmulationError where the marks contradict each other.
        """
        pairs = list(zip(marks, brackets_ns, strict=True))
        low_ns = max(mark.not_before_ns - after_ns for mark, (_, after_ns) in pairs)
        high_ns = min(mark.not_after_ns - before_ns for mark, (before_ns, _) in pairs)
        if low_ns > high_ns:
            raise EmulationError("The emulated Pi's clock and QEMU's do not run at one rate.")
        off_ns = [mark.time_ns - (before + after) // 2 for mark, (before, after) in pairs]
        offset_ns = min(max(round(float(np.median(off_ns))), low_ns), high_ns)
        return cls(offset_ns, max(offset_ns - low_ns, high_ns - offset_ns) / NS_PER_US)


def _marks(path: Path) -> list[tuple[int, int]]:
    return [(before_ns, after_ns) for before_ns, after_ns in json.loads(path.read_text())]
