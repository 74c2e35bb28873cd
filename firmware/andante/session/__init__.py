"""What happened: runner, recorder and session file."""
