"""The live view of a grid in a terminal: drawn anew in place, twice a second, by a thread of its own."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import IO, TYPE_CHECKING, Self

from archlab.engines.base import Event
from archlab.engines.progress import Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

FRAMES_PER_SECOND = 2


def can_redraw(stream: IO[str]) -> bool:
    """Whether a stream is a terminal where the cursor can go back."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


class LiveDisplay:
    """A watcher that only notes what it is told: the rest is done when the view is drawn, and delays no run.

    begin: gives the progress that is told of the events, once the first has come. at_once: begin before that.
    stays: the last view is left in the terminal.
    """

    def __init__(
        self,
        terminal: IO[str],
        begin: Callable[[], Progress],
        *,
        at_once: bool = False,
        stays: bool = False,
    ) -> None:
        from rich.live import Live

        from archlab.reporting.consoles import make_console
        from archlab.reporting.live import LiveView

        self.begin = begin
        self.progress = begin() if at_once else None
        self.events: deque[tuple[Event, float]] = deque()
        self.has_ended = False
        self.view = LiveView(Progress(0).snapshot(monotonic()))
        self.console = make_console(terminal)
        self.live = Live(
            console=self.console,
            get_renderable=self._draw,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=not stays,
        )

    def __enter__(self) -> Self:
        self.live.start(refresh=True)
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(OSError):  # the terminal is gone
            self.live.stop()

    def __call__(self, event: Event) -> None:
        """What failed is told above the view, and stays there."""
        from rich.text import Text

        from archlab.reporting.live import ended_text

        self.events.append((event, monotonic()))
        if event.result is not None and event.result.status != "done":
            self.console.print(Text(ended_text(event), style="red"), soft_wrap=True)

    def end(self) -> None:
        """Nothing runs any more."""
        self.has_ended = True

    def _draw(self) -> "RenderableType":
        if self.progress is None:
            if not self.events:
                return ""
            self.progress = self.begin()
        while self.events:
            self.progress.tell(*self.events.popleft())
        snapshot = self.progress.snapshot(monotonic())
        self.view.snapshot = snapshot.ended() if self.has_ended else snapshot
        self.view.height = max(1, self.console.height - 1)
        return self.view
