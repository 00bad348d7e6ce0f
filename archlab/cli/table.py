"""archlab table: the results in the store, without training."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, print_json
from archlab.cli.saying import hand_over, say
from archlab.errors import UsageError
from archlab.memory import uncollected
from archlab.results.paths import SweepPaths


class TableFormat(StrEnum):
    """How a table is written."""

    text = "text"
    markdown = "markdown"
    latex = "latex"
    csv = "csv"
    json = "json"


def table(
    sweep: Annotated[
        str | None,
        typer.Argument(metavar="SWEEP", help="A sweep's name or file; needed where there are several."),
    ] = None,
    scores: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="More scores to show; those that the sweep names if not given."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Costs, of params, words, seconds, memory, model_mb; else those with room.",
        ),
    ] = None,
    hide: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns to leave out: difference, p, status, a cost or a score."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A score, a cost or `variant`: the best, lowest or first on top."),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N rows and the base's.")
    ] = None,
    pareto: Annotated[
        bool,
        typer.Option("--pareto", help="Only rows that no other beats in score and speed, and the base's."),
    ] = False,
    precision: Annotated[int, typer.Option(min=1, max=9, metavar="N", help="Digits of a score.")] = 3,
    effects: Annotated[
        bool, typer.Option("--effects", help="What each choice adds, instead of the table.")
    ] = False,
    phases: Annotated[
        bool, typer.Option("--phases", help="Where each run's seconds went, instead of the table.")
    ] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: Annotated[
        TableFormat,
        typer.Option("--format", help="How the table is written; csv and json have all columns in full."),
    ] = TableFormat.text,
) -> None:
    """Tabulate what the store has of a sweep, without training.

    Exit code 5 where it has nothing. docs/tables.md tells how to read it.

    \b
    archlab table
    archlab table demo --format json
    archlab table demo --scores cats_macro_f,cats_macro_auc
    archlab table demo --sort words --top 5 --columns words,memory --hide p
    archlab table demo --format latex > table.tex
    archlab table demo --effects
    archlab table demo --phases
    """
    from archlab.cli.naming_sweeps import the_sweep
    from archlab.reporting.csv_table import csv_table
    from archlab.reporting.sheets import Shown, require_columns
    from archlab.reporting.table_pages import latex_table, markdown_table
    from archlab.reporting.terminal import make_console, show_table
    from archlab.results.arranging import arranged
    from archlab.results.collection import stored_results

    name = the_sweep(sweep, experiments, "archlab table")
    if effects and phases:
        raise UsageError("--effects and --phases each stand in place of the table.", "Name one of them.")
    if effects or phases:
        _say_what_is_old(name, sweep, experiments)
        show = _show_effects if effects else _show_phases
        show(name, experiments, format)
        return
    with uncollected():
        results = stored_results(name, experiments, per_label=False)
        made = arranged(results.table(None if scores is None else _named(scores)), sort, top, pareto=pareto)
        costs = None if columns is None else _named(columns)
        shown = Shown(costs=costs, hidden=_named(hide or ""), digits=precision)
        require_columns(made, shown)
        _say_what_is_old(name, sweep, experiments)
        if format is TableFormat.json:
            print_json(made.to_dict())
        elif format is TableFormat.csv:
            hand_over(csv_table(made))
        elif format is TableFormat.markdown:
            hand_over(markdown_table(made, shown))
        elif format is TableFormat.latex:
            hand_over(latex_table(made, shown))
        else:
            show_table(make_console(sys.stdout), made, shown)


def _named(names: str) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in names.split(",") if name.strip()]


def _show_effects(name: str, experiments: Path, format: TableFormat) -> None:
    """The main effects of a sweep, instead of its table."""
    from archlab.reporting.effects import show_effects
    from archlab.reporting.terminal import make_console
    from archlab.results.collection import stored_results
    from archlab.results.main_effects import main_effects

    if format not in (TableFormat.text, TableFormat.json):
        raise UsageError("Main effects are shown as text or json.", "--format json")
    results = stored_results(name, experiments, per_label=False)
    found, score_name = main_effects(results), results.layout.score_name
    if format is TableFormat.json:
        effects = [effect.to_dict() for effect in found]
        print_json({"schema_version": 1, "sweep": name, "score_name": score_name, "effects": effects})
    else:
        show_effects(make_console(sys.stdout), found, score_name)


def _show_phases(name: str, experiments: Path, format: TableFormat) -> None:
    """Where the seconds of a sweep's runs went, instead of its table."""
    from archlab.reporting.phases import show_phases
    from archlab.reporting.terminal import make_console
    from archlab.results.collection import stored_results
    from archlab.results.phases import run_phases

    if format not in (TableFormat.text, TableFormat.json):
        raise UsageError("Phases are shown as text or json.", "--format json")
    results = stored_results(name, experiments, per_label=False)
    runs = list(run_phases(results.layout, results))
    if format is TableFormat.json:
        print_json({"schema_version": 1, "sweep": name, "runs": [run.to_dict() for run in runs]})
    else:
        show_phases(make_console(sys.stdout), runs)


def _say_what_is_old(name: str, sweep: str | None, experiments: Path) -> None:
    """Tell where the table is not that of the sweep as it is now."""
    from archlab.results.collection import load_layout
    from archlab.results.store import Store

    paths = SweepPaths.of(name, experiments)
    if load_layout(Store(name, experiments)) is None:
        say(f"{paths.plan} is gone or damaged: all results are shown. A grid makes it again.", err=True)
    elif sweep is not None and Path(sweep).is_file() and not _is_the_stored(Path(sweep), paths):
        say(f"{sweep} has changed since its last grid: this is the table of then.", err=True)


def _is_the_stored(sweep: Path, paths: SweepPaths) -> bool:
    """Whether a sweep's file is as it was when its last grid began."""
    return paths.sweep.is_file() and sweep.read_bytes() == paths.sweep.read_bytes()
