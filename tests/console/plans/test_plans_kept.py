"""Plans as they are kept, and the pages around them."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from andante.cli import main
from andante.errors import PlanError
from andante.plan import Exercise, parse_plan
from andante_host.archive.summary import Baseline, State, Summary
from andante_host.console.patients.service import Flags
from andante_host.console.plans.catalogue import TEMPLATES
from andante_host.console.plans.own_tempo import own_tempos, with_own_tempo
from andante_host.console.plans.service import PlanKeepingError, UnknownPlanError
from andante_host.console.principal import Principal, Role
from andante_host.console.recordings.problem import RecordingFileError
from andante_host.console.services import Services
from support.console import Visitor, console, console_settings
from support.plan_forms import fields_of

ANNA = Principal("1", "anna", Role.THERAPIST, "key")
UNLOCKED = {
    "exercise": "walk",
    "walk": {"baseline_s": 60, "tempo_percent_of_baseline": 115, "cued_minutes": 5},
    "patient": {"tempo_unlocked_by": "the cat"},
}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    services = Services.made(console_settings(tmp_path))
    services.patients.add("P-1")
    services.patients.add("P-2")
    yield services
    services.archive.close()
    services.database.close()


def walk(**values: object) -> dict[str, Any]:
    return {"exercise": "walk", "walk": {"baseline_s": 60, **values}}


def test_a_plan_is_kept_replaced_and_retired_and_never_changed(services: Services) -> None:
    plans = services.plans
    first = plans.save("p-1", "walk", "  Morning\nwalk ", walk(), ANNA)
    assert (first.code, first.title, first.made_by) == ("P-1", "Morning walk", "anna")
    second = plans.save("P-1", "walk", "", walk(baseline_s=90), ANNA, replaces=first.plan_id)
    assert second.title == "Walk to a steady beat"
    assert plans.of_patient("P-1") == [second]
    assert [saved.plan_id for saved in plans.of_patient("P-1", retired=True)] == [first.plan_id]
    assert plans.get(first.plan_id).plan == first.plan
    with pytest.raises(PlanKeepingError, match="retired"):
        plans.ready(plans.get(first.plan_id))


def test_a_refused_replacement_leaves_the_old_plan_in_use(services: Services) -> None:
    first = services.plans.save("P-1", "walk", "", walk(), ANNA)
    with pytest.raises(PlanError):
        services.plans.save("P-1", "walk", "", walk(baseline_s=9e9), ANNA, replaces=first.plan_id)
    with pytest.raises(PlanKeepingError, match="another patient's"):
        services.plans.save("P-2", "walk", "", walk(), ANNA, replaces=first.plan_id)
    assert services.plans.of_patient("P-1") == [first]
    assert services.plans.of_patient("P-2") == []


def test_a_flag_ticked_later_holds_for_a_plan_saved_before(services: Services) -> None:
    raw = walk(tempo_percent_of_baseline=105, cued_minutes=5)
    saved = services.plans.save("P-1", "walk", "", raw, ANNA)
    assert not services.plans.ready(saved).patient.epilepsy
    services.patients.change("P-1", Flags(epilepsy=True), "")
    assert services.plans.ready(saved).patient.epilepsy
    services.patients.change("P-1", Flags(freezer=True), "")
    with pytest.raises(PlanError, match="marked as a freezer"):
        services.plans.ready(saved)


def test_an_unlock_needs_a_reason_and_is_signed_by_who_saves_it(services: Services) -> None:
    with pytest.raises(PlanKeepingError, match="needs a reason"):
        services.plans.save("P-1", "walk", "", UNLOCKED, ANNA)
    with pytest.raises(PlanKeepingError, match="needs a reason"):
        services.plans.save("P-1", "walk", "", UNLOCKED, ANNA, unlock_reason=" \n")
    saved = services.plans.save("P-1", "walk", "", UNLOCKED, ANNA, unlock_reason="walks fast")
    assert services.plans.ready(saved).patient.tempo_unlocked_by == "therapist"
    (note,) = services.patients.notes("P-1")
    assert (note.who, "walks fast" in note.text) == ("anna", True)


def test_an_archived_patient_starts_nothing(services: Services) -> None:
    saved = services.plans.save("P-1", "walk", "", walk(), ANNA)
    services.patients.archive("P-1")
    with pytest.raises(PlanKeepingError, match="archive"):
        services.plans.ready(saved)
    with pytest.raises(PlanKeepingError, match="archive"):
        services.plans.save("P-1", "walk", "", walk(), ANNA)


def test_what_is_not_there_is_said(services: Services) -> None:
    with pytest.raises(UnknownPlanError):
        services.plans.get("none")
    with pytest.raises(UnknownPlanError):
        services.plans.save("P-1", "none", "", walk(), ANNA)
    with pytest.raises(PlanKeepingError, match="is for tap"):
        services.plans.save("P-1", "tap", "", walk(), ANNA)
    with pytest.raises(PlanKeepingError, match="walking or breathing"):
        services.plans.baseline("P-1", Exercise.TAP, ANNA)


def test_the_last_plan_is_the_one_started_last(services: Services) -> None:
    assert services.plans.last("P-1") is None
    first = services.plans.save("P-1", "walk", "", walk(), ANNA)
    services.plans.save("P-1", "walk", "", walk(), ANNA)
    services.database.write("UPDATE plans SET created_utc = '2020-01-01T00:00:00Z'")
    services.plans.note_start(first.plan_id)
    last = services.plans.last("P-1")
    assert last is not None
    assert last.plan_id == first.plan_id


def test_a_baseline_is_made_once(services: Services) -> None:
    first = services.plans.baseline("P-1", Exercise.WALK, ANNA)
    assert services.plans.baseline("P-1", Exercise.WALK, ANNA) == first
    assert services.plans.baseline("P-1", Exercise.BREATHE, ANNA).plan["exercise"] == "breathe"


def test_the_file_of_a_plan_is_the_plan_whatever_its_title(services: Services) -> None:
    services.patients.change("P-1", Flags(epilepsy=True), "")
    title = 'a "title" \u2028\x85\r\n[walk]\nbaseline_s = 9'
    saved = services.plans.save("P-1", "walk", title, walk(), ANNA)
    text = services.plans.as_toml(saved)
    assert parse_plan(text) == services.plans.ready(saved)
    assert tomllib.loads(text)["patient"] == {"epilepsy": True, "freezer": False}


def test_a_downloaded_plan_runs(services: Services, tmp_path: Path) -> None:
    raw = walk(baseline_s=12, tempo_spm=100, cued_minutes=0.1)
    saved = services.plans.save("P-1", "walk", "", raw, ANNA)
    path = tmp_path / "plan.toml"
    path.write_text(services.plans.as_toml(saved))
    arguments = ["run", str(path), "--sim", "--speed", "max", "--out", str(tmp_path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert list(tmp_path.glob("*.andante"))


def test_a_recording_has_to_be_on_the_device(services: Services) -> None:
    patient = services.patients.get("P-1")
    raw = services.plans.new("listen-recording", patient)
    saved = services.plans.save("P-1", "listen-recording", "", raw, ANNA)
    with pytest.raises(RecordingFileError, match=r"our-song\.flac is not on the device"):
        services.plans.ready(saved)
    folder = services.settings.sessions_dir / "recordings"
    folder.mkdir()
    for name in ("our-song.flac", "notes.txt", ".hidden.wav"):
        (folder / name).touch()
    assert services.recordings.sounds() == ("our-song.flac",)
    listen = services.plans.ready(saved).listen
    assert listen is not None
    assert listen.recording is not None
    assert listen.recording.file == str(folder / "our-song.flac")
    assert "sessions" not in services.plans.as_toml(saved)


# --- own tempo ----------------------------------------------------------------------------------


def session(file: str, day: int, baseline: Baseline, simulated: bool = False) -> Summary:
    return Summary(
        file=file,
        size_bytes=1,
        state=State.FINISHED,
        started_utc=datetime(2026, 1, day, tzinfo=UTC),
        simulated_parts=("patient",) if simulated else (),
        baseline=baseline,
    )


def test_the_newest_own_tempo_of_each_kind_and_no_simulated_one() -> None:
    sessions = [
        session("d", 4, Baseline(cadence_spm=120.0), simulated=True),
        session("c", 3, Baseline(breath_rate_brpm=14.26)),
        session("b", 2, Baseline(cadence_spm=104.96)),
        session("a", 1, Baseline(cadence_spm=99.0, breath_rate_brpm=15.0)),
    ]
    own = own_tempos(sessions, simulated_too=False)
    assert (own[Exercise.WALK].per_minute, own[Exercise.WALK].date) == (105.0, "2026-01-02")
    assert (own[Exercise.BREATHE].per_minute, own[Exercise.BREATHE].file) == (14.3, "c")
    assert own_tempos(sessions, simulated_too=True)[Exercise.WALK].simulated
    assert own_tempos([], simulated_too=True) == {}


def test_an_own_tempo_becomes_the_plans() -> None:
    own = own_tempos(
        [session("a", 1, Baseline(cadence_spm=99.0, breath_rate_brpm=15.0))], simulated_too=False
    )
    raw = walk(tempo_percent_of_baseline=105, cued_minutes=5)
    assert with_own_tempo(raw, own[Exercise.WALK])["walk"] == {
        "baseline_s": 60,
        "tempo_spm": 99.0,
        "cued_minutes": 5,
    }
    assert raw["walk"]["tempo_percent_of_baseline"] == 105
    assert "tempo_spm" not in with_own_tempo(walk(), own[Exercise.WALK])["walk"]


# --- pages --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def therapist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with console(tmp_path_factory.mktemp("console"), Role.THERAPIST) as visitor:
        visitor.services.patients.add("P-1")
        visitor.services.patients.add("P-2")
        visitor.services.patients.add("F-1", Flags(freezer=True))
        yield visitor


@pytest.mark.parametrize("key", [template.key for template in TEMPLATES])
def test_every_template_is_kept_as_it_is_shown(therapist: Visitor, key: str) -> None:
    form = therapist.get(f"/patients/P-1/plans/new/{key}")
    assert form.status_code == 200
    answer = therapist.post(f"/patients/P-1/plans/new/{key}", fields_of(form.text))
    assert answer.status_code == 303, answer.text
    page = therapist.get(answer.headers["location"])
    assert "What will happen" in page.text
    file = therapist.get(answer.headers["location"] + "/plan.toml")
    assert parse_plan(file.text).patient_code == "P-1"
    assert file.headers["content-disposition"] == f'attachment; filename="P-1-{key}.toml"'


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(therapist: Visitor) -> None:
    path = "/patients/P-1/plans/new/walk"
    fields = fields_of(therapist.get(path).text)
    before = len(therapist.services.plans.of_patient("P-1"))
    answer = therapist.post(
        path, fields | {"walk.cued_minutes": "<b>", "title": "<i>mine</i>", "walk.fade_s": "99"}
    )
    assert answer.status_code == 400
    assert 'id="walk-cued_minutes-error">This is not a number' in answer.text
    assert 'id="walk-fade_s-error">99 min is not allowed' in answer.text
    assert "<b>" not in answer.text
    assert "<i>mine" not in answer.text
    assert fields_of(answer.text)["walk.cued_minutes"] == "<b>"
    assert len(therapist.services.plans.of_patient("P-1")) == before
    entry = therapist.services.audit.newest(1)[0]
    assert (entry.action, entry.subject, entry.outcome) == ("save plan", "P-1", "refused")


def test_the_plans_own_refusal_stands_at_its_field(therapist: Visitor) -> None:
    path = "/patients/F-1/plans/new/walk"
    fields = fields_of(therapist.get(path).text)
    assert fields["walk.tempo_percent_of_baseline"] == "100"
    answer = therapist.post(path, fields | {"walk.tempo_percent_of_baseline": "105"})
    assert answer.status_code == 400
    found = re.search(r'id="walk-tempo_percent_of_baseline-error">([^<]+)<', answer.text)
    assert found is not None
    assert "90 to 100 percent is allowed" in found.group(1)


def test_a_template_that_a_flag_refuses_says_why_and_takes_an_unlock(therapist: Visitor) -> None:
    page = therapist.get("/patients/F-1/plans/new").text
    assert page.count("only with an unlock") == 1
    assert "which raises the tempo, but the patient is marked as a freezer" in page
    assert "tempo_unlocked_by" not in page
    path = "/patients/F-1/plans/new/walk-progressive"
    form = therapist.get(path).text
    assert "marked as a freezer" in form
    assert therapist.post(path, fields_of(form)).status_code == 400
    unlocked = {"unlock_tempo": "on", "unlock_reason": "never froze with a beat"}
    assert therapist.post(path, fields_of(form) | unlocked).status_code == 303


def test_change_copy_and_retire(therapist: Visitor) -> None:
    path = "/patients/P-2/plans/new/tap"
    fields = fields_of(therapist.get(path).text) | {"title": "Drums", "tap.tempo_bpm": "80"}
    at = therapist.post(path, fields).headers["location"]
    plan_id = at.rpartition("/")[2]
    for query in (f"source={plan_id}", f"replaces={plan_id}"):
        fields = fields_of(therapist.get(f"{path}?{query}").text)
        assert (fields["title"], fields["tap.tempo_bpm"]) == ("Drums", "80")
        assert therapist.post(path, fields | {"tap.tempo_bpm": "90"}).status_code == 303
    plans = therapist.services.plans
    assert len(plans.of_patient("P-2")) == 2
    assert plans.get(plan_id).retired_utc is not None
    newest = plans.of_patient("P-2")[0]
    therapist.post(f"/patients/P-2/plans/{newest.plan_id}/retire")
    assert len(plans.of_patient("P-2")) == 1


def test_another_patients_plan_is_not_found(therapist: Visitor) -> None:
    saved = therapist.services.plans.save("P-1", "walk", "", walk(), ANNA)
    for path in ("", "/start", "/plan.toml"):
        at = f"/patients/P-2/plans/{saved.plan_id}{path}"
        assert therapist.get(at).status_code == 404
    assert therapist.get(f"/patients/P-2/plans/new/walk?source={saved.plan_id}").status_code == 404
    assert therapist.post(f"/patients/P-2/plans/{saved.plan_id}/retire").status_code == 404
    assert therapist.services.plans.get(saved.plan_id).retired_utc is None


def test_an_unlock_by_form(therapist: Visitor) -> None:
    path = "/patients/F-1/plans/new/walk"
    fields = fields_of(therapist.get(path).text) | {"walk.tempo_percent_of_baseline": "110"}
    fields |= {"unlock_tempo": "on"}
    answer = therapist.post(path, fields)
    assert answer.status_code == 400
    assert "needs a reason" in answer.text
    answer = therapist.post(path, fields | {"unlock_reason": "steady since spring"})
    assert answer.status_code == 303
    page = therapist.get(answer.headers["location"]).text
    assert "Tempo unlocked by the therapist" in page
    entry = therapist.services.audit.newest(containing="steady since spring")[0]
    assert (entry.action, entry.subject) == ("save plan", "F-1")


TYPED = st.text(max_size=30) | st.sampled_from(
    ["<script>alert(1)</script>", "{{ 7*7 }}", "\x00", "9" * 400]
)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_no_text_in_any_field_of_a_form_breaks_the_page(
    therapist: Visitor, data: st.DataObject
) -> None:
    template = data.draw(st.sampled_from(TEMPLATES))
    path = f"/patients/P-1/plans/new/{template.key}"
    fields = fields_of(therapist.get(path).text)
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3)):
        fields[name] = data.draw(TYPED)
    answer = therapist.post(path, fields)
    # 404: the plan to be copied or replaced is not there.
    assert answer.status_code in (303, 400, 404)
    assert "<script>alert" not in answer.text
    if answer.status_code == 303:
        page = therapist.get(answer.headers["location"])
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        file = therapist.get(answer.headers["location"] + "/plan.toml")
        assert parse_plan(file.text).patient_code == "P-1"
