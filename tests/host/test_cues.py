"""Which cues count and on whose times."""

import dataclasses
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from andante.config import OutputLatency
from andante.errors import SessionFileError
from andante.session.file import NOT_GIVEN, SessionData, load_session
from andante.session.latency import HARDWARE_KEY
from andante.timebase import NS_PER_MS
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


def with_latency(data: SessionData, output: str, latency_ms: float) -> SessionData:
    """The same session on a device whose output was calibrated before."""
    latency = OutputLatency(
        output=output,
        device="a device",
        machine="a machine",
        latency_ms=latency_ms,
        latency_sd_ms=0.05,
        latency_mad_ms=0.03,
        heard_count=50,
        missed_count=0,
        measured_utc=datetime(2026, 3, 1, tzinfo=UTC),
    )
    hardware = {**data.header.hardware, HARDWARE_KEY: msgspec.to_builtins({output: latency})}
    return dataclasses.replace(data, header=dataclasses.replace(data.header, hardware=hardware))


def test_without_a_measured_latency_the_times_are_the_outputs(data: SessionData) -> None:
    cues = reference_cues(data)
    assert cues is not None
    assert cues.latency_ms is None
    other = reference_cues(with_latency(data, "led", 5.0))  # not the reference
    assert other is not None
    assert other.latency_ms is None
    assert other.series.time_ns.tolist() == cues.series.time_ns.tolist()


@pytest.mark.parametrize("latency_ms", [12.5, -3.0])
def test_a_measured_latency_moves_every_cue_to_the_patients_ear(
    data: SessionData, latency_ms: float
) -> None:
    before, after = reference_cues(data), reference_cues(with_latency(data, "sound", latency_ms))
    assert before is not None
    assert after is not None
    assert after.latency_ms == latency_ms
    moved_ns = after.series.time_ns - before.series.time_ns
    assert set(moved_ns.tolist()) == {round(latency_ms * 1e6)}
    assert after.series.index.tolist() == before.series.index.tolist()
    assert after.series.scored.tolist() == before.series.scored.tolist()


def test_a_latency_that_cannot_be_understood_is_said(data: SessionData) -> None:
    hardware = {HARDWARE_KEY: {"sound": {"latency_ms": "soon"}}}
    odd = dataclasses.replace(data, header=dataclasses.replace(data.header, hardware=hardware))
    with pytest.raises(SessionFileError, match="latencies"):
        reference_cues(odd)


def test_notes_and_breaths_are_no_beats_to_meet(data: SessionData) -> None:
    kind = data.cues.kind.astype("U8")
    kind[[3, 4]] = "note"
    kind[6] = "inhale"
    cues = reference_cues(dataclasses.replace(data, cues=dataclasses.replace(data.cues, kind=kind)))
    plain = reference_cues(data)
    assert cues is not None
    assert plain is not None
    assert set(plain.series.index.tolist()) - set(cues.series.index.tolist()) == {3, 4, 6}
    assert cues.silent_count == plain.silent_count
    # Every other cue keeps its own time.
    time_ns = dict(zip(plain.series.index.tolist(), plain.series.time_ns.tolist(), strict=True))
    assert cues.series.time_ns.tolist() == [time_ns[i] for i in cues.series.index.tolist()]


def test_an_expected_beat_is_met_at_its_planned_time_though_no_output_gives_it(
    data: SessionData,
) -> None:
    index = 10
    kind = data.cues.kind.astype("U8")
    kind[index] = "expected"
    outputs = {
        name: dataclasses.replace(
            table,
            **{field: column[table.cue_index != index] for field, column in vars(table).items()},
        )
        for name, table in data.outputs.items()
    }
    changed = dataclasses.replace(
        data, cues=dataclasses.replace(data.cues, kind=kind), outputs=outputs
    )
    cues, plain = reference_cues(changed), reference_cues(data)
    assert cues is not None
    assert plain is not None
    at = cues.series.index.tolist().index(index)
    assert cues.series.scored[at]
    assert cues.series.time_ns[at] == data.cues.planned_ns[index]
    assert cues.not_given_count == plain.not_given_count
    assert cues.silent_count == plain.silent_count
    moved = reference_cues(with_latency(changed, "sound", 7.0))
    assert moved is not None
    assert moved.series.time_ns[at] == data.cues.planned_ns[index] + 7 * NS_PER_MS


def test_a_session_of_breaths_alone_has_no_beats(data: SessionData) -> None:
    breaths = np.full(data.cues.index.shape, "inhale")
    only = dataclasses.replace(data, cues=dataclasses.replace(data.cues, kind=breaths))
    assert reference_cues(only) is None


def test_touch_stands_in_where_nothing_else_was_given(data: SessionData) -> None:
    only = dataclasses.replace(data, outputs={"haptic": data.outputs["led"]})
    cues = reference_cues(only)
    assert cues is not None
    assert cues.reference == "haptic"
