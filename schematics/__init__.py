"""The circuits as data: drawn, checked and simulated from one description."""
