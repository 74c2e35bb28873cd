"""The whole procedure on twins whose latencies are known: simulated outputs, board and line."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.calibration.estimate import (
    SEARCH_FROM_NS,
    SEARCH_TO_NS,
    LatencyEstimate,
    estimate_latency,
)
from andante.calibration.procedure import (
    CUE_COUNT,
    WARM_UP_CUES,
    CalibrationError,
    cue_times_ns,
    observe,
)
from andante.ports import Channel, Fault, FaultKind
from andante.safety import MAX_FLASHES_PER_S
from andante.timebase import NS_PER_MS, NS_PER_S
from support.ears import EarRig, HeardOutput, Hearing

EXACT_MS = 0.1


def measure(rig: EarRig) -> dict[str, LatencyEstimate]:
    rig.link.start()
    seen = observe(rig.outputs, rig.link, rig.clock)
    return {name: estimate_latency(observation) for name, observation in seen.items()}


@pytest.mark.parametrize("seed", range(5))
def test_the_latency_found_is_the_latency_injected(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true_ms = {"sound": rng.uniform(-10.0, 80.0), "led": rng.uniform(0.0, 3.0)}
    hearings = {
        name: Hearing(round(latency_ms * NS_PER_MS), noise_us=60.0)
        for name, latency_ms in true_ms.items()
    }
    found = measure(EarRig(hearings, seed=seed))
    assert set(found) == {"sound", "led"}
    for name, estimate in found.items():
        assert estimate.refusals == ()
        assert estimate.latency_ms == pytest.approx(true_ms[name], abs=EXACT_MS)
        assert estimate.heard_count == CUE_COUNT - WARM_UP_CUES


def test_the_spread_found_is_the_spread_injected() -> None:
    found = measure(EarRig({"sound": Hearing(5 * NS_PER_MS, noise_us=400.0)}))["sound"]
    assert found.refusals == ()
    assert found.latency_sd_ms == pytest.approx(0.4, rel=0.35)  # four standard errors of 50
    assert found.latency_mad_ms == pytest.approx(0.4 / 1.4826, rel=0.5)


def test_cues_that_the_sensor_does_not_feel_are_counted_missed() -> None:
    found = measure(EarRig({"sound": Hearing(5 * NS_PER_MS, deaf=lambda index: index % 17 == 0)}))[
        "sound"
    ]
    assert found.refusals == ()
    assert (found.missed_count, found.heard_count) == (3, CUE_COUNT - WARM_UP_CUES - 3)
    assert found.latency_ms == pytest.approx(5.0, abs=EXACT_MS)


def test_cues_whose_time_is_in_doubt_do_not_count() -> None:
    rig = EarRig({"sound": Hearing(5 * NS_PER_MS)})
    # In doubt, and far off: they would spoil spread and drift if they counted.
    late = Hearing(5 * NS_PER_MS, delay_ns=lambda index: 40 * NS_PER_MS * (index % 12 == 0))
    rig.outputs = [
        HeardOutput(rig.outputs[0], rig.source.feel, late, doubt=lambda index: index % 12 == 0)
    ]
    found = measure(rig)["sound"]
    assert found.refusals == ()
    assert found.doubtful_count == 4
    assert found.missed_count == found.stray_count == 0


def test_too_few_cues_at_a_sure_time_are_refused() -> None:
    rig = EarRig({"sound": Hearing(5 * NS_PER_MS)})
    rig.outputs[0]._doubt = lambda index: index % 3 == 0
    (refusal,) = measure(rig)["sound"].refusals
    assert "sure time" in refusal


@pytest.mark.parametrize(
    ("hearing", "said"),
    [
        (Hearing(5 * NS_PER_MS, deaf=lambda k: k % 3 == 0), "reached the sensor"),
        (Hearing(5 * NS_PER_MS, deaf=lambda _: True), "Only 0 of 50"),
        (Hearing(5 * NS_PER_MS, noise_us=3_000.0), "scatters"),
        (Hearing(5 * NS_PER_MS, delay_ns=lambda k: 10 * NS_PER_MS * (k % 3 == 0)), "one of two"),
        (Hearing(5 * NS_PER_MS, delay_ns=lambda k: k * NS_PER_MS // 20), "drifted by +2"),
        (Hearing(180 * NS_PER_MS), "not plausible"),
        (Hearing(-35 * NS_PER_MS), "not plausible"),
        (Hearing(5 * NS_PER_MS, delay_ns=lambda k: -25 * NS_PER_MS * (k % 12 == 0)), "another"),
    ],
)
def test_a_poor_measurement_is_refused_with_its_reason(hearing: Hearing, said: str) -> None:
    (refusal,) = measure(EarRig({"sound": hearing}))["sound"].refusals
    assert said in refusal


def test_onsets_that_no_cue_explains_are_refused() -> None:
    rig = EarRig({"sound": Hearing(5 * NS_PER_MS)})
    rng = np.random.default_rng(3)
    for at_s in rng.uniform(2.0, 32.0, 60):
        rig.source.feel(Channel.SOUND_LINE, rig.clock.now_ns() + round(at_s * NS_PER_S))
    assert any("no cue explains" in refusal for refusal in measure(rig)["sound"].refusals)


def test_a_board_that_falls_silent_ends_the_measurement() -> None:
    with pytest.raises(CalibrationError, match="silent"):
        measure(EarRig({"sound": Hearing()}, outages_s=(8.0, 11.0)))


def test_a_board_that_restarts_ends_the_measurement() -> None:
    rig = EarRig({"sound": Hearing()})

    def restart(given: int, _count: int) -> None:
        if given == 20 and not rig.board.events_dropped:
            rig.board.restart(rig.clock.now_ns())

    rig.link.start()
    with pytest.raises(CalibrationError, match="restarted"):
        observe(rig.outputs, rig.link, rig.clock, on_progress=restart)


def test_an_output_that_fails_ends_the_measurement() -> None:
    rig = EarRig({"sound": Hearing()})
    text = "The sound device has gone."
    rig.outputs[0].faults.append(Fault(FaultKind.OUTPUT_FAILED, 0, "sound", text))
    with pytest.raises(CalibrationError, match=text):
        measure(rig)


def test_one_photodiode_cannot_feel_two_lights() -> None:
    with pytest.raises(CalibrationError, match="one after the other"):
        measure(EarRig({"led": Hearing(), "ring": Hearing()}))


def test_an_output_without_a_sensor_is_named() -> None:
    rig = EarRig({"led": Hearing()})
    rig.outputs[0]._output.name = "haptic"  # type: ignore[misc]
    with pytest.raises(CalibrationError, match="no input that feels haptic"):
        measure(rig)


@given(start_ns=st.integers(0, 10**18), count=st.integers(2, 400))
@settings(max_examples=50)
def test_cues_flash_slowly_enough_and_leave_room_to_listen(start_ns: int, count: int) -> None:
    times_ns = cue_times_ns(start_ns, count)
    intervals_ns = [late - soon for soon, late in pairwise(times_ns)]
    # Windows of neighbouring cues never meet, so no onset can be taken for two cues.
    assert min(intervals_ns) > SEARCH_TO_NS - SEARCH_FROM_NS
    later_ns = times_ns[MAX_FLASHES_PER_S:]
    assert all(late - soon >= NS_PER_S for soon, late in zip(times_ns, later_ns, strict=False))
    assert times_ns[-1] - start_ns <= count * NS_PER_S // 2


def test_cues_lie_on_no_even_grid() -> None:
    phases = np.array(cue_times_ns(0, CUE_COUNT)) % 20_000_000 / 20_000_000  # of the mains, 50 Hz
    assert abs(np.exp(2j * np.pi * phases).mean()) < 0.2
