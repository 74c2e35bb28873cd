"""A session as one self-contained HTML page, and its figures as text."""
