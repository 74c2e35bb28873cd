"""One patient over weeks: lines, bands, whose sessions they are, and what is marked."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from andante.errors import AndanteError
from andante_host.analysis import analyse
from andante_host.report.commands import trend
from andante_host.report.trend import MIN_SESSIONS, PAIN_IMPORTANT, gather, line_through, series_of
from support.reports import Session, Tags, write_weeks


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weeks(tmp_path_factory.mktemp("weeks") / "p", 5)


def test_line_and_band_agree_with_scipy() -> None:
    rng = np.random.default_rng(1)
    day: npt.NDArray[np.float64] = np.sort(rng.uniform(0.0, 60.0, 12))
    value = 100.0 + 0.3 * day + rng.normal(0.0, 2.0, 12)
    line = line_through(day, value)
    reference = stats.linregress(day, value)
    assert line is not None
    half = stats.t.ppf(0.975, 10) * reference.stderr
    assert line.per_week == pytest.approx(7.0 * reference.slope, rel=1e-9)
    assert line.per_week_low == pytest.approx(7.0 * (reference.slope - half), rel=1e-9)
    middle = line.middle[np.abs(line.day - day.mean()).argmin()]
    near = abs(line.day - day.mean()).min()
    assert middle == pytest.approx(value.mean(), abs=abs(reference.slope) * near + 1e-9)
    left = value - (reference.intercept + reference.slope * day)
    at_end = np.sqrt(
        (left @ left)
        / 10
        * (1 / 12 + (day[-1] - day.mean()) ** 2 / ((day - day.mean()) ** 2).sum())
    )
    assert line.high[-1] - line.middle[-1] == pytest.approx(
        stats.t.ppf(0.975, 10) * at_end, rel=1e-9
    )


def test_the_band_of_the_slope_holds_the_truth_in_95_of_100() -> None:
    rng = np.random.default_rng(7)
    day = np.linspace(0.0, 24.5, 8)
    held = 0
    for _ in range(1_000):
        line = line_through(day, 50.0 + 0.2 * day + rng.normal(0.0, 3.0, 8), 2)
        assert line is not None
        held += line.per_week_low <= 1.4 <= line.per_week_high
    assert 930 <= held <= 970  # three binomial standard deviations: 21


def test_few_sessions_or_one_day_have_no_line() -> None:
    assert line_through(np.arange(MIN_SESSIONS - 1.0), np.ones(MIN_SESSIONS - 1)) is None
    assert line_through(np.linspace(0.0, 0.5, 6), np.arange(6.0)) is None


def test_sessions_come_in_order_with_their_figures(weeks: Path) -> None:
    patient = gather([weeks])
    assert patient.codes == ("P-007",)
    day, cadence = series_of(patient.sessions, "cadence_spm", "baseline")
    np.testing.assert_allclose(day, [0.0, 4.0, 8.0, 12.0, 16.0])
    walks = [analyse(weeks / f"P-007-{number}.andante") for number in range(5)]
    assert cadence.tolist() == [walk["gait"]["phases"]["baseline"]["cadence_spm"] for walk in walks]
    _, cued = series_of(patient.sessions, "cadence_spm", "cued")
    np.testing.assert_allclose(cued, [105.0, 106.0, 107.0, 108.0, 109.0], atol=0.5)


def test_the_page_tells_the_trend_in_words(weeks: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.html"
    written = trend([weeks], out, tmp_path / "plots")
    page = out.read_text(encoding="utf-8")
    text = " ".join(Tags(page).text.split())
    assert "5 sessions, 2025-03-04 to 2025-03-20" in text
    assert "Simulated: 5 of these sessions" in text
    at = text.index("Cued: 10")
    assert "it rose" in text[at : at + 150]
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert {path.suffix for path in written} == {".html", ".png", ".csv"}


def test_mixed_codes_are_refused_unless_asked_for(weeks: Path, tmp_path: Path) -> None:
    other = write_weeks(tmp_path / "other", 1, code="P-008")
    with pytest.raises(AndanteError, match=r"several patient codes \(P-007, P-008\).*--mixed"):
        gather([weeks, other])
    out = tmp_path / "t.html"
    trend([weeks, other], out, mixed=True)
    assert "are not of one person" in " ".join(out.read_text(encoding="utf-8").split())


def test_a_bad_file_is_left_out_with_its_reason(weeks: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.andante"
    bad.write_text("no session", encoding="utf-8")
    patient = gather([weeks, bad])
    assert len(patient.sessions) == 5
    assert [name for name, _ in patient.left_out] == ["bad.andante"]
    assert "is not a session file" in patient.left_out[0][1]


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    with pytest.raises(AndanteError, match="no session to show a trend of"):
        gather([tmp_path])


def test_only_pain_is_marked_and_with_its_source(weeks: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.html"
    trend([weeks], out)
    assert "Farrar" not in out.read_text(encoding="utf-8")
    for number, score in enumerate((8, 5)):
        session = Session(tmp_path / f"s{number}.andante", "tap", {"task": "unpaced"})
        session.phase("unpaced", 0.0)
        session.taps(np.arange(1.0, 20.0, 0.6).tolist())
        session.felt("before", "pain", score)
        session.felt("before", "effort", score)
        session.finish(21.0)
    trend([tmp_path / "s0.andante", tmp_path / "s1.andante"], out)
    text = " ".join(Tags(out.read_text(encoding="utf-8")).text.split())
    assert text.count(PAIN_IMPORTANT.source) == 1
