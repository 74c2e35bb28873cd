"""Walks with known truth, the recorded walkers, and how far found contacts lie from published."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float64]

GAIT_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "gait"
BREATH_FOLDER = GAIT_FOLDER.parent / "breath"
WALKERS = ("control1", "park1", "hunt1", "als1")
MATCH_WINDOW_S = 0.1


@dataclass(frozen=True)
class MadeWalk:
    """A made-up walk: force from 0 (in the air) to about 1 under each foot, shape (n,)."""

    time_s: Floats
    left: Floats
    right: Floats
    left_contacts_s: Floats
    right_contacts_s: Floats
    left_offs_s: Floats
    right_offs_s: Floats


def make_walk(
    duration_s: float = 30.0,
    stride_s: float = 1.1,
    stance_share: float = 0.62,
    rate_hz: float = 300.0,
    dip_share: float = 0.35,
    first_contact_s: float = 0.7,
) -> MadeWalk:
    """Two feet half a stride apart; a stance rises in 60 ms, dips in the middle, falls in 120."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    feet = []
    for lag_s in (0.0, stride_s / 2):
        contacts_s = np.arange(first_contact_s + lag_s, duration_s - stride_s, stride_s)
        offs_s = contacts_s + stance_share * stride_s
        force = np.zeros(time_s.size)
        for contact_s, off_s in zip(contacts_s, offs_s, strict=True):
            rise = _ease((time_s - contact_s) / 0.06)
            fall = _ease((off_s - time_s) / 0.12)
            middle = np.clip((time_s - contact_s) / (off_s - contact_s), 0.0, 1.0)
            force += np.minimum(rise, fall) * (1.0 - dip_share * np.sin(np.pi * middle) ** 4)
        feet.append((force, contacts_s, offs_s))
    (left, left_on, left_off), (right, right_on, right_off) = feet
    return MadeWalk(time_s, left, right, left_on, right_on, left_off, right_off)


def _ease(share: Floats) -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0.0, 1.0)))


def errors_s(found_s: npt.ArrayLike, true_s: Floats) -> Floats:
    """The distance from every true time to the nearest found one, shape of `true_s`."""
    found = np.asarray(found_s, dtype=np.float64)
    assert found.size >= 2, "next to nothing was found"
    after = np.clip(np.searchsorted(found, true_s), 1, found.size - 1)
    before_s, after_s = found[after - 1] - true_s, found[after] - true_s
    return np.where(np.abs(before_s) < np.abs(after_s), before_s, after_s)


def assert_same_times(
    found_s: npt.ArrayLike, true_s: Floats, after_s: float, within_s: float
) -> None:
    """Every true time after `after_s` is found within `within_s`, and nothing else is found."""
    late_s = true_s[true_s > after_s]
    assert late_s.size >= 2
    error_s = errors_s(found_s, late_s)
    assert np.max(np.abs(error_s)) <= within_s
    extra_s = np.asarray(found_s)[np.asarray(found_s) > late_s[0] - 2 * within_s]
    assert extra_s.size == late_s.size


@dataclass(frozen=True)
class Published:
    """What the publishers of a recording found in it. Strides of the left foot, shape (n,)."""

    left_contacts_s: Floats  # n + 1, the first being the start of the first stride
    left_strides_s: Floats
    left_swing_percent: Floats
    left_stances_s: Floats
    double_support_percent: Floats


def force_file(walker: str) -> Path:
    """The walker's recording; skips the test where the recordings are absent."""
    path = GAIT_FOLDER / f"{walker}.force.csv.gz"
    if not path.is_file():
        pytest.skip("the recordings of real walkers are not beside the project")
    return path


def belt_file(name: str) -> Path:
    """A belt recording; skips the test where the recordings are absent."""
    path = BREATH_FOLDER / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip("the recordings of real breathing are not beside the project")
    return path


def published(walker: str) -> Published:
    """The publishers' own strides of the same walk."""
    with (GAIT_FOLDER / f"{walker}.published.csv").open() as file:
        rows = list(csv.DictReader(file))
    column = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    strides_s = column["left_stride_s"]
    first_s = column["time_s"][0] - strides_s[0]
    return Published(
        np.concatenate([[first_s], column["time_s"]]),
        strides_s,
        column["left_swing_percent"],
        column["left_stance_s"],
        column["double_support_percent"],
    )


@dataclass(frozen=True)
class Agreement:
    """How found left contacts agree with the published ones."""

    bias_ms: float  # median of found minus published
    recall_percent: float  # within 100 ms once that is taken off
    invented_count: int  # found in the published span but not matched
    stride_error_ms: float  # median of |found - published| of strides between matched contacts


def agreement(found_s: Floats, reference: Published) -> Agreement:
    """Compare contacts with the published ones of the same foot."""
    true_s = reference.left_contacts_s
    error_s = errors_s(found_s, true_s)
    bias_s = float(np.median(error_s))
    matched = np.abs(error_s - bias_s) < MATCH_WINDOW_S
    both = matched[1:] & matched[:-1]
    return Agreement(
        bias_ms=1e3 * bias_s,
        recall_percent=100.0 * float(matched.mean()),
        invented_count=within(found_s, reference, bias_s).size - int(matched.sum()),
        stride_error_ms=1e3 * float(np.median(np.abs(np.diff(error_s))[both])),
    )


def within(times_s: Floats, reference: Published, bias_s: float) -> Floats:
    """Those of `times_s` that fall into the span that the publishers analysed."""
    first_s, last_s = reference.left_contacts_s[[0, -1]] + bias_s
    low_s, high_s = float(first_s) - MATCH_WINDOW_S, float(last_s) + MATCH_WINDOW_S
    inside: Floats = times_s[(times_s > low_s) & (times_s < high_s)]
    return inside
