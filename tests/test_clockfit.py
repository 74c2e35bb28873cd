"""Lines through clock readings: known lines come back, wild readings do not move them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.clockfit import robust_line

START_NS = 5_000_000_000_000_000  # weeks of uptime: a double alone would lose nanoseconds


@given(
    slope_ns=st.floats(1_000, 100_000),
    start=st.integers(0, 10**12),
    step=st.integers(1, 10**5),
    count=st.integers(2, 200),
)
def test_an_exact_line_comes_back(slope_ns: float, start: int, step: int, count: int) -> None:
    x = start + step * np.arange(count)
    y_ns = START_NS + np.rint(slope_ns * (x - start)).astype(np.int64)
    line = robust_line(x, y_ns)
    errors_ns = line.ns_at_many(x) - y_ns
    assert np.abs(errors_ns).max() <= 2
    assert line.x_at(int(y_ns[-1])) == pytest.approx(float(x[-1]), abs=1e-2)


@pytest.mark.parametrize("share_far_off", [0.0, 0.1, 0.3])
def test_noise_and_wild_readings_leave_slope_and_place(share_far_off: float) -> None:
    rng = np.random.default_rng(3)
    x = np.arange(0, 60 * 48_000, 480)
    slope_ns = 1e9 / 48_000 * (1 + 250e-6)
    y_ns = START_NS + slope_ns * x + rng.normal(0, 50_000, x.size)
    wild = rng.random(x.size) < share_far_off
    y_ns[wild] += rng.uniform(1e6, 20e6, wild.sum())
    line = robust_line(x, np.rint(y_ns).astype(np.int64))
    assert line.slope_ns == pytest.approx(slope_ns, rel=1e-7)
    assert line.ns_at(x[-1]) - START_NS == pytest.approx(slope_ns * x[-1], abs=10_000)
    # Among wild readings the median residual is one of the outer honest ones.
    assert line.residual_sd_ns == pytest.approx(50_000, rel=0.1 + 2 * share_far_off)


def test_the_stated_uncertainty_is_the_real_one() -> None:
    rng = np.random.default_rng(4)
    x = np.arange(600) * 25_000
    errors_ns, stated_ns = [], []
    for _ in range(300):
        y_ns = START_NS + 4_000 * x + np.rint(rng.normal(0, 30_000, x.size)).astype(np.int64)
        line = robust_line(x, y_ns)
        errors_ns.append([line.ns_at(at) - START_NS - 4_000 * at for at in (x[300], x[-1])])
        stated_ns.append([line.uncertainty_ns(float(at)) for at in (x[300], x[-1])])
    real_ns = np.std(errors_ns, axis=0)
    assert np.mean(stated_ns, axis=0) == pytest.approx(real_ns, rel=0.15)
    assert real_ns[1] > 1.5 * real_ns[0]  # the end of a line is less well known than its middle


def test_weights_let_good_readings_decide() -> None:
    rng = np.random.default_rng(5)
    x = np.arange(600) * 25_000
    sd_ns = np.where(np.arange(600) % 10 == 0, 3_000.0, 300_000.0)
    weighted_ns, plain_ns = [], []
    for _ in range(50):
        y_ns = START_NS + 4_000 * x + np.rint(rng.normal(0, sd_ns)).astype(np.int64)
        truth_ns = START_NS + 4_000 * 300 * 25_000
        weighted_ns.append(robust_line(x, y_ns, (3_000.0 / sd_ns) ** 2).ns_at(300 * 25_000))
        plain_ns.append(robust_line(x, y_ns).ns_at(300 * 25_000))
    # 60 readings of 3 µs: 0.39 µs; the 540 others must not spoil that.
    assert np.std(np.array(weighted_ns) - truth_ns) < 600
    assert np.std(np.array(plain_ns) - truth_ns) > 1_000


def test_no_line_is_refused() -> None:
    with pytest.raises(ValueError, match="two pairs"):
        robust_line([1], [1])
    with pytest.raises(ValueError, match="two pairs"):
        robust_line([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="different counts"):
        robust_line([7, 7, 7], [1, 2, 3])


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**12), st.floats(1e-6, 1.0)),
        min_size=2,
        max_size=40,
    ).filter(lambda rows: len({row[0] for row in rows}) > 1)
)
def test_any_readings_give_a_finite_line(rows: list[tuple[int, int, float]]) -> None:
    x, y_ns, weights = (np.array(column) for column in zip(*rows, strict=True))
    for line in (robust_line(x, y_ns), robust_line(x, y_ns, weights / weights.max())):
        assert np.isfinite([line.y0_ns, line.slope_ns, line.standard_error_ns]).all()
        assert line.count == len(rows)
