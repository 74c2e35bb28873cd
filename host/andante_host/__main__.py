"""`python -m andante_host`."""

from andante_host.cli import main

main(prog_name="andante-host")
