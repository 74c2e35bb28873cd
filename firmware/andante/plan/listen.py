"""A plan's [listen] table: receptive music that settles, by the iso principle."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from andante import safety
from andante.plan.breathe import BreathSound
from andante.plan.parts import BaselineSeconds, PatientFlags, Refuse, Stage, StageKind, within

ListenMinutes = Annotated[float, within(safety.LISTEN_MINUTES)]
PerMinute = Annotated[float, Meta(gt=0, le=240, description="a minute")]
Seconds = Annotated[float, Meta(ge=0, le=3600, description="s")]


class ListenTo(StrEnum):
    """Which of the patient's rhythms the music meets."""

    BREATHING = "breathing"
    STEPPING = "stepping"


class Recording(Struct, forbid_unknown_fields=True, frozen=True):
    """The therapist's own recording (WAV or FLAC) and where its beats are.

    Either `bpm` with the first beat at `first_beat_s`, or `beats_file`: a text file with the time
    of every beat in seconds, one a line.
    """

    file: str
    bpm: PerMinute | None = None
    first_beat_s: Seconds = 0.0
    beats_file: str | None = None


class ListenPlan(Struct, forbid_unknown_fields=True, frozen=True):
    """Soft music that starts where the patient is and moves gradually to a target. Not scored.

    It starts at the rate measured in the baseline, or at `start_per_minute`. With a `recording`
    the start must be given, since the recording is prepared before the session.
    """

    target_per_minute: PerMinute
    to: ListenTo = ListenTo.BREATHING
    baseline_s: BaselineSeconds = 0.0
    start_per_minute: PerMinute | None = None
    minutes: ListenMinutes = 10.0
    sound: BreathSound = BreathSound.STRUM
    recording: Recording | None = None

    @property
    def allowed(self) -> safety.Range:
        """The range of the rhythm that the music meets."""
        breathing = self.to is ListenTo.BREATHING
        return safety.BREATHING_RATE_BRPM if breathing else safety.WALKING_TEMPO_SPM

    def stages(self) -> tuple[Stage, ...]:
        """Baseline, then music."""
        return (
            Stage("baseline", StageKind.QUIET, self.baseline_s),
            Stage("listening", StageKind.CUED, self.minutes * 60),
        )

    def check(self, patient: PatientFlags, refuse: Refuse) -> None:  # noqa: ARG002
        """A start and a target within the limits of the rhythm; one way to say where beats are."""
        for field in ("target_per_minute", "start_per_minute"):
            value = getattr(self, field)
            if value is not None and self.recording is None and value not in self.allowed:
                refuse(
                    field,
                    f"is {value:g}, but for {self.to} {self.allowed.low:g} to "
                    f"{self.allowed.high:g} {self.allowed.unit} is allowed.",
                )
        least_s = (
            safety.MIN_MEASURING_BREATH_BASELINE_S
            if self.to is ListenTo.BREATHING
            else safety.MIN_MEASURING_BASELINE_S
        )
        if self.start_per_minute is None and self.recording is not None:
            refuse("recording", "is prepared before the session; give start_per_minute.")
        if self.start_per_minute is None and self.baseline_s < least_s:
            refuse(
                "baseline_s",
                f"is {self.baseline_s:g}, but must be at least {least_s:g} s to measure where the "
                "patient is; or give start_per_minute.",
            )
        recording = self.recording
        if recording is not None and (recording.bpm is None) == (recording.beats_file is None):
            refuse(
                "recording",
                "needs its beats: give either recording.bpm or recording.beats_file.",
            )
