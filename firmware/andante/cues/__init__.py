"""How a cue reaches the patient: sound, LED and ring."""
