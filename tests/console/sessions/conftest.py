"""What tests of sessions on the page share."""

from collections.abc import Iterator

import matplotlib as mpl
import pytest


@pytest.fixture(scope="session", autouse=True)
def fonts_known_already() -> Iterator[None]:
    """The worker may use what this computer's matplotlib knows of fonts: that takes 10 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", mpl.get_cachedir())
        yield
