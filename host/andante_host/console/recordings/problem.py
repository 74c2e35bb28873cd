"""What is wrong with a recording, in one sentence each."""

from andante.errors import AndanteError


class RecordingFileError(AndanteError):
    """A recording, or a file with beats, that cannot be taken."""


class RecordingTooLargeError(RecordingFileError):
    """More was sent than a file of this kind may have."""


class RecordingNotNowError(RecordingFileError):
    """As things are on the device now, this cannot be done."""


class UnknownRecordingError(RecordingFileError):
    """There is no such file among the recordings."""
