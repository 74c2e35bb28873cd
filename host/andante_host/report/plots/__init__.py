"""The report's pictures: one function for each, from a session to a figure with its table."""
