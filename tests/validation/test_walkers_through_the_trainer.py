"""The recorded walkers all the way: voltages, board, serial link, session file, measures.

`pytest tests/validation/test_walkers_through_the_trainer.py -s` prints the figures.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from andante.session.file import load_session
from andante_host.metrics.gait import near_median
from support.walkers import WALKERS, agreement, force_file, published

pytestmark = pytest.mark.recorded

BASELINE = Path(__file__).parents[2] / "docs" / "plans" / "baseline.toml"


def command(*arguments: str | Path) -> str:
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("walker", WALKERS)
def test_a_replayed_walk_gives_the_published_steps_and_figures(walker: str, tmp_path: Path) -> None:
    reference = published(walker)
    ran = command(
        *("andante", "run", BASELINE, "--replay", force_file(walker)),
        *("--speed", "max", "--json", "--out", tmp_path),
    )
    session = json.loads(ran)["session"]
    # The publishers' strides end at their times, so the span begins a stride before the first.
    first_s, last_s = reference.left_contacts_s[[0, -1]]
    measured = json.loads(
        command(
            *("andante_host", "metrics", session, "--json"),
            *("--from", str(first_s - 0.1), "--to", str(last_s + 0.1)),
        )
    )["gait"]

    data = load_session(Path(session))
    contacts_s = (data.responses.times_ns("left") - data.header.started_ns) / 1e9
    found = agreement(contacts_s, reference)
    strides_s = reference.left_strides_s
    kept_s = strides_s[near_median(strides_s)]
    mean_s, sd_s = float(kept_s.mean()), float(kept_s.std(ddof=1))
    print(
        f"{walker}: recall {found.recall_percent:.1f} %, {found.invented_count} invented, "
        f"bias {found.bias_ms:+.1f} ms, stride error {found.stride_error_ms:.1f} ms; "
        f"mean {measured['left_stride_time_mean_s']:.4f} s against {mean_s:.4f}, "
        f"CV {measured['left_stride_time_cv_percent']:.3f} % against {100 * sd_s / mean_s:.3f}, "
        f"swing {measured['left_swing_percent']:.2f} % against "
        f"{np.median(reference.left_swing_percent):.2f}"
    )
    assert found.recall_percent >= 99
    assert found.stride_error_ms <= 5
    assert abs(found.bias_ms) <= 10
    assert measured["left_stride_time_mean_s"] == pytest.approx(mean_s, rel=0.02)
    assert measured["left_stride_time_cv_percent"] == pytest.approx(100 * sd_s / mean_s, rel=0.02)
