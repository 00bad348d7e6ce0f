"""Consoles that act on nothing that others wrote: what text holds of control characters is not printed.

Loads rich, which is why it is imported where something is shown.
"""

from collections.abc import Iterator
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from archlab.plain import printable

UNLIMITED = 10_000


class PlainConsole(Console):
    """Prints text as it is: no markup, no highlighting, no emoji codes, and no control characters."""

    def __init__(self, file: IO[str], width: int | None = None) -> None:
        super().__init__(file=file, width=width, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The segments of something that is shown; those that rich itself moves the cursor with are left."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            plain = text if control else printable(text)
            yield segment if plain is text else Segment(plain, style)


def make_console(file: IO[str]) -> PlainConsole:
    """A console for a stream: as wide as the terminal is, or as wide as the text where there is none."""
    return PlainConsole(file, None if file.isatty() else UNLIMITED)
