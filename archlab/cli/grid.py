"""archlab grid: plan a sweep, train what is missing, tabulate."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.cli.options import (
    DEFAULT_EXPERIMENTS,
    Code,
    Experiments,
    Format,
    FormatOption,
    Gpu,
    Jobs,
    Quiet,
    print_json,
    read_overrides,
)
from archlab.errors import InterruptedByUserError, InvalidError, RunsFailedError

if TYPE_CHECKING:
    from archlab.planning.plans import Plan
    from archlab.results.collection import Results


def grid(
    ctx: typer.Context,
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file.")],
    jobs: Jobs = None,
    gpu_id: Gpu = -1,
    code: Code = None,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="local: processes; inline: this one.")
    ] = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, train nothing.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Train nothing when a variant is rejected.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Train failed runs again.")] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
    quiet: Quiet = False,
) -> None:
    """Train every variant of a sweep, and tabulate the scores.

    Started again, it does only what is missing. Exit code 3 where a variant does not fit, 4 where a
    run failed, 130 after ctrl-C.

    \b
    archlab grid configs/sweep.yml
    archlab grid configs/sweep.yml --dry-run
    archlab grid configs/sweep.yml --jobs 4 --training.max_steps 500
    """
    from archlab.engines.driving import missing_runs, require_data
    from archlab.engines.local import default_jobs
    from archlab.reporting.numbers import counted
    from archlab.reporting.planned import plan_json, show_plan, summarize
    from archlab.reporting.terminal import make_console

    planned = _plan(ctx, sweep, gpu_id, code or [], quiet)
    missing = missing_runs(planned.runs, experiments, retry_failed=retry_failed)
    at_once = max(1, min(jobs or default_jobs(gpu_id), len(missing)))
    if dry_run:
        require_data(planned.variants)
    if dry_run and format is Format.json:
        print_json(plan_json(planned, missing))
    elif dry_run:
        typer.echo(summarize(planned, missing, at_once))
        show_plan(make_console(sys.stdout), planned, missing)
    else:
        if not quiet:
            typer.echo(summarize(planned, missing, at_once), err=True)
        if strict and planned.rejected:
            raise InvalidError(f"{counted(planned.rejected, 'variant')} rejected; nothing was trained.")
        results = _run(planned, len(missing), engine, at_once, experiments, retry_failed, quiet)
        _show_results(results, experiments, format, quiet)
        if results.failed:
            raise typer.Exit(RunsFailedError.exit_code)
        results.best()  # where no run has the score, that is said
    if planned.rejected:
        raise typer.Exit(InvalidError.exit_code)


def _plan(ctx: typer.Context, sweep: Path, gpu_id: int, code: list[Path], quiet: bool) -> "Plan":
    import archlab
    from archlab.cli.watching import checking
    from archlab.configs.code import import_code
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted
    from archlab.reporting.terminal import make_console, show_finding
    from archlab.training.device import find_device

    overrides = read_overrides(ctx)
    loaded = archlab.load_sweep(sweep)
    require_code(loaded, code)
    device, gpu = find_device(gpu_id)
    import_code(code)
    began = time.monotonic()
    with checking(quiet=quiet) as on_variant:
        planned = archlab.plan(
            loaded, code=code, device=device, gpu_id=gpu, overrides=overrides, on_variant=on_variant
        )
    console = make_console(sys.stderr)
    for finding in planned.report.findings:
        if finding.severity == "error" or not quiet:
            show_finding(console, finding)
    if not quiet:
        verdict = f"{len(planned.rejected)} rejected" if planned.rejected else "all fit"
        checked = counted((*planned.variants, *planned.rejected), "variant")
        typer.echo(f"checked {checked} in {time.monotonic() - began:.1f} s: {verdict}", err=True)
    return planned


def _run(
    planned: "Plan",
    total: int,
    engine: str,
    jobs: int,
    experiments: Path,
    retry_failed: bool,
    quiet: bool,
) -> "Results":
    from archlab.cli.watching import watching
    from archlab.engines.driving import execute, missing_runs

    try:
        with watching(total, quiet=quiet) as watcher:
            return execute(
                planned, engine, jobs, experiments=experiments, retry_failed=retry_failed, on_event=watcher
            )
    except KeyboardInterrupt:
        left = len(missing_runs(planned.runs, experiments))
        raise InterruptedByUserError(
            f"Stopped: {len(planned.runs) - left} of {len(planned.runs)} runs are stored, {left} left.",
            "The same command does the rest.",
        ) from None


def _show_results(results: "Results", experiments: Path, format: Format, quiet: bool) -> None:
    from archlab.reporting.terminal import make_console, show_table

    if format is Format.json:
        print_json(results.table().to_dict())
    else:
        show_table(make_console(sys.stdout), results.table())
    if not quiet:
        sweep = experiments / results.layout.sweep
        for result in results.failed:
            typer.echo(f"log of {result.run_id}: {sweep / 'runs' / result.run_id / 'log.txt'}", err=True)
        typer.echo(f"\nAgain, without training: archlab table {results.layout.sweep}", err=True)
