"""Work for a second processor core."""

import gc
import os

import pytest

from andante_host.report.ahead import made_by_two, no_garbage_collected


def with_process(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_two_processes_make_what_one_would_and_in_order(count: int) -> None:
    made = made_by_two(with_process, range(count))
    assert [square for square, _ in made] == [number * number for number in range(count)]
    assert all(
        (process == os.getpid()) == (place % 2 == 0) for place, (_, process) in enumerate(made)
    )


@pytest.mark.parametrize("wrong", [0, 1])
def test_what_goes_wrong_in_either_is_raised(wrong: int) -> None:
    def make(number: int) -> int:
        if number == wrong:
            raise ValueError(f"not {number}")
        return number

    with pytest.raises(ValueError, match=f"not {wrong}"):
        made_by_two(make, [0, 1, 2])


def test_garbage_is_collected_again_afterwards() -> None:
    with no_garbage_collected():
        assert not gc.isenabled()
    assert gc.isenabled()
