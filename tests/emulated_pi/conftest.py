"""One walk on the emulated Pi for all tests; skips, saying so, where it cannot be emulated."""

import pytest

from andante.session.file import SessionData, load_session
from emulated_board.chip import why_no_chip, why_no_firmware
from emulated_pi.image import why_no_pi
from emulated_pi.walk import PiWalk, led_edges_of_walk

CUES = 200


@pytest.fixture(scope="session")
def pi_walk(tmp_path_factory: pytest.TempPathFactory) -> PiWalk:
    missing = why_no_pi() or why_no_chip() or why_no_firmware()
    if missing is not None:
        pytest.skip(missing)
    return led_edges_of_walk(tmp_path_factory.mktemp("pi") / "walk", CUES)


@pytest.fixture(scope="session")
def pi_session(pi_walk: PiWalk) -> SessionData:
    return load_session(pi_walk.session)
