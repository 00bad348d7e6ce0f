"""archlab runs: how it stands with each run."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, Format, FormatOption, print_json
from archlab.cli.saying import say
from archlab.results.run_states import RunState, State

if TYPE_CHECKING:
    from rich.console import Console


def runs(
    sweep: Annotated[
        str | None, typer.Argument(metavar="SWEEP", help="A sweep's name or file; all if none is named.")
    ] = None,
    status: Annotated[
        list[State] | None,
        typer.Option("--status", metavar="STATE", help=f"One of {', '.join(State)}; repeatable."),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also runs that are in the last plan no more.")
    ] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
) -> None:
    """List the runs of a sweep: what is done, running, failed or waiting.

    Exit code 5 where there are none.

    \b
    archlab runs
    archlab runs demo --status failed --status crashed
    archlab runs demo --all --format json
    """
    import archlab
    from archlab.cli.naming_sweeps import named_sweep
    from archlab.reporting.terminal import make_console
    from archlab.results.collection import stored_sweeps

    names = stored_sweeps(experiments) if sweep is None else [named_sweep(sweep, experiments)]
    by_sweep = {name: archlab.runs(name, experiments) for name in names}
    if format is Format.json:
        shown = [s for states in by_sweep.values() for s in _chosen(states, status, show_all=show_all)]
        print_json({"schema_version": 1, "runs": [state.to_dict() for state in shown]})
        return
    console = make_console(sys.stdout)
    for name, states in by_sweep.items():
        if name != names[0]:
            console.print()
        _show_sweep(console, name, states, _chosen(states, status, show_all=show_all))
        older = sum(not state.planned for state in states)
        if older and not show_all:
            say(f"{older} more of older plans, data, code or versions: --all shows them", err=True)
    if any(s.state in (State.failed, State.crashed) for states in by_sweep.values() for s in states):
        say("Why a run failed: archlab logs RUN", err=True)


def _chosen(states: list[RunState], status: list[State] | None, *, show_all: bool) -> list[RunState]:
    return [s for s in states if (show_all or s.planned) and (not status or s.state in status)]


def _show_sweep(console: "Console", name: str, states: list[RunState], shown: list[RunState]) -> None:
    """How many runs a sweep has of each kind; then those that are asked for, the plan's first."""
    from archlab.reporting.run_tables import show_runs, summarize

    planned = [state for state in states if state.planned]
    console.print(f"{name}: {summarize(planned)}", soft_wrap=True)
    for title, among in (("", True), ("\nin the last plan no more:", False)):
        rows = [state for state in shown if state.planned is among]
        if rows:
            console.print(title)
            show_runs(console, rows)
