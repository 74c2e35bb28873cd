"""An excerpt of a session's samples is the same as that part of the whole."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.session.file import load_excerpt, load_session
from andante.timebase import NS_PER_S
from support.sessions import Walk, write_walk

_LENGTH_S = 80


def test_an_excerpt_is_that_part_of_the_whole(tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    path: Path = tmp_path_factory.mktemp("excerpt") / "walk.andante"
    write_walk(path, Walk(baseline_s=30, cued_s=30, fade_s=10, carry_over_s=10, tempo_spm=120.0))
    whole = load_session(path)
    began_ns = whole.header.started_ns
    assert whole.samples

    @settings(max_examples=40, deadline=None)
    @given(st.floats(-20, _LENGTH_S + 20), st.floats(0, 15))
    def check(start_s: float, length_s: float) -> None:
        from_ns = began_ns + int(start_s * NS_PER_S)
        to_ns = from_ns + int(length_s * NS_PER_S)
        found = load_excerpt(path, (from_ns, to_ns))
        for channel, series in whole.samples.items():
            wanted = (series.time_ns >= from_ns) & (series.time_ns < to_ns)
            if not wanted.any():
                continue
            part = found[channel]
            inside = (part.time_ns >= from_ns) & (part.time_ns < to_ns)
            np.testing.assert_array_equal(part.time_ns[inside], series.time_ns[wanted])
            np.testing.assert_array_equal(part.counts[inside], series.counts[wanted])
            assert part.time_ns.size < wanted.sum() + series.time_ns.size // 4

    check()
