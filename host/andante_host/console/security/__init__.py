"""Keeping the page to those it is for."""
