"""The cues of a session: each once, in order, thinning out in the fade."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.plan import Stage, StageKind
from andante.ports import CueKind
from andante.timebase import NS_PER_MS, NS_PER_S
from andante.timeline.cue_track import CueTrack
from andante.timeline.fade import is_sounded, silent_share_at
from andante.timeline.spans import lay_out

STAGES = (Stage("cued", StageKind.CUED, 60.0), Stage("fade", StageKind.FADE, 40.0))


@given(
    tempo=st.floats(min_value=40, max_value=173),
    looks_ms=st.lists(st.integers(min_value=1, max_value=5_000), min_size=1, max_size=50),
)
def test_cues_do_not_depend_on_when_they_are_asked_for(tempo: float, looks_ms: list[int]) -> None:
    spans = lay_out(STAGES, NS_PER_S)
    whole = CueTrack(spans, tempo).take_until(1_000 * NS_PER_S)
    track, pieces = CueTrack(spans, tempo), []
    for look_ms in itertools.accumulate(looks_ms):
        pieces += track.take_until(NS_PER_S + look_ms * NS_PER_MS)
    pieces += track.take_until(1_000 * NS_PER_S)
    assert pieces == whole
    assert track.finished
    assert [cue.index for cue, _ in whole] == list(range(len(whole)))


def test_a_steady_tempo_gives_even_intervals_through_the_fade() -> None:
    cues = CueTrack(lay_out(STAGES, 0), 100.0).take_until(1_000 * NS_PER_S)
    intervals_ns = np.diff([cue.planned_ns for cue, _ in cues])
    assert intervals_ns == pytest.approx(np.full(intervals_ns.size, 600 * NS_PER_MS), abs=1)
    assert len(cues) == pytest.approx(100 * 100 / 60, abs=1)
    assert {name for _, name in cues} == {"cued", "fade"}


def test_every_cue_sounds_before_the_fade_and_ever_fewer_in_it() -> None:
    cues = CueTrack(lay_out(STAGES, 0), 120.0).take_until(1_000 * NS_PER_S)
    assert all(cue.kind is CueKind.BEAT for cue, name in cues if name == "cued")
    fade = [cue.kind is CueKind.BEAT for cue, name in cues if name == "fade"]
    quarters = [sum(fade[i : i + 20]) for i in range(0, 80, 20)]
    assert quarters == sorted(quarters, reverse=True)
    assert quarters[0] >= 16
    assert quarters[3] <= 4


@given(share=st.floats(min_value=0, max_value=1), first=st.integers(0, 10_000))
def test_the_silent_share_is_met_over_any_short_stretch(share: float, first: int) -> None:
    sounded = sum(is_sounded(beat, share) for beat in range(first, first + 100))
    assert abs(sounded - 100 * (1 - share)) <= 3


def test_the_share_rises_evenly() -> None:
    assert silent_share_at(0, 10, 20) == 0
    assert silent_share_at(15, 10, 20) == 0.5
    assert silent_share_at(25, 10, 20) == 1
    assert silent_share_at(9, 10, 10) == 0
    assert silent_share_at(10, 10, 10) == 1


@given(tempo=st.floats(min_value=20, max_value=600))
def test_no_second_of_cues_flashes_more_than_three_times(tempo: float) -> None:
    cues = CueTrack(lay_out(STAGES, 0), tempo).take_until(100 * NS_PER_S)
    lit_ns = [cue.planned_ns for cue, _ in cues if cue.light]
    for early, late in zip(lit_ns, lit_ns[3:], strict=False):
        assert late - early >= NS_PER_S - 3  # a nanosecond of rounding a cue
