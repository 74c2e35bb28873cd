"""`python -m andante` is the command `andante`."""

from andante.cli import main

main()
