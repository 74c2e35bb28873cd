"""Link, simulated board and simulated line together: nothing lost, nothing invented, on time."""

import time

import numpy as np
import pytest

from andante.board.frames import PROTOCOL_VERSION
from andante.board.link import BoardLink
from andante.errors import BoardError
from andante.ports import FaultKind, Response
from andante.simulated.board import RING_EVENTS
from andante.simulated.source import Counts, Press
from andante.timebase import NS_PER_S, SimulatedClock
from support.board import PUMP_NS, TICK_HZ, Heard, ListSource, SimulatedRig, steps, streams


def as_presses(responses: list[Response], start_ticks: int = 0) -> list[Press]:
    return [
        Press(r.channel, r.edge, r.ticks + start_ticks, r.peak_counts, r.duration_ticks)
        for r in responses
    ]


def test_ten_minutes_every_event_once_and_on_time() -> None:
    rig = SimulatedRig()
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 1160)
    rig.board.connect_source(ListSource(sent))
    rig.run(620, until_ended=True)
    heard = rig.heard
    assert heard.ended
    assert as_presses(heard.responses) == sorted(sent, key=lambda press: press.ticks) == sent
    assert [r.event_seq for r in heard.responses] == list(range(len(sent)))
    late = [r for r in heard.responses if r.time_ns > rig.start_ns + 30 * NS_PER_S]
    errors_us = np.array([rig.error_us(r) for r in late])
    print(f"bias {errors_us.mean():.2f} SD {errors_us.std():.2f} max {np.abs(errors_us).max():.1f}")
    assert len(late) > 2000
    assert abs(errors_us.mean()) <= 10
    assert np.abs(errors_us).max() <= 100
    assert [fault.text for fault in heard.faults] == []
    counts = rig.link.counts()
    assert (counts.events_received, counts.events_lost) == (len(sent), 0)


def test_what_the_link_says_when_it_has_started() -> None:
    rig = SimulatedRig()
    before = rig.link.simulated
    began_ns = rig.clock.now_ns()
    rig.link.start()
    assert rig.clock.now_ns() - began_ns < NS_PER_S
    assert (before, rig.link.simulated) == (False, True)
    assert rig.link.description == "simulated line"
    rig.heard.add(rig.link.take_news())
    (info,) = rig.heard.infos
    assert (info.epoch, info.tick_hz, info.protocol_version) == (0, TICK_HZ, PROTOCOL_VERSION)
    assert info.boot_reason == "power on"
    assert len(rig.heard.probes) >= 5  # those of the greeting are kept for the session file
    rig.link.stop()
    rig.link.stop()


def test_damaged_bytes_and_outages_lose_no_event() -> None:
    """1 % of all bytes damaged, and three outages of 2 s."""
    rig = SimulatedRig(damage_rate=0.01, outages_s=[(20, 22), (50, 52), (51.5, 53.5), (90, 92)])
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 240)
    rig.board.connect_source(ListSource(sent))
    rig.run(150, until_ended=True)
    heard, counts = rig.heard, rig.link.counts()
    assert heard.ended
    assert as_presses(heard.responses) == sent
    assert counts.events_lost == heard.count(FaultKind.EVENTS_LOST) == 0
    assert counts.events_recovered == heard.count(FaultKind.EVENTS_RECOVERED) > 50
    assert counts.frames_bad >= heard.count(FaultKind.BAD_FRAMES) > 100
    assert heard.count(FaultKind.LINK_LOST) == heard.count(FaultKind.LINK_RESTORED) == 3
    outage_ns = rig.start_ns + 20 * NS_PER_S
    lost = next(fault for fault in heard.faults if fault.kind is FaultKind.LINK_LOST)
    assert outage_ns - NS_PER_S // 2 < lost.time_ns <= outage_ns + NS_PER_S // 50
    assert len(heard.infos) == 4  # the board introduces itself again after each outage


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_line_delays_the_start_but_does_not_prevent_it(seed: int) -> None:
    rig = SimulatedRig(seed=seed, damage_rate=0.01)
    rig.link.start()
    assert rig.clock.now_ns() - rig.start_ns < 3 * NS_PER_S


def test_lost_sample_blocks_are_marked_with_channel_and_number() -> None:
    rig = SimulatedRig(outages_s=[(10, 10.9)])  # too short for a lost link
    rig.link.start()
    sent = streams(rig.ticks_now() + 100, 30)
    rig.board.connect_source(ListSource(sent))
    rig.run(40, until_ended=True)
    heard, counts = rig.heard, rig.link.counts()
    assert heard.ended
    lost = [fault for fault in heard.faults if fault.kind is FaultKind.SAMPLES_LOST]
    assert {fault.part for fault in lost} == {"left", "right"}
    assert sum(fault.count for fault in lost) == counts.sample_blocks_lost
    assert len(heard.samples) + counts.sample_blocks_lost == len(sent)
    assert 8 <= counts.sample_blocks_lost <= 10  # 0.9 s of 5 blocks a second on two channels
    by_start = {(block.channel, block.first_ticks): tuple(block.counts) for block in sent}
    for block in heard.samples:
        assert by_start[block.channel, block.first_ticks] == tuple(block.counts)
        assert block.rate_hz == 100.0


def test_a_stream_longer_than_a_frame_is_cut_without_a_seam() -> None:
    rig = SimulatedRig()
    rig.link.start()
    first_ticks = rig.ticks_now() + 50
    counts = tuple(range(-500, 500))
    block = Counts(streams(0, 1)[0].channel, first_ticks, 833, counts)
    rig.board.connect_source(ListSource([block]))
    rig.run(10, until_ended=True)
    got = [(b.first_ticks + i * 833, c) for b in rig.heard.samples for i, c in enumerate(b.counts)]
    assert got == [(first_ticks + i * 833, c) for i, c in enumerate(counts)]


def test_a_full_ring_drops_the_newest_and_says_how_many() -> None:
    rig = SimulatedRig(outages_s=[(5, 40)])
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 120)
    rig.board.connect_source(ListSource(sent))
    rig.run(80, until_ended=True)
    heard, counts = rig.heard, rig.link.counts()
    assert heard.ended
    by_seq = {
        r.event_seq: press
        for r, press in zip(heard.responses, as_presses(heard.responses), strict=True)
    }
    missing = sorted(set(range(len(sent))) - set(by_seq))
    assert missing
    assert missing == list(range(missing[0], missing[0] + len(missing)))  # one gap, in its place
    assert all(sent[seq] == press for seq, press in by_seq.items())
    assert counts.events_lost == heard.count(FaultKind.EVENTS_LOST) == len(missing)
    # 35 s at four edges a second less what the ring holds.
    assert len(missing) == pytest.approx(140 - RING_EVENTS, abs=4)


def test_a_restart_begins_a_new_epoch() -> None:
    rig = SimulatedRig()
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 120)
    rig.board.connect_source(ListSource(sent))
    rig.run(40)
    restart_ticks = rig.ticks_now()
    rig.board.restart(rig.clock.now_ns())
    rig.run(40, until_ended=True)
    heard = rig.heard
    assert heard.ended
    first = [r for r in heard.responses if r.epoch == 0]
    second = [r for r in heard.responses if r.epoch == 1]
    assert heard.responses == first + second
    assert [r.event_seq for r in second] == list(range(len(second)))
    assert heard.infos[-1].boot_reason == "watchdog"
    assert heard.infos[-1].epoch == 1
    assert heard.count(FaultKind.BOARD_RESTARTED) == 1
    # Steps felt right after the boot, before the Pi greeted it, are there as well.
    assert as_presses(first) + as_presses(second, restart_ticks) == sent
    assert max(abs(rig.error_us(r, restart_ticks)) for r in second) < 1000
    assert {probe.epoch for probe in heard.probes} == {0, 1}


def test_a_restart_of_which_the_hello_is_lost_is_still_noticed() -> None:
    rig = SimulatedRig(outages_s=[(9.9, 10.2)])
    rig.link.start()
    rig.run(10 - 0.5)
    rig.board.restart(rig.clock.now_ns())
    sent = steps(rig.ticks_now() + TICK_HZ, 20)
    rig.board.connect_source(ListSource(sent))
    rig.run(20, until_ended=True)
    assert rig.heard.ended
    assert rig.heard.count(FaultKind.BOARD_RESTARTED) == 1
    assert {r.epoch for r in rig.heard.responses} == {1}
    assert len(rig.heard.responses) == len(sent)


def test_a_second_program_hears_nothing_of_the_first() -> None:
    rig = SimulatedRig(outages_s=[(8, 12)])
    rig.link.start()
    old = steps(rig.ticks_now() + 100, 20)
    rig.board.connect_source(ListSource(old))
    rig.run(9)  # what came last is still in the ring
    rig.link.stop()
    rig.clock.sleep_until_ns(rig.clock.now_ns() + 5 * NS_PER_S)
    second = BoardLink(rig.line, rig.clock)
    second.start()
    rig.heard, rig.link = Heard(), second
    new = steps(rig.ticks_now() + 100, 10)
    rig.board.connect_source(ListSource(new))
    rig.run(20, until_ended=True)
    assert as_presses(rig.heard.responses) == new
    assert rig.heard.responses[0].event_seq == 0


def test_the_port_vanishes_and_returns() -> None:
    rig = SimulatedRig()
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 40)
    rig.board.connect_source(ListSource(sent))
    rig.run(5)
    rig.line.vanish()
    rig.run(4)
    rig.line.return_()
    rig.run(30, until_ended=True)
    heard = rig.heard
    assert heard.ended
    assert as_presses(heard.responses) == sent
    assert heard.count(FaultKind.LINK_LOST) == heard.count(FaultKind.LINK_RESTORED) == 1
    assert rig.link.counts().reconnects == 1
    assert {r.epoch for r in heard.responses} == {0}


def test_the_counter_wraps_after_four_hours_and_46_minutes() -> None:
    wrap_ns = 2**32 * NS_PER_S // TICK_HZ
    rig = SimulatedRig(rate_error_ppm=0.0, zero_before_start_ns=wrap_ns - 20 * NS_PER_S)
    rig.link.start()
    sent = steps(rig.ticks_now() + 100, 80)
    assert sent[0].ticks < 2**32 < sent[-1].ticks
    rig.board.connect_source(ListSource(sent))
    rig.run(60, until_ended=True)
    assert as_presses(rig.heard.responses) == sent
    assert max(abs(rig.error_us(r)) for r in rig.heard.responses[-20:]) <= 100


class ScriptedPort:
    """A port at which something else answers."""

    name = "scripted port"

    def __init__(self, clock: SimulatedClock, answer: bytes) -> None:
        self._clock = clock
        self._answer = answer

    def open(self) -> None:
        pass

    def read(self) -> list[tuple[int, bytes]]:
        return [(self._clock.now_ns(), self._answer)] if self._answer else []

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


ECHOED = b"\x00\x07\x81\x01\x78\x56\x34\x12\x03\x8b\x96\x00"  # a HELLO_REQUEST of the Pi's own
# A HELLO of version 2 with a layout unknown here: 01 02 03 04 05 and its CRC.
VERSION_2 = bytes.fromhex("00 08 01 02 03 04 05 04 93 00")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "Nothing answers on scripted port within 5 s"),
        (b"AT+OK\r\n", "does not speak Andante's protocol"),
        (b"\x00\x12\x00\xff\x01", "does not speak Andante's protocol"),
        (ECHOED, "does not speak Andante's protocol"),
        (VERSION_2, r"speaks version 2 of the protocol and this program speaks version 1"),
    ],
)
def test_what_answers_is_no_board(answer: bytes, sentence: str) -> None:
    clock = SimulatedClock()
    link = BoardLink(ScriptedPort(clock, answer), clock)
    with pytest.raises(BoardError, match=sentence):
        link.start()
    assert link.counts().events_received == 0


def test_a_line_that_lets_hardly_anything_through() -> None:
    rig = SimulatedRig(seed=3, damage_rate=0.25)
    with pytest.raises(BoardError, match=r"check (the cable|that this is the right port)"):
        rig.link.start()


@pytest.mark.long
def test_half_an_hour_costs_seconds() -> None:
    """10 probes a second, 7200 events, two streams of 100 Hz: at most 6 s of processor time."""
    rig = SimulatedRig()
    rig.link.start()
    first_ticks = rig.ticks_now() + 1000
    rig.board.connect_source(ListSource([*steps(first_ticks, 3600), *streams(first_ticks, 1800)]))
    began_s = time.process_time()
    rig.run(1810, until_ended=True)
    took_s = time.process_time() - began_s
    print(f"{took_s:.2f} s of processor time, pumped every {PUMP_NS} ns")
    assert rig.heard.ended
    assert len(rig.heard.responses) == 7200
    assert len(rig.heard.samples) == 18_000
    assert took_s <= 6
