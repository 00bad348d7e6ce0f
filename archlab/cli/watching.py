"""What is shown on stderr while runs are trained: bars in a terminal, a line per event elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from archlab.cli.saying import say
from archlab.engines.base import Event, Watcher, nobody
from archlab.errors import InterruptedByUserError
from archlab.records import Result, RunSpec
from archlab.reporting.numbers import score as score_text
from archlab.reporting.terminal import make_console

SECONDS_BETWEEN_LINES = 10.0
"""How often one run may tell of its evaluations where every line stays."""


@contextmanager
def watching(total: int, *, quiet: bool = False) -> Iterator[Watcher]:
    """A watcher for `total` runs, in the way that suits stderr. A terminal that goes away ends no run."""
    if quiet or total == 0:
        yield nobody
    elif sys.stderr.isatty():
        with _Bars(total) as bars:
            yield _undisturbed(bars)
    else:
        yield _undisturbed(_Lines(total))


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


class _Count:
    """How many of the runs have ended, and how long the rest may take."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.statuses: dict[str, str] = {}
        self.began = monotonic()

    @property
    def done(self) -> int:
        return len(self.statuses)

    @property
    def failed(self) -> int:
        return sum(status != "done" for status in self.statuses.values())

    def begin(self, spec: RunSpec) -> None:
        """A run begins, perhaps once more."""
        self.statuses.pop(spec.run_id, None)

    def add(self, spec: RunSpec, result: Result | None) -> None:
        self.statuses[spec.run_id] = result.status if result is not None else "failed"

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        left = (monotonic() - self.began) / max(1, self.done) * (self.total - self.done)
        time_left = f", about {_clock(left)} left" if self.done and self.done < self.total else ""
        return f"{self.done} of {self.total} done{failed}{time_left}"


class _Lines:
    """A line per event, for logs."""

    def __init__(self, total: int) -> None:
        self.count = _Count(total)
        self.told: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        name = f"{event.spec.variant} seed {event.spec.seed}"
        if event.kind == "started":
            self.told[event.spec.run_id] = monotonic()
            self.count.begin(event.spec)
            say(f"started  {name}", err=True)
        elif event.kind == "evaluated":
            if monotonic() - self.told[event.spec.run_id] >= SECONDS_BETWEEN_LINES:
                self.told[event.spec.run_id] = monotonic()
                say(f"         {name}  {_step(event)}  {_score(event.score)}", err=True)
        else:
            self.count.add(event.spec, event.result)
            status = event.result.status if event.result else ""
            say(f"{status:<7}  {_ended(event)}  ({self.count})", err=True)


class _Bars:
    """A bar per running run, and one line for all, redrawn in place."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.count = _Count(total)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[steps]}", markup=False),
            TextColumn("{task.fields[score]}", markup=False),
            TimeElapsedColumn(),
            console=make_console(sys.stderr),
            transient=True,
        )
        self.tasks: dict[str, Any] = {}
        self.all = self.progress.add_task("", total=total, steps="", score="")

    def __enter__(self) -> "_Bars":
        self.progress.start()
        self._show_count()
        return self

    def __exit__(self, *exception: object) -> None:
        self.progress.stop()

    def __call__(self, event: Event) -> None:
        run = event.spec.run_id
        if event.kind == "started":
            name = f"{event.spec.variant} seed {event.spec.seed}"
            self.count.begin(event.spec)
            self.tasks[run] = self.progress.add_task(name, total=None, steps="starting", score="")
        elif event.kind == "evaluated":
            self.progress.update(
                self.tasks[run],
                total=event.max_steps,
                completed=event.step or 0,
                steps=_step(event),
                score=_score(event.score),
            )
        else:
            if run in self.tasks:
                self.progress.remove_task(self.tasks.pop(run))
            self.count.add(event.spec, event.result)
            if event.result is not None and event.result.status != "done":
                self.progress.console.print(_ended(event), style="red", markup=False, soft_wrap=True)
            self._show_count()

    def _show_count(self) -> None:
        self.progress.update(self.all, completed=self.count.done, description=str(self.count))


def _ended(event: Event) -> str:
    name = f"{event.spec.variant} seed {event.spec.seed}"
    result = event.result
    if result is None:
        return name
    if result.reason is not None:
        return f"{name}: {result.reason.kind}, {result.reason.message}"
    seconds = result.cost.seconds.total
    return f"{name}  {_score(result.score)}" + (f"  {seconds:.1f} s" if seconds is not None else "")


def _score(value: float | None) -> str:
    return "" if value is None else score_text(value)


def _step(event: Event) -> str:
    return f"{event.step}/{event.max_steps}" if event.max_steps else f"step {event.step}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
