"""Errors that are meant for a person."""


class InstallError(Exception):
    """One plain sentence: what is wrong, where, and what to do."""
