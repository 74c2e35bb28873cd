"""The example plans of `docs/plans`."""

from pathlib import Path

PLANS = {path.stem: path for path in (Path(__file__).parents[2] / "docs" / "plans").glob("*.toml")}
WITH_RECORDING = "listen-recording"
"""The one that cannot be run as it is: the recording is the therapist's own."""
