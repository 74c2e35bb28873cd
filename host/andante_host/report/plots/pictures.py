"""Which pictures belong to a session, in the order in which they are read."""

from collections.abc import Callable

from matplotlib.figure import Figure

from andante.plan import Exercise
from andante.plan.tap import TapTask
from andante_host.report.plots.beat import asynchrony, circle, intervals
from andante_host.report.plots.breath import belt, onsets
from andante_host.report.plots.force import force
from andante_host.report.plots.play import played, together
from andante_host.report.plots.style import Picture
from andante_host.report.plots.tempo import tempo
from andante_host.report.plots.timing import timing
from andante_host.report.view import View

Draw = Callable[[View], Picture | None]


def pictures(view: View) -> list[Picture]:
    """Every picture that this session has something for; to be drawn inside `style()`."""
    found = [picture for draw in _wanted(view) if (picture := draw(view)) is not None]
    for picture in found:
        mark_simulated(picture.figure, view.analysis.data.header.simulated_parts)
    return found


def _wanted(view: View) -> tuple[Draw, ...]:
    if view.exercise == Exercise.BREATHE:
        return (tempo, belt, onsets, timing)
    if view.exercise == Exercise.LISTEN:
        return (tempo, belt, timing)
    if view.exercise == Exercise.WALK:
        return (tempo, asynchrony, circle, intervals, force, timing)
    if view.together:
        return (together, played, timing)
    if not view.scored:
        return (played, tempo, timing)
    if view.task == TapTask.ECHO:
        return (played, asynchrony, circle, timing)
    return (asynchrony, circle, intervals, force, timing)


def mark_simulated(figure: Figure, simulated_parts: tuple[str, ...]) -> None:
    """Say on the picture itself what was simulated: it may travel without its page."""
    if simulated_parts:
        words = f"simulated: {', '.join(simulated_parts)}"
        figure.text(0.985, 0.985, words, ha="right", va="top", fontsize=8, color="#8a5a00")
