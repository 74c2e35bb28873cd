"""How a cue reaches the patient: sound, LED, ring and vibration motor."""
