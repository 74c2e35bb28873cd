"""The emulated board keeps the contract of every `SerialPort`: the very tests of the others."""

import importlib.util
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from andante.timebase import NS_PER_MS, SimulatedClock
from emulated_board.chip import Chip
from emulated_board.line import EmulatedBoard

_CONTRACT = Path(__file__).parents[1] / "board" / "test_serial_ports.py"
_spec = importlib.util.spec_from_file_location("serial_port_contract", _CONTRACT)
assert _spec is not None
assert _spec.loader is not None
contract = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(contract)

test_what_is_asked_is_answered = contract.test_what_is_asked_is_answered_and_stamped_on_arrival
test_a_quiet_port_reads_as_nothing_and_soon = contract.test_a_quiet_port_reads_as_nothing_and_soon
test_every_byte_value_passes_both_ways = contract.test_every_byte_value_passes_both_ways
test_what_was_said_before_opening = contract.test_what_was_said_before_opening_is_not_heard
test_a_port_that_is_not_open_says_so = contract.test_a_port_that_is_not_open_says_so
test_a_port_that_vanishes_and_returns = contract.test_a_port_that_vanishes_and_returns
test_it_has_a_name = contract.test_it_has_a_name

BOOT_NS = 100 * NS_PER_MS


@pytest.fixture
def rig(elf: Path) -> Iterator[object]:
    clock = SimulatedClock()
    with closing(Chip(elf)) as chip:
        port = EmulatedBoard(chip, clock)
        clock.sleep_until_ns(clock.now_ns() + BOOT_NS)
        yield contract.Rig(port, clock, port.vanish, port.return_)
