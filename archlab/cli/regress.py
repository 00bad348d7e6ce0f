"""archlab regress: the CI gate."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.grid import plan_sweep, watched_grid
from archlab.cli.options import (
    DEFAULT_EXPERIMENTS,
    ChangedSince,
    Code,
    Experiments,
    Format,
    FormatOption,
    Gpu,
    Jobs,
    PassEnv,
    Quiet,
    print_json,
)
from archlab.cli.saying import say
from archlab.errors import RegressionError, UsageError


def regress(
    ctx: typer.Context,
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file.")],
    update: Annotated[
        bool, typer.Option("--update", help="Make what comes of it the new baseline; needs a reason.")
    ] = False,
    acknowledge: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="Let what fails of it pass; needs a reason and a day."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the baseline.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Until when it is acknowledged."),
    ] = None,
    changed_since: ChangedSince = None,
    jobs: Jobs = None,
    gpu_id: Gpu = -1,
    code: Code = None,
    pass_env: PassEnv = None,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
    quiet: Quiet = False,
) -> None:
    """Train what is missing of a sweep, and compare it with its baseline.

    Exit code 1 where a variant has become worse, 5 without a baseline. docs/ci.md tells the rules.

    \b
    archlab regress configs/sweep.yml --update --reason "first baseline"
    archlab regress configs/sweep.yml
    archlab regress configs/sweep.yml --changed-since origin/main
    archlab regress configs/sweep.yml --acknowledge BOW --reason "smaller on purpose" --until 2031-01-31
    """
    from archlab.engines import regressing
    from archlab.planning.sweeps import load_sweep
    from archlab.reporting.planned import told_changes
    from archlab.reporting.terminal import make_console
    from archlab.reporting.verdicts import compared_with, show_verdict
    from archlab.results.baselines import require_reason
    from archlab.results.store import Store

    if update:
        require_reason(reason, "--update")
        regressing.require_all(changed_since)
    if acknowledge is not None and until is None:
        raise UsageError("--acknowledge needs a day on which it ends.", "Add --until 2031-01-31.")
    loaded = load_sweep(sweep)
    baseline = None if update else regressing.stored_baseline(loaded, experiments)
    planned = plan_sweep(ctx, sweep, gpu_id, code or [], quiet, changed_since)
    if baseline is not None:
        judged = regressing.to_be_judged(planned, baseline)
        if judged is not planned and not quiet:
            for line in told_changes(judged):
                say(line, err=True)
        planned = judged
    results = watched_grid(planned, experiments, quiet, jobs, gpu_id, pass_env)
    if baseline is None:
        baseline = regressing.update_baseline(loaded, results, reason or "", experiments=experiments)
    verdict = regressing.judge_results(loaded, results, baseline, unchanged=planned.unchanged)
    if acknowledge is not None and until is not None:
        baseline = regressing.acknowledge(
            loaded, verdict, baseline, acknowledge, reason or "", until.date(), experiments
        )
        verdict = regressing.judge_results(loaded, results, baseline, unchanged=planned.unchanged)
    if format is Format.json:
        print_json(verdict.to_dict())
    else:
        file = Store(loaded.name, experiments).paths.baseline
        say(compared_with(verdict, str(file)) + "\n")
        show_verdict(make_console(sys.stdout), verdict)
        if not verdict.passed:
            say(f'Accept it on purpose: archlab regress {sweep} --update --reason "..."', err=True)
    if not verdict.passed:
        raise typer.Exit(RegressionError.exit_code)
