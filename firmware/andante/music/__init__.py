"""Prepares a therapist's own recording: its beats led from one tempo to another, its pitch kept.

Done before a session and never during one.
"""

from andante.errors import RecordingError as RecordingError
from andante.music.prepare import PreparedTrack as PreparedTrack
from andante.music.prepare import prepare_recording as prepare_recording
from andante.music.spec import RecordingSpec as RecordingSpec
