"""archlab logs: what a run has printed."""

import sys
from typing import Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments
from archlab.cli.saying import say


def logs(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="The beginning of a run's id, of SWEEP/ID, or a variant's label."),
    ],
    seed: Annotated[int | None, typer.Option(metavar="N", help="Which run of a variant.")] = None,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=1, metavar="N", help="Only the last N lines.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    attempt: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="An older attempt; the last if not given.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="How the score rose, as a small plot instead of the log.")
    ] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
) -> None:
    """Show what a run has printed, and how it stands with it.

    Exit code 5 where it has printed nothing, 130 after ctrl-C.

    \b
    archlab logs 3f9c
    archlab logs 3f9c --lines 20 --follow
    archlab logs 3f9c --curve
    archlab logs 'TextCatBOW.v1 [spelling]' --seed 1
    """
    from archlab.reporting.curves import show_curve
    from archlab.reporting.run_tables import describe
    from archlab.reporting.terminal import make_console
    from archlab.results.learning_curves import curve_of_run
    from archlab.results.naming import find_run
    from archlab.results.run_logs import log_lines, log_of
    from archlab.results.run_states import goes_on

    store, state = find_run(run, seed, experiments)
    if curve:
        say(describe(state), err=True)
        paths = store.paths.run(state.run_id)
        if attempt is not None and attempt != state.attempt:
            paths = store.paths.attempt(state.run_id, attempt)
        show_curve(make_console(sys.stdout), curve_of_run(paths))
        return
    log = log_of(store, state, attempt)
    if attempt in (None, state.attempt):
        say(describe(state), err=True)
    say(str(log), err=True)
    for line in log_lines(log, lines, lambda: follow and goes_on(store, state.run_id)):
        say(line)
