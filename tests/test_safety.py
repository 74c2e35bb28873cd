"""Limits hold for every input, and no clamp is silent."""

from hypothesis import given
from hypothesis import strategies as st

from andante.safety import (
    PERCENT_OF_BASELINE,
    UNLOCKED_PERCENT_OF_BASELINE,
    WALKING_TEMPO_SPM,
    clamp_cue_tempo,
)

tempos = st.floats(min_value=1, max_value=1000)
baselines = st.floats(min_value=45, max_value=150)


@given(tempos, st.none() | baselines, st.booleans())
def test_a_clamped_tempo_is_within_limits(
    tempo: float, baseline: float | None, unlocked: bool
) -> None:
    clamped = clamp_cue_tempo(tempo, baseline, unlocked)
    assert clamped.value in WALKING_TEMPO_SPM
    if baseline is not None:
        share = UNLOCKED_PERCENT_OF_BASELINE if unlocked else PERCENT_OF_BASELINE
        percent = 100 * clamped.value / baseline
        at_edge = clamped.value in (WALKING_TEMPO_SPM.low, WALKING_TEMPO_SPM.high)
        assert at_edge or share.low - 1e-9 <= percent <= share.high + 1e-9


@given(tempos, st.none() | baselines, st.booleans())
def test_a_reason_is_given_exactly_when_something_was_changed(
    tempo: float, baseline: float | None, unlocked: bool
) -> None:
    clamped = clamp_cue_tempo(tempo, baseline, unlocked)
    assert (clamped.reason is None) == (clamped.value == tempo)


def test_the_reason_names_both_figures() -> None:
    reason = clamp_cue_tempo(130, 100).reason
    assert reason is not None
    assert "130.0" in reason
    assert "110.0" in reason
    assert "baseline" in reason
