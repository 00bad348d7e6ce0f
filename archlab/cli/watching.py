"""What is shown on stderr while runs are trained: a live view in a terminal, a line per event elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from archlab.cli.live import LiveDisplay, can_redraw
from archlab.cli.saying import say
from archlab.engines.base import Event, Watcher, nobody
from archlab.engines.progress import Progress
from archlab.errors import InterruptedByUserError
from archlab.reporting.terminal import make_console

SECONDS_BETWEEN_LINES = 10.0
"""How often one run may tell of its evaluations where every line stays."""


@contextmanager
def watching(
    total: int,
    *,
    quiet: bool = False,
    begin: Callable[[], Progress] | None = None,
    in_place: bool = True,
) -> Iterator[Watcher]:
    """A watcher for `total` runs, in the way that suits stderr. A terminal that goes away ends no run.

    begin: gives what a terminal shows of these runs and others, once the first has begun. in_place: False
    for lines in a terminal, too: a debugger writes there.
    """

    def begun() -> Progress:
        with suppress(Exception):  # what cannot be read is not shown, and ends no run
            if begin is not None:
                return begin()
        return Progress(total)

    if quiet or total == 0:
        yield nobody
    elif in_place and can_redraw(sys.stderr):
        with LiveDisplay(sys.stderr, begun) as display:
            yield _undisturbed(display)
    else:
        yield _undisturbed(Lines(Progress(total)))


def _undisturbed(watcher: Watcher) -> Watcher:
    def watch(event: Event) -> None:
        with suppress(OSError):
            watcher(event)

    return watch


@contextmanager
def checking(*, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """A watcher for plans: told (done, of how many) variants; a line that goes again, in a terminal alone."""
    if quiet:
        yield None
        return
    with _status("reading the base") as show:
        yield lambda done, total: show(f"checking variants: {done} of {total}")


@contextmanager
def probing() -> Iterator[Callable[[int, int], None]]:
    """A watcher for probes: told (done, of how many); a line that goes again, in a terminal alone.

    Raises InterruptedByUserError when interrupted.
    """
    try:
        with _status("judging by types") as show:
            yield lambda done, total: show(f"probed {done} of {total}")
    except KeyboardInterrupt:
        raise InterruptedByUserError("Stopped, and so have its probes.") from None


@contextmanager
def _status(first: str) -> Iterator[Callable[[str], None]]:
    """A line that is replaced by the next and goes at the end, in a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    with make_console(sys.stderr).status(first) as status:
        yield lambda text: status.update(text)


class Lines:
    """A line per event, for logs. progress: it is told of them, and says how far all is. err: on stderr."""

    def __init__(self, progress: Progress, *, err: bool = True) -> None:
        self.progress = progress
        self.err = err
        self.told: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        from archlab.reporting.live import ended_text, evaluated_text, named, told

        now = monotonic()
        self.progress.tell(event, now)
        run_id = event.spec.run_id
        if event.kind == "started":
            self.told[run_id] = now
            self._say(f"started  {named(event)}")
        elif event.kind == "evaluated":
            if now - self.told.setdefault(run_id, now) >= SECONDS_BETWEEN_LINES:
                self.told[run_id] = now
                self._say(f"         {evaluated_text(event)}")
        else:
            status = event.result.status if event.result else ""
            self._say(f"{status:<7}  {ended_text(event)}  ({told(self.progress.snapshot(now))})")

    def _say(self, text: str) -> None:
        say(text, err=self.err)
