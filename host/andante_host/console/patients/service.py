"""Patients by code: flags, goals, notes. Pages and the JSON API both come here."""

from typing import Any

import msgspec
from msgspec import Struct

from andante.errors import AndanteError
from andante.plan.tables import PatientCode
from andante.timebase import Clock
from andante_host.console.audit import utc_text
from andante_host.console.database import Database
from andante_host.console.patients.texts import plain_text

_COLUMNS = "code, freezer, epilepsy, hearing, respiratory, child, goals, created_utc, archived_utc"


NEW = "new"
"""`/patients/new` is the form for a new patient, so nobody can have this code."""


class PatientError(AndanteError):
    """Something about a patient that cannot be done, in one sentence."""


class UnknownPatientError(PatientError):
    """A code that no patient has."""


class Flags(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device or the therapist has to mind; `flags.py` says what each one does."""

    freezer: bool = False
    epilepsy: bool = False
    hearing: bool = False
    respiratory: bool = False
    child: bool = False


class Patient(Struct, frozen=True, kw_only=True):
    """A patient. Times are UTC; `archived_utc` is None while the patient is in the list."""

    code: str
    flags: Flags
    goals: str
    created_utc: str
    archived_utc: str | None


class PatientNote(Struct, frozen=True, kw_only=True):
    """What somebody wrote, who (a user's name) and when."""

    note_id: int
    code: str
    at_utc: str
    who: str
    text: str


class Patients:
    """Keeps them. Nobody is ever deleted: sessions and the audit trail go on naming the code."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, code: str, flags: Flags | None = None, goals: str = "") -> Patient:
        """A new patient. Raises PatientError for a code that is taken or is none."""
        checked_code(code)
        goals = plain_text("The goals", goals)
        with self._database.changes():
            taken = self.find(code)
            if taken is not None:
                where = "in the archive" if taken.archived_utc else "in the list"
                raise PatientError(
                    f"There is a patient {taken.code} already, {where}; choose another code."
                )
            flags = flags or Flags()
            self._database.write(
                "INSERT INTO patients (code, freezer, epilepsy, hearing, respiratory, child, "
                "goals, created_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (code, *_flag_values(flags), goals, utc_text(self._clock)),
            )
        return self.get(code)

    def find(self, code: str) -> Patient | None:
        """A patient, archived or not, or None; great and small letters are the same."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM patients WHERE code = ?", (code,))
        return None if row is None else _patient(row)

    def get(self, code: str) -> Patient:
        """A patient, archived or not. Raises UnknownPatientError."""
        found = self.find(code)
        if found is None:
            raise UnknownPatientError(
                "There is no patient with this code; look for it in the list of patients."
            )
        return found

    def all(self, containing: str = "", archived: bool = False) -> list[Patient]:
        """The patients in the list (or in the archive) whose code or goals contain these words."""
        found = self._database.rows(
            f"SELECT {_COLUMNS} FROM patients WHERE (archived_utc IS NOT NULL) = ? "
            "AND (? = '' OR instr(lower(code || ' ' || goals), lower(?))) ORDER BY code",
            (archived, containing, containing),
        )
        return [_patient(row) for row in found]

    def change(self, code: str, flags: Flags, goals: str) -> Patient:
        """Other flags and goals. Raises PatientError."""
        goals = plain_text("The goals", goals)
        self.get(code)
        self._database.write(
            "UPDATE patients SET freezer = ?, epilepsy = ?, hearing = ?, respiratory = ?, "
            "child = ?, goals = ? WHERE code = ?",
            (*_flag_values(flags), goals, code),
        )
        return self.get(code)

    def archive(self, code: str) -> Patient:
        """Out of the list; all that is known stays. Raises UnknownPatientError."""
        return self._set_archived(code, utc_text(self._clock))

    def restore(self, code: str) -> Patient:
        """Back into the list. Raises UnknownPatientError."""
        return self._set_archived(code, None)

    def add_note(self, code: str, text: str, who: str) -> PatientNote:
        """Write something down. Raises PatientError for nothing, too much or nobody."""
        text = plain_text("The note", text)
        if not text:
            raise PatientError("The note is empty; write something, or leave it.")
        code = self.get(code).code
        with self._database.changes() as connection:
            note_id = connection.execute(
                "INSERT INTO patient_notes (code, at_utc, who, text) VALUES (?, ?, ?, ?)",
                (code, utc_text(self._clock), who, text),
            ).lastrowid
        return next(note for note in self.notes(code) if note.note_id == note_id)

    def notes(self, code: str) -> list[PatientNote]:
        """A patient's notes, newest first. Raises UnknownPatientError."""
        found = self._database.rows(
            "SELECT note_id, code, at_utc, who, text FROM patient_notes WHERE code = ? "
            "ORDER BY note_id DESC",
            (self.get(code).code,),
        )
        return [PatientNote(**dict(row)) for row in found]

    def _set_archived(self, code: str, at_utc: str | None) -> Patient:
        self.get(code)
        self._database.write("UPDATE patients SET archived_utc = ? WHERE code = ?", (at_utc, code))
        return self.get(code)


def checked_code(code: str) -> str:
    """The code, which is what a plan takes for one. Raises PatientError and says why not."""
    if code == NEW:
        raise PatientError(f"“{NEW}” is the address of a form here; choose another code.")
    try:
        return msgspec.convert(code, PatientCode)
    except msgspec.ValidationError:
        pass
    rule = "a code has letters, digits, - and _ only, begins with a letter or digit, at most 32"
    if any(char.isspace() for char in code.strip()):
        raise PatientError(
            "This looks like a name, and no names are kept on this device, so that nobody can be "
            f"found out from it: {rule}, no spaces."
        )
    raise PatientError(f"This cannot be a patient's code: {rule}.")


def _flag_values(flags: Flags) -> tuple[bool, ...]:
    return (flags.freezer, flags.epilepsy, flags.hearing, flags.respiratory, flags.child)


def _patient(row: Any) -> Patient:
    values = dict(row)
    flags = Flags(**{name: bool(values.pop(name)) for name in Flags.__struct_fields__})
    return Patient(flags=flags, **values)
