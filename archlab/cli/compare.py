"""archlab compare: two variants of a sweep, from the store."""

import sys
from typing import Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, Format, FormatOption, print_json


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A row of the table, or the beginning of a run's id.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    sweep: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The sweep's name or file; needed where several have both."),
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="NAME", help="The score; that of the sweep if not given.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="C", help="A column of the table; all if not given.")
    ] = None,
    documents: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many documents that flipped to show each way.")
    ] = 5,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
) -> None:
    """Compare two variants of a sweep: is one better, where, on which documents, and at what cost.

    Exit code 5 where they have no score or no seed in common.

    \b
    archlab compare 'base TextCatEnsemble.v2' TextCatBOW.v1
    archlab compare 'base TextCatEnsemble.v2' TextCatBOW.v1 --column spelling --documents 10
    archlab compare 3f9c a01b --score cats_macro_f --format json
    """
    from archlab.cli.naming_sweeps import named_sweep
    from archlab.reporting.terminal import make_console
    from archlab.reporting.variants_compared import show_compared
    from archlab.results.collection import stored_results
    from archlab.results.naming_variants import find_sweep, shared_columns

    name = named_sweep(sweep, experiments) if sweep is not None else find_sweep(a, b, experiments)
    results = stored_results(name, experiments, per_label=False)
    columns = [column] if column is not None else shared_columns(a, b, results.layout)
    found = [results.compare(a, b, score, column=one, documents=documents) for one in columns]
    if format is Format.json:
        comparisons = [compared.to_dict() for compared in found]
        print_json({"schema_version": 1, "sweep": name, "comparisons": comparisons})
        return
    console = make_console(sys.stdout)
    for number, compared in enumerate(found):
        if number:
            console.print("\n")
        show_compared(console, compared)
