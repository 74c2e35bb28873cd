"""The live line in the terminal: time left, tempo, last asynchrony, synchrony so far."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from andante.session.runner import Progress


def describe(progress: Progress, steps_word: str = "steps") -> str:
    """One line of at most 79 characters; asynchrony negative for early."""
    minutes, seconds = divmod(round(progress.left_s), 60)
    tempo = (
        "no cues" if progress.tempo_per_minute is None else f"{progress.tempo_per_minute:.1f}/min"
    )
    words = [f"{progress.stage:<10}", f"{minutes}:{seconds:02d} left", tempo]
    words.append(f"{progress.response_count} {steps_word}")
    if progress.last_asynchrony_ms is not None:
        words.append(f"{progress.last_asynchrony_ms:+.0f} ms")
    if progress.vector_length is not None:
        words.append(f"synchrony {progress.vector_length:.2f}")
    return "  ".join(words)


class ProgressLine:
    """Shows `describe` in place on a terminal; elsewhere shows nothing."""

    def __init__(self, steps_word: str = "steps") -> None:
        """`steps_word`: what the responses are called."""
        self._console = Console(stderr=True)
        self._steps_word = steps_word
        self._words, self._mark = "getting ready", ""
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
            self._refresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Replace the line."""
        self._words = describe(progress, self._steps_word)
        self._refresh()

    def tell(self, text: str) -> None:
        """A sentence above the line, which stays."""
        self._console.print(text, soft_wrap=True, markup=False, highlight=False)

    def flash(self, lit: bool) -> None:
        """Show or take away the mark of a beat in front of the line. Any thread may call."""
        self._mark = "\u25cf " if lit else "  "
        self._refresh()

    def _refresh(self) -> None:
        if self._live.is_started:
            text = Text(self._mark + self._words, no_wrap=True, overflow="ellipsis")
            self._live.update(text, refresh=True)
