"""From force and belt signals to steps, taps and breaths. Pure."""
