"""The firmware on the emulated chip: its limits, its resets, its settings, its tone."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from andante.board.frames import (
    FROM_BOARD,
    PROTOCOL_VERSION,
    Decoder,
    Hello,
    HelloRequest,
    Message,
    PiMessage,
    SettingReply,
    SettingSet,
    encode,
)
from andante.errors import BoardError
from andante.ports import TAP_CHANNELS, Channel, Edge, FaultKind
from andante.timebase import NS_PER_MS, SimulatedClock
from emulated_board.chip import CLOCK_HZ, Chip, Reset
from emulated_board.line import EmulatedBoard
from emulated_board.patterns import CYCLES_PER_MS, REST_MV, Truth, connect_everything
from emulated_board.rig import ChipRig
from emulated_board.sizes import Sizes, sizes_of
from emulated_board.wiring import adc_input, port_and_bit
from support.board import Heard

FLASH_BYTES = 24 * 1024
RAM_BYTES = 1600
LOAD_PERCENT = 70.0
TICK_CYCLES = 8  # 0.5 µs
TONE_MS = 0.6
TONE, TAP_REFRACTORY_MS = 12, 11  # setting identifiers
POWER_ON, RESET_PIN, BROWN_OUT, WATCHDOG = 1, 2, 3, 4


@dataclass
class Bench:
    """A chip and a plain terminal on its line."""

    chip: Chip
    clock: SimulatedClock
    port: EmulatedBoard
    decoder: Decoder = field(default_factory=lambda: Decoder(FROM_BOARD))

    def wait(self, duration_ms: int) -> list[Message]:
        self.clock.sleep_until_ns(self.clock.now_ns() + duration_ms * NS_PER_MS)
        return [m for _, data in self.port.read() for m in self.decoder.feed(data)]

    def say(self, message: PiMessage, wait_ms: int = 50) -> list[Message]:
        self.port.write(encode(message))
        return self.wait(wait_ms)

    def hello(self) -> Hello:
        answers = self.say(HelloRequest(PROTOCOL_VERSION, 77, 0))
        return [m for m in answers if isinstance(m, Hello)][-1]

    def set(self, setting_id: int, value: int) -> int | None:
        """The value in force, as the board answers."""
        answers = self.say(SettingSet(setting_id, value))
        values = [m.value for m in answers if isinstance(m, SettingReply)]
        return values[-1] if values else None


@pytest.fixture
def bench(elf: Path) -> Iterator[Bench]:
    clock = SimulatedClock()
    with closing(Chip(elf)) as chip:
        port = EmulatedBoard(chip, clock)
        port.open()
        bench = Bench(chip, clock, port)
        bench.wait(100)
        yield bench


@pytest.fixture(scope="module")
def sizes(elf: Path) -> Sizes:
    return sizes_of(elf)


def test_a_file_that_is_no_program_is_refused(elf: Path, tmp_path: Path) -> None:
    assert elf.is_file()
    text = tmp_path / "text.elf"
    text.write_text("not a program")
    for path in (text, tmp_path / "absent.elf"):
        with pytest.raises(BoardError, match="no program for the ATmega328P"):
            Chip(path)


# --- limits -----------------------------------------------------------------------------------


def test_it_fits_the_flash(sizes: Sizes) -> None:
    print(f"flash {sizes.flash_bytes} B, variables {sizes.variables_bytes} B")
    assert 1000 < sizes.flash_bytes <= FLASH_BYTES


def test_the_busiest_moment_leaves_time_and_memory(rig: ChipRig, sizes: Sizes) -> None:
    """All inputs at once, samples streamed, and an outage whose events are all sent again."""
    truth = connect_everything(rig.chip, rig.cycle, 6.0, seed=2)
    loads_percent = []
    for window in range(60):
        if window == 30:
            rig.port.vanish()
        if window == 40:
            rig.port.return_()
        before = rig.chip.counts
        rig.run(0.1)
        after = rig.chip.counts
        slept = (after.slept_cycles - before.slept_cycles) / (after.cycle - before.cycle)
        loads_percent.append(100 * (1 - slept))
    rig.run_past(truth)
    used_bytes = sizes.used_bytes(rig.chip.read_ram())
    print(
        f"load over 100 ms: mean {np.mean(loads_percent):.1f} %, max {max(loads_percent):.1f} %; "
        f"RAM {used_bytes} B, of it {used_bytes - sizes.variables_bytes} B stack"
    )
    assert 1 < max(loads_percent) <= LOAD_PERCENT
    assert sizes.variables_bytes < used_bytes <= RAM_BYTES
    assert_all_arrived(rig, truth)
    assert rig.chip.counts.bytes_overrun == 0


def assert_all_arrived(rig: ChipRig, truth: Truth) -> None:
    """Feet aside, whose first step teaches the firmware their range."""
    assert rig.link.counts().events_lost == 0
    for channel in (*TAP_CHANNELS, Channel.PHOTODIODE, Channel.SOUND_LINE):
        heard = sum((r.channel, r.edge) == (channel, Edge.ON) for r in rig.heard.responses)
        assert heard == len(truth.cycles[channel, Edge.ON])


def test_a_plug_pulled_for_two_seconds_costs_no_event(rig: ChipRig) -> None:
    """At the pace of a drum circle: four taps a second on each pad, and two feet."""
    truth = connect_everything(rig.chip, rig.cycle, 6.0, seed=8, tap_hz=4.0)
    rig.run(2.0)
    rig.port.vanish()
    rig.run(2.0)
    rig.port.return_()
    rig.run_past(truth)
    assert rig.heard.count(FaultKind.LINK_LOST) == rig.heard.count(FaultKind.LINK_RESTORED) == 1
    assert rig.heard.count(FaultKind.BOARD_RESTARTED) == 0
    assert_all_arrived(rig, truth)


def test_samples_are_taken_by_the_timer_and_not_by_the_program(rig: ChipRig) -> None:
    connect_everything(rig.chip, rig.cycle, 3.0, seed=3)
    rig.run(0.5)
    rig.chip.watch_conversions(True)
    missed = rig.chip.counts.triggers_missed
    rig.run(2.0)
    conversions = rig.chip.take_conversions()
    assert rig.chip.counts.triggers_missed == missed
    inputs = {adc_input(channel): 250 for channel in TAP_CHANNELS}
    inputs |= {adc_input(name): 1000 for name in ("left", "right", "belt", "photodiode_level")}
    assert set(np.unique(conversions[:, 1]).tolist()) == set(inputs)
    jitter_cycles, missing = {}, {}
    for adc, period_us in inputs.items():
        cycles = conversions[conversions[:, 1] == adc, 0]
        period_cycles = period_us * CLOCK_HZ // 1_000_000
        places = np.rint((cycles - cycles[0]) / period_cycles).astype(np.int64)
        jitter_cycles[adc] = int(np.ptp(cycles - places * period_cycles))
        missing[adc] = int(places[-1]) + 1 - cycles.size
        assert places[-1] >= 1.9e6 / period_us
    print(f"sample instants by ADC input: jitter {jitter_cycles} cycles, missing {missing}")
    assert max(jitter_cycles.values()) <= TICK_CYCLES
    assert max(missing.values()) == 0


def test_a_tap_sounds_at_once(rig: ChipRig) -> None:
    rig.port.write(encode(SettingSet(TONE, 1)))
    rig.run(0.5)
    tone = port_and_bit("tap_tone")
    rig.chip.watch_pin(*tone)
    delays_ms = []
    for number in range(48):
        channel = TAP_CHANNELS[number % 4]
        # A hard strike: 0.1 ms to its peak, at any phase of the sampling.
        onset = rig.cycle + CYCLES_PER_MS + 4001 * number % 5000
        marks_ms = [0.0, 0.1, 12.0, 20.0]
        rig.chip.set_wave(
            adc_input(channel),
            [onset + round(at_ms * CYCLES_PER_MS) for at_ms in marks_ms],
            [REST_MV, 3000.0, 1500.0, REST_MV],
        )
        rig.run(0.12)
        edges = rig.chip.take_edges()
        assert len(edges) > 4, f"no tone after tap {number}"
        delays_ms.append((edges[0, 0] - onset) / CYCLES_PER_MS)
    print(
        f"tap to tone: mean {np.mean(delays_ms):.3f} ms, SD {np.std(delays_ms):.3f}, "
        f"max {max(delays_ms):.3f}"
    )
    assert min(delays_ms) > 0
    assert max(delays_ms) <= TONE_MS


def test_without_being_asked_it_makes_no_tone(rig: ChipRig) -> None:
    rig.chip.watch_pin(*port_and_bit("tap_tone"))
    connect_everything(rig.chip, rig.cycle, 2.0, seed=4)
    rig.run(2.5)
    assert len(rig.heard.responses) > 20
    assert len(rig.chip.take_edges()) == 0


# --- resets and settings ------------------------------------------------------------------------


def test_it_says_why_it_started(bench: Bench) -> None:
    hello = bench.hello()
    assert (hello.boot_reason, hello.tick_hz, hello.flags) == (POWER_ON, 2_000_000, 0)
    boot_ids = [hello.boot_id]
    for reset, reason in (
        (Reset.RESET_PIN, RESET_PIN),
        (Reset.BROWN_OUT, BROWN_OUT),
        (Reset.POWER_ON, POWER_ON),
    ):
        bench.port.reset(reset)
        bench.wait(100)
        hello = bench.hello()
        assert hello.boot_reason == reason
        boot_ids.append(hello.boot_id)
    assert len(set(boot_ids)) == 4


def test_the_watchdog_ends_a_hang(bench: Bench) -> None:
    before = bench.hello()
    bench.chip.derail()
    bench.wait(1000)
    assert bench.chip.counts.resets == 1
    after = bench.hello()
    assert after.boot_reason == WATCHDOG
    assert after.boot_id != before.boot_id


def test_the_link_hears_of_a_watchdog_reset(rig: ChipRig) -> None:
    rig.run(0.5)
    rig.chip.derail()
    rig.run(2.5)
    assert rig.heard.count(FaultKind.BOARD_RESTARTED) == 1
    assert rig.heard.infos[-1].boot_reason == "watchdog"
    assert {probe.epoch for probe in rig.heard.probes} == {0, 1}
    rig.heard = Heard()
    connect_everything(rig.chip, rig.cycle, 2.0, seed=6)
    rig.run(2.5)
    assert {r.channel for r in rig.heard.responses} >= {*TAP_CHANNELS, Channel.SOUND_LINE}
    assert {r.epoch for r in rig.heard.responses} == {1}


def test_settings_outlive_a_restart_and_damage_brings_the_defaults_back(bench: Bench) -> None:
    bench.hello()
    assert bench.set(TAP_REFRACTORY_MS, 77) == 77
    bench.wait(500)  # EEPROM is slow
    bench.port.reset(Reset.POWER_ON)
    bench.wait(100)
    bench.hello()
    beyond_any_range = 100_000
    assert bench.set(TAP_REFRACTORY_MS, beyond_any_range) == 77
    eeprom = bench.chip.read_eeprom(64)
    bench.chip.write_eeprom(bytes(byte ^ 0x10 for byte in eeprom))
    bench.port.reset(Reset.POWER_ON)
    bench.wait(100)
    bench.hello()
    restored = bench.set(TAP_REFRACTORY_MS, beyond_any_range)
    assert restored not in (77, beyond_any_range, None)
