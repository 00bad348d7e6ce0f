"""archlab matrix: which block fits where, for all that is installed."""

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archlab.checking.isolating import SECONDS
from archlab.cli.options import Code, Force, Probe, Probes, Seconds, json_text, require_output
from archlab.cli.saying import say

if TYPE_CHECKING:
    from archlab.checking.compatibility import Matrix


class MatrixFormat(StrEnum):
    """How the matrix is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


def matrix(
    components: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMPONENT", help="Factories: tagger, ner ...; default all."),
    ] = None,
    probe: Probe = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there, not to stdout.")
    ] = None,
    force: Force = False,
    jobs: Probes = None,
    seconds: Seconds = SECONDS,
    code: Code = None,
    format: Annotated[
        MatrixFormat, typer.Option("--format", help="How it is written; markdown: a page with reasons.")
    ] = MatrixFormat.text,
) -> None:
    """Show which block fits where, in all components.

    All blocks of spaCy, installed packages and --code files, in every slot of every component's model. It
    takes half a minute; with --probe more than half an hour.

    \b
    archlab matrix tagger ner
    archlab matrix --format markdown -o compatibility.md
    archlab matrix textcat --probe --format json
    """
    import archlab
    from archlab.cli.watching import probing
    from archlab.configs.code import import_code

    if output is not None:
        require_output(output, "compatibility.md", force=force)
    import_code(code or ())
    with probing() as on_probe:
        found = archlab.matrix(
            components or None, probe=probe, code=code or (), seconds=seconds, jobs=jobs, on_probe=on_probe
        )
    _write(found, format, output)


def _write(found: "Matrix", format: MatrixFormat, output: Path | None) -> None:
    from archlab.reporting.markdown import matrix_page
    from archlab.reporting.terminal import make_console, show_matrix
    from archlab.results.files import write_text

    stream = sys.stdout if output is None else io.StringIO()
    if format is MatrixFormat.json:
        stream.write(f"{json_text(found.to_dict())}\n")
    elif format is MatrixFormat.markdown:
        stream.write(matrix_page(found))
    else:
        show_matrix(make_console(stream), found)
    if isinstance(stream, io.StringIO) and output is not None:
        write_text(output, stream.getvalue())
        say(f"Written to {output}.", err=True)
