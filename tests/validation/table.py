"""Every measure against an independent implementation, a published figure or a known truth.

    .venv/bin/python tests/validation/table.py > table.md

prints the table of `docs/validation.md`, measured anew. Rows that need recordings or programs
which are not here say so.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from andante.signal_file import read_belt, read_force
from andante.timebase import NS_PER_MS
from andante_host.detect.breaths import detect_breaths
from andante_host.detect.contacts import detect_contacts
from andante_host.metrics.breathing import BeltRun, breathing_measures
from andante_host.metrics.circular import beat_angles_rad, circular_summary
from andante_host.metrics.continuation import own_tapping
from andante_host.metrics.gait import dfa_alpha, gait_measures, near_median
from andante_host.metrics.group import group_measures
from andante_host.metrics.matching import UNMATCHED, match
from andante_host.metrics.phase_correction import Run, estimate_phase_correction
from support.breathing import belt_level, steady_pacer
from support.neurokit import neurokit_breaths
from support.tapping import linear_tappers
from support.walkers import WALKERS, agreement, belt_file, force_file, published, within

TAPPING = Path(__file__).resolve().parents[3] / "shared" / "data" / "tapping"
RUNS = 1_000

Floats = npt.NDArray[np.float64]
Row = tuple[str, str, str, str]


def circular_rows() -> Iterator[Row]:
    """Directions."""
    angles = np.array([0.785, 1.570, 3.141, 0.839, 5.934])
    summary = circular_summary(angles)
    yield (
        "Rayleigh z, p",
        "published angles",
        "1.236190, 0.3048436",
        f"{summary.rayleigh_z:.6f}, {summary.rayleigh_p:.7f}",
    )
    astropy = pytest.importorskip("astropy.stats", reason="astropy is not installed")
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(RUNS):
        angles = rng.uniform(-np.pi, np.pi, int(rng.integers(2, 200)))
        summary = circular_summary(angles)
        worst = max(worst, abs(summary.vector_length - float(astropy.circmoment(angles)[1])))
        turn = np.deg2rad(summary.mean_direction_deg) - float(astropy.circmean(angles))
        worst = max(worst, abs(float(np.angle(np.exp(1j * turn)))))
    yield ("vector length, mean direction", f"astropy, {RUNS:,} samples", "0", f"<= {worst:.0e}")


def tapping_rows() -> Iterator[Row]:
    """Phase correction, the two-level model, togetherness."""
    for noise_ms in ((17.6, 4.4), (10.0, 5.0)):
        for alpha in (0.3, 0.5, 0.8):
            rng = np.random.default_rng(21)
            found = []
            for asynchrony_ms in linear_tappers(rng, RUNS, 100, alpha, *noise_ms):
                estimate = estimate_phase_correction([Run(asynchrony_ms, np.zeros(99))])
                assert estimate is not None
                found.append((estimate.alpha, estimate.bgls_alpha))
            averaged, plain = np.mean(found, axis=0)
            yield (
                "phase correction alpha",
                f"{RUNS:,} simulated runs of 100 taps, {noise_ms[0]:g} and {noise_ms[1]:g} ms",
                f"{alpha:g}",
                f"{averaged:.3f} (plain bGLS {plain:.3f})",
            )
    rng = np.random.default_rng(3)
    levels = []
    for _ in range(200):
        motor_ms = rng.normal(0, 8, 200)
        times_ms = np.cumsum(rng.normal(500, 15, 200)) + motor_ms
        levels.append(own_tapping(np.rint(times_ms * NS_PER_MS).astype(np.int64)))
    yield (
        "clock, motor SD (Wing-Kristofferson)",
        "200 simulated runs of 200 taps; runs outside the model are null",
        "15, 8 ms",
        ", ".join(
            f"{np.mean([b[key] for b in levels if b[key] is not None]):.1f}"
            for key in ("clock_sd_ms", "motor_sd_ms")
        )
        + " ms",
    )
    times_ns = np.rint((1_000 + np.arange(100.0) * 500) * NS_PER_MS).astype(np.int64)
    late_ns = times_ns + round(62.5 * NS_PER_MS)
    group = group_measures({"tap1": times_ns, "tap2": late_ns})
    assert group is not None
    expected = f"cos(pi/8) = {np.cos(np.pi / 8):.6f}"
    yield (
        "Kuramoto order",
        "two an eighth of a beat apart",
        expected,
        f"{group['order_mean']:.6f}",
    )


def matching_rows() -> Iterator[Row]:
    """Real taps."""
    path = TAPPING / "context2024.three-subjects.csv.gz"
    if not path.is_file():
        pytest.skip("the recordings of real tapping are not beside the project")
    trials: dict[tuple[str, ...], list[dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            if row["valid"] == "1":
                key = tuple(row[name] for name in ("experiment", "subject", "block", "trial"))
                trials.setdefault(key, []).append(row)
    same = total = 0
    for rows in trials.values():
        cue_ns, tap_ns = (
            np.array([int(r["time_ms"]) * NS_PER_MS for r in rows if r["event"] == event])
            for event in ("S", "R")
        )
        found = match(cue_ns, tap_ns, np.full(tap_ns.size, "tap1"))
        cue_of = {int(r): cue for cue, r in enumerate(found.response_of_cue) if r != UNMATCHED}
        taps = [r for r in rows if r["event"] == "R"]
        for number, row in enumerate(taps):
            theirs = row["assigned_stim"]
            total += 1
            same += cue_of.get(number) == (int(float(theirs)) if theirs else None)
    yield (
        "matching",
        f"Context2024, {len(trials)} valid trials: the authors' own assignment",
        f"{total} taps",
        f"{same} the same",
    )
    with (TAPPING / "tbi-drumming.session1.csv").open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if row["tempo_block"] == "4"]
    cue_ns = np.unique([round(float(r["cue_time_s"]) * 1e9) for r in rows])
    hit_ns = np.unique([round(float(r["drum_time_s"]) * 1e9) for r in rows if r["drum_time_s"]])
    found = match(cue_ns, hit_ns, np.full(hit_ns.size, "tap1"))
    paired = np.flatnonzero(found.response_of_cue != UNMATCHED)
    asynchrony_ms = (hit_ns[found.response_of_cue[paired]] - cue_ns[paired]) / NS_PER_MS
    summary = circular_summary(
        beat_angles_rad(asynchrony_ms, found.interval_ns[paired] / NS_PER_MS)
    )
    verdict = "a mean asynchrony" if summary.directed else "no mean asynchrony"
    yield (
        "vector length of a brain-injured drummer",
        "MusicTherapy2025, fourth tempo: no mean asynchrony is due",
        "0.11",
        f"{summary.vector_length:.2f}, p {summary.rayleigh_p:.2g}: {verdict}",
    )


def gait_rows() -> Iterator[Row]:
    """Real walkers."""
    for walker in WALKERS:
        recording = read_force(force_file(walker))
        left, right = detect_contacts(recording.time_s, recording.left, recording.right)
        theirs = published(walker)
        fit = agreement(left.contacts_s, theirs)
        span = [
            within(times_s, theirs, fit.bias_ms / 1e3)
            for times_s in (left.contacts_s, right.contacts_s, left.offs_s, right.offs_s)
        ]
        measures = gait_measures(*span)
        strides_s = theirs.left_strides_s[near_median(theirs.left_strides_s)]
        cv_percent = 100 * float(strides_s.std(ddof=1) / strides_s.mean())
        alpha = dfa_alpha(strides_s)
        yield (
            f"contacts of {walker}",
            "PhysioNet's published strides",
            "100 %, 0 ms, 0 ms",
            f"{fit.recall_percent:.1f} %, bias {fit.bias_ms:+.1f} ms, "
            f"median stride error {fit.stride_error_ms:.1f} ms",
        )
        yield (
            f"stride CV, DFA alpha of {walker}",
            "the same, under the same exclusion",
            f"{cv_percent:.2f} %, {alpha:.3f}",
            f"{measures.left_stride_time_cv_percent:.2f} %, {measures.dfa_alpha:.3f}",
        )


def breathing_rows() -> Iterator[Row]:
    """Breaths."""
    for late_s, rate_brpm, expected in ((1.0, 6.0, "1.000, 1 s"), (0.0, 5.5, "0.117, none")):
        cycle_s = 60 / rate_brpm
        time_s = np.arange(300 * 50) / 50
        counts = belt_level(time_s - late_s, cycle_s / 2, cycle_s / 2)
        belt = [BeltRun(0.0, 0.02, np.asarray(counts, dtype=np.float64))]
        found = detect_breaths(time_s, belt[0].counts)
        pacer = steady_pacer(5.0, 5.0, 30)
        block = breathing_measures(found.inhales_s, found.exhales_s, belt, pacer)
        lag_s = block["phase_lag_s"]
        yield (
            "phase locking value, lag",
            f"simulated {rate_brpm:g}/min, {late_s:g} s late, pacer 6/min, 300 s",
            expected,
            f"{block['phase_locking_value']:.3f}, "
            + ("none" if lag_s is None else f"{lag_s:.2f} s"),
        )
    for name in ("physio-belt", "neurokit-resting-5min"):
        recording = read_belt(belt_file(name))
        ours = detect_breaths(recording.time_s, recording.belt)
        theirs = neurokit_breaths(recording.belt, round(recording.rate_hz))
        apart_s = np.concatenate(
            [
                np.abs(mine[:, np.newaxis] - other).min(axis=0)
                for mine, other in ((ours.inhales_s, theirs[0]), (ours.exhales_s, theirs[1]))
            ]
        )
        yield (
            f"breaths of {name}",
            "NeuroKit2, within 0.5 s",
            f"{apart_s.size} onsets",
            f"{int((apart_s <= 0.5).sum())} found, median difference "
            f"{1e3 * float(np.median(apart_s)):.0f} ms; {ours.inhales_s.size} inhales in all, "
            f"NeuroKit2 {theirs[0].size}",
        )


def main() -> None:
    """Print the table."""
    print("| measure | against | expected | measured |\n|---|---|---|---|")
    parts: tuple[Callable[[], Iterator[Row]], ...] = (
        circular_rows,
        matching_rows,
        tapping_rows,
        gait_rows,
        breathing_rows,
    )
    for part in parts:
        try:
            for row in part():
                print(f"| {' | '.join(row)} |")
        except pytest.skip.Exception as absent:
            print(f"| {part.__doc__ or ''} | | | {absent} |")


if __name__ == "__main__":
    main()
