"""The C core reads and writes the very bytes of the Python codec."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.board.frames import (
    FROM_BOARD,
    PROTOCOL_VERSION,
    Ack,
    Decoder,
    Event,
    EventFlag,
    Hello,
    HelloRequest,
    Message,
    Probe,
    ProbeReply,
    Samples,
    SettingReply,
    SettingSet,
    Status,
    encode,
)
from support import core as c_core
from support.core import SWEEP_PERIOD_TICKS, TICK_HZ, CoreBoard

BOOT, CONVERSATION = 0xBEEF, 0x12345678
LOW_32 = 0xFFFF_FFFF
REQUEST = encode(HelloRequest(PROTOCOL_VERSION, CONVERSATION, 0))
HELLO = Hello(PROTOCOL_VERSION, 0, 1, 0, TICK_HZ, 1, BOOT, CONVERSATION, 1)


@pytest.fixture
def board() -> Iterator[CoreBoard]:
    board = CoreBoard(c_core.library(), BOOT)
    yield board
    board.close()


def heard(data: bytes) -> list[Message]:
    decoder = Decoder(FROM_BOARD)
    messages = decoder.feed(b"\x00" + data)
    assert decoder.frames_bad == 0
    return messages


def opened(board: CoreBoard, ticks: int = 0) -> None:
    board.receive(REQUEST + encode(Ack(BOOT, 0)), ticks)
    board.frames(ticks)


def test_the_greeting_of_both_sides(board: CoreBoard) -> None:
    booted = HELLO._replace(conversation_id=0)
    assert board.frames(0) == encode(booted)
    board.receive(encode(Probe(1)) + encode(Ack(BOOT, 0)), 0)
    assert board.frames(10) == b""  # nobody has greeted yet
    board.receive(REQUEST, 20)
    assert board.frames(20) == encode(HELLO)
    board.receive(encode(Ack(BOOT ^ 1, 0)) + encode(Probe(1)), 30)
    assert board.frames(30) == b""  # another boot's
    board.receive(encode(Ack(BOOT, 0)), 40)
    assert board.frames(40) == encode(Status(0, 0, 0))
    newer = encode(HelloRequest(PROTOCOL_VERSION + 1, 5, 0))
    board.receive(newer, 50)
    assert board.frames(50) == encode(HELLO)  # says its own version, takes nothing


@given(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1))
def test_a_probe_is_answered_on_an_idle_line_only(probe_id: int, ticks: int) -> None:
    board = CoreBoard(c_core.library(), BOOT)
    opened(board, ticks)
    board.receive(encode(Probe(probe_id)), ticks)
    assert board.next_frame(ticks + 50, line_idle=False) == (b"", None)
    data, leave_ticks = board.next_frame(ticks + 100)
    assert leave_ticks == (ticks + 500) % 2**32
    # Stamped are the first byte's beginning and the last one's end, ten bits a byte.
    byte_ticks = TICK_HZ * 10 // 250_000
    began_ticks = (ticks - len(encode(Probe(probe_id))) * byte_ticks) % 2**32
    ended_ticks = (leave_ticks + len(data) * byte_ticks) % 2**32
    assert data == encode(ProbeReply(probe_id, began_ticks, ended_ticks))
    board.close()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8),
            st.booleans(),
            st.integers(0, 2**32 - 1),
            st.integers(0, 1023),
            st.one_of(st.integers(0, 2**23), st.integers(0, 2**32 - 1)),
        ),
        min_size=1,
        max_size=300,
    ),
    st.integers(1, 8),
)
@settings(deadline=None)
def test_events_come_out_of_the_packed_ring_as_they_went_in(
    pushed: list[tuple[int, bool, int, int, int]], arriving: int
) -> None:
    """Any channel, time and length; more than the ring has room for; acknowledged piecewise."""
    board = CoreBoard(c_core.library(), BOOT)
    opened(board)
    expected: dict[int, Event] = {}
    last_kept = -1
    for seq, (channel, off, ticks, peak, duration) in enumerate(pushed):
        kept = board.events_kept
        board.push(channel, off, ticks, peak, duration)
        if board.events_kept > kept:
            flags = EventFlag.OFF | EventFlag.MEASURED if off else EventFlag(0)
            measured = (peak, duration) if off else (0, 0)
            expected[seq] = Event(seq, seq - last_kept - 1, channel, flags, ticks, *measured)
            last_kept = seq
    got: dict[int, Event] = {}
    for _ in range(400):
        for message in heard(board.frames(0)):
            if isinstance(message, Event):
                assert message.event_seq not in got
                got[message.event_seq] = message
        if not board.events_kept:
            break
        first = min(seq for seq in expected if seq > getattr(board, "acked", -1))
        waiting = [seq for seq in got if seq >= first][:arriving]
        board.acked = waiting[-1]  # type: ignore[attr-defined]
        board.receive(encode(Ack(BOOT, waiting[-1] + 1)), 0)
    assert got == expected
    dropped = len(pushed) - len(expected)
    board.receive(REQUEST, 0)
    status = [m for m in heard(board.frames(TICK_HZ)) if isinstance(m, Status)]
    assert [m.events_dropped for m in status] == [dropped]
    board.close()


def test_events_are_resent_every_50_ms_until_they_are_acknowledged(board: CoreBoard) -> None:
    opened(board)
    for number in range(12):
        board.push(2, number % 2 == 1, 1000 * number, 50, 500)
    first = [m for m in heard(board.frames(0)) if isinstance(m, Event)]
    assert [m.event_seq for m in first] == list(range(8))  # no more than the window
    resend_ticks = 100_000
    assert board.frames(resend_ticks - 1) == b""
    again = [m for m in heard(board.frames(resend_ticks)) if isinstance(m, Event)]
    assert again == [m._replace(flags=m.flags | EventFlag.RESENT) for m in first]
    board.receive(encode(Ack(BOOT, 3)), resend_ticks + 5)
    more = [m for m in heard(board.frames(resend_ticks + 5)) if isinstance(m, Event)]
    assert [(m.event_seq, m.flags & EventFlag.RESENT) for m in more] == [(8, 0), (9, 0), (10, 0)]
    for stale in (3, 1, 0, 0x8000, 12):
        board.receive(encode(Ack(BOOT, stale)), resend_ticks + 6)
        assert board.events_kept == 9
    assert board.frames(2 * resend_ticks + 4) == b""
    assert board.frames(2 * resend_ticks + 5) != b""
    board.receive(encode(Ack(BOOT, 11)), 3 * resend_ticks)
    assert board.events_kept == 1


def test_a_new_conversation_empties_the_ring_unless_it_is_to_be_kept(board: CoreBoard) -> None:
    board.push(0, False, 7)
    board.receive(encode(HelloRequest(PROTOCOL_VERSION, 5, 1)), 0)
    assert board.events_kept == 1
    board.receive(encode(HelloRequest(PROTOCOL_VERSION, 6, 0)), 0)
    assert board.events_kept == 0
    board.receive(encode(Ack(BOOT, 0)), 0)
    board.push(1, False, 9)
    events = [m for m in heard(board.frames(0)) if isinstance(m, Event)]
    assert [(m.event_seq, m.lost_before, m.channel_code) for m in events] == [(0, 0, 1)]


def test_samples_come_in_blocks_of_one_period(board: CoreBoard) -> None:
    opened(board)
    board.receive(encode(SettingSet(1, 1)), 0)
    assert heard(board.frames(0)) == [SettingReply(1, 1)]
    blocks: dict[int, list[Samples]] = {0: [], 1: [], 6: []}
    for ms in range(400):
        if ms == 200:
            board.receive(encode(SettingSet(2, 3)), 0)
        board.sweep((ms, 1000 - ms, 500, 1), ms * SWEEP_PERIOD_TICKS)
        board.work()
        for message in heard(board.frames(0)):
            if isinstance(message, Samples):
                blocks[message.channel_code].append(message)
    for code, of_channel in blocks.items():
        assert [b.block_seq for b in of_channel] == list(range(len(of_channel)))
        assert {b.period_ticks for b in of_channel} == {20_000, 6000}
        for block in of_channel:
            stagger_ticks = {0: 0, 1: 500, 6: 1000}[code]
            at_ms, left = divmod(block.first_ticks - stagger_ticks, SWEEP_PERIOD_TICKS)
            assert left == 0
            step_ms = block.period_ticks // SWEEP_PERIOD_TICKS
            truth = np.arange(at_ms, at_ms + len(block.counts) * step_ms, step_ms)
            expected = {0: truth, 1: 1000 - truth, 6: np.full(truth.size, 500)}[code]
            assert list(block.counts) == expected.tolist()
    assert len(blocks[0]) == 2 + 8
    board.receive(encode(SettingSet(3, 1)) + encode(SettingSet(2, 1)), 0)
    board.frames(0)
    for ms in range(16):  # a line that takes nothing for 16 ms
        board.sweep((1, 2, 3, 4), ms * SWEEP_PERIOD_TICKS)
        board.work()
    late = {m.channel_code: m for m in heard(board.frames(0)) if isinstance(m, Samples)}
    assert set(late) == {0, 1, 6, 7}
    assert late[0].block_seq == blocks[0][-1].block_seq + 2  # one was lost, and it shows


def test_sweeps_that_come_faster_than_they_are_worked_off_are_counted(board: CoreBoard) -> None:
    opened(board)
    for ms in range(5):
        board.sweep((1, 2, 3, 4), ms * SWEEP_PERIOD_TICKS)
    assert board.work() == 3
    board.receive(encode(SettingSet(25, 0)), 0)
    assert heard(board.frames(0)) == [SettingReply(25, 2)]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=90),
            st.binary(max_size=70).map(lambda body: cobs.encode(body) + b"\x00"),
            st.builds(lambda i: encode(Probe(i)), st.integers(0, 0xFFFF)),
            st.builds(
                lambda s, v: encode(SettingSet(s, v)), st.integers(0, 255), st.integers(0, 9)
            ),
            st.just(b"\x00"),
        ),
        max_size=30,
    )
)
@settings(deadline=None)
def test_damaged_frames_are_counted_as_by_the_python_decoder(pieces: list[bytes]) -> None:
    from andante.board.frames import FROM_PI

    stream = b"".join(pieces)
    board = CoreBoard(c_core.library(), BOOT)
    decoder = Decoder(FROM_PI)
    for byte in stream:  # so that both notice an endless frame at the same byte
        decoder.feed(bytes([byte]))
    board.receive(stream, 0)
    assert board.frames_bad == decoder.frames_bad
    board.close()


def test_schedule_gives_every_pad_4_khz_and_every_other_input_1_khz() -> None:
    inputs = np.zeros(200, dtype=np.uint8)
    c_core.library().shim_schedule(inputs.ctypes.data, inputs.size)
    for adc, every in {0: 5, 1: 5, 2: 5, 3: 5, 4: 20, 5: 20, 6: 20, 7: 20}.items():
        places = np.flatnonzero(inputs == adc)
        assert np.diff(places).tolist() == [every] * (200 // every - 1)


@given(st.integers(0, 2**32 - 1), st.integers(0, 0xFFFF))
def test_a_reading_of_timer_1_is_widened_without_a_race(now_ticks: int, behind_ticks: int) -> None:
    """The overflow may have been counted already or wait to be: the time is the same."""
    core = c_core.library()
    high, low = now_ticks >> 16, now_ticks & 0xFFFF
    assert core.shim_widen(high, low, 0) == now_ticks
    if low < 0x8000:  # read after an overflow that is not counted yet
        assert core.shim_widen((high - 1) & 0xFFFF, low, 1) == now_ticks
    else:  # read before one that came between the reading and the look at its flag
        assert core.shim_widen(high, low, 1) == now_ticks
    past_ticks = (now_ticks - behind_ticks) & LOW_32
    assert core.shim_widen_past(now_ticks, past_ticks & 0xFFFF) == past_ticks


# --- settings -------------------------------------------------------------------------------


def ask(board: CoreBoard, setting_id: int, value: int = -(2**31)) -> int | None:
    board.receive(b"\x00" + encode(SettingSet(setting_id, value)), 0)
    replies = [m for m in heard(board.frames(0)) if isinstance(m, SettingReply)]
    assert all(r.setting_id == setting_id for r in replies)
    return replies[0].value if replies else None


RANGES = {2: (1, 32, 10), 3: (0, 1, 0), 4: (34, 60, 35), 5: (5, 30, 15), 6: (10, 500, 40),
          7: (20, 1000, 100), 8: (20, 1000, 100), 9: (6, 500, 20), 10: (0, 25, 6),
          11: (5, 1000, 40), 12: (0, 1, 0), 13: (500, 4000, 1000), 14: (5, 200, 30),
          15: (5, 1000, 50)}  # fmt: skip


def test_settings_keep_to_their_ranges_and_outlive_a_restart(board: CoreBoard) -> None:
    opened(board)
    for setting_id, (lowest, highest, default) in RANGES.items():
        assert ask(board, setting_id) == default
        for wrong in (lowest - 1, highest + 1, 65_536 + lowest):
            assert ask(board, setting_id, wrong) == default
        assert not board.take_settings_changed()
        other = highest if default == lowest else lowest
        assert ask(board, setting_id, other) == other
        assert board.take_settings_changed()
    assert ask(board, 1) == 0
    assert (ask(board, 1, 1), ask(board, 1, 7), ask(board, 1, 0)) == (1, 1, 0)
    assert [ask(board, unknown) for unknown in (0, 16, 23, 28, 255)] == [None] * 5
    restarted = CoreBoard(board.core, BOOT + 1, image=board.image())
    for setting_id, (lowest, highest, default) in RANGES.items():
        assert ask(restarted, setting_id) == (highest if default == lowest else lowest)
    restarted.close()


def test_a_damaged_image_gives_safe_defaults(board: CoreBoard) -> None:
    opened(board)
    ask(board, 12, 1)
    image = board.image()
    for place in range(len(image)):
        damaged = bytearray(image)
        damaged[place] ^= 0x40
        other = CoreBoard(board.core, BOOT, image=bytes(damaged))
        assert [ask(other, i) for i in RANGES] == [default for _, _, default in RANGES.values()]
        other.close()


def test_a_sound_image_with_a_value_out_of_range_gives_safe_defaults(board: CoreBoard) -> None:
    from binascii import crc_hqx

    opened(board)
    ask(board, 12, 1)
    body = bytearray(board.image()[:-2])
    body[1] = 200  # SAMPLE period of 200 ms
    image = bytes(body) + crc_hqx(bytes(body), 0xFFFF).to_bytes(2, "little")
    other = CoreBoard(board.core, BOOT, image=image)
    assert (ask(other, 2), ask(other, 12)) == (10, 0)
    other.close()


def test_the_boards_figures_can_be_read(board: CoreBoard) -> None:
    opened(board)
    board.core.shim_set_counters(board.pointer, 3, 210, 5)
    assert [ask(board, i) for i in (24, 25, 26, 27)] == [3, 0, 210, 5]
    assert ask(board, 24, 77) == 3


# --- inputs ---------------------------------------------------------------------------------


def test_a_sound_is_one_event_however_many_edges_it_has(board: CoreBoard) -> None:
    opened(board)
    begins = [1_000_000, 1_900_000, 4_000_000]
    for begin in begins:
        for edge in range(40):  # 20 ms of 2 kHz
            board.edge(8, begin + edge * 1000)
        board.edge(7, begin + 11)
    events = [m for m in heard(board.frames(0)) if isinstance(m, Event)]
    assert [m.ticks for m in events if m.channel_code == 8] == begins
    assert [m.ticks for m in events if m.channel_code == 7] == [b + 11 for b in begins]
    assert all(a.event_seq + 1 == b.event_seq for a, b in pairwise(events))


def test_pads_and_feet_have_channels_of_their_own(board: CoreBoard) -> None:
    opened(board)
    for pad in range(4):
        begun = [board.tap(pad, 30 + 500 * (40 <= n < 80), n * 500) for n in range(400)]
        assert begun.index(True) == 40
        assert sum(begun) == 1
    events = [
        (message.channel_code, message.flags & EventFlag.OFF)
        for message in heard(board.frames(0))
        if isinstance(message, Event)
    ]
    assert events == [(code, flag) for code in (2, 3, 4, 5) for flag in (0, 1)]
    board.receive(encode(Ack(BOOT, 8)), 0)
    for ms in range(4000):
        at_ms = ms % 1000
        board.sweep((700 * (at_ms < 600), 700 * (at_ms > 400), 0, 0), ms * SWEEP_PERIOD_TICKS)
        board.work()
    codes = {m.channel_code for m in heard(board.frames(0)) if isinstance(m, Event)}
    assert codes == {0, 1}
