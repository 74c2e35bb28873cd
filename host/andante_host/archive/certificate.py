"""The timing certificate in one sentence. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from andante_host.report.figures import number

_US_PER_MS = 1_000.0


class Certificate(Struct, frozen=True):
    """How well the device kept its own times; `short` fits into a list."""

    short: str
    sentence: str


def certificate_words(timing: Mapping[str, Any]) -> Certificate:
    """The `timing` block of a session in words.

    Of the output that the asynchronies refer to, or of the first there is; the rest is in the
    report. Gives what was measured and no verdict: no source says which error would be too large.
    """
    outputs = timing["outputs"]
    name = timing["cue_reference"] or next(iter(outputs), None)
    output = outputs.get(name)
    if output is None or not output["cues_given"]:
        return Certificate("no cues", f"No cues were given. {_board(timing)}")
    p99_us = output["cue_error_p99_us"]
    within = "unknown" if p99_us is None else f"within {number(p99_us / _US_PER_MS, 2, 'ms')}"
    lost = [
        f"{output[key]} {word}"
        for key, word in (("cues_missed", "not given"), ("cues_doubtful", "in doubt"))
        if output[key]
    ]
    latency = "calibrated" if timing["latency_calibrated"] else "not calibrated"
    words = [f"99 % {within}", *lost, latency]
    simulated = " (simulated)" if output["simulated"] else ""
    sentence = (
        f"Cues by {name}{simulated}: 99 % of {output['cues_given']} came {within} of their plan; "
        f"{', '.join(lost) or 'every cue was given'}; the latency was {latency}. {_board(timing)}"
    )
    return Certificate(", ".join(words), sentence)


def _board(timing: Mapping[str, Any]) -> str:
    sync = timing["sync"]
    if sync is None:
        return str(timing["reasons"]["sync"])
    if sync["uncertainty_p99_us"] is None:
        return "There were no responses."
    simulated = " (simulated)" if "board" in timing["simulated_parts"] else ""
    known_ms = number(sync["uncertainty_p99_us"] / _US_PER_MS, 2, "ms")
    lost_count = timing["counts"].get("events_lost", 0)
    lost = f", and {lost_count} were lost" if lost_count else ""
    return f"Times of 99 % of the responses are known to {known_ms}{simulated}{lost}."
