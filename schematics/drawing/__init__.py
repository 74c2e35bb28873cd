"""Drawing schematics in KiCad's format, and reading them back."""
