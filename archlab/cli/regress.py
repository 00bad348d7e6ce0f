"""archlab regress: the CI gate."""

import os
import shlex
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.cli.grid import plan_sweep, watched_grid
from archlab.cli.options import (
    DEFAULT_EXPERIMENTS,
    ChangedSince,
    Code,
    Experiments,
    Gpu,
    Jobs,
    PassEnv,
    Quiet,
    RetryFailed,
    json_text,
    read_overrides,
)
from archlab.cli.saying import hand_over, say
from archlab.errors import RegressionError, UsageError
from archlab.records import WEIGHTED_SCORE

if TYPE_CHECKING:
    from archlab.planning.gate_rules import GateRules
    from archlab.planning.plans import Plan
    from archlab.results.baselines import Baseline
    from archlab.results.gate_findings import Verdict

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


BY_SUFFIX = {".md": "markdown", ".json": "json", ".xml": "junit"}


class VerdictFormat(StrEnum):
    """How a verdict is written."""

    text = "text"
    json = "json"
    markdown = "markdown"
    junit = "junit"
    github = "github"


Limits = list[str] | None


def regress(
    ctx: typer.Context,
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file.")],
    update: Annotated[
        bool, typer.Option("--update", help="Make what comes of it the new baseline; needs --reason.")
    ] = False,
    acknowledge: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="Let what fails of it pass; needs --reason and --until."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the baseline.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day on which it passes."),
    ] = None,
    tolerance: Annotated[
        Limits,
        typer.Option(metavar="[SCORE=]N", help="A drop that counts is larger, and no noise; repeatable."),
    ] = None,
    absolute: Annotated[
        Limits, typer.Option(metavar="[SCORE=]N", help="A larger drop counts, noise or not; repeatable.")
    ] = None,
    relative: Annotated[
        Limits, typer.Option(metavar="[SCORE=]N", help="The same, as a share of the baseline's score.")
    ] = None,
    cost: Annotated[
        Limits,
        typer.Option(
            metavar="NAME=N",
            help="By what share parameters or model_mb may grow, words_per_second drop; repeatable.",
        ),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(metavar="N", help="Of gates where nothing is worse, the share that may fail."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="ROW", help="The row that words per second are compared with.")
    ] = None,
    write: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write it there, too: .md, .json or .xml (JUnit); repeatable."),
    ] = None,
    retry_failed: RetryFailed = False,
    changed_since: ChangedSince = None,
    jobs: Jobs = None,
    gpu_id: Gpu = -1,
    code: Code = None,
    pass_env: PassEnv = None,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: Annotated[
        VerdictFormat, typer.Option("--format", help="How the verdict is written.")
    ] = VerdictFormat.text,
    quiet: Quiet = False,
) -> None:
    """Train what is missing of a sweep, and compare what comes of it with the committed baseline.

    Exit code 1 where a variant has become worse, 5 without a baseline. docs/ci.md tells the rules.

    \b
    archlab regress configs/sweep.yml --update --reason "first baseline"
    archlab regress configs/sweep.yml
    archlab regress configs/sweep.yml --changed-since origin/main
    archlab regress configs/sweep.yml --tolerance cats_macro_f=0.02 --cost parameters=0.1
    archlab regress configs/sweep.yml --acknowledge TextCatBOW.v1 --reason "smaller" --until 2031-01-31
    archlab regress configs/sweep.yml --format junit > report.xml
    """
    from archlab.engines import regressing
    from archlab.engines.choosing import EngineOptions
    from archlab.engines.known_plans import keep_plan
    from archlab.engines.partial_gates import require_all
    from archlab.planning.sweeps import load_sweep
    from archlab.results.baselines import require_reason
    from archlab.results.files import write_text
    from archlab.results.paths import SweepPaths

    _require_sense(update=update, acknowledge=acknowledge, reason=reason, until=until)
    loaded = load_sweep(sweep)
    file = str(SweepPaths.of(loaded.name, experiments).baseline)
    _require_writable(write or [], Path(file))
    drops = {"tolerance": tolerance or (), "absolute": absolute or (), "relative": relative or ()}
    own = loaded.file.score or WEIGHTED_SCORE
    rules = loaded.file.regress.changed(own, drops, cost or (), level, reference)
    if update:
        require_reason(reason, "--update")
        require_all(changed_since)
    file = str(SweepPaths.of(loaded.name, experiments).baseline)
    baseline = None if update else regressing.stored_baseline(loaded, experiments)
    overrides, files = read_overrides(ctx), code or []
    results, unchanged = None, frozenset[str]()
    if gpu_id < 0 and changed_since is None:
        results = regressing.known_results(loaded, rules, experiments, files, overrides)
    if results is None:
        locally = EngineOptions(jobs=jobs, pass_env=pass_env or ())
        ctx.with_resource(locally.starting_ahead(loaded, gpu_id, files, experiments))
        planned = plan_sweep(ctx, loaded, gpu_id, files, quiet, changed_since)
        regressing.require_rules_of(planned, rules)
        planned = planned if baseline is None else _to_be_judged(planned, rules, baseline, Path(file), quiet)
        unchanged = planned.unchanged
        results = watched_grid(planned, experiments, quiet, jobs, gpu_id, pass_env, retry_failed)
        keep_plan(planned, results, files, overrides)
    if update:
        regressing.update_baseline(loaded, results, reason or "", rules)
    verdict = regressing.judge_results(loaded, results, rules, unchanged=unchanged)
    if acknowledge is not None and until is not None:
        regressing.acknowledge(loaded, results, verdict, acknowledge, reason or "", until.date())
        verdict = regressing.judge_results(loaded, results, rules, unchanged=unchanged)
    if not quiet and (update or acknowledge is not None):
        say(f"{file} is written: commit it.", err=True)
    _show(verdict, file, format)
    for output in write or ():
        write_text(output, _document(verdict, file, BY_SUFFIX[output.suffix]), synced=False)
    _add_to_summary(verdict, file)
    if not verdict.passed:
        if not quiet:
            options = shlex.join([*(part for one in files for part in ("--code", str(one))), *ctx.args])
            named = " ".join(filter(None, (regressing.regress_command(loaded, experiments), options)))
            say(f'\nAccept it on purpose: {named} --update --reason "..."', err=True)
        raise typer.Exit(RegressionError.exit_code)


def _to_be_judged(
    planned: "Plan", rules: "GateRules", baseline: "Baseline", file: Path, quiet: bool
) -> "Plan":
    """The plan, with what is trained although it has not changed; that is told."""
    from archlab.engines.partial_gates import to_be_judged
    from archlab.reporting.planned import told_changes

    judged = to_be_judged(planned, rules, baseline, file)
    if judged is not planned and not quiet:
        for line in told_changes(judged):
            say(line, err=True)
    return judged


def _require_sense(*, update: bool, acknowledge: str | None, reason: str | None, until: date | None) -> None:
    """Raise UsageError for options that need others, before anything is trained."""
    if update and acknowledge is not None:
        raise UsageError("--update makes all of it the baseline: there is nothing left to acknowledge.")
    if acknowledge is not None and (until is None or not (reason or "").strip()):
        raise UsageError(
            "--acknowledge needs a reason and the last day on which it passes.",
            'Add --reason "..." --until 2031-01-31',
        )
    if not update and acknowledge is None and (reason is not None or until is not None):
        raise UsageError("--reason and --until belong to --update or --acknowledge.", "Add one of these.")


def _show(verdict: "Verdict", file: str, format: VerdictFormat) -> None:
    from archlab.reporting.github import verdict_annotations
    from archlab.reporting.terminal import make_console
    from archlab.reporting.verdict_tables import show_verdict
    from archlab.reporting.verdicts import compared_with

    if format in BY_SUFFIX.values():
        hand_over(_document(verdict, file, format))
        return
    if format is VerdictFormat.github:
        for line in verdict_annotations(verdict):
            say(line)
    say(f"{compared_with(verdict, file)}\n")
    show_verdict(make_console(sys.stdout), verdict)


def _document(verdict: "Verdict", file: str, format: str) -> str:
    """The text of a verdict that another program reads."""
    from archlab.reporting.junit import junit_xml
    from archlab.reporting.verdict_pages import markdown_verdict

    if format == VerdictFormat.json:
        return f"{json_text(verdict.to_dict())}\n"
    return markdown_verdict(verdict, file) if format == VerdictFormat.markdown else junit_xml(verdict, file)


def _require_writable(outputs: list[Path], baseline: Path) -> None:
    """Raise for a file of an unknown kind, for one that is something else, or in a folder without access."""
    from archlab.results.files import require_writable

    for output in outputs:
        if output.suffix not in BY_SUFFIX:
            kinds = ", ".join(BY_SUFFIX)
            raise UsageError(f"--write {output}: the name of a verdict's file ends in {kinds}.")
        if output.is_dir():
            raise UsageError(f"--write {output}: that is a folder.", "Name a file in it.")
        if output.resolve() == baseline.resolve():
            raise UsageError(f"--write {output}: that is the baseline.", "Name another file.")
        require_writable(output.parent)


def _add_to_summary(verdict: "Verdict", file: str) -> None:
    """Append the page to the summary of a step of GitHub Actions, where one is asked for."""
    from archlab.reporting.verdict_pages import MAX_BYTES, markdown_verdict

    summary = os.environ.get(STEP_SUMMARY)
    if not summary:
        return
    path = Path(summary)
    try:
        room = MAX_BYTES - (path.stat().st_size if path.exists() else 0)
        text = markdown_verdict(verdict, file, max(0, room))
        if len(text.encode()) > room:
            say(f"The step's summary {path} is full.", err=True)
            return
        with path.open("a", encoding="utf8") as page:
            page.write(text)
    except OSError as error:
        say(f"The step's summary {path} cannot be written: {error.strerror or error}.", err=True)
