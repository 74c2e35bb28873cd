"""How much may be sent as a file. What everything else may have is `app.LARGEST_BODY_BYTES`."""

LARGEST_BACKUP_BYTES = 2_000_000_000
LARGEST_RECORDING_BYTES = 700_000_000
"""An hour of stereo at 48 kHz and 16 bits."""
LARGEST_BEATS_BYTES = 1_000_000
"""Some 14,000 beats, each with a label: an hour at 240 a minute."""
FORM_BYTES = 100_000
"""What may stand around a file in a form."""
