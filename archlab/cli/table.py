"""archlab table: the results in the store, without training."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, print_json
from archlab.cli.saying import hand_over, say
from archlab.errors import UsageError
from archlab.results.paths import SweepPaths


class TableFormat(StrEnum):
    """How a table is written."""

    text = "text"
    json = "json"
    csv = "csv"


def table(
    sweep: Annotated[
        str | None,
        typer.Argument(metavar="SWEEP", help="A sweep's name or file; needed where there are several."),
    ] = None,
    scores: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="More scores to show; those that the sweep names if not given."),
    ] = None,
    effects: Annotated[
        bool, typer.Option("--effects", help="What each choice adds, instead of the table.")
    ] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: Annotated[
        TableFormat, typer.Option("--format", help="How the table is written; csv: for spreadsheets.")
    ] = TableFormat.text,
) -> None:
    """Tabulate what the store has of a sweep, without training.

    Exit code 5 where it has nothing.

    \b
    archlab table
    archlab table demo --format json
    archlab table demo --scores cats_macro_f,cats_macro_auc
    archlab table demo --effects
    """
    from archlab.reporting.csv_table import csv_table
    from archlab.reporting.terminal import make_console, show_table
    from archlab.results.collection import stored_results

    name = _find(sweep, experiments)
    if effects:
        _say_what_is_old(name, sweep, experiments)
        _show_effects(name, experiments, format)
        return
    names = None if scores is None else [name.strip() for name in scores.split(",") if name.strip()]
    made = stored_results(name, experiments, per_label=False).table(names)
    _say_what_is_old(name, sweep, experiments)
    if format is TableFormat.json:
        print_json(made.to_dict())
    elif format is TableFormat.csv:
        hand_over(csv_table(made))
    else:
        show_table(make_console(sys.stdout), made)


def _show_effects(name: str, experiments: Path, format: TableFormat) -> None:
    """The main effects of a sweep, instead of its table."""
    from archlab.reporting.effects import show_effects
    from archlab.reporting.terminal import make_console
    from archlab.results.collection import stored_results
    from archlab.results.main_effects import main_effects

    if format is TableFormat.csv:
        raise UsageError("Main effects are shown as text or json.", "--format json")
    results = stored_results(name, experiments, per_label=False)
    found, score_name = main_effects(results), results.layout.score_name
    if format is TableFormat.json:
        effects = [effect.to_dict() for effect in found]
        print_json({"schema_version": 1, "sweep": name, "score_name": score_name, "effects": effects})
    else:
        show_effects(make_console(sys.stdout), found, score_name)


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


def _find(sweep: str | None, experiments: Path) -> str:
    """The name of the sweep that is meant."""
    from archlab.cli.naming_sweeps import named_sweep
    from archlab.results.collection import stored_sweeps

    known = stored_sweeps(experiments)
    if sweep is not None:
        return named_sweep(sweep, experiments)
    if len(known) > 1:
        raise UsageError(f"Which sweep? There are {', '.join(known)}.", f"archlab table {known[0]}")
    return known[0]
