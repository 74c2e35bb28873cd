"""Two sides: differences are those of the figures, and intervals hold the truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from andante.errors import AndanteError
from andante_host.cli import main
from andante_host.compare import Difference, compare, load_side
from andante_host.metrics.resampling import interval_of_difference
from support.sessions import Walk, linear_tapper, write_walk


def _walk(path: Path, **changed: object) -> Path:
    chosen = {"cued_s": 120.0, "fade_s": 0.0, "samples": False} | changed
    return write_walk(path, Walk(**chosen)).path  # type: ignore[arg-type]


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def _by_key(rows: list[Difference]) -> dict[str, Difference]:
    return {row.key: row for row in rows}


def test_a_difference_that_was_put_in_is_found_and_one_that_was_not_is_not(tmp_path: Path) -> None:
    a = load_side(_walk(tmp_path / "a.andante", mean_asynchrony_ms=-40.0, seed=1), "cued")
    b = load_side(_walk(tmp_path / "b.andante", mean_asynchrony_ms=10.0, seed=2), "cued")
    rows = _by_key(compare(a, b))
    mean = rows["synchrony.mean_asynchrony_ms"]
    blocks = [side.analysis.blocks["synchrony"] for side in (a, b)]
    assert mean.difference == blocks[1]["mean_asynchrony_ms"] - blocks[0]["mean_asynchrony_ms"]
    assert mean.low is not None
    assert mean.high is not None
    assert mean.low < 50.0 < mean.high
    assert mean.low > 40.0
    cadence = rows["gait.cadence_spm"]
    assert cadence.low is not None
    assert cadence.high is not None
    assert cadence.low < 0.0 < cadence.high


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Correlated asynchronies, 200 pairs of sessions without a difference; 95 % promised.

    Percentile intervals of blocks of ten are known to be a little short: 88 % is asked for.
    """
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        a, b = (linear_tapper(rng, 150, 0.5, 10.0, 5.0)[:, np.newaxis] for _ in range(2))
        interval = interval_of_difference(lambda means, _: means[..., 0], a, b)
        assert interval is not None
        inside += interval[0] <= 0.0 <= interval[1]
    assert 176 <= inside <= 198


def test_phases_of_one_session(tmp_path: Path) -> None:
    walk = _walk(tmp_path / "w.andante", baseline_s=60.0, baseline_spm=100.0, tempo_spm=110.0)
    result = _run("compare", walk, "--phase", "baseline", "--phase", "cued", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    rows = {row["key"]: row for row in answer["figures"]}
    cadence = rows["gait.cadence_spm"]
    assert cadence["low"] < 10.0 < cadence["high"]
    assert cadence["low"] > 7.0
    assert "bootstrap" in answer["interval_method"]
    missing = rows["synchrony.sd_asynchrony_ms"]
    assert (missing["a"], missing["difference"], missing["low"]) == (None, None, None)
    assert "baseline does not have this figure" in missing["reason"]


def test_the_table_says_units_method_and_latency(tmp_path: Path) -> None:
    paths = [_walk(tmp_path / f"{n}.andante", cued_s=30.0, seed=n) for n in (1, 2)]
    text = _run("compare", *paths).stdout
    assert "circular block bootstrap" in text
    assert "unknown constant" in text
    line = next(x for x in text.splitlines() if x.startswith("gait.cadence_spm"))
    assert line.endswith("steps/min")


def test_too_few_values_give_a_difference_without_an_interval(tmp_path: Path) -> None:
    paths = [_walk(tmp_path / f"{n}.andante", cued_s=8.0, baseline_s=0.0, seed=n) for n in (1, 2)]
    row = _by_key(compare(*(load_side(path, "cued") for path in paths)))["synchrony.vector_length"]
    assert row.difference is not None
    assert (row.low, row.high) == (None, None)
    assert "at least 20" in str(row.reason)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    walk = _walk(tmp_path / "w.andante", cued_s=10.0)
    taps = tmp_path / "taps.andante"
    (tmp_path / "e.csv").write_text("event,time_s\ncue,1.0\nresponse,0.98\n", encoding="utf-8")
    assert _run("import", tmp_path / "e.csv", "--out", taps).exit_code == 0
    with pytest.raises(AndanteError, match="the exercise walk and"):
        compare(load_side(walk), load_side(taps))
    with pytest.raises(AndanteError, match="has no phase 'cool'; it has baseline, cued"):
        load_side(walk, "cool")
    for arguments in ((walk,), (walk, "--phase", "cued"), (walk, walk, *("--phase", "cued") * 3)):
        refused = _run("compare", *arguments)
        assert refused.exit_code == 1
        assert len(refused.stderr.strip().splitlines()) == 1
