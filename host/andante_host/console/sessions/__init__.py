"""Finished sessions on the page: list, figures, trends, downloads, and who looked at them."""
