"""Circuit simulation with ngspice, of netlists extracted from the drawn schematics."""
