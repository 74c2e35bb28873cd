"""What the Pi says to the sensor board and makes of its answers: a pure state machine.

No thread, no I/O, no clock: bytes and the time are passed in, bytes to send come out.
`docs/wire-protocol.md` tells the same in words.

Greeting -> open -> (silent or restarted) -> greeting. While greeting only HELLO_REQUEST leaves.
Once greeted the opening ACK is repeated until the board sends something besides HELLO; then
probes leave ten times a second and an ACK after every event.
"""

import random
from dataclasses import replace

from andante.board.epoch import Epoch
from andante.board.frames import (
    FROM_BOARD,
    PROTOCOL_VERSION,
    Ack,
    Decoder,
    Event,
    ForeignHello,
    Hello,
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
from andante.ports import BoardInfo, BoardNews, Fault, FaultKind, LinkCounts
from andante.timebase import NS_PER_MS, NS_PER_S

HELLO_INTERVAL_NS = 200 * NS_PER_MS
PROBE_INTERVAL_NS = 100 * NS_PER_MS
PROBE_JITTER = 0.2  # of the interval, to either side, so that probing locks to nothing
SILENCE_NS = NS_PER_S
BAD_FRAMES_INTERVAL_NS = NS_PER_S
_PART = "board"


class LinkCore:
    """One conversation with the board, over as many boots and reconnects as it takes."""

    def __init__(self, conversation_id: int) -> None:
        """`conversation_id`: 1 to 2**32 - 1, other than the last program's on the same board."""
        self.foreign_version: int | None = None
        self.bytes_heard = 0
        self._conversation_id = conversation_id
        self._random = random.Random(conversation_id)
        self._decoder = Decoder(FROM_BOARD)
        self._counts = LinkCounts()
        self._news = BoardNews()
        self._epoch: Epoch | None = None
        self._greeted = False
        self._opened = False
        self._streaming = False
        self._lost = False
        self._ended = False
        self._ack_due = False
        self._recovered = 0
        self._frames_bad_reported = 0
        self._heard_ns = 0
        self._probe_id = 0
        self._next_hello_ns = 0
        self._next_probe_ns = 0
        self._next_bad_ns = 0

    @property
    def info(self) -> BoardInfo | None:
        """What the board last said of itself; None before it answered."""
        return None if self._epoch is None else self._epoch.info

    @property
    def ready(self) -> bool:
        """True once the board is greeted, its stream is on and its clock is fitted."""
        return self._streaming and self._epoch is not None and self._epoch.ready

    def counts(self) -> LinkCounts:
        """The link's counters so far; bad frames are those that either side refused."""
        return replace(self._counts)

    def port_opened(self) -> None:
        """The port is open, for the first time or again: greet."""
        self._decoder.restart()
        self._greeted = False
        self._next_hello_ns = 0
        if self._epoch is not None:
            self._counts.reconnects += 1

    def port_gone(self, now_ns: int, reason: str) -> None:
        """The port has vanished; `reason` is a sentence."""
        self._lose(now_ns, reason)

    def take_news(self) -> BoardNews:
        """What has come since the last call."""
        if self._recovered:
            text = f"{self._recovered} events arrived only when the sensor board sent them again."
            self._note(FaultKind.EVENTS_RECOVERED, self._heard_ns, text, self._recovered)
            self._recovered = 0
        news, self._news = self._news, BoardNews()
        news.ended = self._ended and self._epoch is not None and not self._epoch.held_count
        return news

    # --- sending ------------------------------------------------------------------------------

    def due(self, now_ns: int) -> bytes:
        """The bytes to send now; probes in them count as sent at `now_ns`."""
        epoch = self._epoch
        if epoch is not None:
            if now_ns - self._heard_ns > SILENCE_NS:
                self._lose(now_ns, "The sensor board has been silent for a second.")
            self._note_bad_frames(now_ns)
        if epoch is None or not self._greeted:
            if now_ns < self._next_hello_ns:
                return b""
            self._next_hello_ns = now_ns + HELLO_INTERVAL_NS
            keep = int(epoch is not None)
            return encode(HelloRequest(PROTOCOL_VERSION, self._conversation_id, keep))
        out = b""
        if now_ns >= self._next_probe_ns:
            jitter = self._random.uniform(1 - PROBE_JITTER, 1 + PROBE_JITTER)
            self._next_probe_ns = now_ns + round(PROBE_INTERVAL_NS * jitter)
            if not self._opened:
                self._ack_due = True
            else:
                # The probe goes first: what precedes it on the wire would delay its stamp.
                self._probe_id = (self._probe_id + 1) & 0xFFFF
                epoch.asked(self._probe_id, now_ns)
                out = encode(Probe(self._probe_id))
                if not self._streaming:
                    out += encode(SettingSet(Setting.SAMPLE_STREAM, 1))
        if self._ack_due:
            self._ack_due = False
            out += encode(Ack(epoch.boot_id, epoch.next_event_seq & 0xFFFF))
        return out

    # --- receiving ----------------------------------------------------------------------------

    def on_bytes(self, data: bytes, received_ns: int) -> None:
        """Take bytes that arrived at `received_ns`. Never raises, whatever they are."""
        self.bytes_heard += len(data)
        decoder, counts = self._decoder, self._counts
        good, bad = decoder.frames_good, decoder.frames_bad
        messages = decoder.feed(data)
        counts.frames_received += decoder.frames_good - good
        counts.frames_bad += decoder.frames_bad - bad
        for message in messages:
            if isinstance(message, ForeignHello):
                self.foreign_version = message.protocol_version
            elif isinstance(message, Hello):
                self._on_hello(message, received_ns)
            elif self._epoch is not None:  # before: an older conversation's leavings
                self._heard(received_ns)
                self._opened = True
                self._on_message(self._epoch, message, received_ns)

    def _on_hello(self, hello: Hello, received_ns: int) -> None:
        if hello.conversation_id != self._conversation_id:
            # It has just booted, or serves another program: greet it.
            self._greeted = False
            self._next_hello_ns = 0
            return
        self._heard(received_ns)
        old = self._epoch
        if old is None or old.boot_id != hello.boot_id:
            number = 0 if old is None else old.info.epoch + 1
            self._epoch = Epoch(number, hello, self._counts)
            self._opened = self._streaming = self._ended = False
            if old is not None:
                self._note_restart(old, self._epoch, received_ns)
        elif self._greeted:
            return
        self._greeted = True
        self._ack_due = True
        self._news.info = self.info

    def _on_message(self, epoch: Epoch, message: Message, received_ns: int) -> None:
        if isinstance(message, Samples):
            block, channel, lost = epoch.take_samples(message, received_ns)
            if block is not None:
                self._news.samples.append(block)
            if lost:
                text = f"{lost} blocks of samples of the channel {channel} are lost."
                self._note(FaultKind.SAMPLES_LOST, received_ns, text, lost, part=channel)
        elif isinstance(message, Event):
            self._ack_due = True
            self._recovered += epoch.take_event(message, received_ns)
            self._note_dropped(epoch.take_dropped(), received_ns)
        elif isinstance(message, ProbeReply):
            probe = epoch.take_reply(message, received_ns)
            if probe is not None:
                self._news.probes.append(probe)
        elif isinstance(message, Status):
            self._note_dropped(epoch.take_dropped(message.events_dropped), received_ns)
            epoch.take_refused(message.frames_refused)
            self._ended = bool(message.flags & StatusFlag.INPUT_ENDED)
        elif isinstance(message, SettingReply):
            self._streaming |= message.setting_id == Setting.SAMPLE_STREAM
        self._news.responses += epoch.take_responses()

    # --- faults -------------------------------------------------------------------------------

    def _note(
        self, kind: FaultKind, time_ns: int, text: str, count: int = 1, part: str = _PART
    ) -> None:
        self._news.faults.append(Fault(kind, time_ns, part, text, count))

    def _lose(self, now_ns: int, reason: str) -> None:
        self._greeted = False
        if self._epoch is None or self._lost:
            return
        self._lost = True
        self._next_hello_ns = 0
        silent_ms = (now_ns - self._heard_ns) // NS_PER_MS
        # Dated back to the last sign of life: from there on something may be missing.
        self._note(
            FaultKind.LINK_LOST, self._heard_ns, f"{reason} Nothing was heard for {silent_ms} ms."
        )

    def _heard(self, received_ns: int) -> None:
        if self._lost:
            self._lost = False
            away_ms = (received_ns - self._heard_ns) // NS_PER_MS
            text = f"The sensor board is back after {away_ms} ms."
            self._note(FaultKind.LINK_RESTORED, received_ns, text)
        self._heard_ns = received_ns

    def _note_restart(self, old: Epoch, new: Epoch, received_ns: int) -> None:
        responses, lost = old.close(received_ns)
        self._news.responses += responses
        text = (
            f"The sensor board restarted ({new.info.boot_reason}); "
            "what it felt and had not yet handed over is lost."
        )
        self._note(FaultKind.BOARD_RESTARTED, received_ns, text)
        if lost:
            text = f"At least {lost} events are lost with the sensor board's restart."
            self._note(FaultKind.EVENTS_LOST, received_ns, text, lost)

    def _note_dropped(self, dropped: int, received_ns: int) -> None:
        if dropped:
            text = f"{dropped} events are lost: the sensor board had no room to keep them."
            self._note(FaultKind.EVENTS_LOST, received_ns, text, dropped)

    def _note_bad_frames(self, now_ns: int) -> None:
        bad = self._counts.frames_bad - self._frames_bad_reported
        if bad and now_ns >= self._next_bad_ns:
            self._next_bad_ns = now_ns + BAD_FRAMES_INTERVAL_NS
            self._frames_bad_reported += bad
            text = f"{bad} damaged frames on the way to or from the sensor board were thrown away."
            self._note(FaultKind.BAD_FRAMES, now_ns, text, bad)
