"""archlab grid: plan a sweep, train what is missing, tabulate."""

import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archlab.cli.engines import (
    Address,
    CpusPerRun,
    Engine,
    GpusPerRun,
    RuntimeEnv,
    chosen_engine,
    say_refused,
)
from archlab.cli.options import (
    DEFAULT_EXPERIMENTS,
    ChangedSince,
    Code,
    Experiments,
    Format,
    FormatOption,
    Gpu,
    Jobs,
    NoSpeedups,
    PassEnv,
    Quiet,
    RetryFailed,
    print_json,
    read_overrides,
)
from archlab.cli.saying import say
from archlab.errors import InterruptedByUserError, InvalidError, MachineError, RunsFailedError
from archlab.results.paths import experiments_option

if TYPE_CHECKING:
    from archlab.engines.choosing import EngineOptions
    from archlab.planning.plans import Plan
    from archlab.planning.sweeps import Sweep
    from archlab.records import RunSpec
    from archlab.results.collection import Results


def grid(
    ctx: typer.Context,
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file.")],
    jobs: Jobs = None,
    gpu_id: Gpu = -1,
    code: Code = None,
    engine: Engine = "local",
    address: Address = None,
    cpus_per_run: CpusPerRun = None,
    gpus_per_run: GpusPerRun = None,
    runtime_env: RuntimeEnv = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, train nothing.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Train nothing when a variant is rejected.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="VARIANT", help="A row of the table, * for anything; repeatable."),
    ] = None,
    changed_since: ChangedSince = None,
    retry_failed: RetryFailed = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Train again what is done, too.")] = False,
    grid_minutes: Annotated[
        float | None, typer.Option(min=0.01, metavar="N", help="Stop after that many minutes.")
    ] = None,
    max_failures: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Start nothing more after N failed runs.")
    ] = None,
    pass_env: PassEnv = None,
    no_speedups: NoSpeedups = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
    quiet: Quiet = False,
) -> None:
    """Train every variant of a sweep, and tabulate the scores.

    Started again, it does only what is missing: other data, code, configs or versions are other runs.
    Exit code 3 where a variant does not fit, 4 where a run failed or is left, 130 after ctrl-C.

    \b
    archlab grid configs/sweep.yml
    archlab grid configs/sweep.yml --dry-run
    archlab grid configs/sweep.yml --jobs 4 --training.max_steps 500
    archlab grid configs/sweep.yml --only "TextCatBOW*" --retry-failed
    archlab grid configs/sweep.yml --changed-since origin/main
    archlab grid configs/sweep.yml --engine ray --address head:6379
    """
    from archlab.cli.interrupts import interruptible
    from archlab.engines.driving import missing_runs, require_data, selected_runs
    from archlab.engines.running import Wanted
    from archlab.planning.sweeps import load_sweep
    from archlab.reporting.planned import plan_json, show_plan, summarize
    from archlab.reporting.terminal import make_console

    chosen = chosen_engine(engine, jobs, gpu_id, address, cpus_per_run, gpus_per_run, runtime_env)
    chosen = replace(chosen, pass_env=pass_env or (), speedups=not no_speedups)
    loaded = load_sweep(sweep)
    if not dry_run:
        ctx.with_resource(chosen.starting_ahead(loaded, gpu_id, code or (), experiments))
    planned = plan_sweep(ctx, loaded, gpu_id, code or [], quiet, changed_since, chosen)
    told = say_refused(chosen)
    wanted = Wanted(only=tuple(only or ()), retry_failed=retry_failed, rerun=rerun)
    attempts = planned.sweep.grid_limits.attempts
    selected = selected_runs(planned, wanted)
    missing = missing_runs(selected, experiments, wanted, attempts)
    at_once = chosen.at_once(missing)
    if dry_run:
        require_data(planned.variants)
    if dry_run and format is Format.json:
        print_json(plan_json(planned, missing))
    elif dry_run:
        say(summarize(planned, missing, at_once))
        show_plan(make_console(sys.stdout), planned, missing)
    else:
        if not quiet:
            say(summarize(planned, missing, at_once), err=True)
        options = {name: value for name, value in vars(chosen).items() if name != "with_models"}
        options["strict"] = strict
        limits = {"minutes": grid_minutes, "max_failures": max_failures}
        with interruptible():
            results = _run(planned, missing, experiments, quiet, options | limits | vars(wanted))
        say_refused(chosen, told)
        named = [item for file in code or [] for item in ("--code", str(file))]
        probe = shlex.join(["archlab", "check", str(sweep), "--level", "probe", *named, *ctx.args])
        _show_results(results, experiments, format, quiet, probe)
        for result in results.failed_again:
            why = f": {result.reason.kind}, {result.reason.message}" if result.reason else ""
            say(
                f"{result.variant} seed {result.seed} failed this time{why}; its older result stands",
                err=True,
            )
        if results.stopped:
            say(f"Stopped {results.stopped}: {_told_left(planned, experiments)}", err=True)
            say("The same command does the rest.", err=True)
        if results.failed or results.failed_again or results.stopped:
            raise typer.Exit(RunsFailedError.exit_code)
        if selected:
            results.best()  # where no run has the score, that is said
    if planned.rejected:
        raise typer.Exit(InvalidError.exit_code)


def plan_sweep(
    ctx: typer.Context,
    sweep: "Sweep",
    gpu_id: int,
    code: list[Path],
    quiet: bool,
    changed_since: str | None = None,
    chosen: "EngineOptions | None" = None,
) -> "Plan":
    """The plan of a sweep; what is wrong with it is told on stderr. chosen: who does the runs."""
    import archlab
    from archlab.cli.watching import checking
    from archlab.configs.code import import_code
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted
    from archlab.reporting.planned import told_changes
    from archlab.reporting.terminal import make_console, show_finding
    from archlab.training.device import find_device

    overrides = read_overrides(ctx)
    require_code(sweep, code)
    device, gpu = (chosen.find_device if chosen else find_device)(gpu_id)
    import_code(code)
    began = time.monotonic()
    with checking(quiet=quiet) as on_variant:
        planned = archlab.plan(
            sweep,
            code=code,
            device=device,
            gpu_id=gpu,
            overrides=overrides,
            changed_since=changed_since,
            on_variant=on_variant,
        )
    console = make_console(sys.stderr)
    for finding in planned.report.findings:
        if finding.severity == "error" or not quiet:
            show_finding(console, finding)
    if not quiet:
        verdict = f"{len(planned.rejected)} rejected" if planned.rejected else "all fit"
        checked = counted((*planned.variants, *planned.rejected), "variant")
        say(f"checked {checked} in {time.monotonic() - began:.1f} s: {verdict}", err=True)
        for line in told_changes(planned):
            say(line, err=True)
    return planned


def watched_grid(
    planned: "Plan",
    experiments: Path,
    quiet: bool,
    jobs: int | None,
    gpu_id: int,
    pass_env: list[str] | None,
    retry_failed: bool,
) -> "Results":
    """Train what is missing of a plan, with what is told meanwhile on stderr."""
    from archlab.cli.interrupts import interruptible
    from archlab.engines.driving import missing_runs, selected_runs
    from archlab.engines.local import default_jobs
    from archlab.engines.running import Wanted
    from archlab.reporting.planned import summarize

    attempts, wanted = planned.sweep.grid_limits.attempts, Wanted(retry_failed=retry_failed)
    missing = missing_runs(selected_runs(planned, wanted), experiments, wanted, attempts)
    at_once = max(1, min(jobs or default_jobs(gpu_id), len(missing)))
    if not quiet:
        say(summarize(planned, missing, at_once), err=True)
    options = {"engine": "local", "jobs": at_once, "pass_env": pass_env or ()}
    with interruptible():
        return _run(planned, missing, experiments, quiet, options | vars(wanted))


def _run(
    planned: "Plan", missing: "list[RunSpec]", experiments: Path, quiet: bool, options: dict[str, Any]
) -> "Results":
    import archlab
    from archlab.cli.watching import watching
    from archlab.engines.following import begun
    from archlab.results.store import Store

    store, todo = Store(planned.sweep.name, experiments), {spec.run_id for spec in missing}
    try:
        in_place = options["engine"] != "inline"
        with watching(len(todo), quiet=quiet, begin=lambda: begun(store, todo), in_place=in_place) as watcher:
            return archlab.grid(planned, experiments=experiments, on_event=watcher, **options)
    except KeyboardInterrupt:
        rest = "The same command begins anew; without --rerun it does what is missing."
        raise InterruptedByUserError(
            f"Stopped: {_told_left(planned, experiments)}",
            rest if options["rerun"] else "The same command does the rest.",
        ) from None
    except MachineError as error:
        hint = "What is done is stored. When it can be written again, the same command does the rest."
        raise MachineError(error.message, error.hint or hint) from None


def _told_left(planned: "Plan", experiments: Path) -> str:
    from archlab.engines.driving import missing_runs

    attempts = planned.sweep.grid_limits.attempts
    total, left = len(planned.runs), len(missing_runs(planned.runs, experiments, attempts=attempts))
    return f"{total - left} of {total} runs are stored, {left} left."


def _show_results(results: "Results", experiments: Path, format: Format, quiet: bool, probe: str) -> None:
    """probe: the command that says of a failing run where it fails, and what may mend it."""
    from archlab.reporting.terminal import make_console, show_table

    if format is Format.json:
        print_json(results.table().to_dict())
    else:
        show_table(make_console(sys.stdout), results.table())
    if not quiet:
        _show_advice(results)
        sweep = experiments / results.layout.sweep
        if results.failed:
            say(f"Where they fail, and what may mend it: {probe}", err=True)
            say("Failed runs are tried again with --retry-failed.", err=True)
        _show_best_model(results, sweep)
        named = f"{shlex.quote(results.layout.sweep)}{experiments_option(experiments)}"
        say(f"\nAgain, without training: archlab table {named}", err=True)
        say(f"As a page with charts: archlab report {named}", err=True)


def _show_advice(results: "Results") -> None:
    """Which variant to take, and why; what more seeds would tell."""
    from archlab.reporting.advice import advice_text
    from archlab.results.advice import advice_of

    for advice in advice_of(results):
        say(advice_text(advice), err=True)


def _show_best_model(results: "Results", sweep: Path) -> None:
    """Where the best model is, or how to have it again; columns are different tasks, which have no best."""
    if results.table().columns or not any(
        result.value(results.layout.score_name) is not None for result in results
    ):
        return
    run = sweep / "runs" / results.best().run_id
    if (run / "model-best").is_dir():
        say(f"Best model: {run / 'model-best'}", err=True)
    else:
        say(f"Best model: not kept; spacy train {run / 'config.cfg'} -o DIR gives it again", err=True)
