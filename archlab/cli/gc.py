"""archlab gc: remove from the store what nobody needs."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, Format, FormatOption, print_json
from archlab.cli.saying import say
from archlab.errors import InvalidError

if TYPE_CHECKING:
    from archlab.results.garbage import Collected


def gc(
    sweep: Annotated[
        str | None, typer.Argument(metavar="SWEEP", help="A sweep's name or file; all if none is named.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, remove nothing.")] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
) -> None:
    """Remove older attempts, models that a sweep does not keep, and what was half written.

    Results, logs and configs stay, and so do the models of single trainings. Exit code 3 where a sweep is
    left out, because something is trained in it.

    \b
    archlab gc --dry-run
    archlab gc demo
    """
    import archlab
    from archlab.cli.naming_sweeps import named_sweep
    from archlab.results.collection import stored_sweeps

    names = stored_sweeps(experiments) if sweep is None else [named_sweep(sweep, experiments)]
    collected: list[Collected] = []
    refused: list[InvalidError] = []
    for name in names:
        try:
            collected.append(archlab.collect_garbage(name, experiments, dry_run=dry_run))
        except InvalidError as error:
            refused.append(error)
    if format is Format.json:
        swept = [item.to_dict() for item in collected]
        print_json({"schema_version": 1, "dry_run": dry_run, "sweeps": swept})
    else:
        _show(collected, dry_run=dry_run)
    if refused:
        said = "\n".join(error.message for error in refused)
        raise InvalidError(f"{said}\nNothing of it was removed.", "Wait for it, or stop it.")


def _show(collected: "list[Collected]", *, dry_run: bool) -> None:
    from archlab.reporting.garbage_lists import show_collected, summarize
    from archlab.reporting.terminal import make_console

    console = make_console(sys.stdout)
    for swept in collected:
        if swept.garbage:
            show_collected(console, swept)
        if swept.models_stay:
            say(f"The models of {swept.sweep} stay: {swept.models_stay}.", err=True)
    if any(swept.garbage for swept in collected):
        console.print(summarize(sum(swept.size for swept in collected), dry_run=dry_run))
    else:
        console.print("nothing to remove")
