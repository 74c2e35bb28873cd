"""What cannot be done with an account."""

from andante.errors import AndanteError


class AccountError(AndanteError):
    """Something about an account that cannot be done, in one sentence."""
