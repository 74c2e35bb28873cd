"""Decides what falls when, and why: one conductor for each kind of exercise. Pure."""
