"""What the device cannot do, or not now."""

from andante.errors import AndanteError


class DeviceError(AndanteError):
    """Something that was not done, in one sentence: what is wrong and what to do."""
