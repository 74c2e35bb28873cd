"""Simulated patients who know the truth: walkers, tappers, drummers and breathers.

`make_patient` gives one by exercise and setting; the settings are *like* healthy people and like
patients after a stroke, with Parkinson's disease or a brain injury, by published values
(`habits`). A patient hears each cue when it is handed out, moves or breathes as its model says, and
keeps what it did, exactly, in `truth`.
"""

from andante.simulated.patients.breather import Breather
from andante.simulated.patients.echo import EchoDrummer, MirrorDrummer
from andante.simulated.patients.habits import HEALTHY_TAPPER, HEALTHY_WALKER, BreathHabits, Habits
from andante.simulated.patients.mover import Task
from andante.simulated.patients.people import DrumCircle, SimulatedPatient
from andante.simulated.patients.settings import (
    SETTINGS,
    Patient,
    Setting,
    make_patient,
    setting_named,
    tell_stages,
)
from andante.simulated.patients.truth import (
    TrueBreath,
    TrueResponse,
    breath_summary,
    truth_summary,
)

__all__ = [
    "HEALTHY_TAPPER",
    "HEALTHY_WALKER",
    "SETTINGS",
    "BreathHabits",
    "Breather",
    "DrumCircle",
    "EchoDrummer",
    "Habits",
    "MirrorDrummer",
    "Patient",
    "Setting",
    "SimulatedPatient",
    "Task",
    "TrueBreath",
    "TrueResponse",
    "breath_summary",
    "make_patient",
    "setting_named",
    "tell_stages",
    "truth_summary",
]
