"""How well the trainer keeps time, beside other ways to do it: scripts, never tests."""
