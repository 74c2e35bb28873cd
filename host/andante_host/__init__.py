"""The part of Andante that runs on the clinician's computer."""
