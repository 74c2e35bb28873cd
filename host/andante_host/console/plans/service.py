"""Plans kept for patients. Pages and the JSON API both come here."""

from typing import Any
from uuid import uuid4

import msgspec
import tomli_w
from msgspec import Struct

from andante.errors import AndanteError
from andante.plan import Exercise, Plan, plan_as_dict
from andante.timebase import Clock
from andante_host.console.audit import utc_text
from andante_host.console.database import Database
from andante_host.console.patients.service import Patient, Patients
from andante_host.console.patients.texts import plain_text
from andante_host.console.plans.catalogue import BASELINES, Template, template_of
from andante_host.console.plans.fitting import fitted, usual_values
from andante_host.console.principal import Principal
from andante_host.console.recordings.service import Recordings

LONGEST_TITLE_CHARS = 80
LONGEST_REASON_CHARS = 500
_COLUMNS = "plan_id, code, title, template, plan, made_by, created_utc, started_utc, retired_utc"
_UNLOCKS = (("patient", "tempo_unlocked_by"), ("breathe", "holds_unlocked_by"))


class PlanKeepingError(AndanteError):
    """Something about a kept plan that cannot be done, in one sentence."""


class UnknownPlanError(PlanKeepingError):
    """There is no such plan."""


class SavedPlan(Struct, frozen=True, kw_only=True):
    """A plan as it is kept: `plan` is what `plan_from_dict` reads, without the patient's flags.

    `template` is the key of what it was made from; `made_by` a user's name; times are UTC,
    `started_utc` that of the last start.
    """

    plan_id: str
    code: str
    title: str
    template: str
    plan: dict[str, Any]
    made_by: str
    created_utc: str
    started_utc: str | None
    retired_utc: str | None

    @property
    def exercise(self) -> Exercise:
        """What the patient does."""
        return Exercise(self.plan["exercise"])


class Plans:
    """Keeps them. A plan is never changed: another takes its place and it is retired."""

    def __init__(
        self, database: Database, clock: Clock, patients: Patients, recordings: Recordings
    ) -> None:
        self._database = database
        self._clock = clock
        self._patients = patients
        self._recordings = recordings

    def new(self, template_key: str, patient: Patient) -> dict[str, Any]:
        """The values a new plan begins with, as the patient's flags have them.

        Raises UnknownPlanError for an unknown template.
        """
        return usual_values(self.template(template_key).plan, patient.flags)

    def template(self, key: str) -> Template:
        """Raises UnknownPlanError."""
        found = template_of(key)
        if found is None:
            raise UnknownPlanError("There is no such template; choose one from the list.")
        return found

    def save(
        self,
        code: str,
        template_key: str,
        title: str,
        raw: dict[str, Any],
        principal: Principal,
        unlock_reason: str = "",
        replaces: str | None = None,
    ) -> SavedPlan:
        """Keep a plan for a patient and retire the one that it replaces.

        `raw`: as `plan_from_dict` takes it; code and flags come from the patient. A plan that is
        unlocked needs `unlock_reason`; the role in it is `principal`'s, and the reason becomes a
        note on the patient. Raises PlanError for what a plan must not ask, else PlanKeepingError.
        """
        patient = self._active(code)
        template = self.template(template_key)
        plan = fitted(_signed(raw, principal.role), patient)
        if plan.exercise is not template.exercise:
            raise PlanKeepingError(
                f"The template {template.key} is for {template.exercise}, but the plan says "
                f"{plan.exercise}; choose another template."
            )
        title = " ".join(plain_text("The title", title, LONGEST_TITLE_CHARS).split())
        reason = plain_text("The reason", unlock_reason, LONGEST_REASON_CHARS)
        unlocked = is_unlocked(plan)
        if unlocked and not reason:
            raise PlanKeepingError("An unlock needs a reason; write why this patient may do more.")
        plan_id = uuid4().hex
        with self._database.changes():
            if replaces is not None:
                self._check_replaceable(replaces, patient)
                self.retire(replaces)
            self._database.write(
                f"INSERT INTO plans ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                (
                    plan_id,
                    patient.code,
                    title or template.title,
                    template.key,
                    msgspec.json.encode(_kept(plan)).decode(),
                    principal.name,
                    utc_text(self._clock),
                ),
            )
            if unlocked:
                note = f"Unlocked in the plan “{title or template.title}”: {reason}"
                self._patients.add_note(patient.code, note, principal.name)
        return self.get(plan_id)

    def get(self, plan_id: str) -> SavedPlan:
        """A plan, retired or not. Raises UnknownPlanError."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM plans WHERE plan_id = ?", (plan_id,))
        if row is None:
            raise UnknownPlanError("There is no such plan; choose one from the patient's page.")
        return _saved(row)

    def of_patient(self, code: str, retired: bool = False) -> list[SavedPlan]:
        """A patient's plans in use (or retired), newest first."""
        found = self._database.rows(
            f"SELECT {_COLUMNS} FROM plans WHERE code = ? AND (retired_utc IS NOT NULL) = ? "
            "ORDER BY created_utc DESC, rowid DESC",
            (self._patients.get(code).code, retired),
        )
        return [_saved(row) for row in found]

    def retire(self, plan_id: str) -> SavedPlan:
        """Out of use; it stays known. Raises UnknownPlanError."""
        self.get(plan_id)
        self._database.write(
            "UPDATE plans SET retired_utc = coalesce(retired_utc, ?) WHERE plan_id = ?",
            (utc_text(self._clock), plan_id),
        )
        return self.get(plan_id)

    def baseline(self, code: str, exercise: Exercise, principal: Principal) -> SavedPlan:
        """The patient's plan that measures their own tempo, made where there is none yet.

        Raises PlanKeepingError for an exercise without one.
        """
        template = BASELINES.get(exercise)
        if template is None:
            raise PlanKeepingError("A baseline is measured walking or breathing; choose one.")
        for saved in self.of_patient(code):
            if saved.template == template.key:
                return saved
        raw = self.new(template.key, self._active(code))
        return self.save(code, template.key, template.title, raw, principal)

    def ready(self, saved: SavedPlan) -> Plan:
        """The plan to run now, with the flags that the patient has now.

        Raises PlanError where those no longer allow it, PlanKeepingError where it is retired or
        the patient archived, RecordingFileError where its recording is not on the device.
        """
        patient = self._active(saved.code)
        if saved.retired_utc is not None:
            raise PlanKeepingError("This plan is retired; copy it and start the copy.")
        return self._with_recording(fitted(saved.plan, patient))

    def last(self, code: str) -> SavedPlan | None:
        """The patient's plan in use that was started last, or made last; None without any."""
        return self.last_of_each().get(self._patients.get(code).code)

    def last_of_each(self) -> dict[str, SavedPlan]:
        """`last` of every patient who has plans in use, by code."""
        found = self._database.rows(
            f"SELECT {_COLUMNS} FROM plans WHERE retired_utc IS NULL "
            "ORDER BY coalesce(started_utc, created_utc), rowid"
        )
        # Of each patient the last row stays; only that is decoded.
        return {code: _saved(row) for code, row in {row["code"]: row for row in found}.items()}

    def note_start(self, plan_id: str) -> None:
        """A session of it has begun."""
        self._database.write(
            "UPDATE plans SET started_utc = ? WHERE plan_id = ?",
            (utc_text(self._clock), plan_id),
        )

    def that_play(self) -> dict[str, list[str]]:
        """The plans in use that play each recording, or go by its beats: code and title.

        By the file's name; a file that no plan needs is not in it.
        """
        found: dict[str, list[str]] = {}
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM plans WHERE retired_utc IS NULL ORDER BY code, rowid"
        )
        for saved in map(_saved, rows):
            recording = (saved.plan.get("listen") or {}).get("recording") or {}
            for field in ("file", "beats_file"):
                if field in recording:
                    found.setdefault(recording[field], []).append(f"{saved.code}: “{saved.title}”")
        return found

    def shown(self, saved: SavedPlan) -> Plan:
        """The plan to look at, retired or not. Raises PlanError as `ready` does."""
        return fitted(saved.plan, self._patients.get(saved.code))

    def as_toml(self, saved: SavedPlan) -> str:
        """The plan as a file for `andante run`. Raises PlanError as `ready` does."""
        plan = self.shown(saved)
        return f"# {saved.title}\n" + tomli_w.dumps(_without_none(plan_as_dict(plan)))

    def _with_recording(self, plan: Plan) -> Plan:
        """The same with its recording found, for an engine that works elsewhere."""
        if plan.listen is None or plan.listen.recording is None:
            return plan
        recording = plan.listen.recording
        beats = recording.beats_file
        found = msgspec.structs.replace(
            recording,
            file=self._recordings.sound_path(recording.file),
            beats_file=None if beats is None else self._recordings.beats_path(beats),
        )
        listen = msgspec.structs.replace(plan.listen, recording=found)
        return msgspec.structs.replace(plan, listen=listen)

    def _active(self, code: str) -> Patient:
        patient = self._patients.get(code)
        if patient.archived_utc is not None:
            raise PlanKeepingError(
                f"The patient {patient.code} is in the archive; bring them back to the list first."
            )
        return patient

    def _check_replaceable(self, plan_id: str, patient: Patient) -> None:
        if self.get(plan_id).code != patient.code:
            raise PlanKeepingError("The plan to be replaced is another patient's; copy it instead.")


def is_unlocked(plan: Plan) -> bool:
    """Whether a therapist has widened a limit in it."""
    breathe = plan.breathe
    holds = breathe is not None and breathe.holds_unlocked_by is not None
    return plan.patient.tempo_unlocked_by is not None or holds


def _signed(raw: dict[str, Any], role: str) -> dict[str, Any]:
    """The same with every unlock signed by the role that saves it, whatever it said before."""
    signed = dict(raw)
    for table, field in _UNLOCKS:
        values = signed.get(table)
        if isinstance(values, dict) and values.get(field) is not None:
            signed[table] = {**values, field: role}
    return signed


def _kept(plan: Plan) -> dict[str, Any]:
    """Without what comes from the patient's record each time."""
    kept = _without_none(plan_as_dict(plan))
    del kept["patient_code"]
    unlocked_by = plan.patient.tempo_unlocked_by
    kept["patient"] = {} if unlocked_by is None else {"tempo_unlocked_by": unlocked_by}
    return kept


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    """A deep copy without what a plan does not say; TOML has no word for nothing."""
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }


def _saved(row: Any) -> SavedPlan:
    values = dict(row)
    return SavedPlan(**values | {"plan": msgspec.json.decode(values["plan"])})
