"""The stages of a session laid end to end. Pure."""

from dataclasses import dataclass

from andante.plan import Stage, StageKind
from andante.timebase import seconds_to_ns


@dataclass(frozen=True)
class StageSpan:
    """A stage with its place in session time, [start_ns, end_ns)."""

    stage: Stage
    start_ns: int
    end_ns: int


def lay_out(stages: tuple[Stage, ...], start_ns: int) -> tuple[StageSpan, ...]:
    """Stages end to end from `start_ns`."""
    spans: list[StageSpan] = []
    for stage in stages:
        end_ns = start_ns + seconds_to_ns(stage.duration_s)
        spans.append(StageSpan(stage, start_ns, end_ns))
        start_ns = end_ns
    return tuple(spans)


def span_at(spans: tuple[StageSpan, ...], time_ns: int) -> StageSpan:
    """The span that holds `time_ns`; the first before all, the last after all."""
    return next((span for span in spans if time_ns < span.end_ns), spans[-1])


def cued_spans(spans: tuple[StageSpan, ...]) -> tuple[StageSpan, ...]:
    """Those in which the device gives cues."""
    return tuple(span for span in spans if span.stage.kind is not StageKind.QUIET)
