"""The part of Andante that runs on the Raspberry Pi."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("andante")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
