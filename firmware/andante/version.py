"""Which version this is. Looked up only when asked: it takes longer than starting a command."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The installed version, or `0+unknown` in a source tree that was never installed."""
    try:
        return version("andante")
    except PackageNotFoundError:
        return "0+unknown"
