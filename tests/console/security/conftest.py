"""One console for all these tests, as making one takes a while; each test begins anew."""

from collections.abc import Iterator

import pytest

from support.clocks import WallClock
from support.console import Visitor, console
from support.console_doors import begin_anew


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with console(tmp_path_factory.mktemp("console"), clock=WallClock()) as visitor:
        visitor.services.patients.add("P-1")
        yield visitor


@pytest.fixture
def clock(shared: Visitor) -> WallClock:
    clock = shared.services.clock
    assert isinstance(clock, WallClock)
    return clock


@pytest.fixture
def visitor(shared: Visitor, clock: WallClock) -> Visitor:
    """Nobody yet, at a console that nobody has used for a minute."""
    clock.pass_s(60)
    return begin_anew(shared)
