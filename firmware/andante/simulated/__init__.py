"""Twins of the outputs and the board, and simulated patients who know the truth."""
