"""The Pi's state machine alone, frame by frame."""

import itertools
from binascii import crc_hqx
from collections.abc import Sequence

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.board.epoch import EVENT_WINDOW
from andante.board.frames import (
    FROM_PI,
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
    Setting,
    SettingReply,
    SettingSet,
    Status,
    StatusFlag,
    encode,
)
from andante.board.link_core import LinkCore
from andante.ports import BoardNews, Edge, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S

CONVERSATION = 77
START_NS = 50 * NS_PER_S
HELLO = Hello(PROTOCOL_VERSION, 1, 2, 3, 250_000, 1, 500, CONVERSATION, 0)
QUIET = Status(0, 0, 0)


class Conversation:
    """A core and a hand-written board that answers as it is told."""

    def __init__(self) -> None:
        self.core = LinkCore(CONVERSATION)
        self.now_ns = START_NS
        self._decoder = Decoder(FROM_PI)
        self.core.port_opened()

    def hear(self, *messages: Message) -> None:
        for message in messages:
            self.core.on_bytes(encode(message), self.now_ns)

    def say(self, after_ms: int = 0) -> list[Message]:
        self.now_ns += after_ms * NS_PER_MS
        return self._decoder.feed(b"\x00" + self.core.due(self.now_ns))

    def open(self, hello: Hello = HELLO) -> None:
        self.hear(hello)
        self.say()
        self.hear(QUIET, SettingReply(Setting.SAMPLE_STREAM, 1))

    def fit_clock(self, ticks_ahead: int = 0) -> None:
        """Ten probes answered by a perfect board whose counter is 0 at START_NS."""
        answered = 0
        while answered < 10:
            for message in self.say(after_ms=20):
                if isinstance(message, Probe):
                    ticks = (self.now_ns - START_NS) // 4000 + ticks_ahead
                    self.hear(ProbeReply(message.probe_id, ticks, ticks))
                    answered += 1

    def news(self) -> BoardNews:
        return self.core.take_news()


def event(seq: int, lost_before: int = 0, flags: int = 0, channel_code: int = 0) -> Event:
    return Event(seq & 0xFFFF, lost_before, channel_code, flags, 1000 + 10 * seq, 0, 0)


def kinds(news: BoardNews) -> list[FaultKind]:
    return [fault.kind for fault in news.faults]


def test_nothing_but_greetings_until_the_board_answers() -> None:
    talk = Conversation()
    said = [message for _ in range(100) for message in talk.say(after_ms=20)]
    assert said == [HelloRequest(PROTOCOL_VERSION, CONVERSATION, 0)] * 10  # every 200 ms
    talk.hear(event(0), QUIET)  # leavings of an older conversation
    assert talk.news() == BoardNews()


def test_the_opening_is_repeated_until_the_board_is_open() -> None:
    talk = Conversation()
    talk.hear(HELLO)
    assert talk.say() == [Ack(500, 0)]
    said = [message for _ in range(10) for message in talk.say(after_ms=20)]
    assert said
    assert set(said) == {Ack(500, 0)}
    talk.hear(QUIET)
    said = [message for _ in range(10) for message in talk.say(after_ms=20)]
    assert {type(message) for message in said} == {Probe, SettingSet}
    talk.hear(SettingReply(Setting.SAMPLE_STREAM, 1))
    said = [message for _ in range(100) for message in talk.say(after_ms=5)]
    assert {type(message) for message in said} == {Probe}


def test_probes_leave_about_every_100_ms_but_not_evenly() -> None:
    talk = Conversation()
    talk.open()
    times_ms = []
    for ms in range(20_000):
        if any(isinstance(message, Probe) for message in talk.say(after_ms=1)):
            times_ms.append(ms)
        talk.hear(QUIET)
    gaps_ms = [b - a for a, b in itertools.pairwise(times_ms)]
    assert 190 <= len(gaps_ms) <= 210
    assert min(gaps_ms) >= 80
    assert max(gaps_ms) <= 121
    assert len(set(gaps_ms)) > 20


def test_info_says_what_the_board_said() -> None:
    talk = Conversation()
    talk.hear(HELLO)
    info = talk.news().info
    assert info is not None
    assert info.firmware_version == "1.2.3"
    assert (info.tick_hz, info.boot_reason, info.epoch, info.simulated) == (
        250_000,
        "power on",
        0,
        False,
    )
    talk.hear(HELLO)  # the answer to a repeated question
    assert talk.news().info is None


def test_events_wait_for_the_clock_and_none_is_lost() -> None:
    talk = Conversation()
    talk.open()
    talk.hear(*(event(seq) for seq in range(5)), Status(0, 0, StatusFlag.INPUT_ENDED))
    news = talk.news()
    assert news.responses == []
    assert not news.ended  # there is still something to come
    talk.fit_clock()
    talk.hear(event(5, flags=EventFlag.OFF | EventFlag.MEASURED)._replace(peak_counts=-7))
    news = talk.news()
    assert news.ended
    assert [r.event_seq for r in news.responses] == [0, 1, 2, 3, 4, 5]
    assert [r.ticks for r in news.responses] == [1000, 1010, 1020, 1030, 1040, 1050]
    assert news.responses[0].time_ns == pytest.approx(START_NS + 1000 * 4000, abs=8000)
    assert (news.responses[4].edge, news.responses[4].peak_counts) == (Edge.ON, None)
    last = news.responses[5]
    assert (last.edge, last.peak_counts, last.duration_ticks) == (Edge.OFF, -7, 0)


def test_every_event_is_acknowledged_and_a_repeated_one_again() -> None:
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    talk.say(after_ms=1)
    for seq, next_seq in ((0, 1), (2, 1), (2, 1), (1, 3), (0, 3)):
        talk.hear(event(seq))
        assert Ack(500, next_seq) in talk.say()
    assert [r.event_seq for r in talk.news().responses] == [0, 1, 2]
    counts = talk.core.counts()
    assert (counts.events_received, counts.events_repeated) == (3, 2)


def test_only_events_of_which_a_copy_was_lost_count_as_recovered() -> None:
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    talk.hear(event(0), event(2), event(3))
    again = EventFlag.RESENT
    talk.hear(event(1, flags=again), event(2, flags=again), event(3, flags=again))
    news = talk.news()
    assert [r.event_seq for r in news.responses] == [0, 1, 2, 3]
    recovered = [f for f in news.faults if f.kind is FaultKind.EVENTS_RECOVERED]
    assert [f.count for f in recovered] == [1]


def test_events_that_the_board_dropped_are_told_once() -> None:
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    talk.news()
    talk.hear(event(0), Status(7, 0, 0), Status(7, 0, 0))
    talk.hear(event(8, lost_before=7), event(9), Status(7, 0, 0))
    news = talk.news()
    assert [r.event_seq for r in news.responses] == [0, 8, 9]
    assert [(f.kind, f.count) for f in news.faults] == [(FaultKind.EVENTS_LOST, 7)]
    talk.hear(event(15, lost_before=5), Status(12, 0, 0), Status(14, 0, 0))
    assert [f.count for f in talk.news().faults] == [5, 2]
    assert talk.core.counts().events_lost == 14


def test_an_event_beyond_the_window_is_left_to_the_resending() -> None:
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    talk.hear(event(EVENT_WINDOW))
    talk.hear(*(event(seq) for seq in range(EVENT_WINDOW)))
    assert len(talk.news().responses) == EVENT_WINDOW
    assert Ack(500, EVENT_WINDOW) in talk.say()


def test_silence_is_dated_back_and_ends_with_the_first_frame() -> None:
    talk = Conversation()
    talk.open()
    heard_ns = talk.now_ns
    said = [message for _ in range(75) for message in talk.say(after_ms=20)]
    (fault,) = talk.news().faults
    assert (fault.kind, fault.time_ns) == (FaultKind.LINK_LOST, heard_ns)
    assert said[-1] == HelloRequest(PROTOCOL_VERSION, CONVERSATION, 1)
    talk.hear(HELLO)
    news = talk.news()
    assert kinds(news) == [FaultKind.LINK_RESTORED]
    assert news.faults[0].time_ns == talk.now_ns
    assert news.info is not None
    assert news.info.epoch == 0
    assert any(isinstance(message, Probe) for message in talk.say(after_ms=200))


def test_a_port_that_vanished_is_told_once_with_its_reason() -> None:
    talk = Conversation()
    talk.open()
    talk.core.port_gone(talk.now_ns, "The plug is out.")
    talk.core.port_gone(talk.now_ns, "The plug is out.")
    talk.say(after_ms=3000)
    (fault,) = talk.news().faults
    assert fault.kind is FaultKind.LINK_LOST
    assert fault.text.startswith("The plug is out.")
    talk.core.port_opened()
    talk.hear(HELLO)
    assert kinds(talk.news()) == [FaultKind.LINK_RESTORED]
    assert talk.core.counts().reconnects == 1


def test_a_restarted_board_is_greeted_at_once_with_keep() -> None:
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    talk.hear(event(0), event(2))  # 1 will never come
    booted = HELLO._replace(boot_id=501, conversation_id=0, boot_reason=3)
    talk.hear(booted)
    assert talk.say() == [HelloRequest(PROTOCOL_VERSION, CONVERSATION, 1)]
    talk.hear(booted._replace(conversation_id=CONVERSATION))
    assert talk.say() == [Ack(501, 0)]
    news = talk.news()
    assert [(r.epoch, r.event_seq) for r in news.responses] == [(0, 0), (0, 2)]
    assert kinds(news) == [FaultKind.BOARD_RESTARTED, FaultKind.EVENTS_LOST]
    assert "brown-out" in news.faults[0].text
    assert news.faults[1].count == 1
    talk.hear(event(0))
    assert talk.news().responses == []  # the new clock is not fitted yet
    talk.fit_clock(ticks_ahead=5)
    assert [(r.epoch, r.event_seq) for r in talk.news().responses] == [(1, 0)]


def test_events_of_a_boot_that_never_had_a_clock_are_told_as_lost() -> None:
    talk = Conversation()
    talk.open()
    talk.hear(event(0), event(1))
    talk.hear(HELLO._replace(boot_id=501))
    news = talk.news()
    assert [(f.kind, f.count) for f in news.faults][1:] == [(FaultKind.EVENTS_LOST, 2)]
    assert talk.core.counts().events_lost == 2


def test_an_answer_that_comes_too_late_or_unasked_is_no_probe() -> None:
    talk = Conversation()
    talk.open()
    asked = [m for m in talk.say(after_ms=150) if isinstance(m, Probe)]
    talk.hear(ProbeReply(60_000, 5, 5))
    assert talk.news().probes == []
    for _ in range(20):
        talk.say(after_ms=100)
        talk.hear(QUIET)
    talk.hear(ProbeReply(asked[0].probe_id, 5, 5))
    assert talk.news().probes == []


def test_damaged_frames_of_both_sides_are_told_once_a_second() -> None:
    talk = Conversation()
    talk.open()
    told = []
    for second in range(3):
        for _ in range(10):
            talk.core.on_bytes(b"\x03\x01\x02\x00" * 5, talk.now_ns)
            talk.hear(Status(0, 4 * (second + 1), 0))
            talk.say(after_ms=100)
        told += [f.count for f in talk.news().faults if f.kind is FaultKind.BAD_FRAMES]
    talk.say(after_ms=950)
    told += [f.count for f in talk.news().faults if f.kind is FaultKind.BAD_FRAMES]
    assert sum(told) == talk.core.counts().frames_bad == 150 + 12
    assert len(told) <= 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), max_size=200),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=40),
)
def test_any_order_and_any_repetition_ends_in_order(
    order: list[int], gaps: Sequence[tuple[int, int]]
) -> None:
    """Whatever subset, order and repetition arrives first: then all, in order, each once."""
    sent, seq = [], -1
    for kept, dropped in gaps:
        for index in range(kept + 1):
            lost_before = dropped if index == 0 else 0
            seq += 1 + lost_before
            sent.append(event(seq, lost_before))
    talk = Conversation()
    talk.open()
    talk.fit_clock()
    got = []
    for index in order:
        talk.hear(sent[index % len(sent)])
        got += talk.news().responses
    assert [r.event_seq for r in got] == sorted({r.event_seq for r in got})
    for one in sent:  # the board's resending
        talk.hear(one)
    got += talk.news().responses
    assert [r.event_seq for r in got] == [one.event_seq for one in sent]
    assert talk.core.counts().events_lost == sum(one.lost_before for one in sent)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20))
def test_valid_frames_of_any_content_never_raise(bodies: list[bytes]) -> None:
    """Even a board gone mad, whose frames pass the CRC, does not stop the session."""
    talk = Conversation()
    talk.open()
    for number, body in enumerate(bodies):
        body = bytes([number % 7]) + body
        frame = cobs.encode(body + crc_hqx(body, 0xFFFF).to_bytes(2, "little")) + b"\x00"
        talk.core.on_bytes(frame, talk.now_ns)
        talk.say(after_ms=20)
        talk.news()


def test_a_board_whose_counter_stands_still_is_never_ready() -> None:
    talk = Conversation()
    talk.open()
    for _ in range(200):
        for message in talk.say(after_ms=20):
            if isinstance(message, Probe):
                talk.hear(ProbeReply(message.probe_id, 7, 7))
    talk.hear(event(0))
    assert not talk.core.ready
    assert talk.news().responses == []


def test_a_board_without_a_rate_is_not_understood() -> None:
    talk = Conversation()
    talk.hear(HELLO._replace(tick_hz=0))
    assert talk.core.info is None
    assert talk.core.counts().frames_bad == 1
