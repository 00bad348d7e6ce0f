"""The types of layers, and what fits what, as people read it: in a terminal, and as a page."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from archlab.catalog.data_types import DataType, Given, TypeTable
from archlab.checking.compatibility import made_with
from archlab.plain import printable
from archlab.reporting.markdown import table
from archlab.reporting.numbers import some

if TYPE_CHECKING:
    from rich.console import Console

CELLS = {"fits": "fits", "unknown": "?", "misfit": ""}

INTRODUCTION = """\
# The types of layers

Every type that an architecture or layer states, who takes and gives it, and which blocks fit which slots by
their types. [guide/types.md](guide/types.md) tells how to use it.

Made by `archlab types --format markdown` with {versions}.
Blocks of transformer packages are left out: they need a model to load.

## What they are

In a shape, `n_docs` is the number of documents in a batch, and `n_tokens` that of the tokens of one document,
or of all where they are joined. What a type fits besides itself, and what it fits perhaps, are types of this
table; it fits none of the others.
"""

WANTED = """
## What is asked for

Components ask for the type of their model, blocks for that of their arguments.
"""

MATRIX = """
## What fits

A row for each type that blocks return, a column for each number above. Empty: it does not fit. `?`: types do
not tell. `InT`, `SeqT` and the like stand for a type that is chosen where the layer is put, out of those that
it can take.
"""


def show_types(console: "Console", table: TypeTable) -> None:
    """The types, what is asked for by number, and a row for each type of block that fits something."""
    from rich.table import Table as RichTable

    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("type", "shape", "takes it", "gives it", "fits also"):
        grid.add_column(name, overflow="fold")
    for one in table.types:
        grid.add_row(one.name, one.shape, f"{len(one.taken_by)}", f"{len(one.given_by)}", ", ".join(one.fits))
    console.print(grid)
    console.print()
    for number, wanted in enumerate(table.wanted, 1):
        console.print(f"{number}  {wanted.expects}: {some(wanted.by)}", soft_wrap=True)
    console.print()
    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("what blocks return", *map(str, range(1, len(table.wanted) + 1)), "blocks"):
        grid.add_column(name, overflow="fold")
    for given in _fitting(table):
        grid.add_row(given.returns, *(CELLS[verdict] for verdict in given.verdicts), some(given.blocks))
    console.print(grid)
    hidden = len(table.given) - len(_fitting(table))
    if hidden:
        console.print(
            f"{hidden} more types that blocks return fit none of them (--format markdown lists them)"
        )


def show_type(console: "Console", one: DataType) -> None:
    """One type: what it is, and each block that takes or gives it."""
    console.print(one.name, style="bold")
    for name, text in _facts(one):
        console.print(f"{name:<13}{text}".rstrip(), soft_wrap=True)


def types_page(table: TypeTable) -> str:
    """The whole page, as Markdown."""
    return printable("\n".join(_page(table)) + "\n")


def _page(types: TypeTable) -> Iterator[str]:
    yield INTRODUCTION.format(versions=", ".join(f"{name} {number}" for name, number in made_with().items()))
    rows = [
        (_code([one.name]), one.meaning, one.shape, _code(one.fits), _code(one.unknown))
        for one in types.types
    ]
    yield from table(("type", "what it is", "shape", "fits also", "perhaps"), rows)
    yield "\n## Who takes and gives them\n"
    takers = [(_code([one.name]), _code(one.taken_by), _code(one.given_by)) for one in types.types]
    yield from table(("type", "blocks that take it", "blocks that give it"), takers)
    yield WANTED
    numbered = [(str(n), _code([one.expects]), _code(one.by)) for n, one in enumerate(types.wanted, 1)]
    yield from table(("", "model", "asked for by"), numbered)
    yield MATRIX
    numbers = [number for number, *_ in numbered]
    cells = [
        (_code([one.returns]), *(CELLS[v] for v in one.verdicts), _code(one.blocks))
        for one in _fitting(types)
    ]
    yield from table(("returned", *numbers, "by"), cells)
    yield "\nThese fit none of them; they stand inside other blocks.\n"
    rest = [(_code([one.returns]), _code(one.blocks)) for one in types.given if one not in _fitting(types)]
    yield from table(("returned", "by"), rest)


def _fitting(types: TypeTable) -> Sequence[Given]:
    """Those that fit something, at least perhaps."""
    return [one for one in types.given if set(one.verdicts) != {"misfit"}]


def _facts(one: DataType) -> Iterator[tuple[str, str]]:
    yield "what it is", one.meaning
    yield "shape", one.shape
    yield "taken by", ", ".join(one.taken_by) or "no registered block"
    yield "given by", ", ".join(one.given_by) or "no registered block"
    yield "fits also", ", ".join(one.fits)
    yield "perhaps", ", ".join(one.unknown)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
