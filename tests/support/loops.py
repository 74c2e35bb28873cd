"""A conductor in a loop with somebody who answers it, in simulated time and without devices."""

from collections.abc import Callable
from dataclasses import dataclass, field

from andante.coach.conductor import Conductor, Decision
from andante.ports import Channel, Cue, CueKind, Edge, Fault, Response, SampleBlock
from andante.timebase import NS_PER_MS, NS_PER_S, seconds_to_ns

TICK_NS = 20 * NS_PER_MS
SAMPLE_HZ = 50


@dataclass
class Heard:
    """What a conductor said in a session."""

    cues: list[Cue] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    end_reason: str | None = None

    def beats(self, phase: str = "cued") -> list[Cue]:
        """The cues of one phase."""
        return [c for c, p in zip(self.cues, self.phases, strict=True) if p == phase]


Answer = Callable[[int, list[Cue]], list[int]]
"""Called at every tick with the time and all cues so far: the contacts made in this tick."""
Level = Callable[[int], float]
"""The belt's counts at a time."""


def lead(
    conductor: Conductor,
    answer: Answer = lambda _now_ns, _cues: [],
    level: Level | None = None,
    asks: Callable[[int], None] = lambda _: None,
    channels: tuple[Channel, ...] = (Channel.LEFT_FOOT, Channel.RIGHT_FOOT),
) -> Heard:
    """Run a conductor from its first stage to its last; `asks` is called at every tick."""
    heard = Heard()
    now_ns, contacts, samples_ns = conductor.spans[0].start_ns, 0, conductor.spans[0].start_ns
    while now_ns < conductor.spans[-1].end_ns and heard.end_reason is None:
        asks(now_ns)
        for time_ns in answer(now_ns, heard.cues):
            channel = channels[contacts % len(channels)]
            contacts += 1
            conductor.take_response(Response(channel, Edge.ON, 0, contacts, 0, time_ns, 10.0))
        if level is not None and now_ns - samples_ns >= NS_PER_S // 5:
            count = SAMPLE_HZ // 5
            counts = [round(level(samples_ns + n * NS_PER_S // SAMPLE_HZ)) for n in range(count)]
            block = SampleBlock(Channel.BELT, 0, 0, SAMPLE_HZ, counts, first_ns=samples_ns)
            conductor.take_samples(block)
            samples_ns += count * NS_PER_S // SAMPLE_HZ
        turn = conductor.advance(now_ns)
        for cue, phase in turn.cues:
            heard.cues.append(cue)
            heard.phases.append(phase)
        heard.decisions += turn.decisions
        heard.faults += turn.faults
        heard.end_reason = turn.end_reason
        now_ns += TICK_NS
    return heard


def walker(
    own_spm: float, start_ns: int, asynchrony_ms: Callable[[int], float] = lambda _: -20.0
) -> Answer:
    """Steps at an own cadence until there are cues, then one for each of them.

    `asynchrony_ms` of the cue's index; NaN for a cue that is missed.
    """
    state = {"next_ns": start_ns + seconds_to_ns(0.5), "cue": 0}

    def answer(now_ns: int, cues: list[Cue]) -> list[int]:
        made: list[int] = []
        if not cues:
            while state["next_ns"] <= now_ns:
                made.append(state["next_ns"])
                state["next_ns"] += seconds_to_ns(60 / own_spm)
            return made
        while state["cue"] < len(cues):
            cue = cues[state["cue"]]
            moved_ms = asynchrony_ms(cue.index)
            if moved_ms != moved_ms or cue.kind is not CueKind.BEAT:  # NaN
                state["cue"] += 1
                continue
            time_ns = cue.planned_ns + round(moved_ms * NS_PER_MS)
            if time_ns > now_ns:
                break
            made.append(time_ns)
            state["cue"] += 1
        return made

    return answer
