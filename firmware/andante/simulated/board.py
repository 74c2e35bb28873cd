"""A twin of the sensor board's firmware: the same bytes, the same rules, a simulated patient.

It knows no thread and no clock: the time is passed in, so that it runs behind an in-memory line
in simulated time and behind a pseudo-terminal in real time.
"""

import random
from collections import deque

from andante.board.frames import (
    CHANNEL_CODES,
    FROM_PI,
    PROTOCOL_VERSION,
    SAMPLES_PER_BLOCK,
    Ack,
    BoardMessage,
    Decoder,
    Event,
    EventFlag,
    Hello,
    HelloFlag,
    HelloRequest,
    Message,
    Probe,
    ProbeReply,
    Samples,
    Setting,
    SettingReply,
    SettingSet,
    Status,
    StatusFlag,
    encode,
)
from andante.ports import Edge
from andante.simulated.source import Counts, Press, Source, TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

FIRMWARE_VERSION = (0, 1, 0)
RING_EVENTS = 64  # what 2 KB of RAM leave room for
WINDOW_EVENTS = 8  # sent and not yet acknowledged
RESEND_NS = 50 * NS_PER_MS
STATUS_NS = NS_PER_S
TURNAROUND_NS = (40 * NS_PER_US, 120 * NS_PER_US)  # of a probe, as an AVR at 16 MHz needs
_POWER_ON, _WATCHDOG = 1, 4
_LOW_16, _LOW_32 = 0xFFFF, 0xFFFF_FFFF


class SimulatedBoard:
    """The board. `receive` and `run_until` take times that never go backward."""

    def __init__(self, tick_clock: TickClock, source: Source | None = None, seed: int = 0) -> None:
        """`tick_clock` is the truth that clock sync has to find; `source` may come later."""
        self.events_dropped = 0
        self._tick_clock = tick_clock
        self._source = source
        self._random = random.Random(seed)
        self._boot_id = self._random.randrange(1 << 16)
        self._now_ns = tick_clock.zero_ns
        self._sent: list[tuple[int, bytes]] = []
        self._boot(_POWER_ON, 0)

    def connect_source(self, source: Source) -> None:
        """Put this source at the inputs from now on."""
        self._source = source
        if self._end_told and self._open:
            self._send(self._status())  # takes the end of the last source back

    def restart(self, now_ns: int) -> None:
        """Play a watchdog reset: memory and counter start again, the oscillator runs on."""
        self.run_until(now_ns)
        self._boot_id = (self._boot_id + 1) & _LOW_16
        self._boot(_WATCHDOG, self._tick_clock.ticks_at(now_ns))

    def _boot(self, reason: int, start_ticks: int) -> None:
        self._boot_reason = reason
        self._start_ticks = start_ticks  # the source counts on; the board's counter reads 0 here
        self._decoder = Decoder(FROM_PI)
        self._conversation_id = 0
        self._begin()
        self._send(self._hello())

    def _begin(self) -> None:
        self._open = False
        self._streaming = False
        self._ring: deque[Event] = deque()
        self._in_flight = 0
        self._next_seq = 0
        self._lost_before = 0
        self.events_dropped = 0
        self._bad_before = self._decoder.frames_bad
        self._next_block: dict[int, int] = {}
        self._resend_ns = 0
        self._status_ns = 0
        self._end_told = False

    # --- time ---------------------------------------------------------------------------------

    def run_until(self, now_ns: int) -> None:
        """Let everything happen that happens before `now_ns`."""
        if self._source is not None and now_ns > self._now_ns:
            for item in self._source.advance(self._tick_clock.ticks_at(now_ns)):
                if isinstance(item, Press):
                    self._run_timers(min(self._tick_clock.ns_at(item.ticks), now_ns))
                    self._press(item)
                elif self._open and self._streaming:
                    last_ticks = item.first_ticks + (len(item.counts) - 1) * item.period_ticks
                    self._run_timers(min(self._tick_clock.ns_at(last_ticks), now_ns))
                    self._stream(item)
        self._run_timers(now_ns)
        if self._source is not None and self._source.ended and not self._end_told:
            self._tell_end()

    def _run_timers(self, now_ns: int) -> None:
        while self._open:
            resend_ns = self._resend_ns if self._in_flight else now_ns + 1
            at_ns = min(resend_ns, self._status_ns)
            if at_ns > now_ns:
                break
            self._now_ns = max(self._now_ns, at_ns)
            if at_ns == self._status_ns:
                self._status_ns += STATUS_NS
                self._send(self._status())
            else:
                self._resend()
        self._now_ns = max(self._now_ns, now_ns)

    def take_sent(self) -> list[tuple[int, bytes]]:
        """What the board has sent since the last call: when, in ns, and the bytes."""
        sent, self._sent = self._sent, []
        return sent

    def _send(self, message: BoardMessage, delay_ns: int = 0) -> None:
        self._sent.append((self._now_ns + delay_ns, encode(message)))

    def _ticks(self, time_ns: int) -> int:
        return (self._tick_clock.ticks_at(time_ns) - self._start_ticks) & _LOW_32

    # --- inputs -------------------------------------------------------------------------------

    def _press(self, press: Press) -> None:
        event_seq = self._next_seq
        self._next_seq = (event_seq + 1) & _LOW_16
        if len(self._ring) == RING_EVENTS:
            self.events_dropped += 1
            self._lost_before += 1
            return
        flags = EventFlag.OFF if press.edge is Edge.OFF else EventFlag(0)
        if press.peak_counts is not None and press.duration_ticks is not None:
            flags |= EventFlag.MEASURED
        self._ring.append(
            Event(
                event_seq,
                self._lost_before,
                CHANNEL_CODES[press.channel],
                flags,
                (press.ticks - self._start_ticks) & _LOW_32,
                press.peak_counts or 0,
                press.duration_ticks or 0,
            )
        )
        self._lost_before = 0
        self._fill_window()

    def _stream(self, item: Counts) -> None:
        code = CHANNEL_CODES[item.channel]
        for start in range(0, len(item.counts), SAMPLES_PER_BLOCK):
            block_seq = self._next_block.get(code, 0)
            self._next_block[code] = (block_seq + 1) & _LOW_16
            first_ticks = item.first_ticks + start * item.period_ticks - self._start_ticks
            counts = tuple(map(int, item.counts[start : start + SAMPLES_PER_BLOCK]))
            self._send(Samples(block_seq, code, first_ticks & _LOW_32, item.period_ticks, counts))

    # --- events until acknowledged ------------------------------------------------------------

    def _fill_window(self) -> None:
        while self._open and self._in_flight < min(WINDOW_EVENTS, len(self._ring)):
            if self._in_flight == 0:
                self._resend_ns = self._now_ns + RESEND_NS
            self._send(self._ring[self._in_flight])
            self._in_flight += 1

    def _resend(self) -> None:
        for index in range(self._in_flight):
            event = self._ring[index]
            self._ring[index] = event._replace(flags=event.flags | EventFlag.RESENT)
            self._send(self._ring[index])
        self._resend_ns = self._now_ns + RESEND_NS

    def _acknowledge(self, next_seq: int) -> None:
        if self._in_flight:
            first_seq = self._ring[0].event_seq
            arrived = (next_seq - first_seq - 1) & _LOW_16
            # Only what is on its way can have arrived; anything else is stale or absurd.
            if arrived <= (self._ring[self._in_flight - 1].event_seq - first_seq) & _LOW_16:
                while (
                    self._in_flight and (self._ring[0].event_seq - first_seq) & _LOW_16 <= arrived
                ):
                    self._ring.popleft()
                    self._in_flight -= 1
                self._resend_ns = self._now_ns + RESEND_NS
        self._fill_window()

    # --- frames from the Pi -------------------------------------------------------------------

    def receive(self, data: bytes, time_ns: int) -> None:
        """Take bytes that reach the board at `time_ns`; damaged ones are counted and ignored."""
        self.run_until(time_ns)
        for message in self._decoder.feed(data):
            self._answer(message)

    def _answer(self, message: Message) -> None:
        if isinstance(message, Probe):
            if self._open:
                turnaround_ns = self._random.randint(*TURNAROUND_NS)
                received, sent = self._now_ns, self._now_ns + turnaround_ns
                reply = ProbeReply(message.probe_id, self._ticks(received), self._ticks(sent))
                self._send(reply, turnaround_ns)
        elif isinstance(message, Ack):
            if message.boot_id == self._boot_id and self._conversation_id:
                if not self._open:
                    self._open = True
                    self._status_ns = self._now_ns + STATUS_NS
                    self._send(self._status())
                self._acknowledge(message.next_event_seq)
        elif isinstance(message, SettingSet):
            self._set(message)
        elif isinstance(message, HelloRequest):
            if message.conversation_id != self._conversation_id:
                self._conversation_id = message.conversation_id
                if not message.keep:
                    self._begin()
            self._send(self._hello())
        else:  # another version: say ours
            self._send(self._hello())

    def _set(self, message: SettingSet) -> None:
        if message.setting_id == Setting.SAMPLE_STREAM:
            self._streaming = bool(message.value)
            self._send(SettingReply(Setting.SAMPLE_STREAM, int(self._streaming)))

    def _hello(self) -> Hello:
        return Hello(
            PROTOCOL_VERSION,
            *FIRMWARE_VERSION,
            self._tick_clock.tick_hz,
            self._boot_reason,
            self._boot_id,
            self._conversation_id,
            HelloFlag.SIMULATED,
        )

    def _status(self) -> Status:
        ended = self._source is not None and self._source.ended and not self._ring
        self._end_told = ended
        return Status(
            self.events_dropped & _LOW_16,
            (self._decoder.frames_bad - self._bad_before) & _LOW_16,
            StatusFlag.INPUT_ENDED if ended else 0,
        )

    def _tell_end(self) -> None:
        if self._open and not self._ring:
            self._send(self._status())
