"""archlab watch: a grid that goes on in another terminal."""

import sys
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments
from archlab.cli.saying import say
from archlab.errors import NothingToCompareError, RunsFailedError

if TYPE_CHECKING:
    from archlab.engines.base import Watcher
    from archlab.engines.following import Follower
    from archlab.engines.progress import Progress

POLL_SECONDS = 0.5


def watch(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's name or file.")],
    once: Annotated[bool, typer.Option("--once", help="Show how it stands now, and end.")] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
) -> None:
    """Watch a grid from a second terminal: what runs, what is done.

    It ends with the grid, which does not notice: files are read, and that is all. In a terminal the view is
    drawn anew in place; elsewhere it is shown once, and then a line when a run starts or ends. Where no grid
    goes on, it is shown once.

    Exit code 4 where a run failed or is left at the end, 5 where there is no plan; 130 after ctrl-C, which
    ends the watch alone.

    \b
    archlab watch demo
    archlab watch configs/sweep.yml
    archlab watch demo --once
    archlab watch demo | tee demo.log
    """
    from archlab.cli.live import can_redraw
    from archlab.cli.naming_sweeps import named_sweep
    from archlab.cli.watching import Lines
    from archlab.engines.following import Follower
    from archlab.reporting.live import told
    from archlab.results.store import Store

    name = named_sweep(sweep, experiments)
    follower = Follower(Store(name, experiments))
    if follower.layout is None:
        plan, hint = follower.store.paths.plan, f"See what there is: archlab runs {name}"
        raise NothingToCompareError(f"{plan} is gone or damaged: there is no plan to follow.", hint)
    progress, goes_on = follower.progress(), follower.goes_on()
    if goes_on and not once and can_redraw(sys.stdout):
        _watch_view(follower, progress)
    else:
        _show(follower, progress)
        if goes_on and not once:
            _follow(follower, Lines(progress, err=False))
    snapshot = progress.snapshot(monotonic())
    if not goes_on:
        say(f"No grid of {name} goes on.", err=True)
    elif not once:
        say(f"The grid of {name} has ended: {told(snapshot.ended())}", err=True)
        say(f"Compare: archlab table {name}", err=True)
    if snapshot.done < snapshot.total and not (once and goes_on):
        raise typer.Exit(RunsFailedError.exit_code)


def _watch_view(follower: "Follower", progress: "Progress") -> None:
    from archlab.cli.live import LiveDisplay

    with LiveDisplay(sys.stdout, lambda: progress, at_once=True, stays=True) as display:
        _follow(follower, display)
        display.end()


def _show(follower: "Follower", progress: "Progress") -> None:
    """How it stands now, in full."""
    from archlab.reporting.live import LiveView
    from archlab.reporting.terminal import make_console

    for event in follower.events():
        progress.tell(event, monotonic())
    make_console(sys.stdout).print(LiveView(progress.snapshot(monotonic())), soft_wrap=True)


def _follow(follower: "Follower", watcher: "Watcher") -> None:
    """Tell a watcher what happens until the grid has ended."""
    goes_on = True
    while goes_on:
        goes_on = follower.goes_on()  # before the last look: a driver ends when all is written
        for event in follower.events():
            watcher(event)
        if goes_on:
            sleep(POLL_SECONDS)
