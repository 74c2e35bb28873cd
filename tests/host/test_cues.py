"""Which cues count and on whose times."""

import dataclasses

import numpy as np
import pytest

from andante.session.file import NOT_GIVEN, SessionData, load_session
from andante_host.cues import PLANNED, reference_cues
from support.sessions import Walk, write_walk

WALK = Walk(
    baseline_s=4.0,
    cued_s=30.0,
    fade_s=10.0,
    carry_over_s=2.0,
    doubtful=(5,),
    not_given=(7, 8),
    samples=False,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SessionData:
    return load_session(write_walk(tmp_path_factory.mktemp("cues") / "w.andante", WALK).path)


def test_silent_not_given_and_doubtful_cues_keep_their_place_but_do_not_count(
    data: SessionData,
) -> None:
    cues = reference_cues(data)
    assert cues is not None
    assert cues.reference == "sound"
    assert cues.series.index.size == data.cues.index.size
    assert (cues.doubtful_count, cues.not_given_count) == (1, 2)
    assert cues.silent_count == (data.cues.kind == "silent").sum() > 0
    unscored = set(cues.series.index[~cues.series.scored].tolist())
    assert unscored == {5, 7, 8} | set(data.cues.index[data.cues.kind == "silent"].tolist())


def test_times_are_those_of_the_reference_not_the_plan(data: SessionData) -> None:
    cues = reference_cues(data)
    assert cues is not None
    sound = data.outputs["sound"]
    scored = cues.series.index[cues.series.scored]
    actual_ns = dict(zip(sound.cue_index.tolist(), sound.actual_ns.tolist(), strict=True))
    assert cues.series.time_ns[cues.series.scored].tolist() == [
        actual_ns[index] for index in scored.tolist()
    ]
    assert (cues.series.time_ns != data.cues.planned_ns).any()


def test_light_stands_in_where_sound_gave_nothing(data: SessionData) -> None:
    sound = data.outputs["sound"]
    mute = dataclasses.replace(sound, actual_ns=np.full_like(sound.actual_ns, NOT_GIVEN))
    cues = reference_cues(dataclasses.replace(data, outputs={**data.outputs, "sound": mute}))
    assert cues is not None
    assert cues.reference == "led"


def test_reports_without_a_given_cue_are_not_taken_for_given(data: SessionData) -> None:
    led = data.outputs["led"]
    dark = dataclasses.replace(led, actual_ns=np.full_like(led.actual_ns, NOT_GIVEN))
    cues = reference_cues(dataclasses.replace(data, outputs={"led": dark}))
    assert cues is not None
    assert not cues.series.scored.any()


def test_without_outputs_the_plan_counts(data: SessionData) -> None:
    cues = reference_cues(dataclasses.replace(data, outputs={}))
    assert cues is not None
    assert cues.reference == PLANNED
    assert cues.series.scored.sum() == (data.cues.kind == "beat").sum()
