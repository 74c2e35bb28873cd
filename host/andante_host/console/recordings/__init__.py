"""The therapists' own recordings on the device: what is taken, kept, offered and taken away."""
