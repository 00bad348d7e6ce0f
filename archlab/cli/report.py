"""archlab report: a sweep as one HTML page, and its charts as files."""

from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import DEFAULT_EXPERIMENTS, Experiments, require_output
from archlab.cli.saying import say


def report(
    sweep: Annotated[
        str | None,
        typer.Argument(metavar="SWEEP", help="A sweep's name or file; needed where there are several."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to; report.html beside the sweep's runs if not given.",
        ),
    ] = None,
    charts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder for the charts, each as SVG and as PNG."),
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Whether the page quotes documents of the dev corpus.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE and charts that exist.")] = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
) -> None:
    """Write what the store has of a sweep as one HTML page that needs nothing else.

    Exit code 5 where it has nothing. Needs the extra: pip install 'archlab[report]'.

    \b
    archlab report
    archlab report demo -o demo.html --charts charts
    """
    from archlab.cli.naming_sweeps import the_sweep
    from archlab.reporting.report.extra import require_report_extra
    from archlab.reporting.report.writing import write_report
    from archlab.results.collection import stored_results
    from archlab.results.paths import SweepPaths

    require_report_extra()
    name = the_sweep(sweep, experiments, "archlab report")
    if output is not None:
        require_output(output, "report.html", force=force)
    path = output or SweepPaths.of(name, experiments).report
    written = write_report(stored_results(name, experiments), path, charts=charts, texts=texts, force=force)
    say(f"Written to {path}.", err=True)
    if charts is not None:
        say(f"{len(written) - 1} charts in {charts}.", err=True)
