"""Work for a second processor core."""

import gc
import os
import subprocess
import sys

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


def test_matplotlib_loads_without_what_it_writes_about_itself_and_draws_the_same() -> None:
    """In a process of its own each, as a command is."""
    draw = (
        "from matplotlib.figure import Figure\n"
        "figure = Figure()\n"
        "figure.subplots().plot([1, 2], color='C1', label='a line').pop().set(linewidth=3)\n"
        "print(figure.axes[0].lines[0].get_linewidth(), 'Properties' in str(Figure.set.__doc__))\n"
    )
    spared = "from andante_host.report.ahead import spare_documentation as s; s()\n" + draw
    said = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
        for program in (draw, spared)
    ]
    assert said == [["3.0", "True"], ["3.0", "False"]]
