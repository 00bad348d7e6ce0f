"""archlab lint-types: do the layers inside a --code file fit together, by their annotations?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import FindingsFormat, print_json
from archlab.cli.saying import say
from archlab.errors import InvalidError
from archlab.records import Finding, Report


def lint_types(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Python files that register blocks.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Whatever mypy says in its strict mode is an error.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Your own mypy configuration, instead of archlab's."),
    ] = None,
    format: Annotated[
        FindingsFormat,
        typer.Option("--format", help="How findings are written; github: as annotations of a GitHub job."),
    ] = FindingsFormat.text,
) -> None:
    """Check the types inside files of blocks.

    archlab check compares what blocks state of themselves; this compares the layers inside them: mypy does
    it, with Thinc's plugin, and runs nothing. The first time takes ten seconds and more. Exit code 3 where
    something is wrong.

    \b
    archlab lint-types blocks.py
    archlab lint-types blocks.py more_blocks.py --strict
    archlab lint-types blocks.py --format github
    """
    import archlab
    from archlab.reporting.github import annotations
    from archlab.reporting.numbers import some
    from archlab.reporting.terminal import make_console, show_report

    try:
        report = archlab.lint_types(files, strict=strict, config=config, tell=_tell)
    except InvalidError as error:
        if format is FindingsFormat.text:
            raise
        report = Report((Finding(severity="error", slot="", message=error.message, fix=error.hint),))
    if format is FindingsFormat.json:
        print_json(report.to_dict())
    elif format is FindingsFormat.github:
        for line in annotations(report):
            say(line)
    else:
        show_report(make_console(sys.stdout), report, subject=some([*map(str, files)]))
    if not report.ok:
        raise typer.Exit(InvalidError.exit_code)


def _tell(text: str) -> None:
    say(text, err=True)
