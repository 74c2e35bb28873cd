"""One boot of the sensor board as the Pi sees it: its clock, its events in order, its samples.

Pure: the time of arrival is passed in. Nothing here sends; `andante.board.link_core` does.
"""

from collections.abc import Sequence

from andante.board.frames import (
    BOOT_REASONS,
    CHANNELS,
    Event,
    EventFlag,
    Hello,
    HelloFlag,
    ProbeReply,
    Samples,
    widen,
)
from andante.clocksync import LiveSync
from andante.ports import (
    BoardInfo,
    Channel,
    ClockProbe,
    Edge,
    LinkCounts,
    Response,
    SampleBlock,
)
from andante.timebase import NS_PER_S

EVENT_WINDOW = 64  # events that may arrive ahead of a missing one; the board's ring is no longer
PROBE_LIFE_NS = NS_PER_S  # a later answer tells nothing about the clock


class Epoch:
    """What belongs to one boot. `counts` is the link's and is counted up here."""

    def __init__(self, number: int, hello: Hello, counts: LinkCounts) -> None:
        self.boot_id = hello.boot_id
        known = hello.boot_reason < len(BOOT_REASONS)
        self.info = BoardInfo(
            protocol_version=hello.protocol_version,
            firmware_version=(
                f"{hello.firmware_major}.{hello.firmware_minor}.{hello.firmware_patch}"
            ),
            tick_hz=hello.tick_hz,
            boot_reason=BOOT_REASONS[hello.boot_reason if known else 0],
            epoch=number,
            simulated=bool(hello.flags & HelloFlag.SIMULATED),
        )
        self._sync = LiveSync(hello.tick_hz)
        self._counts = counts
        self._near: tuple[int, int] | None = None  # ticks of the last answer and its arrival, ns
        self._asked: dict[int, int] = {}  # probe id: sent_ns
        self._next_seq = 0
        self._ahead: dict[int, Event] = {}
        self._held: list[tuple[int, Event, int]] = []  # sequence number, event, ticks
        self._dropped_before_events = 0
        self._dropped_reported = 0
        self._refused = 0
        self._next_block: dict[int, int] = {}

    @property
    def ready(self) -> bool:
        """True once ticks can be translated to session time."""
        return self._sync.ready

    @property
    def held_count(self) -> int:
        """Events that wait for the clocks to be fitted."""
        return len(self._held)

    @property
    def next_event_seq(self) -> int:
        """The acknowledgement: every event before this one has arrived."""
        return self._next_seq

    # --- clock --------------------------------------------------------------------------------

    def asked(self, probe_id: int, sent_ns: int) -> None:
        """A probe leaves at `sent_ns`."""
        horizon_ns = sent_ns - PROBE_LIFE_NS
        for old_id in [i for i, asked_ns in self._asked.items() if asked_ns < horizon_ns]:
            del self._asked[old_id]
        self._asked[probe_id] = sent_ns

    def take_reply(self, reply: ProbeReply, received_ns: int) -> ClockProbe | None:
        """The probe with its answer; None where nobody asked or the answer is too old."""
        sent_ns = self._asked.pop(reply.probe_id, None)
        if sent_ns is None:
            return None
        board_received_ticks = self._widen_ticks(reply.received_ticks, received_ns)
        board_sent_ticks = widen(reply.sent_ticks, board_received_ticks, 32)
        self._near = (board_sent_ticks, received_ns)
        probe = ClockProbe(
            self.info.epoch, sent_ns, board_received_ticks, board_sent_ticks, received_ns
        )
        self._sync.add(probe)
        return probe

    def _widen_ticks(self, low_ticks: int, now_ns: int) -> int:
        if self._near is None:
            self._near = (low_ticks, now_ns)
        near_ticks, near_ns = self._near
        # Expected from the time since, so that a silence of hours does not lose a wrap.
        expected_ticks = near_ticks + (now_ns - near_ns) * self.info.tick_hz // NS_PER_S
        return widen(low_ticks, expected_ticks, 32)

    # --- events -------------------------------------------------------------------------------

    def take_event(self, event: Event, received_ns: int) -> int:
        """Put one event in its place; returns how many recovered ones that let through.

        Events pass in order of their number only; what arrives early waits, what arrives twice
        is dropped, and what lies beyond the window is left to the board's resending.
        """
        first_seq = widen((event.event_seq - event.lost_before) & 0xFFFF, self._next_seq, 16)
        if first_seq < self._next_seq or first_seq in self._ahead:
            self._counts.events_repeated += 1
            return 0
        if first_seq >= self._next_seq + EVENT_WINDOW:
            return 0
        self._ahead[first_seq] = event
        recovered = self._pass_on(received_ns)
        self._counts.events_recovered += recovered
        return recovered

    def _pass_on(self, received_ns: int) -> int:
        recovered = 0
        while (passing := self._ahead.pop(self._next_seq, None)) is not None:
            event_seq = self._next_seq + passing.lost_before
            self._next_seq = event_seq + 1
            self._dropped_before_events += passing.lost_before
            self._held.append((event_seq, passing, self._widen_ticks(passing.ticks, received_ns)))
            self._counts.events_received += 1
            recovered += bool(passing.flags & EventFlag.RESENT)
        return recovered

    def take_dropped(self, events_dropped: int | None = None) -> int:
        """How many events the board has newly given up, told by STATUS or by the events' gaps."""
        known = max(self._dropped_reported, self._dropped_before_events)
        if events_dropped is not None:
            known = max(known, widen(events_dropped, known, 16))
        newly, self._dropped_reported = known - self._dropped_reported, known
        self._counts.events_lost += newly
        return newly

    def take_refused(self, frames_refused: int) -> None:
        """Count the frames from the Pi that the board found damaged, told by STATUS."""
        known = widen(frames_refused, self._refused, 16)
        self._counts.frames_bad += max(0, known - self._refused)
        self._refused = max(known, self._refused)

    def close(self, received_ns: int) -> tuple[list[Response], int]:
        """The boot is over: what can still be handed on, and how many events are lost.

        Lost are those that others waited for, and all that have no time for want of probes.
        """
        missing = 0
        while self._ahead:
            first_seq = min(self._ahead)
            missing += first_seq - self._next_seq
            self._next_seq = first_seq
            self._pass_on(received_ns)
        responses = self.take_responses()
        lost = missing + len(self._held)
        self._held = []
        self._counts.events_lost += lost
        return responses, lost

    def take_responses(self) -> list[Response]:
        """The events that now have a time, in order; none before the clocks are fitted."""
        if not self._held or not self._sync.ready:
            return []
        held, self._held = self._held, []
        return [self._response(*one) for one in held]

    def _response(self, event_seq: int, event: Event, ticks: int) -> Response:
        time_ns, uncertainty_us = self._sync.translate(ticks)
        measured = bool(event.flags & EventFlag.MEASURED)
        return Response(
            channel=CHANNELS[event.channel_code],
            edge=Edge.OFF if event.flags & EventFlag.OFF else Edge.ON,
            epoch=self.info.epoch,
            event_seq=event_seq,
            ticks=ticks,
            time_ns=time_ns,
            uncertainty_us=uncertainty_us,
            peak_counts=event.peak_counts if measured else None,
            duration_ticks=event.duration_ticks if measured else None,
        )

    # --- samples ------------------------------------------------------------------------------

    def take_samples(
        self, block: Samples, received_ns: int
    ) -> tuple[SampleBlock | None, Channel, int]:
        """The block with its ticks widened, its channel and how many blocks before it are lost.

        Samples are not resent: the link keeps order, so a jump in the number is a loss, and a
        number from the past (a repeated frame) is no new block: None.
        """
        channel = CHANNELS[block.channel_code]
        expected = self._next_block.get(block.channel_code, 0)
        lost = widen(block.block_seq, expected, 16) - expected
        if lost < 0:
            return None, channel, 0
        self._next_block[block.channel_code] = expected + lost + 1
        self._counts.sample_blocks_lost += lost
        first_ticks = self._widen_ticks(block.first_ticks, received_ns)
        rate_hz = self.info.tick_hz / block.period_ticks
        counts: Sequence[int] = block.counts
        first_ns = self._sync.translate(first_ticks)[0] if self._sync.ready else None
        return (
            SampleBlock(channel, self.info.epoch, first_ticks, rate_hz, counts, first_ns),
            channel,
            lost,
        )
