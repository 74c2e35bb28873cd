"""How cues thin out to silence. Pure."""

_GOLDEN = (5**0.5 - 1) / 2


def is_sounded(beat: int, silent_share: float) -> bool:
    """Whether beat number `beat` is given where `silent_share` (0-1) of the cues falls silent.

    The multiples of the golden ratio modulo 1 fill [0, 1) evenly (Weyl's equidistribution), so
    the silent beats are spread out, the share is met over any short stretch, and a plan gives
    the same cues each time it is run.
    """
    return (beat + 1) * _GOLDEN % 1.0 >= silent_share


def silent_share_at(time_ns: int, start_ns: int, end_ns: int) -> float:
    """The share that falls silent: 0 until `start_ns`, rising evenly to 1 at `end_ns`."""
    if end_ns <= start_ns:
        return 0.0 if time_ns < start_ns else 1.0
    return min(1.0, max(0.0, (time_ns - start_ns) / (end_ns - start_ns)))
