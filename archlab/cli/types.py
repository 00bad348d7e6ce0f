"""archlab types: what goes in and out of layers, and what fits what."""

import io
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from archlab.cli.matrix import MatrixFormat
from archlab.cli.options import Code, Force, json_text, require_output
from archlab.cli.saying import say
from archlab.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from archlab.catalog.data_types import TypeTable


def types(
    name: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="One of them, such as Ragged or 'List[Floats2d]'.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there, not to stdout.")
    ] = None,
    force: Force = False,
    code: Code = None,
    format: Annotated[
        MatrixFormat, typer.Option("--format", help="How it is written; markdown: a page of all types.")
    ] = MatrixFormat.text,
) -> None:
    """Show the types of layers, and what fits what by them.

    Which types there are, their shapes, how many registered blocks take and give each; which model types
    components and blocks ask for, and which blocks return one that fits. With TYPE: the blocks by name.

    \b
    archlab types
    archlab types Ragged
    archlab types --code blocks.py --format markdown -o types.md
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.results.files import write_text

    if output is not None:
        require_output(output, "types.md", force=force)
    if name is not None and format is MatrixFormat.markdown:
        raise UsageError("The page is one of all types.", f"Leave out {name}, or --format markdown.")
    import_code(code or ())
    stream = sys.stdout if output is None else io.StringIO()
    _write(archlab.types(), name, format, stream)
    if isinstance(stream, io.StringIO) and output is not None:
        write_text(output, stream.getvalue())
        say(f"Written to {output}.", err=True)


def _write(table: "TypeTable", name: str | None, format: MatrixFormat, stream: IO[str]) -> None:
    from archlab.reporting.terminal import make_console
    from archlab.reporting.type_tables import show_type, show_types, types_page

    if format is MatrixFormat.markdown:
        stream.write(types_page(table))
    elif name is None and format is MatrixFormat.json:
        stream.write(f"{json_text(table.to_dict())}\n")
    elif name is None:
        show_types(make_console(stream), table)
    else:
        found = next((one for one in table.types if one.name.casefold() == name.casefold()), None)
        if found is None:
            known = [one.name for one in table.types]
            hint = did_you_mean(name, known) or f"There are {', '.join(known)}."
            raise UsageError(f"No registered block states a type {name}.", hint)
        if format is MatrixFormat.json:
            stream.write(f"{json_text(asdict(found))}\n")
        else:
            show_type(make_console(stream), found)
