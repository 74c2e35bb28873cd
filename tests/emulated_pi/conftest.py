"""One walk on the emulated Pi for all tests; skips, saying so, where it cannot be emulated."""

from pathlib import Path

import pytest

from andante.session.file import SessionData, load_session
from emulated_board.chip import why_no_chip, why_no_firmware
from emulated_pi.figures import report
from emulated_pi.image import why_no_pi
from emulated_pi.walk import PiWalk, led_edges_of_walk

CUES = 200
MOST_WALKS = 2


@pytest.fixture(scope="session")
def pi_walk(tmp_path_factory: pytest.TempPathFactory) -> PiWalk:
    missing = why_no_pi() or why_no_chip() or why_no_firmware()
    if missing is not None:
        pytest.skip(missing)
    return walk_undisturbed(tmp_path_factory.mktemp("pi"))


def walk_undisturbed(folder: Path) -> PiWalk:
    """Walks again where a cue was missed: idle time passes as on the wall, so a computer that is
    too busy to wake the emulated Pi makes it late. The last walk counts."""
    for number in range(MOST_WALKS):
        walk = led_edges_of_walk(folder / f"walk-{number}", CUES)
        session = load_session(walk.session)
        print(report(walk, session))
        if session.outputs["led"].given.all():
            break
    return walk


@pytest.fixture(scope="session")
def pi_session(pi_walk: PiWalk) -> SessionData:
    return load_session(pi_walk.session)
