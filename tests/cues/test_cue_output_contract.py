"""What every `CueOutput` promises, real or simulated.

One rig of each kind serves the whole file, because a sound device needs seconds to start;
the test that stops it comes last.
"""

from collections.abc import Iterator

import pytest

from andante.ports import UNGIVEN_KINDS, Cue, CueReport, Fault, FaultKind
from andante.timebase import NS_PER_MS
from support.outputs import RIGS, Rig, open_rig

pytestmark = pytest.mark.alone

BEAT_NS = 340 * NS_PER_MS  # longer than any click or flash, within the flash limit
MONITOR_DELAY_NS = 100 * NS_PER_MS
"""How far apart a witness may see a cue: constant in one run, and no part of the contract."""

PARAMS = [pytest.param(k, marks=pytest.mark.real_sound if k == "sound" else ()) for k in RIGS]


@pytest.fixture(scope="module", params=PARAMS)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with open_rig(request.param, tmp_path_factory.mktemp("rig")) as opened:
        yield opened


@pytest.fixture(scope="module")
def given_reports() -> dict[int, list[CueReport]]:
    """Every report of a given cue, by rig, for the witness to confirm at the end."""
    return {}


def cues(rig: Rig, offsets_ns: list[int], light: bool = True) -> list[Cue]:
    start_ns, first = rig.clock.now_ns(), rig.next_index
    rig.next_index += len(offsets_ns)
    return [
        Cue(first + k, start_ns + offset_ns, light=light) for k, offset_ns in enumerate(offsets_ns)
    ]


def collect(
    rig: Rig, after_ns: int, kept: dict[int, list[CueReport]] | None = None
) -> dict[int, CueReport]:
    """Reports once `after_ns` is past; fails where a cue has two."""
    rig.clock.sleep_until_ns(after_ns + rig.report_delay_ns)
    taken = rig.output.take_reports()
    assert len({r.cue_index for r in taken}) == len(taken)
    assert {r.output for r in taken} <= {rig.output.name}
    if kept is not None:
        kept.setdefault(id(rig), []).extend(r for r in taken if r.actual_ns is not None)
    return {r.cue_index: r for r in taken}


def faults_of(rig: Rig) -> list[Fault]:
    """Faults but for underruns, which a busy computer causes whatever the output does."""
    return [f for f in rig.output.take_faults() if f.kind is not FaultKind.SOUND_UNDERRUN]


def test_each_cue_has_one_report_and_is_on_time(
    rig: Rig, given_reports: dict[int, list[CueReport]]
) -> None:
    planned = cues(rig, [rig.ahead_ns + k * BEAT_NS for k in range(4)])
    for cue in reversed(planned):  # whatever the order of handing over
        rig.output.schedule(cue)
    assert rig.output.take_reports() == []
    reports = collect(rig, planned[-1].planned_ns, given_reports)
    assert sorted(reports) == [c.index for c in planned]
    for cue in planned:
        report = reports[cue.index]
        assert report.actual_ns is not None, report.fault
        assert report.uncertainty_us is not None
        error_ns = report.actual_ns - cue.planned_ns
        assert -rig.early_bound_ns <= error_ns <= rig.late_bound_ns
        bound_ns = rig.uncertainty_bound_ns or rig.late_bound_ns
        assert 0 <= report.uncertainty_us * 1_000 <= bound_ns


def test_cancel_withdraws_what_has_not_begun(
    rig: Rig, given_reports: dict[int, list[CueReport]]
) -> None:
    first, second, third = cues(rig, [rig.ahead_ns + k * BEAT_NS for k in range(3)])
    for cue in (first, second, third):
        rig.output.schedule(cue)
    rig.clock.sleep_until_ns(first.planned_ns + BEAT_NS // 2)
    rig.output.cancel()
    reports = collect(rig, third.planned_ns, given_reports)
    assert list(reports) == [first.index]


def test_a_cue_handed_over_late_is_missed_and_never_given(rig: Rig) -> None:
    rig.output.take_faults()
    [late] = cues(rig, [-5 * NS_PER_MS])
    rig.output.schedule(late)
    report = collect(rig, rig.clock.now_ns())[late.index]
    assert report.actual_ns is None
    assert report.uncertainty_us is None
    assert report.fault
    faults = faults_of(rig)
    assert [f.kind for f in faults] == [FaultKind.CUE_MISSED]
    assert faults[0].part == rig.output.name


def test_a_cue_that_is_not_given_is_refused(rig: Rig) -> None:
    for kind in UNGIVEN_KINDS:
        with pytest.raises(ValueError, match="silent"):
            rig.output.schedule(Cue(10_000, rig.clock.now_ns() + rig.ahead_ns, kind))


def test_a_cue_without_light_stays_dark_and_says_so(
    rig: Rig, given_reports: dict[int, list[CueReport]]
) -> None:
    [cue] = cues(rig, [rig.ahead_ns], light=False)
    rig.output.schedule(cue)
    report = collect(rig, cue.planned_ns, given_reports)[cue.index]
    if rig.output.name in ("sound", "haptic"):
        assert report.actual_ns is not None
    else:
        assert report.actual_ns is None
        assert report.fault == "light withheld to keep under the flash limit"
    assert faults_of(rig) == []


def test_stop_ends_everything_and_may_be_called_twice(
    rig: Rig, given_reports: dict[int, list[CueReport]]
) -> None:
    given, never = cues(rig, [rig.ahead_ns, rig.ahead_ns + 2 * BEAT_NS])
    rig.output.schedule(given)
    rig.output.schedule(never)
    rig.clock.sleep_until_ns(given.planned_ns + BEAT_NS)
    rig.output.stop()
    rig.output.stop()
    reports = collect(rig, never.planned_ns, given_reports)
    assert list(reports) == [given.index]
    assert rig.output.take_reports() == []
    if rig.witness_ns is None:
        return
    # Somebody else saw what the output says it gave: each of it, and nothing besides.
    seen_ns = rig.witness_ns()
    said = given_reports[id(rig)]
    assert len(seen_ns) == len(said)
    for time_ns, report in zip(seen_ns, said, strict=True):
        apart_ns = abs(time_ns - (report.actual_ns or 0))
        stated_ns = round((report.uncertainty_us or 0.0) * 1_000)
        bound_ns = MONITOR_DELAY_NS if rig.output.name == "sound" else NS_PER_MS
        assert apart_ns < bound_ns + stated_ns
