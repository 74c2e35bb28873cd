"""Short rhythms to repeat. Pure."""

import random

_STEPS_PER_BEAT = 2


def pattern(bar_beats: int, round_number: int, seed: int) -> tuple[float, ...]:
    """When the notes of one bar fall, in beats from its start, in order; at least two.

    The first note is on the first beat. Notes on beats are likelier than those between, and the
    later rounds have more of the latter. The same arguments give the same rhythm.
    """
    source = random.Random(f"{seed} {round_number} {bar_beats}")
    between = min(0.5, 0.1 + 0.05 * round_number)
    notes = [0.0]
    for step in range(1, bar_beats * _STEPS_PER_BEAT):
        on_beat = step % _STEPS_PER_BEAT == 0
        if source.random() < (0.75 if on_beat else between):
            notes.append(step / _STEPS_PER_BEAT)
    if len(notes) == 1:
        notes.append(float(bar_beats // 2))
    return tuple(notes)
