"""Errors that are meant for a person."""


class AndanteError(Exception):
    """One plain sentence: what is wrong, where, and what to do. Shown without a traceback."""


class PlanError(AndanteError):
    """A plan that cannot be read or asks for what is not allowed."""


class SessionFileError(AndanteError):
    """A session file that cannot be read or written."""


class BoardError(AndanteError):
    """A sensor board that cannot be reached or understood."""


class OutputError(AndanteError):
    """A sound device, LED or ring that cannot be used."""


class SignalFileError(AndanteError):
    """A file of events, force or belt samples that cannot be read."""


class RecordingError(AndanteError):
    """A recording or its beats that cannot be read or prepared."""
