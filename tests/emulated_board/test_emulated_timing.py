"""What the firmware reports against what was done to the chip's pins, to the cycle."""

import numpy as np
import pytest

from andante.ports import FOOT_CHANNELS
from emulated_board.patterns import connect_everything
from emulated_board.rig import ChipRig, Floats

OTHER_P99_MS = 0.3
FOOT_P99_MS = 1.1
MAX_MS = 2.0  # a stamp on the wrong side of a counter's overflow is 33 ms off
LEARNING_S = 3.0  # the firmware takes a second or two to know a foot's range


def p99_ms(errors_ms: Floats) -> float:
    return float(np.percentile(np.abs(errors_ms), 99))


def check_everything(rig: ChipRig, duration_s: float) -> int:
    """Inject on all channels at once, compare; returns how many events there were."""
    learnt = connect_everything(rig.chip, rig.cycle, LEARNING_S, seed=4)
    rig.run_past(learnt)
    rig.heard.responses.clear()
    truth = connect_everything(rig.chip, rig.cycle, duration_s, seed=5)
    rig.run_past(truth)
    wrong = {}
    for channel, edge in truth.cycles:
        errors_ms = rig.errors_ms(truth, channel, edge)
        print(
            f"{channel} {edge}: n {errors_ms.size}, median {np.median(errors_ms):+.3f} ms, "
            f"p99 {p99_ms(errors_ms):.3f}, max {np.abs(errors_ms).max():.3f}"
        )
        p99_limit_ms = FOOT_P99_MS if channel in FOOT_CHANNELS else OTHER_P99_MS
        if p99_ms(errors_ms) > p99_limit_ms or np.abs(errors_ms).max() > MAX_MS:
            wrong[channel, edge] = (p99_ms(errors_ms), np.abs(errors_ms).max())
    assert not wrong
    assert len(rig.heard.responses) == truth.count
    assert rig.link.counts().events_lost == 0
    return truth.count


def test_events_on_all_channels_at_once(rig: ChipRig) -> None:
    assert check_everything(rig, 6.0) > 250


@pytest.mark.long
def test_ten_thousand_events_on_all_channels_at_once(rig: ChipRig) -> None:
    assert check_everything(rig, 225.0) > 10_000
