"""A therapist's whole way with a patient, on a phone: from a new code to the report."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from andante.session.runner import LEAD_NS
from andante.timebase import NS_PER_MS
from support.browser import PHONE, Visitor, visitor
from support.browser_furnished import Furnished, wait_until_read
from support.browser_house import House
from support.browser_live import (
    begin_simulated,
    cue_intervals_ms,
    file_of,
    loaded,
    note_clicks,
    note_ns,
    session_ns,
    updates_per_s,
    wait_for_stage,
    wait_until_over,
)
from support.browser_pictures import picture

pytestmark = pytest.mark.alone
FURNISHED = True
CODE = "P-100"
CLOCK_READING_MS = 1
"""A browser reads the wall clock in whole milliseconds."""
LEAST_UPDATES_PER_S = 5
MOST_TO_THE_ENGINE_MS = 300
NUDGE_PERCENT = 5
MADE_WITHIN_MS = 60_000
"""A report is made when it is first asked for; a page says so until it is there."""


@pytest.fixture(scope="module")
def therapist(browser: Browser, house: House, furnished: Furnished) -> Iterator[Visitor]:
    with visitor(browser, house.origin, PHONE) as guest:
        furnished.therapist.log_in(guest)
        wait_until_read(guest)
        yield guest


def test_a_new_patient_has_a_code_and_never_a_name(therapist: Visitor) -> None:
    page = therapist.go("/patients")
    picture(page, "patients")
    page.get_by_role("link", name="New patient").click()
    therapist.watch.allow("status of 400")
    page.get_by_label("Code").fill("Maria Muster")
    page.locator("main form button.main").click()
    expect(page.get_by_role("alert")).to_contain_text("no names are kept on this device")
    page = therapist.go("/patients/new")
    page.get_by_label("Code").fill(CODE)
    page.get_by_label("Goals").fill("Walk to the shop and back")
    picture(page, "patient-new")
    page.locator("main form button.main").click()
    page.wait_for_url(f"**/patients/{CODE}")
    expect(page.locator("main")).not_to_contain_text("Maria")


def test_a_baseline_gives_the_own_cadence(therapist: Visitor, house: House) -> None:
    page = therapist.go(f"/patients/{CODE}/plans/new/baseline")
    page.locator("input[name='walk.baseline_s']").fill("0.25")
    page.get_by_role("button", name="Keep the plan").click()
    begin_simulated(page)
    wait_until_over(page)
    path = file_of(page, house.sessions_dir)
    steps = loaded(path).responses
    assert np.count_nonzero(steps.edge == "on") >= 12


def test_limits_stand_beside_the_field_and_are_kept(therapist: Visitor) -> None:
    page = therapist.go(f"/patients/{CODE}/plans/new/walk")
    tempo = page.locator("input[name='walk.tempo_spm']")
    expect(page.locator(".field").filter(has=tempo)).to_contain_text("40 to 173")
    tempo.fill("200")
    page.get_by_role("button", name="Keep the plan").click()
    expect(page.locator(".field").filter(has=tempo).locator(".error")).to_contain_text("200")


def test_a_plan_starts_from_the_own_cadence(therapist: Visitor) -> None:
    page = therapist.go(f"/patients/{CODE}")
    expect(page.get_by_text("not measured yet")).to_have_count(1, timeout=20_000)
    page = therapist.go(f"/patients/{CODE}/plans/new/walk")
    page.get_by_role("link", name="Start from it").click()
    own_spm = float(page.locator("input[name='walk.tempo_spm']").input_value())
    assert 60 < own_spm < 150
    picture(page, "plan")
    for field, value in {"baseline_s": "0", "cued_minutes": "3"}.items():
        page.locator(f"input[name='walk.{field}']").fill(value)
    page.get_by_role("group").filter(has_text="More").locator("summary").click()
    for field in ("fade_s", "carry_over_s"):
        page.locator(f"input[name='walk.{field}']").fill("0")
    page.get_by_role("button", name="Keep the plan").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()


def test_a_walk_is_led_from_the_phone(therapist: Visitor, house: House) -> None:
    page = therapist.page
    begin_simulated(page)
    wait_for_stage(page, "cued")
    measured_per_s = updates_per_s(page, during_s=4)

    note_clicks(page)
    page.get_by_role("button", name=f"+{NUDGE_PERCENT} %").click()
    clicked = page.evaluate("Number(document.body.dataset.clicked)")
    expect(page.locator("p[data-text='decision']")).to_contain_text("steps/min")
    page.wait_for_timeout(2500)  # the beats on their way, and some at the new tempo

    page.get_by_role("button", name="Pause").click()
    wait_for_stage(page, "paused")
    page.get_by_role("button", name="Go on").click()
    wait_for_stage(page, "cued")

    page.get_by_text("Write a note").click()
    page.get_by_label("Note for the session file").fill("Shoulders are loose today.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#answer.good")).to_be_visible()

    page.get_by_text("Unlock the tempo limits").click()
    page.get_by_label("Reason, for the session file").fill("walks safely at more")
    page.get_by_role("button", name="Unlock", exact=True).click()
    expect(page.get_by_label("Reason, for the session file")).to_have_value("")
    page.wait_for_timeout(1500)  # some more beats

    page.get_by_role("button", name="Stop", exact=True).click()
    wait_until_over(page)

    data = loaded(file_of(page, house.sessions_dir))
    assert measured_per_s >= LEAST_UPDATES_PER_S
    assert data.header.end_reason == "stopped by the operator"
    assert "patient" in data.header.simulated_parts
    assert [n.text for n in data.notes if n.author_role == "therapist"][-1].startswith("Shoulders")
    assert any("walks safely at more" in change.reason for change in data.tempo_changes) or any(
        "walks safely at more" in note.text for note in data.notes
    )
    phases = [phase.name for phase in data.phases]
    assert phases[-3:] == ["cued", "pause", "cued"]

    asked_ns = note_ns(data, f"{NUDGE_PERCENT:+d} %")
    late_ms = (asked_ns - session_ns(data, clicked)) / NS_PER_MS
    print(f"{measured_per_s:.1f} updates a second; {late_ms:.0f} ms from the click to the engine")
    assert -CLOCK_READING_MS <= late_ms <= MOST_TO_THE_ENGINE_MS
    beats_ns, intervals_ms = cue_intervals_ms(data)
    pause_ns = next(phase.start_ns for phase in data.phases if phase.name == "pause")
    known = beats_ns[:-1] < asked_ns
    old_ms = float(np.median(intervals_ms[known][-8:]))
    # Beats within the lead were on their way already; the next one has the new tempo.
    first_free = int(np.searchsorted(beats_ns, asked_ns + LEAD_NS))
    new_ms = intervals_ms[first_free]
    print(
        f"a beat each {old_ms:.1f} ms before, {new_ms:.1f} ms from the beat on that was planned "
        f"{(beats_ns[first_free] - asked_ns) / NS_PER_MS:.0f} ms after the engine knew"
    )
    assert beats_ns[first_free + 1] < pause_ns
    assert new_ms == pytest.approx(old_ms / (1 + NUDGE_PERCENT / 100), rel=1e-3)


def test_how_the_patient_feels_is_kept(therapist: Visitor) -> None:
    page = therapist.go(f"/patients/{CODE}")
    page.get_by_role("link", name="Ask").first.click()
    for question in page.locator("fieldset.slider").all():
        question.locator("label").filter(has_text="7").click()
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url(f"**/patients/{CODE}")
    expect(page.get_by_text("mood 7")).to_be_visible()


def test_the_figures_come_first_and_then_the_report(therapist: Visitor, house: House) -> None:
    newest = house.session_files()[-1]
    page = therapist.go(f"/sessions/{newest.name}")
    expect(page.locator("dl.figures > div").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Simulated").first).to_be_visible()
    picture(page, "session")
    page.get_by_role("link", name="Read the whole report").click()
    page.wait_for_url("**/report.html")
    # A page that waits for the report has a script; the report has none.
    expect(page.locator("script")).to_have_count(0, timeout=MADE_WITHIN_MS)
    expect(page.get_by_text(CODE).first).to_be_visible()
