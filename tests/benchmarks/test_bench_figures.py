"""What the benchmarks compute, on made-up beats, probes and results whose truth is known."""

import random

import numpy as np
import pytest
from benchmarks.common import INTERVAL_NS, Result, belonging, off_grid_us, plain, spread, steadiness
from benchmarks.lines import Run, Verdict, judged
from benchmarks.report import BEGIN, END, figures_text, spliced
from benchmarks.sync_rivals import KLIPPER_QUERY_NS, LSL_PROBES, Probes, klipper_way, lsl_way
from hypothesis import given
from hypothesis import strategies as st

from andante.errors import AndanteError
from andante.simulated.serial_line import LineDelays
from andante.simulated.source import TickClock
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US

COUNT = 200


def beats_ns(late_us: np.ndarray | float, per_beat_us: float = 0.0) -> np.ndarray:
    beats = np.arange(COUNT)
    off_ns = np.broadcast_to((late_us + per_beat_us * beats) * NS_PER_US, COUNT)
    return np.asarray(5 * NS_PER_S + beats * INTERVAL_NS + np.rint(off_ns), dtype=np.int64)


def test_a_drifting_beat_is_steady_and_behind() -> None:
    found = steadiness(beats_ns(0.0, per_beat_us=100.0))
    assert found["off_line_sd_us"] == pytest.approx(0.0, abs=0.01)
    assert found["interval_sd_us"] == pytest.approx(0.0, abs=0.01)
    assert found["behind_at_end_ms"] == pytest.approx(0.1 * (COUNT - 1 - 8), abs=0.1)
    assert found["off_plan_sd_us"] == pytest.approx(100.0 * COUNT / 12**0.5, rel=0.01)


def test_jitter_is_found_as_it_was_made() -> None:
    late_us = np.random.default_rng(4).normal(0.0, 500.0, COUNT)
    found = steadiness(beats_ns(late_us))
    assert found["off_line_sd_us"] == pytest.approx(500.0, rel=0.15)
    assert found["interval_sd_us"] == pytest.approx(500.0 * 2**0.5, rel=0.15)


def test_a_beat_left_out_counts_as_that_alone() -> None:
    given_ns = np.delete(beats_ns(0.0), [7, 8, 90])
    found = steadiness(given_ns)
    assert found["left_out_count"] == 3
    assert found["onset_count"] == COUNT - 3
    assert found["interval_sd_us"] == found["off_line_sd_us"] == pytest.approx(0.0, abs=1e-6)


def test_a_drift_of_more_than_an_interval_is_followed() -> None:
    assert off_grid_us(beats_ns(0.0, 10_000.0))[-1] == pytest.approx(10_000.0 * (COUNT - 1))


@given(
    constant_ms=st.floats(-200, 200),
    missed=st.sets(st.integers(0, COUNT - 1), max_size=20),
    seed=st.integers(0, 1_000),
)
def test_each_onset_belongs_to_its_cue(constant_ms: float, missed: set[int], seed: int) -> None:
    planned_ns = beats_ns(0.0)
    jitter_us = np.random.default_rng(seed).normal(0.0, 1_000.0, COUNT)
    heard_ns = beats_ns(jitter_us + constant_ms * 1_000)
    kept = np.array([n not in missed for n in range(COUNT)])
    found_ns = belonging(heard_ns[kept], planned_ns)
    assert np.isfinite(found_ns).tolist() == kept.tolist()
    assert np.array_equal(found_ns[kept], heard_ns[kept].astype(np.float64))


def probes_of(clock: TickClock, line: LineDelays, sent_ns: list[int], seed: int) -> Probes:
    rng, rows = random.Random(seed), []
    for at_ns in sent_ns:
        in_ns = at_ns + line.draw_ns(rng)
        out_ns = in_ns + 80 * NS_PER_US
        ticks = clock.ticks_at(in_ns), clock.ticks_at(out_ns)
        rows.append((at_ns, *ticks, out_ns + line.draw_ns(rng)))
    return Probes(*np.array(rows, dtype=np.int64).T)


@pytest.mark.parametrize("way", [lsl_way, klipper_way])
def test_the_other_ways_are_right_where_the_link_is_even(way: object) -> None:
    """Without queueing both find the clock; what is left is theirs: rate, ticks, turnaround."""
    clock = TickClock(1_000 * NS_PER_S, rate_error_ppm=40.0)
    even = LineDelays(queueing_mean_ns=0, spike_share=0.0)
    start_ns = 1_001 * NS_PER_S
    if way is lsl_way:
        times = [
            start_ns + n // LSL_PROBES * 2 * NS_PER_S + n % LSL_PROBES * 64 * NS_PER_MS
            for n in range(400)
        ]
    else:
        times = [start_ns + n * KLIPPER_QUERY_NS for n in range(200)]
    probes = probes_of(clock, even, times, 3)
    events_ns = np.arange(start_ns + 60 * NS_PER_S, times[-1], NS_PER_S)
    ticks = np.array([clock.ticks_at(int(at_ns)) for at_ns in events_ns])
    assert callable(way)
    found_ns = way(probes, ticks, events_ns, NS_PER_S / clock.tick_hz) + times[0]
    # 2.5 s at 40 ppm and a tick for the one, half of the turnaround and a tick for the other.
    assert np.abs(found_ns - events_ns).max() <= 110 * NS_PER_US


def walk_result(p99_us: float, load: bool) -> Result:
    error_us = {"p50": 10.0, "p99": p99_us, "max": p99_us, "sd": 20.0, "mean": 0.0}
    beat = {"off_line_sd_us": 20.0, "interval_sd_us": 25.0, "onset_count": 100}
    return {
        "benchmark": "cue_walk",
        "machine": {},
        "conditions": {"load": load, "real_time": True, "minutes": 10.0},
        "figures": {
            "cue_count": 100,
            "sound": {**beat, "heard_count": 100, "underrun_count": 0, "error_of_all_us": error_us},
            "light": {"error_us": error_us, "given_count": 100},
            "light_less_sound_us": error_us,
        },
        "series": {"at_s": [0.0, 30.0, 60.0], "light_error_us": [900.0, 100.0, None]},
    }


def verdicts(results: list[Result]) -> dict[tuple[str, str], Verdict]:
    return {(line.part, line.asked.split(":")[0]): line.verdict for line in judged(Run(results))}


def test_a_line_is_met_missed_or_not_measured() -> None:
    good, bad = verdicts([walk_result(150.0, False)]), verdicts([walk_result(350.0, False)])
    for part, asked in (("sound, idle", "onset less plan"), ("LED, idle", "pin less plan")):
        assert good[part, asked] is Verdict.MET
        assert bad[part, asked] is Verdict.MISSED
    assert good["LED and sound, idle", "the same cue"] is Verdict.MET
    assert good["sound, under load", "onset less plan"] is Verdict.ABSENT
    assert all(verdict is Verdict.ABSENT for verdict in verdicts([]).values())


@pytest.mark.parametrize(
    ("sleep_sd_us", "verdict"), [(450.0, Verdict.MISSED), (600.0, Verdict.MET)]
)
def test_the_smaller_of_two_ratios_counts(sleep_sd_us: float, verdict: Verdict) -> None:
    sleep: Result = {
        "benchmark": "sound_sleep",
        "conditions": {"load": True, "real_time": True},
        "figures": {"off_line_sd_us": 5_000.0, "interval_sd_us": sleep_sd_us},
    }
    found = verdicts([walk_result(150.0, True), sleep])
    assert (
        found["sound, under load", "at least 20 times steadier (SD) than the sleep loop"] is verdict
    )


@pytest.mark.parametrize(("behind_ms", "verdict"), [(0.9, Verdict.MISSED), (1.1, Verdict.MET)])
def test_blink_is_set_against_the_worst_of_the_last_seconds(
    behind_ms: float, verdict: Verdict
) -> None:
    walk = walk_result(150.0, False)
    walk["series"] = {"at_s": [0.0, 55.0, 60.0], "light_error_us": [900.0, -100.0, 50.0]}
    blink: Result = {
        "benchmark": "light_blink",
        "conditions": {"load": False, "real_time": True},
        "figures": {"behind_at_end_ms": behind_ms},
    }
    assert verdicts([walk, blink])["LED, idle", "error added up"] is verdict


def test_figures_go_between_the_markers_and_nowhere_else() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter"
    once = spliced(page, "new | figures \\1")
    assert once == f"before\n{BEGIN}\n\nnew | figures \\1\n{END}\nafter"
    assert spliced(once, "new | figures \\1") == once
    with pytest.raises(AndanteError, match="no place"):
        spliced("no markers", "text")


def test_a_run_without_results_still_makes_a_page() -> None:
    whole = {
        "results": [],
        "quick": True,
        "runs": [
            {
                "began_utc": "2026-01-01",
                "took_minutes": 1.0,
                "load_average_before": 0.0,
                "parts": ["walks", "sync"],
            }
        ],
        "not_measured": ["emulated Pi: no QEMU."],
    }
    text = figures_text(whole)
    assert "too short to judge by" in text
    assert "| 2026-01-01 | 1 | 0.00 | walks, sync |" in text
    assert "Not measured: emulated Pi: no QEMU." in text


def test_json_has_no_infinities() -> None:
    assert plain({"a": np.array([1.0, np.nan]), "b": np.float64("inf"), 3: (np.int64(2),)}) == {
        "a": [1.0, None],
        "b": None,
        "3": [2],
    }
    assert spread(np.array([-3.0, 1.0, 2.0]))["max"] == 3.0
